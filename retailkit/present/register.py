"""The programme's own books: its issue register, its classes, its counters. They come from tables, not from sales.

A cohort file declares them as sources (layouts ``canonical_issue_register``,
``canonical_programme_counters``, ``canonical_actions``); chapter 1 saves what it finds as its
tables ``issues``, ``counters`` and ``actions``. Without them the report says so.
"""

from __future__ import annotations

from typing import Any

import pandas as pd

from retailkit.charts.numbers import percent
from retailkit.charts.words import choose
from retailkit.shares import wilson
from retailkit.spoken import own_half, several

KINDS = ("common", "particular")
ISSUES = ("issue", "kind", "raised_on", "solved_on", "merchants")
COUNTERS_ZH = {"companies diagnosed": "诊断企业", "people trained": "培训人才", "cases": "案例"}


def issues(rows: pd.DataFrame) -> pd.DataFrame:
    """One row per issue of the programme, however many merchants have it.

    Parameters
    ----------
    rows : ``merchant, issue_id, issue, kind, raised_on, solved_on``, one per merchant and issue.

    Returns
    -------
    DataFrame ``issue, kind, raised_on, solved_on, merchants``: first raised, last solved (empty
    while one merchant still has it).

    Examples
    --------
    >>> both = pd.DataFrame({"merchant": ["a", "b"], "issue_id": "1", "issue": "No guide is bound", "kind": "common",
    ...                      "raised_on": "2018-10-01", "solved_on": ["2018-10-09", None]})
    >>> issues(both)[["merchants", "kind"]].values.tolist(), issues(both)["solved_on"].isna().item()
    ([[2, 'common']], True)
    """
    if rows.empty or "issue_id" not in rows:
        return pd.DataFrame(columns=list(ISSUES))
    days = {c: pd.to_datetime(rows[c]) for c in ("raised_on", "solved_on")}
    rows = rows.assign(**days, issue=rows["issue"].fillna(rows["issue_id"]), kind=rows["kind"].fillna("not said"))
    grouped = rows.groupby(["issue_id", "issue", "kind"], sort=False)
    out = grouped.agg(
        raised_on=("raised_on", "min"), solved_on=("solved_on", "max"),
        open_=("solved_on", lambda v: bool(v.isna().any())), merchants=("merchant", "nunique"),
    ).reset_index()  # fmt: skip
    out["solved_on"] = out["solved_on"].where(~out["open_"])
    return out.sort_values(["kind", "raised_on"], ignore_index=True)[list(ISSUES)]


def issue_counts(table: pd.DataFrame) -> pd.DataFrame:
    """One row per kind of issue: how many, their share with its 90% Wilson interval, how many are solved, in how long.

    ``days`` is the median from raised to solved over the solved ones.
    """
    names = [*KINDS, *(k for k in table["kind"].unique() if k not in KINDS)] if len(table) else list(KINDS)
    rows = []
    for kind in names:
        own = table[table["kind"] == kind]
        solved = own.dropna(subset=["solved_on"])
        days = (pd.to_datetime(solved["solved_on"]) - pd.to_datetime(solved["raised_on"])).dt.days
        low, high = wilson(len(own), len(table))
        share = len(own) / len(table) if len(table) else float("nan")
        rows.append((kind, len(own), share, low, high, len(solved), days.median() if len(days) else float("nan")))
    return pd.DataFrame(rows, columns=["kind", "issues", "share", "low", "high", "solved", "days"])


def counters(rows: pd.DataFrame) -> pd.DataFrame:
    """One row per counter: its last value and day.

    A programme keeps one book for all: where merchants' rows say the same it is counted once, and
    where they differ each merchant has its own count and they are added up.
    """
    columns = ["counter", "value", "day"]
    if rows.empty or "counter" not in rows:
        return pd.DataFrame(columns=columns)
    last = rows.assign(day=pd.to_datetime(rows["day"])).sort_values("day").groupby(["counter", "merchant"]).tail(1)
    same = last.groupby("counter")["value"].transform("nunique") == 1
    shared = last[same].groupby("counter", as_index=False).agg(value=("value", "first"), day=("day", "max"))
    own = last[~same].groupby("counter", as_index=False).agg(value=("value", "sum"), day=("day", "max"))
    return pd.concat([shared, own], ignore_index=True)[columns] if len(last) else pd.DataFrame(columns=columns)


def study_counters(table: pd.DataFrame, books: pd.DataFrame, lang: str = "en") -> pd.DataFrame:
    """The 211 counters: goal, what the programme's book says, and what this study itself counts.

    Parameters
    ----------
    table : the league: a merchant with a result was diagnosed, one that was raised makes a case.
    books : see `counters`.

    Returns
    -------
    DataFrame ``counter, goal, book, study``; empty cells where nobody kept count.
    """
    book = books.set_index("counter")["value"] if len(books) else pd.Series(dtype=float)
    own = {
        "companies diagnosed": float((table["answer"] != "no result").sum()),
        "cases": float((table["answer"] == "raised").sum()),
    }
    rows = [
        (choose(lang, name, COUNTERS_ZH[name]), goal, book.get(name, float("nan")), own.get(name, float("nan")))
        for name, goal in (("companies diagnosed", 200.0), ("people trained", 1000.0), ("cases", 100.0))
    ]
    extra = [(str(n), float("nan"), v, float("nan")) for n, v in book.items() if n not in COUNTERS_ZH]
    return pd.DataFrame([*rows, *extra], columns=["counter", "goal", "book", "study"])


