"""Growth studies for private-domain retail: from raw exports to what grew, why, and what caused it.

The flow, in the order in which the notebooks walk it::

    exports --load--> store --link--> persons --segment--> segments
                        |                |
                        |                +--attribute--> credit per touchpoint
                        |                +--formats----> official store, guides, groups, sharing
                        |                +--growth-----> headline, effect, bridge, tree, verdict
                        |                                   +--targets--> plan
                        +--> results --> charts --> report, site, deck

A stage takes the tables of an open store, or an analyst's own DataFrames with the same columns (`schema`): these are
looked at first, and what is wrong with them is told all at once.

Public names are loaded on first use, so that ``import retailkit`` stays cheap.
"""

from importlib import import_module
from typing import Any

__version__ = "0.1.0"

_HOMES = {
    # what is studied
    "read_cohort": "cohort",
    # exports into the store
    "load_and_link": "commands.prepare",
    "link_as_of": "commands.prepare",
    "load_cohort": "load",
    "load_file": "load",
    "open_store": "load",
    # what a chapter saves
    "metric": "results",
    "save": "results",
    "say": "results",
    "read_metrics": "results",
    "read_table": "results",
}
_ROOMS = (
    "schema", "cohort", "load", "link", "segment", "attribute", "formats", "growth", "targets",
    "results", "charts", "present", "explore", "study", "simulate",
)  # fmt: skip

__all__ = [*_HOMES, *_ROOMS]


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(import_module(f"retailkit.{_HOMES[name]}"), name)
    if name in _ROOMS:
        return import_module(f"retailkit.{name}")
    raise AttributeError(f"retailkit has no public name '{name}'")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
