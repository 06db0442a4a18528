"""What worker processes start with: imported once, by the process that they are forked from, and by nothing else."""

from retailkit.study.kernels import without_iri_grammar

with without_iri_grammar():
    import nbconvert.filters.markdown
    import pygments.lexers

    import retailkit.study.chapter
    import retailkit.study.engine

__all__ = ["nbconvert", "pygments", "retailkit"]
