"""The cohort report's tables: all merchants side by side, read from what their chapters saved.

Nothing is estimated from orders here. Metrics and tables of the chapters are laid side by
side, pooled and compared, and a merchant without a result keeps its row and its reason.
Chapter 5 gives the metrics ``growth``, ``effect`` (with its interval), ``gmv_before``,
``gmv_programme`` and the texts ``answer`` and ``verdict``.
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pandas as pd

from retailkit.charts.words import choose
from retailkit.folders import chapter_dir
from retailkit.present.bridge import comparable_days
from retailkit.present.data_words import chapter_word
from retailkit.present.pooling import open_ranks, shrink
from retailkit.results import metric, read_metrics, read_table
from retailkit.shares import wilson

ANSWERS = ("raised", "cannot tell", "lowered", "no result")
LEAGUE = (
    "merchant", "title", "industry", "growth", "effect", "low", "high", "p", "trend_se", "shrunk", "shrunk_low", "shrunk_high",
    "best_rank", "worst_rank", "answer", "barred", "left_out", "reason",
)  # fmt: skip


def league(metrics: pd.DataFrame, cohort: Any, donors: pd.DataFrame | None = None, lang: str = "en") -> pd.DataFrame:
    """One row per merchant of the cohort, by effect, the largest first; those without one last.

    Parameters
    ----------
    metrics : see ``read_metrics``.
    cohort : a ``Cohort``; its merchants give the rows and titles, donors are left out.
    donors : chapter 5's ``merchant, donor, weight``: merchants on the same donors err together.

    Returns
    -------
    DataFrame with the columns ``LEAGUE``. ``growth``: the headline, programme on period
    before, as a fraction. ``effect, low, high``: what the programme did, as a fraction of
    sales without it, with its 90% interval; ``p`` its own two-sided test; ``trend_se`` the part of the log error that
    is the cohort's (see ``growth.cohort_trend``), missing where no trend was taken. ``shrunk``: the effect drawn towards its
    industry's and the cohort's mean by partial pooling. ``best_rank`` to ``worst_rank``: the places that
    pairwise comparison leaves open, so that noise is not read as a rank. ``answer`` is one
    of ``ANSWERS``, ``reason`` the verdict's sentence in the language ``lang``.

    ``barred``: in a few words, the guards that bar the merchant's claim; its effect is an estimate and stays, but
    takes no place. ``left_out``: why its number cannot stand beside the others' (sales counted otherwise, closed,
    no donors); its ``effect`` is then missing here, and with it in everything that is made of the league.
    """
    rows = []
    for one in cohort.everyone:
        if one.role != "merchant":
            continue
        own = metrics[metrics["merchant"] == one.id]
        out = _said(own, "left_out", lang)
        effect = _row(own, "effect") if not out else _row(own.head(0), "effect")
        rows.append({
            "merchant": one.id, "title": one.title or one.id, "industry": one.industry,
            "growth": _row(own, "growth")["value"],
            "effect": effect["value"], "low": effect["low"], "high": effect["high"],
            "p": math.nan if out else _row(own, "effect_p")["value"],
            "trend_se": math.nan if out else _row(own, "effect_trend_se")["value"],
            "answer": _answer(own), "barred": "" if out else _said(own, "barred", lang), "left_out": out,
            "reason": _said(own, "verdict", lang),
        })  # fmt: skip
    table = pd.DataFrame(rows, columns=[c for c in LEAGUE if c in rows[0]] if rows else None)
    table = shrink(open_ranks(table), donors) if len(table) else table.reindex(columns=list(LEAGUE))
    return table.sort_values("effect", ascending=False, na_position="last", ignore_index=True)[list(LEAGUE)]


def _row(metrics: pd.DataFrame, name: str) -> dict[str, Any]:
    """One metric of one merchant as a record; NaN and no text where it was not saved."""
    found = metrics[metrics["metric"] == name]
    if found.empty:
        return {"value": math.nan, "low": math.nan, "high": math.nan, "text": "", "unit": ""}
    last = found.iloc[-1].to_dict()
    return {**last, "text": last["text"] if isinstance(last["text"], str) else ""}


def _said(own: pd.DataFrame, name: str, lang: str) -> str:
    """A text in the language; in English where the chapter was saved before it spoke Chinese."""
    said = _row(own, f"{name}_zh")["text"] if lang == "zh" else ""
    return str(said or _row(own, name)["text"])


def _answer(own: pd.DataFrame) -> str:
    text = _row(own, "answer")["text"]
    return text if text in ANSWERS else "no result"


def counts(table: pd.DataFrame) -> pd.DataFrame:
    """One row per answer: how many merchants, and their share with its 90% Wilson interval."""
    total = len(table)
    rows = [(a, int((table["answer"] == a).sum())) for a in ANSWERS]
    out = pd.DataFrame(rows, columns=["answer", "merchants"])
    bounds = [wilson(n, total) for n in out["merchants"]]
    return out.assign(share=out["merchants"] / max(total, 1), low=[b[0] for b in bounds], high=[b[1] for b in bounds])


def headline(metrics: pd.DataFrame, table: pd.DataFrame) -> pd.DataFrame:
    """One row per way to pool the headline: pooled, mean, median; ``growth`` as a fraction.

    Pooled is the sum of the merchants' mean days in the programme over the sum before; where
    currencies differ, each merchant's sales before count as one.
    """
    known = table.dropna(subset=["growth"])
    days = comparable_days(metrics[metrics["merchant"].isin(known["merchant"])])
    before = days["before"].sum()
    rows = [
        ("pooled", days["programme"].sum() / before - 1 if before > 0 else math.nan, len(days)),
        ("mean", known["growth"].mean(), len(known)),
        ("median", known["growth"].median(), len(known)),
    ]
    return pd.DataFrame(rows, columns=["pooling", "growth", "merchants"])


def grew(trees: pd.DataFrame, table: pd.DataFrame) -> pd.DataFrame:
    """One row per merchant and factor: its part of the headline growth, as a fraction of sales before.

    ``trees`` are the chapters' growth trees (``merchant, factor, share``), ``share`` of the
    change; ``table`` is the league.
    """
    columns = ["merchant", "title", "factor", "part"]
    if trees.empty:
        return pd.DataFrame(columns=columns)
    rows = trees.groupby(["merchant", "factor"], sort=False, as_index=False)["share"].sum()
    rows = rows.merge(table[["merchant", "title", "growth"]], on="merchant").dropna(subset=["growth"])
    return rows.assign(part=rows["share"] * rows["growth"])[columns]


def compare(metrics: pd.DataFrame, chapter: str) -> pd.DataFrame:
    """One row per figure of a chapter: how many merchants have it, median, lowest and highest merchant.

    ``unknown`` counts the merchants whose chapter ran and could not tell the figure.
    """
    rows = metrics[(metrics["chapter"] == chapter) & (metrics["text"].fillna("") == "")]
    grouped = rows.groupby("metric", sort=False)
    return grouped.agg(
        merchants=("value", "count"), unknown=("value", lambda v: int(v.isna().sum())),
        median=("value", "median"), lowest=("value", "min"), highest=("value", "max"),
        unit=("unit", "first"), definition=("definition", "first"),
    ).reset_index()  # fmt: skip


def unknowns(metrics: pd.DataFrame, cohort: Any) -> pd.DataFrame:
    """One row per chapter: merchants that have it, figures told, figures that cannot be told."""
    rows = metrics[metrics["text"].fillna("") == ""]
    grouped = rows.assign(told=rows["value"].notna()).groupby("chapter", as_index=False)
    table = grouped.agg(merchants=("merchant", "nunique"), told=("told", "sum"), figures=("told", "size"))
    without = len(cohort.merchant_ids) - table["merchants"]
    return table.assign(cannot_tell=table["figures"] - table["told"], merchants_without=without).drop(columns="figures")


def touch_shares(ledger: pd.DataFrame, table: pd.DataFrame) -> pd.DataFrame:
    """One row per merchant and touchpoint: its share of the merchant's credited sales; none is a zero.

    ``ledger`` is the chapters' touchpoint table (``merchant, touchpoint, share``).
    """
    columns = ["merchant", "title", "touchpoint", "share"]
    if ledger.empty:
        return pd.DataFrame(columns=columns)
    wide = ledger.pivot_table(index="merchant", columns="touchpoint", values="share", aggfunc="sum").fillna(0.0)
    rows = wide.reset_index().melt("merchant", var_name="touchpoint", value_name="of_credit")  # "share" is a touchpoint
    rows = rows.rename(columns={"of_credit": "share"})
    return rows.merge(table[["merchant", "title"]], on="merchant")[columns]


def by_rule(table: pd.DataFrame, rule: str = "position") -> pd.DataFrame:
    """One row per merchant and touchpoint with its share by *one* rule for all merchants.

    Chapters recommend the model that their merchant's data allow; shares by different models must
    not stand in one chart. ``table`` is the chapters' ``credit_by_model``.
    """
    if rule not in table:
        return pd.DataFrame(columns=["merchant", "touchpoint", "share"])
    return table[["merchant", "touchpoint", rule]].rename(columns={rule: "share"}).query("touchpoint != 'organic'")


def side_by_side(out_dir: str | Path, cohort: Any, chapter: str, table: str) -> pd.DataFrame:
    """Rows of one table of a chapter over the cohort's merchants, ``merchant`` first; empty if none saved it."""
    rows = read_table(out_dir, None, chapter, table)
    return rows[rows["merchant"].isin(cohort.merchant_ids)].reset_index(drop=True)