def classes(rows: pd.DataFrame) -> pd.DataFrame:
    """One row per merchant: how many classes it attended and how many other things were done there."""
    columns = ["merchant", "classes", "actions"]
    if rows.empty or "action_id" not in rows:
        return pd.DataFrame(columns=columns)
    lesson = rows["action"].astype("str").str.contains(r"\bclass\b|课", case=False, regex=True)
    grouped = rows.assign(lesson=lesson).groupby("merchant", as_index=False)
    return grouped.agg(classes=("lesson", "sum"), actions=("lesson", lambda v: int((~v).sum())))[columns]


def say_issues(counts: pd.DataFrame, lessons: pd.DataFrame, lang: str = "en") -> str:
    """Say how many problems were common and solved by classes, and how many particular, or that no register was kept."""
    total = int(counts["issues"].sum())
    if not total:
        return choose(
            lang, "No issue register was given with this cohort (a source with layout canonical_issue_register), so the "
            "split of problems into common and particular ones cannot be counted; sales do not show it.",
            "该批次没有问题登记表（数据源 layout 为 canonical_issue_register），共性与个性问题的比例无法统计；销售数据看不出来。",
        )  # fmt: skip
    row = counts.set_index("kind")
    common, single = (int(row["issues"].get(k, 0)) for k in KINDS)
    solved = int(row["solved"].sum())
    share = percent(row["share"]["common"])
    span = f"{percent(row['low']['common'])}–{percent(row['high']['common'])}"
    taught = ""
    if len(lessons) and lessons["classes"].sum():
        n = several(lessons["classes"].median(), "class", "classes")
        n_zh = f"{lessons['classes'].median():.0f}节课"
        taught = choose(lang, f" The median merchant attended {n}.", f"中位商户参加了{n_zh}。")
        if len(lessons) == 1:
            taught = choose(lang, f" The merchant attended {n}.", f"该商户参加了{n_zh}。")
        elif len(lessons) == 2:  # of two, the median is the mean
            taught = choose(lang, f" On average the two merchants attended {n}.", f"两家商户平均参加了{n_zh}。")
    return choose(
        lang,
        f"The register holds {several(total, 'problem')}: {several(common, 'common one')} for classes ({share}, 90% interval {span}) and "
        f"{several(single, 'particular one')} for projects; {solved} {'is' if solved == 1 else 'are'} solved.{taught}",
        f"登记表共有{total}个问题：共性问题{common}个，由课程解决（{share}，90%区间{span}），个性问题{single}个，由项目解决；"
        f"已解决{solved}个。{taught}",
    )


def issue_words(counts: pd.DataFrame, lang: str = "en") -> pd.DataFrame:
    """The counts as a reader wants them; no rows without a register."""
    kinds = {"common": ("common: classes", "共性：课程"), "particular": ("particular: projects", "个性：项目")}
    rows = counts if counts["issues"].sum() else counts.head(0)
    return pd.DataFrame({
        choose(lang, "kind of problem", "问题类别"): [choose(lang, *kinds.get(k, (k, k))) for k in rows["kind"]],
        choose(lang, "problems", "数量"): rows["issues"],
        choose(lang, "share", "占比"): [percent(v) for v in rows["share"]],
        choose(lang, "90% interval", "90%区间"): [
            f"{percent(a)}–{percent(b)}" for a, b in zip(rows["low"], rows["high"], strict=True)
        ],
        choose(lang, "solved", "已解决"): rows["solved"],
        choose(lang, "median days", "中位天数"): [f"{d:.0f}" if d == d else "–" for d in rows["days"]],
    })  # fmt: skip


def issue_list(table: pd.DataFrame, lang: str = "en", most: int = 12) -> pd.DataFrame:
    """The issues as a reader wants them: open ones first, those of most merchants first; at most ``most`` rows."""
    rows = table.assign(open_=table["solved_on"].isna()) if len(table) else table.assign(open_=False)
    rows = rows.sort_values(["open_", "merchants"], ascending=False, kind="stable").head(most)
    kinds = {"common": ("common", "共性"), "particular": ("particular", "个性")}
    days = {c: pd.to_datetime(rows[c]).dt.strftime("%Y-%m-%d") for c in ("raised_on", "solved_on")}
    return pd.DataFrame({
        choose(lang, "problem", "问题"): [own_half(str(t), lang) for t in rows["issue"]],
        choose(lang, "kind", "类别"): [choose(lang, *kinds.get(k, (k, k))) for k in rows["kind"]],
        choose(lang, "merchants", "商户数"): rows["merchants"],
        choose(lang, "raised", "提出"): days["raised_on"].fillna("–"),
        choose(lang, "solved", "解决"): days["solved_on"].fillna(choose(lang, "open", "未解决")),
    }).reset_index(drop=True)  # fmt: skip


def counter_words(table: pd.DataFrame, lang: str = "en") -> pd.DataFrame:
    """The counters as a reader wants them: written numbers, a dash where nobody kept count."""

    def written(values: Any) -> list[str]:
        return [f"{v:,.0f}" if v == v else "–" for v in values]

    return pd.DataFrame({
        choose(lang, "counter", "计数"): table["counter"],
        choose(lang, "goal of the programme (211)", "项目目标（211工程）"): written(table["goal"]),
        choose(lang, "programme's book", "项目登记"): written(table["book"]),
        choose(lang, "counted by this study", "本研究统计"): written(table["study"]),
    })  # fmt: skip
