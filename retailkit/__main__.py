"""The command line: ``retailkit COMMAND`` or ``python -m retailkit COMMAND``."""

from __future__ import annotations

import os
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

import retailkit
from retailkit.commands.endings import Commands, heeding_terminate, speak
from retailkit.commands.options import day, examples, loaded, names, pair, study_folder
from retailkit.commands.output import deck, export, history
from retailkit.spoken import said

LANG = click.Choice(["en", "zh"])

# a virtual machine may have to gather huge pages: large arrays took twice as long there; chapters inherit it
os.environ.setdefault("NUMPY_MADVISE_HUGEPAGE", "0")


@click.group(
    cls=Commands,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog=examples("retailkit list", "retailkit run complete_journey", "retailkit show complete_journey"),
)
@click.version_option(retailkit.__version__, prog_name="retailkit")
def cli() -> None:
    """Growth studies for retail: from raw exports to what grew, why, and what caused it."""


@cli.command(
    epilog=examples(
        "retailkit run complete_journey",
        "retailkit run complete_journey --merchants 367,406 --chapters 1,growth",
        "retailkit run my_cohort.toml --as-of 2018-12-01 -p order=2 --lang zh",
        "retailkit run complete_journey --dry-run",
        "retailkit run complete_journey --due",
    )
)
@click.argument("cohort")
@click.option("--out", metavar="FOLDER", help="Folder of the study.  [default: studies/COHORT]")
@click.option("--store", default="store", show_default=True, metavar="FOLDER", help="Folder of the merchant store.")
@click.option("--as-of", default="", metavar="DAY", help="The study knows what happened before this day.")
@click.option("--chapters", default="", metavar="LIST", help="Only these: numbers or names, with commas.")
@click.option("--merchants", default="", metavar="LIST", help="Only these: ids, with commas.")
@click.option("-p", "--parameter", "parameters", multiple=True, metavar="NAME=VALUE", help="A chapter's own choice.")
@click.option(
    "--workers",
    type=click.IntRange(1),
    metavar="N",
    help="Chapters at a time.  [default: one per core, with 1 GB each]",
)
@click.option("--lang", type=LANG, help="Language of charts and pages.  [default: the cohort's]")
@click.option("--seed", default=1, show_default=True, help="Of every random draw.")
@click.option("--timeout", default=1800.0, show_default=True, metavar="SECONDS", help="Limit of one chapter.")
@click.option("--force", is_flag=True, help="Run also what is finished and unchanged.")
@click.option("--no-load", is_flag=True, help="Take the store as it is.")
@click.option("--plain-kernels", is_flag=True, help="Start each kernel afresh: slower, the same results.")
@click.option("--cluster", default="", metavar="ADDRESS", help="Of a Dask scheduler whose workers run the chapters.")
@click.option("--dry-run", is_flag=True, help="Print what would run, and run nothing.")
@click.option("--due", is_flag=True, help="Only merchants with new data, each as of its last complete day.")
@click.option(
    "--keep", type=click.IntRange(1), default=10, show_default=True, metavar="N", help="Runs kept in history."
)
def run(cohort: str, out: str | None, parameters: tuple[str, ...], **asked: Any) -> None:
    """Run a cohort's study: every chapter for every merchant, then the cohort report.

    COHORT is a name in data/cohorts or the path of a cohort file. What is finished and
    unchanged is skipped, so after a failure or an interruption the same command goes on. The
    last line printed is the page to open. Exit code: 0 all done, 1 something failed, 2 asked wrongly,
    130 or 143 stopped by Ctrl-C or a scheduler.
    """
    from retailkit.commands.due import run_due
    from retailkit.commands.study import default_workers, run_study
    from retailkit.study.run import Options

    options = Options(
        cohort=cohort,
        out_dir=out or f"studies/{Path(cohort).stem}",
        store=asked["store"],
        as_of=day(asked["as_of"]),
        chapters=names(asked["chapters"]),
        merchants=names(asked["merchants"]),
        parameters=tuple(pair(p) for p in parameters),
        seed=asked["seed"],
        lang=asked["lang"] or "",
        workers=asked["workers"] or default_workers(),
        timeout=asked["timeout"],
        force=asked["force"],
        warm=not asked["plain_kernels"],
        cluster=asked["cluster"],
    )
    if asked["due"] and options.as_of:
        raise click.UsageError("--due takes each merchant's last complete day: leave out --as-of")
    choices = {"load": not asked["no_load"], "dry_run": asked["dry_run"], "keep": asked["keep"]}
    speak(options.lang or retailkit.read_cohort(cohort).lang)
    with heeding_terminate():
        sys.exit(run_due(options, **choices) if asked["due"] else run_study(options, **choices))


