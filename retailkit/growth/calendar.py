"""Festivals, and which day of last year a day should be compared with.

The Chinese calendar is a table (``retail_calendar.csv``, 2017-2027: fixed dates, lunar dates
equal in two independent programs, State Council off-days). Other countries' shopping days
are rules (``shopping_days.csv``); a country without rules has none, and the study says so.
"""

from __future__ import annotations

from functools import lru_cache
from importlib.resources import files
from typing import Any

import pandas as pd

MAJOR = ("womens_day", "618", "double_11", "double_12", "cny_eve", "cny", "holiday_cny")
"""Chinese festivals that move a merchant's week so much that the week is flagged."""

LUNAR_REACH = (-35, 20)
"""Days around the Chinese New Year that are compared by lunar, not by calendar, date."""


def mondays(days: Any) -> Any:
    """The Monday of each day's week, in the shape given (a series or an index of days).

    >>> str(mondays(pd.DatetimeIndex(["2018-11-11"]))[0].date())
    '2018-11-05'
    """
    parts = days.dt if isinstance(days, pd.Series) else pd.DatetimeIndex(days)
    return days - pd.to_timedelta(parts.day_of_week, unit="D")


def bounds(window: Any) -> tuple[pd.Timestamp, pd.Timestamp]:
    """First and last day of a window (a pair of dates or a record with both); NaT where there is none.

    Raises
    ------
    ValueError
        If the window ends before it starts.

    Examples
    --------
    >>> [str(day.date()) for day in bounds(("2018-10-01", "2018-12-31"))]
    ['2018-10-01', '2018-12-31']
    """
    if window is None:
        return pd.NaT, pd.NaT
    first, last = (window.start, window.end) if hasattr(window, "start") else window
    start, end = pd.Timestamp(first), pd.Timestamp(last)
    if end < start:
        raise ValueError(f"the window ends on {end.date()}, before it starts on {start.date()}")
    return start, end


@lru_cache
def _table(name: str) -> pd.DataFrame:
    with files(__package__).joinpath(name).open(encoding="utf-8") as source:
        return pd.read_csv(source, dtype={"code": str})


def names_of(code: str) -> tuple[str, str]:
    """English and Chinese name of a festival's code; the code itself where no table has it.

    >>> names_of("double_12"), names_of("black_friday")[0]
    (('Double 12', '双12'), 'Black Friday')
    """
    for name in ("shopping_days.csv", "retail_calendar.csv"):
        rows = _table(name)
        rows = rows[rows["code"] == code]
        if len(rows):
            return str(rows["name_en"].iloc[0]), str(rows["name_zh"].iloc[0])
    return code, code


def _easter(year: int) -> pd.Timestamp:
    # the anonymous Gregorian computus (Meeus, Astronomical Algorithms, 1991, chapter 8)
    a, b, c = year % 19, year // 100, year % 100
    h = (19 * a + b - b // 4 - (b - (b + 8) // 25 + 1) // 3 + 15) % 30
    k = (32 + 2 * (b % 4) + 2 * (c // 4) - h - c % 4) % 7
    m = (a + 11 * h + 22 * k) // 451
    month, day = divmod(h + k - 7 * m + 114, 31)
    return pd.Timestamp(year, month, day + 1)


def _day(rule: pd.Series, year: int) -> pd.Timestamp:
    if pd.notna(rule.easter):
        return _easter(year) + pd.Timedelta(days=int(rule.easter))
    if pd.notna(rule.day):
        return pd.Timestamp(year, int(rule.month), int(rule.day))
    first = pd.Timestamp(year, int(rule.month), 1)
    days = pd.date_range(first, first + pd.offsets.MonthEnd(0))
    nth = int(rule.nth)
    return days[days.day_of_week == int(rule["weekday"])][nth - 1 if nth > 0 else nth]


def _by_rule(country: str, years: range) -> pd.DataFrame:
    rules = _table("shopping_days.csv").query("country == @country")
    rows = []
    for _, rule in rules.iterrows():
        for year in years:
            start = _day(rule, year)
            end = start + pd.Timedelta(days=int(rule.length) - 1)
            rows.append((start, end, rule.code, rule.name_en, rule.name_zh))
    return pd.DataFrame(rows, columns=["start", "end", "code", "name_en", "name_zh"])


@lru_cache
def _major() -> pd.DataFrame:
    table = _table("retail_calendar.csv")
    table = table[table["code"].isin(MAJOR)][["start", "end", "code", "name_en", "name_zh"]]
    return table.assign(start=pd.to_datetime(table["start"]), end=pd.to_datetime(table["end"]))


def festivals(start: str, end: str, country: str = "CN") -> pd.DataFrame:
    """One row per festival that touches the span: start, end, code, name_en, name_zh.

    Parameters
    ----------
    start, end : ISO dates, both included.
    country : ISO 3166 code. "CN" gives the flagged festivals (Spring Festival, 3.8, 618,
        Double 11, Double 12); "US" and "GB" their shopping days; others an empty table.

    Examples
    --------
    >>> festivals("2018-11-01", "2018-12-31").code.tolist()
    ['double_11', 'double_12']
    >>> festivals("2017-11-01", "2017-11-30", "US").start.dt.strftime("%m-%d").tolist()
    ['11-23', '11-23']
    """
    first, last = pd.Timestamp(start), pd.Timestamp(end)
    table = _major() if country == "CN" else _by_rule(country, range(first.year - 1, last.year + 1))
    touching = table[(pd.to_datetime(table["end"]) >= first) & (pd.to_datetime(table["start"]) <= last)]
    return touching.sort_values(["start", "code"]).reset_index(drop=True)


def festival_days(days: pd.DatetimeIndex, country: str = "CN") -> pd.Series:
    """One value per day: the codes of the festivals on it joined by a space, "" where none."""
    marks = pd.Series("", index=days)
    if not len(days):
        return marks
    for row in festivals(str(days.min().date()), str(days.max().date()), country).itertuples():
        on = (days >= row.start) & (days <= row.end)
        marks[on] = (marks[on] + " " + str(row.code)).str.strip()
    return marks


@lru_cache
def _new_years() -> pd.Series:
    table = _table("retail_calendar.csv")
    days = pd.to_datetime(table.loc[table["code"] == "cny", "start"])
    return pd.Series(days.to_numpy(), index=days.dt.year)


def last_year(days: pd.DatetimeIndex, country: str = "CN") -> pd.DatetimeIndex:
    """One day of last year per day: the day that it should be compared with.

    China: the same calendar date, so that Double 11 meets Double 11, except around the
    Spring Festival, where the day as many days from New Year's Day is taken. Elsewhere 364
    days back, which keeps weekdays and weekday festivals (Black Friday) together.

    Examples
    --------
    >>> last_year(pd.DatetimeIndex(["2019-02-05", "2019-11-11"])).strftime("%Y-%m-%d").tolist()
    ['2018-02-16', '2018-11-11']
    """
    if country != "CN":
        return days - pd.Timedelta(days=364)
    earlier = days - pd.DateOffset(years=1)
    new_years = _new_years()
    out = pd.Series(earlier, index=range(len(days)))
    for year in range(days.min().year, days.max().year + 2) if len(days) else ():
        if not {year - 1, year} <= set(new_years.index):
            continue
        new_year = new_years[year]
        offset = (days - new_year).days
        near = (offset >= LUNAR_REACH[0]) & (offset <= LUNAR_REACH[1])
        shifted = pd.Series(days - (new_year - new_years[year - 1]), index=range(len(days)))
        out[near] = shifted[near]
    return pd.DatetimeIndex(out)