def with_result(table: pd.DataFrame) -> pd.DataFrame:
    """The league's merchants that have a result; all of them where none has one."""
    some = table[table["answer"] != "no result"].reset_index(drop=True)
    return some if len(some) else table


def report_metrics(table: pd.DataFrame, ways: pd.DataFrame, pooling: pd.DataFrame) -> list[dict[str, Any]]:
    """Records of the report's own figures, for ``save``; ``ways``: see ``pooled_ways``."""
    growth = pooling.set_index("pooling")["growth"]
    records = [
        metric(f"growth_{way}", growth[way], unit="fraction", definition=f"programme on period before, {way}")
        for way in growth.index
    ]
    effects = [
        metric(f"{name}{end}", row[column], low=row[f"{column}_low"], high=row[f"{column}_high"], unit="fraction",
               definition=f"programme's effect {what}, {over}, 90% interval")
        for (over, row), end in zip(ways.set_index("over").iterrows(), ("", "_not_barred"), strict=False)
        for name, column, what in (("effect_pooled", "effect", "on the mean merchant, hierarchical model"),
                                   ("effect_in_money", "money", "on all sales together"))
    ]  # fmt: skip
    answers = [
        metric(
            f"merchants_{row.answer.replace(' ', '_')}",
            row.merchants,
            unit="merchants",
            definition="merchants with this verdict",
        )
        for row in counts(table).itertuples()
    ]
    beside = [
        metric(f"merchants_{name}", int((table[name] != "").sum()), unit="merchants", definition=what)
        for name, what in (("barred", "claim barred by a guard"), ("left_out", "number left out of the pool"))
    ]
    return [*records, *effects, *answers, *beside]


