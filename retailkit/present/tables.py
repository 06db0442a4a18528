"""A table as a reader wants it: no row numbers, no text cut short."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from retailkit.charts.numbers import number, percent
from retailkit.charts.words import choose
from retailkit.present.data_words import chapter_word
from retailkit.present.metric_words import metric_name


@dataclass(frozen=True)
class Shown:
    """A table to look at beneath a cell; the frame itself stays as it is."""

    table: pd.DataFrame

    def _repr_html_(self) -> str:
        with pd.option_context("display.max_colwidth", None):
            return str(self.table.to_html(index=False, border=0))


def show(table: pd.DataFrame) -> Shown | None:
    """Show a table whole, its texts at full length; nothing where it has no row.

    >>> "z" * 80 in show(pd.DataFrame({"why": ["z" * 80]}))._repr_html_()
    True
    """
    return Shown(table) if len(table) else None


_HEALTH = (
    "rows_read", "rows_used", "rows_set_aside", "days_with_orders", "days_missing", "sources_agree", "questions_open",
)  # fmt: skip


def health_words(table: pd.DataFrame, lang: str = "en") -> pd.DataFrame:
    """The loading chapter's figures over merchants as a reader wants them (see ``compare``); plain facts are left out."""
    rows = table[table["metric"].isin(_HEALTH)]
    lows, mids, highs = (
        [percent(v) if u == "fraction" else number(v, lang) for v, u in zip(rows[c], rows["unit"], strict=True)]
        for c in ("lowest", "median", "highest")
    )
    names = [metric_name(m, lang) for m in rows["metric"]]
    count = rows["merchants"].max() if len(rows) else 0
    if count == 1:
        return pd.DataFrame({choose(lang, "figure", "指标"): names, choose(lang, "value", "数值"): mids})
    out = {
        choose(lang, "figure", "指标"): names,
        choose(lang, "merchants", "商户数"): rows["merchants"],
        choose(lang, "median", "中位"): mids,
        choose(lang, "lowest", "最低"): lows,
        choose(lang, "highest", "最高"): highs,
    }
    if count == 2:  # both stand there
        del out[choose(lang, "median", "中位")]
    return pd.DataFrame(out)


def unknown_words(table: pd.DataFrame, lang: str = "en") -> pd.DataFrame:
    """Per chapter the figures that were told and those that could not be (see ``unknowns``), in words."""
    return pd.DataFrame({
        choose(lang, "chapter", "章节"): [chapter_word(c, lang) for c in table["chapter"]],
        choose(lang, "merchants", "商户数"): table["merchants"],
        choose(lang, "without a result", "无结果商户"): table["merchants_without"],
        choose(lang, "figures told", "已得出"): table["told"],
        choose(lang, "cannot be told", "无法得出"): table["cannot_tell"],
    })  # fmt: skip
