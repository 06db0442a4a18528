"""Rule tags: one list of rules, compiled to one pass over the persons, each tag with its reason."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path

import ibis
import pandas as pd
from ibis import _

from retailkit.schema.given import takes_frames
from retailkit.segment.errors import SaidError, UnknownNameError

COMPARISONS = {
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
    "=": lambda a, b: a == b,
    "!=": lambda a, b: a != b,
    ">=": lambda a, b: a >= b,
    ">": lambda a, b: a > b,
    "in": lambda a, b: a.isin(b),
    "not in": lambda a, b: a.notin(b),
}


class TagRuleError(SaidError):
    """Tag rules that cannot be used; the message lists every problem."""


@dataclass(frozen=True)
class TagRule:
    """One tag: all its conditions must hold. In an exclusive family the lowest ``priority`` wins."""

    name: str
    family: str
    priority: int
    when: tuple[tuple[str, str, object], ...]
    en: str
    zh: str
    reason_en: str
    reason_zh: str

    def says(self) -> str:
        """Write the rule as text: ``orders = 1 and days_since_last <= 60``."""
        return " and ".join(f"{c} {op} {v}" for c, op, v in self.when)


@dataclass(frozen=True)
class TagRules:
    """A list of rules and the families in which a person gets one tag at most."""

    name: str
    exclusive: tuple[str, ...]
    rules: tuple[TagRule, ...]


@cache
def tag_rules(name: str | Path = "audiences") -> TagRules:
    """Read tag rules: a name shipped with the package or the path of a ``.toml`` file.

    Raises
    ------
    TagRuleError
        If a rule misses a key, uses an unknown comparison or a name twice: every problem in one message.
    UnknownNameError
        If no rules of that name are shipped; the message lists what there is.
    """
    path, shipped = Path(name), files("retailkit.segment").joinpath("tag_rules")
    source = path if path.suffix == ".toml" else shipped.joinpath(f"{name}.toml")
    if source is not path and not source.is_file():
        there = sorted(page.name.removesuffix(".toml") for page in shipped.iterdir() if page.name.endswith(".toml"))
        raise UnknownNameError(
            f"no tag rules '{name}'; there are {', '.join(there)}, or give the path of a .toml file of your own",
            f"没有名为'{name}'的标签规则；现有{'、'.join(there)}，也可给出自备.toml文件的路径",
        )
    told = tomllib.loads(source.read_text(encoding="utf-8"))
    problems, rules = [], []
    for number, r in enumerate(told.get("tag", []), start=1):
        missing = [k for k in ("name", "family", "priority", "when", "en", "zh", "reason") if k not in r]
        if missing:
            problems.append((
                f"tag {number} ({r.get('name', 'without a name')}) misses {', '.join(missing)}",
                f"第{number}个标签（{r.get('name', '未命名')}）缺少{'、'.join(missing)}",
            ))  # fmt: skip
            continue
        unknown = [op for _column, op, _value in r["when"] if op not in COMPARISONS]
        if unknown:
            problems.append((
                f"tag '{r['name']}' compares with {unknown[0]!r}; expected one of {', '.join(COMPARISONS)}",
                f"标签'{r['name']}'的比较符为{unknown[0]!r}，应为{'、'.join(COMPARISONS)}之一",
            ))  # fmt: skip
            continue
        when = tuple((c, op, tuple(v) if isinstance(v, list) else v) for c, op, v in r["when"])
        rules.append(
            TagRule(r["name"], r["family"], r["priority"], when, r["en"], r["zh"], r["reason"]["en"], r["reason"]["zh"])
        )
    names = [rule.name for rule in rules]
    twice = sorted({n for n in names if names.count(n) > 1})
    problems += [(f"tag '{n}' is there twice", f"标签'{n}'出现两次") for n in twice]
    if problems:
        heads = (f"tag rules '{name}' cannot be used:", f"标签规则'{name}'无法使用：")
        raise TagRuleError(*("\n  ".join([head, *(p[i] for p in problems)]) for i, head in enumerate(heads)))
    return TagRules(
        str(name), tuple(told.get("exclusive", [])), tuple(sorted(rules, key=lambda r: (r.family, r.priority)))
    )


@takes_frames
def tag_persons(people: ibis.Table, rules: TagRules) -> ibis.Table:
    """One row per person and tag: ``tag``, ``family``, and ``because``, the values that met the rule.

    Parameters
    ----------
    people : one row per merchant and person with the columns the rules speak of.

    Raises
    ------
    TagRuleError
        If the rules speak of columns that the table does not have; all of them in one message.
    """
    spoken = {c for rule in rules.rules for c, _op, _value in rule.when}
    missing = sorted(spoken - set(people.columns))
    if missing:
        raise TagRuleError(
            f"tag rules '{rules.name}' need the columns {', '.join(missing)}; the table has none of them",
            f"标签规则'{rules.name}'需要的列{'、'.join(missing)}在表中都没有",
        )
    columns: dict[str, ibis.Value] = {}
    for rule in rules.rules:
        holds = ibis.literal(True)
        for column, op, value in rule.when:
            holds = holds & COMPARISONS[op](people[column], value)
        holds = holds.fill_null(False)
        if rule.family in rules.exclusive:
            for earlier in rules.rules:
                if earlier is rule:
                    break
                if earlier.family == rule.family:
                    holds = holds & (columns[earlier.name].fill_null("") == "")
        columns[rule.name] = holds.ifelse(_because(people, rule), ibis.null("string"))
    wide = people.select("merchant", "person", **columns)
    long = wide.pivot_longer(list(columns), names_to="tag", values_to="because").filter(_.because != "")
    family = ibis.cases(*((long.tag == rule.name, rule.family) for rule in rules.rules), else_="")
    return long.select("merchant", "person", "tag", "because", family=family)


@takes_frames
def tag_counts(tags: ibis.Table) -> pd.DataFrame:
    """One row per merchant, family and tag: the ``persons`` who carry it."""
    frame = tags.group_by("merchant", "family", "tag").agg(persons=_.count()).to_pandas()
    keys = ["merchant", "family", "persons", "tag"]
    return frame.sort_values(keys, ascending=[True, True, False, True], ignore_index=True)


@takes_frames
def tag_overlap(tags: ibis.Table) -> pd.DataFrame:
    """One row per merchant and pair of tags: persons who carry both, and Jaccard's share of either."""
    other = tags.select("merchant", "person", other=tags.tag)
    both = tags.inner_join(other, ["merchant", "person"]).filter(_.tag < _.other)
    pairs = both.group_by("merchant", "tag", "other").agg(persons=_.count()).to_pandas()
    sizes = tag_counts(tags).set_index(["merchant", "tag"])["persons"]
    one = sizes.reindex(pd.MultiIndex.from_frame(pairs[["merchant", "tag"]])).to_numpy(float)
    two = sizes.reindex(pd.MultiIndex.from_frame(pairs[["merchant", "other"]])).to_numpy(float)
    pairs["jaccard"] = pairs["persons"] / (one + two - pairs["persons"])
    return pairs.sort_values(["merchant", "tag", "other"], ignore_index=True)