def cohort_metrics(out_dir: str | Path, cohort: Any, as_of: str | None = None, days: str = "same") -> pd.DataFrame:
    """Metrics of the cohort's merchants, donors left out, as they were known on ``as_of``.

    ``days="same"`` keeps what was computed for that very day; ``"latest"`` each merchant's newest
    day up to it: scheduled runs see each merchant from its own last complete day.

    Raises
    ------
    ValueError
        If ``days`` is neither.
    """
    if days not in ("same", "latest"):
        raise ValueError(f"days is '{days}'; expected same or latest")
    rows = read_metrics(out_dir, as_of if days == "same" else None)
    rows = rows[rows["merchant"].isin(cohort.merchant_ids)]
    if days == "latest" and len(rows):
        rows = rows[rows["as_of"] <= str(as_of)] if as_of else rows
        rows = rows[rows["as_of"] == rows.groupby("merchant")["as_of"].transform("max")]
    return rows.reset_index(drop=True)


def say_days(metrics: pd.DataFrame, as_of: str, lang: str = "en") -> str:
    """Name the merchants that are seen from an earlier day than the report; empty where none is."""
    days = metrics.groupby("merchant")["as_of"].max() if len(metrics) else pd.Series(dtype=str)
    other = days[days != str(as_of)]
    if other.empty:
        return ""
    named = ", ".join(f"{m} ({d})" for m, d in other.items())
    return choose(lang, f"Seen from an earlier day, where their data end: {named}.", f"按各自数据截止日计：{named}。")


def links(out_dir: str | Path, cohort: Any, lang: str = "en") -> Any:
    """Show, per merchant, a link to each chapter's page that was written, relative to the cohort report."""
    from IPython.display import Markdown

    lines = []
    for one in cohort.everyone:
        home = chapter_dir(out_dir, one.id, "any").parent
        pages = [p for p in sorted(home.glob("[1-9]*_*.html")) if ".failed" not in p.name]
        named = " · ".join(f"[{chapter_word(p.stem, lang)}]({quote(home.name)}/{quote(p.name)})" for p in pages)
        if one.role == "merchant":
            lines.append(f"- **{one.title}**: " + (named or choose(lang, "no pages yet", "尚无页面")))
    return Markdown("\n".join(lines))
