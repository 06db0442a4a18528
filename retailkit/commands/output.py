"""Commands that give a study out: pictures, PDF, slides, and the runs before."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click

from retailkit.commands.options import examples, names, study_folder


@click.command(epilog=examples(
    "retailkit export complete_journey", "retailkit export studies/mine --format png --merchants 367",
    "retailkit export complete_journey --pdf",
))  # fmt: skip
@click.argument("study")
@click.option("--to", "dest", metavar="FOLDER", help="Folder to write into.  [default: exports/STUDY]")
@click.option("--format", "formats", multiple=True, type=click.Choice(["png", "svg", "html"]), help="[default: all]")
@click.option("--merchants", default="", metavar="LIST", help="Only these: ids, with commas.")
@click.option("--chapters", default="", metavar="LIST", help="Only these chapters: numbers or names, with commas.")
@click.option("--pdf", is_flag=True, help="Print the cohort report (or those merchants' chapters) as PDF instead.")
def export(study: str, dest: str | None, formats: tuple[str, ...], merchants: str, chapters: str, pdf: bool) -> None:
    """Write a study's charts as PNG, SVG and small HTML pages; or its pages as PDF."""
    from retailkit.present import export as export_pictures
    from retailkit.present import export_pdf

    if pdf and formats:
        raise click.UsageError("--pdf prints pages, --format draws charts: give one of them")
    folder = study_folder(study)
    dest = dest or f"exports/{folder.name}"
    some: dict[str, Any] = {"merchants": names(merchants) or None, "chapters": _chapters(folder, chapters)}
    drawn = formats or ("png", "svg", "html")
    done = export_pdf(folder, dest, **some) if pdf else export_pictures(folder, dest, drawn, **some)
    for problem in done.problems:
        click.echo(problem, err=True)
    click.echo(str(done.files[0]) if len(done.files) == 1 else f"{len(done.files)} files in {dest}")
    if done.problems and not done.files:
        sys.exit(1)


def _chapters(folder: Path, asked: str) -> tuple[str, ...] | None:
    """Return the study's chapters that are asked for by number or name; None: all."""
    from retailkit.results import saved
    from retailkit.study.plan import chapter_named

    there = sorted(set(saved(folder)["chapter"])) if names(asked) else []
    return tuple(chapter_named(name, there) if there else name for name in names(asked)) or None


@click.command(epilog=examples(
    "retailkit deck complete_journey", "retailkit deck studies/mine --template house.pptx --merchants m03"
))  # fmt: skip
@click.argument("study")
@click.option("--to", "path", metavar="FILE", help="The .pptx to write.  [default: exports/STUDY.pptx]")
@click.option("--merchants", default="", metavar="LIST", help="Only these: ids, with commas.  [default: the report]")
@click.option("--chapters", default="", metavar="LIST", help="Only these chapters: numbers or names, with commas.")
@click.option("--template", metavar="FILE", help="Your own .pptx, whose master and fonts are kept.")
@click.option(
    "--lang", type=click.Choice(["en", "zh"]), help="Language of its own words and notes.  [default: the study's]"
)
def deck(study: str, path: str | None, merchants: str, chapters: str, **asked: Any) -> None:
    """Write a study's charts as editable slides, one finding each."""
    from retailkit.present import write_deck

    folder = study_folder(study)
    target = Path(path or f"exports/{folder.name}.pptx")
    target.parent.mkdir(parents=True, exist_ok=True)
    done = write_deck(folder, target, merchants=names(merchants) or None, chapters=_chapters(folder, chapters), **asked)
    for problem in done.problems:
        click.echo(problem, err=True)
    click.echo(str(target))


@click.command(epilog=examples(
    "retailkit history complete_journey", "retailkit history mine --since 2018-12-01T060000Z"
))  # fmt: skip
@click.argument("study")
@click.option("--since", metavar="RUN", help="Every figure that changed from this run to the newest.")
def history(study: str, since: str | None) -> None:
    """List a study's last runs: as of which day, how many chapters, what changed since the run before."""
    from retailkit.commands.due import history_text

    click.echo(history_text(study_folder(study), since))
