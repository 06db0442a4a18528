"""Touchpoints that costs, owners or lift tests name and nothing else does: what they say would meet no sales, silently."""

from __future__ import annotations

import re
from collections.abc import Iterable
from difflib import get_close_matches
from typing import Any

import ibis.expr.types as ir
import pandas as pd

from retailkit.attribute.returns import costs
from retailkit.attribute.scenes import touchpoint_titles
from retailkit.attribute.sentences import RESIDUAL, touchpoint_title
from retailkit.attribute.tables import as_table, frame
from retailkit.schema import FORMATS, KPI_NODES, OTHER_NAMES
from retailkit.spoken import said

TOLD_BY = {"costs": "费用", "owners": "责任人", "lift tests": "增量实验"}


def unmet_names(tables: Any, touches: ir.Table) -> pd.DataFrame:
    """One row per name of a touchpoint that a merchant's costs, owners or lift tests use and nothing else does.

    Parameters
    ----------
    tables : an open store of one merchant, or any object with the canonical tables as attributes
    touches : of :func:`touches`

    Returns
    -------
    ``touchpoint, told_by, nearest``: ``told_by`` lists who uses the name; ``nearest`` is the name most
    like it that a visit, message, order or campaign has, empty where none is like it.

    Notes
    -----
    Messages told apart by campaign (``mailing: Type A``) also have the name before the colon. An
    owner's node that is a KPI node, format, guide, shop or area is no name of a touchpoint; somebody may answer
    for a ledger's residual lines, too, which no source names.
    """
    orders, campaigns = as_table(tables.orders, "orders"), as_table(tables.campaigns, "campaigns")
    met = {n for table in (touches, orders, campaigns) for n in _distinct(table, "touchpoint")}
    met |= {n.partition(": ")[0] for n in met}
    paid = costs(tables.spend)  # coupons and red packets name no touchpoint: their costs are told with the returns
    told = {
        "costs": set(paid.loc[paid["cost"] > 0, "touchpoint"]) - {"(none)"},
        "owners": _owned(tables, orders, met),
        "lift tests": _distinct(as_table(tables.lift_tests, "lift_tests"), "touchpoint"),
    }
    unmet = sorted(set().union(*told.values()) - met)
    rows = [(n, ", ".join(who for who, own in told.items() if n in own), nearest(n, met)) for n in unmet]
    return pd.DataFrame(rows, columns=["touchpoint", "told_by", "nearest"])


def _owned(tables: Any, orders: ir.Table, met: set[str]) -> set[str]:
    """Nodes with an owner that are nothing but names of touchpoints; orders are only asked where the rosters do not know."""
    nodes = _distinct(as_table(tables.owners, "owners"), "node") - {*KPI_NODES, *FORMATS, *RESIDUAL}
    nodes -= _distinct(as_table(tables.targets, "targets"), "node")
    for name, column in (("guides", "guide"), ("shops", "shop_id")):
        nodes -= _distinct(as_table(getattr(tables, name), name), column)
    for column in ("sold_by", "shop_id", "area"):
        nodes -= _distinct(orders, column) if nodes - met else set()
    return nodes


def _distinct(table: ir.Table, column: str) -> set[str]:
    known = table.filter(table[column].notnull()).select(name=table[column]).distinct()
    return set(frame(known)["name"])


def nearest(name: str, known: Iterable[str]) -> str:
    """The known touchpoint whose name or title is most like a name; empty where none is.

    >>> nearest("社群运营", ["group", "sharing"]), nearest("Sharings", ["group", "sharing"]), nearest("sofa", ["group"])
    ('group', 'sharing', '')
    """
    words = {}
    for own in sorted(known):
        words[_plain(own)] = own
        for lang in ("en", "zh"):
            words |= {_plain(half): own for half in re.split(r"[/（(]", touchpoint_titles(lang).get(own, own))}
        words |= {_plain(other): own for other, meant in OTHER_NAMES.items() if meant == own}
    plain = _plain(name)
    inside = [w for w in words if _within(w, plain) or _within(plain, w)]
    close = [max(inside, key=len)] if inside else get_close_matches(plain, list(words), 1)
    return words[close[0]] if close else ""


def _within(part: str, whole: str) -> bool:
    """Whole words of a name in letters; in Chinese, which parts no words, any characters."""
    return bool(part) and (f" {part} " in f" {whole} " if part.isascii() else part in whole)


def _plain(name: str) -> str:
    return re.sub(r"[\W_]+", " ", name).strip().casefold()


def name_sentences(unmet: pd.DataFrame, lang: str = "en") -> list[str]:
    """Say which names of touchpoints meet no sales, and what each may have meant; nothing where all are met."""
    sentences = []
    for row in unmet.itertuples():
        who = row.told_by.split(", ")
        title = touchpoint_title(row.touchpoint, lang)
        chinese = f"{'、'.join(TOLD_BY[w] for w in who)}中的触点“{title}”"
        chinese += "在访问、消息、订单和活动中都没有，与任何销售额都对不上"
        english = f"{' and '.join(who).capitalize()} name '{title}', which no visit, message, order or campaign has"
        english += ": it meets no sales"
        if row.nearest:
            english += f" (the nearest there is: '{touchpoint_title(row.nearest, lang)}')"
            chinese += f"（现有触点中最接近的是“{touchpoint_title(row.nearest, lang)}”）"
        sentences.append(said(lang, english + ".", chinese + "。"))
    return sentences