@cli.command("list", epilog=examples("retailkit list"))
@click.option("--studies", default="studies", show_default=True, metavar="FOLDER", help="Where studies lie.")
def list_(studies: str) -> None:
    """List the cohorts there are and whether they have been studied."""
    from retailkit.commands.show import cohorts_text

    click.echo(cohorts_text(studies))


@cli.command(
    epilog=examples("retailkit show complete_journey", "retailkit show studies/mine --metric growth --metric verdict")
)
@click.argument("study")
@click.option("--metric", "metrics", multiple=True, help="Metrics to print.  [default: the headline ones]")
def show(study: str, metrics: tuple[str, ...]) -> None:
    """Show a study: status per merchant and chapter, errors, headline metrics, the page to open."""
    from retailkit.commands.show import study_text

    click.echo(study_text(study_folder(study), metrics))


@cli.command(
    epilog=examples(
        "retailkit load complete_journey",
        "retailkit load orders.csv --layout youzan_orders --merchant m07",
        "retailkit load mine.csv --layout mine.toml --merchant m07 --zone Europe/London --currency GBP",
    )
)
@click.argument("what")
@click.option("--store", default="store", show_default=True, metavar="FOLDER", help="Folder of the merchant store.")
@click.option("--layout", help="For a file: a layout's name, or the path of your own .toml.")
@click.option("--merchant", help="For a file: whose it is, unless the layout names its column.")
@click.option("--zone", default="Asia/Shanghai", show_default=True, help="For a file: time zone of its days.")
@click.option("--currency", help="For a file: ISO code of its amounts.  [default: CNY, where --zone is China's]")
@click.option("--sheet", metavar="NAME", help="For a workbook: this sheet, or '*' for all with the table.")
@click.option("--lang", type=LANG, help="Language of warnings and errors.  [default: the cohort's; en for a file]")
def load(
    what: str,
    store: str,
    layout: str | None,
    merchant: str | None,
    zone: str,
    currency: str | None,
    sheet: str | None,
    lang: str | None,
) -> None:
    """Load a cohort's exports, or one export file, into the store; print what became of the rows.

    A file that was loaded before is not read again. Rows that cannot be right are set aside
    with file, row, column and reason (table quarantine).
    """
    from retailkit.commands.prepare import link_store, linked, load_and_link
    from retailkit.commands.show import aside_text, report_text
    from retailkit.load import load_file, open_store

    file, since = Path(what), datetime.now(UTC)
    speak(lang or "en")
    if layout and not file.exists():
        raise click.UsageError(f"there is no file {what}")
    if file.suffix != ".toml" and file.exists():
        if not layout:
            raise click.UsageError(f"--layout is needed to load a file: 'retailkit sniff {what}' names it")
        lang = lang or "en"
        report = load_file(file, layout, merchant, store, zone=zone, currency=currency, lang=lang, sheet=sheet)
        accounts, persons = link_store(store, loaded(open_store(store), merchant))
        click.echo(linked(accounts, persons, lang))
    else:
        cohort = retailkit.read_cohort(what)
        lang = speak(lang or cohort.lang)
        report = load_and_link(cohort, store, click.echo, lang)
    click.echo(report_text(report, lang))
    if (report["status"] == "loaded").any() and (aside := aside_text(store, since, lang=lang)):
        click.echo(aside)
    if (report["status"] == "failed").any():
        sys.exit(1)


@cli.command(epilog=examples("retailkit sniff orders.csv", "retailkit sniff exports/*"))
@click.argument("files", nargs=-1, required=True, metavar="FILE...")
@click.option("--lang", type=LANG, default="en", show_default=True, help="Language of what is said.")
def sniff(files: tuple[str, ...], lang: str) -> None:
    """Name the layout of export files and say what would be loaded; nothing is.

    A file that cannot be read is named and does not stop the others; the exit code is then 1.
    """
    from retailkit.commands.show import sniff_text
    from retailkit.load import LoadError

    unread = False
    for number, file in enumerate(files):
        try:
            text = sniff_text(file, lang)
        except LoadError as problem:
            text, unread = said(lang, "error: ", "错误：") + problem.told(lang), True
        click.echo(("\n" if number else "") + text)
    sys.exit(int(unread))


