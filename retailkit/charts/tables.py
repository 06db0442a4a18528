"""Result tables as a reader wants them: money with its sign, shares as per cent, names as words."""

from __future__ import annotations

import tomllib
from functools import cache
from importlib.resources import files

import pandas as pd

from retailkit.charts.numbers import missing, money, number, percent
from retailkit.charts.words import choose

MONEY = (
    "amount", "value", "value_low", "value_high", "next_low", "next_high", "expected_low", "expected_high", "spend",
    "spent", "best", "sales_live_day", "sales_other_day", "cost_per_new", "cost_per_order",
    "cost_low", "cost_high", "marginal_cost", "marginal_low", "marginal_high",
)  # fmt: skip
SHARES = (
    "share", "share_low", "share_high", "bought_low", "bought_high", "retention", "retention_low", "retention_high",
    "donors_low", "donors_median", "donors_high", "alive", "confidence", "support", "jaccard", "conversion",
    "conversion_low", "conversion_high", "rate", "rate_low", "rate_high", "rate_with", "rate_without", "quit_rate",
    "unmatched", "common",
)  # fmt: skip
IDS = ("merchant", "person", "product_id", "shop_id", "campaign_id", "guide", "inviter")
"""Columns whose texts are the merchant's own and never translated."""


def readable(table: pd.DataFrame, currency: str, lang: str = "en") -> pd.DataFrame:
    """Return the table to look at, not to compute with: one text per figure, by the column's name.

    Columns named ``..._amount``, ``..._value`` and their intervals are money in minor units,
    ``..._share`` and their intervals fractions; other figures keep three digits. The column
    ``merchant`` is left out where it has one value. Headings and codes are written in words of the language;
    a merchant's own texts stay.

    >>> table = pd.DataFrame({"merchant": ["m"], "net_amount": [123456], "share": [0.25], "persons": [7]})
    >>> readable(table, "USD")
      net sales share persons
    0    $1.23K   25%       7
    >>> list(readable(table, "CNY", "zh"))
    ['净销售额', '占比', '人数']
    """
    kept = table.drop(columns="merchant") if "merchant" in table and table["merchant"].nunique() < 2 else table
    written = {name: _texts(kept, name, currency, lang) for name in kept.columns}
    frame = pd.DataFrame(written, columns=list(kept.columns), index=kept.index)
    return frame.rename(columns={c: heading(kept, c, lang) for c in kept.columns})


def readable_tables(currency: str, lang: str = "en") -> None:
    """Show every pandas table of this notebook as `readable` writes it; the tables themselves stay as they are.

    Outside a notebook nothing happens. Row numbers are left out; long tables are cut in the
    middle as pandas does.
    """
    from IPython import get_ipython

    shell = get_ipython()
    if shell is None:
        return

    def page(table: pd.DataFrame) -> str:
        if table.empty:
            return f"<p><em>{choose(lang, 'No rows.', '没有数据。')}</em></p>"
        numbered = isinstance(table.index, pd.RangeIndex)
        named = all(isinstance(n, str) for n in table.columns)
        plain = table.columns.nlevels > 1 or not table.columns.is_unique or not named
        written = table if plain else readable(table, currency, lang)
        with pd.option_context("display.max_colwidth", None):
            return str(written.to_html(index=not numbered, border=0, max_rows=30))

    shell.display_formatter.formatters["text/html"].for_type(pd.DataFrame, page)


def heading(table: pd.DataFrame, column: str, lang: str = "zh") -> str:
    """Return the heading of a column in the language: its own words where no other are known.

    >>> table = pd.DataFrame({"first_paid_on": [], "net_share": []})
    >>> heading(table, "first_paid_on", "en"), heading(table, "net_share", "en"), heading(table, "net_share")
    ('first order', 'net share', '净消费占比')
    """
    if lang == "en":
        return _headings()["english"].get(column, column.replace("_", " "))
    told = _headings()["columns"]
    kind = f"{column}.float" if pd.api.types.is_float_dtype(table[column]) else column
    return told.get(kind, told.get(column, column))


def table_name(table: str, lang: str = "en") -> str:
    """A loaded table's name: in English the one that code calls it by; in Chinese words.

    >>> table_name("order_lines"), table_name("order_lines", "zh"), table_name("my_table", "zh")
    ('order_lines', '订单行', 'my_table')
    """
    return choose(lang, table, _headings()["tables"].get(table, table))


@cache
def _headings() -> dict[str, dict[str, str]]:
    return tomllib.loads(files("retailkit.charts").joinpath("headings.toml").read_text(encoding="utf-8"))


def _texts(table: pd.DataFrame, name: str, currency: str, lang: str) -> list:
    column = table[name]
    if pd.api.types.is_datetime64_any_dtype(column):
        whole = (column.dropna() == column.dropna().dt.normalize()).all()
        return column.dt.strftime("%Y-%m-%d" if whole else "%Y-%m-%d %H:%M").fillna("–").tolist()
    if not pd.api.types.is_numeric_dtype(column) or pd.api.types.is_bool_dtype(column):
        return ["–" if missing(v) else v if name in IDS else _word(v, lang) for v in column]
    mean_of_money = name in ("mean_low", "mean_high") and "mean_net_amount" in table
    of_rates = name in ("difference", "low", "high") and "rate_with" in table
    fraction = of_rates or name in SHARES or name.endswith(("_share", "_share_low", "_share_high"))
    if name.endswith(MONEY) or mean_of_money:
        return [money(v, currency, lang) for v in column]
    if fraction or (name == "depth" and pd.api.types.is_float_dtype(column)):
        return [percent(v) for v in column]
    if pd.api.types.is_integer_dtype(column):
        return ["–" if missing(v) else f"{v:,}" for v in column]
    return [number(v, lang) for v in column]


def _word(value: object, lang: str) -> object:
    """Words for a code that the package knows; any other text stays as it is."""
    from retailkit.charts.formats.parts import known, name

    if not isinstance(value, str):
        return value
    words = _headings()["words"]
    if lang == "en":
        return name(value, "en") if (known(value) or value in words) and " " not in value else value
    told = words.get(value, name(value, "zh"))
    return value if told == value.replace("_", " ") else told
