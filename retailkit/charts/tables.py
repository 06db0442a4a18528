"""Result tables as a reader wants them: money with its sign, shares as per cent, names as words."""

from __future__ import annotations

import pandas as pd

from retailkit.charts.numbers import missing, money, number, percent

MONEY = ("amount", "mean_low", "mean_high", "next_low", "next_high", "expected_low", "expected_high", "value")
SHARES = (
    "share", "share_low", "share_high", "bought_low", "bought_high", "retention", "retention_low", "retention_high",
    "donors_low", "donors_median", "donors_high", "alive", "confidence", "support", "jaccard",
)  # fmt: skip


def readable(table: pd.DataFrame, currency: str, lang: str = "en") -> pd.DataFrame:
    """Return the table to look at, not to compute with: one text per figure, by the column's name.

    Columns named ``..._amount``, ``..._value`` and their intervals are money in minor units,
    ``..._share`` and their intervals fractions; other figures keep three digits. The column
    ``merchant`` is left out where it has one value.

    >>> readable(pd.DataFrame({"merchant": ["m"], "net_amount": [123456], "share": [0.25], "persons": [7]}), "USD")
      net_amount share persons
    0     $1.23K   25%       7
    """
    shown = table.drop(columns="merchant") if "merchant" in table and table["merchant"].nunique() < 2 else table
    written = {}
    for name in shown.columns:
        column = shown[name]
        if name.endswith(MONEY):
            written[name] = [money(v, currency, lang) for v in column]
        elif name in SHARES or name.endswith("_share"):
            written[name] = [percent(v) for v in column]
        elif pd.api.types.is_integer_dtype(column):
            written[name] = ["–" if missing(v) else f"{v:,}" for v in column]
        elif pd.api.types.is_float_dtype(column):
            written[name] = [number(v, lang) for v in column]
        elif pd.api.types.is_datetime64_any_dtype(column):
            whole = (column.dropna() == column.dropna().dt.normalize()).all()
            written[name] = column.dt.strftime("%Y-%m-%d" if whole else "%Y-%m-%d %H:%M").fillna("–").tolist()
        else:
            written[name] = ["–" if missing(v) else v for v in column]
    return pd.DataFrame(written, columns=list(shown.columns), index=shown.index)


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
        numbered = isinstance(table.index, pd.RangeIndex)
        plain = table.columns.nlevels > 1 or not table.columns.is_unique or not all(isinstance(n, str) for n in table.columns)
        written = table if plain else readable(table, currency, lang)
        with pd.option_context("display.max_colwidth", None):
            return str(written.to_html(index=not numbered, border=0, max_rows=30))

    shell.display_formatter.formatters["text/html"].for_type(pd.DataFrame, page)