@cli.group(invoke_without_command=True, epilog=examples("retailkit layouts", "retailkit layouts new my_export.csv"))
@click.pass_context
def layouts(ctx: click.Context) -> None:
    """List the layouts of exports that can be read, or draft one for a new export."""
    if ctx.invoked_subcommand is None:
        ctx.invoke(layouts_list)


@layouts.command("list", epilog=examples("retailkit layouts list"))
def layouts_list() -> None:
    """List every layout with its status: exact header, from API reference, doubtful."""
    from retailkit.commands.show import text_table
    from retailkit.load import list_layouts

    head = ("layout", "status", "tables", "title")
    click.echo(text_table(head, list_layouts()[list(head)].values.tolist()))


@layouts.command("new", epilog=examples("retailkit layouts new my_export.csv > my_export.toml"))
@click.argument("file")
@click.option("--out", metavar="FILE", help="Write the draft there instead of printing it.")
@click.option("--lang", type=LANG, default="en", show_default=True, help="Language of the draft's remarks.")
@click.option("--encoding", metavar="NAME", help="Of a file that does not tell: latin-1, cp1252 ...  [default: found]")
@click.option("--sheet", metavar="NAME", help="Of a workbook of several.  [default: the one with a table]")
def layouts_new(file: str, out: str | None, lang: str, encoding: str | None, sheet: str | None) -> None:
    """Draft a layout from a file's header, to be completed by hand."""
    from retailkit.load import draft_layout

    text = draft_layout(file, speak(lang), encoding, sheet)
    if out:
        Path(out).write_text(text, encoding="utf-8")
        then = f"retailkit load {file} --layout {out} --merchant ID"
        todo = said(lang, "check its remarks, then: ", "请核对其中的说明，然后运行 ")
        if '"?"' in text:
            todo = said(lang, "complete the lines marked '?', then: ", "请补全标“?”的行，然后运行 ")
        click.echo(said(lang, f"{out}: ", f"{out}：") + todo + then)
    else:
        click.echo(text)


@cli.command(epilog=examples("retailkit simulate doubling_1 --out ../sim --seed 7", "retailkit simulate doubling_2"))
@click.argument("cohort", default="doubling_1")
@click.option("--out", default="simulated", show_default=True, metavar="FOLDER", help="Folder to write into.")
@click.option("--seed", default=1, show_default=True, help="Of every random draw.")
@click.option(
    "--scale",
    type=float,
    help="1 is full scale: up to ten million members a merchant (16 GB of memory, 40 GB of disk).  [default: small]",
)
@click.option("--merchants", default="", metavar="LIST", help="Only these: ids, with commas.")
@click.option("--canonical", is_flag=True, help="Plain tables instead of the vendors' own files.")
def simulate(cohort: str, out: str, merchants: str, canonical: bool, **asked: Any) -> None:
    """Write a simulated cohort with known truth, in the layouts of its vendors' exports.

    What no vendor's file carries (tills, books, plans, rosters ...) lies beside them in plain tables, as a merchant's own
    analyst keeps it: docs/layouts.md says which tables, and why.
    """
    from retailkit.simulate.write import simulate as write

    who = names(merchants) or None
    click.echo(str(write(cohort, out, report=click.echo, vendors=not canonical, merchants=who, **asked)))


@cli.command(epilog=examples("retailkit plan my_cohort --on 2018-09-20"))
@click.argument("cohort")
@click.option("--on", required=True, metavar="DAY", help="The day on which the plan is recorded.")
def plan(cohort: str, on: str) -> None:
    """Record a cohort's analysis plan, before its programme starts.

    Windows, merchants, donors, outcome, estimator rule and level, with their hash, are written
    beside the cohort file, once. The growth chapter says whether the study follows it.
    """
    from retailkit.commands.plan import recorded

    click.echo(recorded(cohort, on))


@cli.command(epilog=examples("retailkit dictionary", "retailkit dictionary --check"))
@click.option("--check", is_flag=True, help="Write nothing; exit code 1 if a page is not up to date.")
def dictionary(check: bool) -> None:
    """Write the pages made from declarations: data/README.md (tables) and docs/layouts.md (exports)."""
    from retailkit.commands.dictionary import write_pages

    for path in write_pages(check):
        click.echo(str(path))


for command in (export, deck, history):
    cli.add_command(command)


if __name__ == "__main__":
    cli(prog_name="retailkit")