@takes_frames
def tag_changes(before: ibis.Table, after: ibis.Table) -> pd.DataFrame:
    """One row per merchant and tag: persons who ``kept``, ``gained`` and ``lost`` it since the last run."""
    was = before.select("merchant", "person", "tag", was=1)
    now = after.select("merchant", "person", "tag", now=1)
    both = was.outer_join(now, ["merchant", "person", "tag"])
    both = both.select(
        merchant=both.merchant.fill_null(both.merchant_right),
        tag=both.tag.fill_null(both.tag_right),
        was=both.was.fill_null(0),
        now=both.now.fill_null(0),
    )
    table = both.group_by("merchant", "tag").agg(
        kept=(_.was * _.now).sum(), gained=((1 - _.was) * _.now).sum(), lost=(_.was * (1 - _.now)).sum()
    )
    return table.to_pandas().sort_values(["merchant", "tag"], ignore_index=True)


def _because(people: ibis.Table, rule: TagRule) -> ibis.Value:
    """The values that met the rule, as text: ``orders=1, days_since_last=12``."""
    text = ibis.literal("")
    for place, column in enumerate(dict.fromkeys(c for c, _op, _value in rule.when)):
        text = text + f"{', ' if place else ''}{column}=" + people[column].cast("string").fill_null("?")
    return text
