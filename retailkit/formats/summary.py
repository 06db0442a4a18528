"""What the chapter keeps: one record per figure, also where it cannot be told, and what is missing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd
from ibis.expr.types import Table

from retailkit.schema import PRIVATE_FORMATS
from retailkit.schema.figure import figure, minor_units
from retailkit.schema.given import takes_frames
from retailkit.spoken import said

NEEDS = {
    "sessions": ("visits or shares", "访问与分享"),
    "pushes": ("messages", "消息"),
    "guides": ("guides", "导购"),
    "groups": ("customer groups", "社群"),
    "red_packets": ("red packets", "红包"),
    "spend": ("spend", "投放"),
}
"""Tables that the chapter's parts need, and what they tell."""
KEPT = (
    "format_ledger", "scene_funnel", "guide_activation", "guide_concentration", "group_life", "share_generations", "share_users",
    "acquisition_cost", "private_against_platform", "home_delivery", "discounts",
)  # fmt: skip
"""Tables whose figures the chapter keeps."""


@takes_frames
def chapter_window(programme: Any, orders: Table, as_of: str) -> dict[str, str]:
    """Return ``start`` and ``end`` (ISO days, both included): the programme's window, else the whole record."""
    if programme is not None:
        return {"start": str(programme.start), "end": str(programme.end)}
    last = pd.Timestamp(as_of) - pd.Timedelta(days=1)
    first = pd.Timestamp(orders.paid_on.min().execute())
    start = last if pd.isna(first) else min(first, last)
    return {"start": str(start.date()), "end": str(last.date())}


def gaps_sentence(store: Any, lang: str = "en") -> str:
    """Say in one sentence which parts of the chapter have no data; ``store`` is an open store."""
    gone = [words[0 if lang == "en" else 1] for name, words in NEEDS.items() if not store.has(name)]
    if not gone:
        return said(lang, "Every part of this chapter has its data.", "本章各部分均有数据。")
    english = ", ".join(gone[:-1]) + (" or " if len(gone) > 1 else "") + gone[-1]
    return said(
        lang,
        f"This merchant's exports hold no {english}: the parts that need them stay empty, and nothing is guessed.",
        f"该商家的数据中没有{'、'.join(gone)}：相应部分留空，不作推测。",
    )


def formats_metrics(tables: Mapping[str, pd.DataFrame], currency: str) -> list[dict[str, Any]]:
    """One record per figure of the chapter, in the shape that a chapter saves; empty where unknown.

    Parameters
    ----------
    tables : the chapter's tables by name: ``format_ledger, scene_funnel, guide_activation, guide_concentration,
        group_life, share_generations, share_users, acquisition_cost, private_against_platform, home_delivery, discounts``.
    currency : unit of money; values are in whole units.

    Raises
    ------
    KeyError
        If tables are missing; all of them in one message.
    """
    missing = [name for name in KEPT if name not in tables]
    if missing:
        raise KeyError(f"the chapter's figures need the tables {', '.join(missing)}, which are not there")
    ledger, funnel, guides, concentration, life, generations, users, cost, value, delivery, discounts = (
        tables[name] for name in KEPT
    )
    small = minor_units(currency)
    private = ledger[ledger["format"].isin(PRIVATE_FORMATS)]["share"].sum() if len(ledger) else float("nan")
    buyers, paid, acting = {"format": "all"}, {"entrance": "all", "step": "pay"}, {"region": "all", "act": "any"}
    every = {"kind": "all"}
    pilot = _pilot(delivery)
    return [
        _record("private_share", (private,), "fraction", "net sales of the private formats / all net sales"),
        _record(
            "new_buyer_share", _pick(ledger, "new_share", buyers), "fraction", "buyers whose first order ever it was"
        ),
        _record("order_value", _pick(ledger, "order_value", buyers, small), currency, "net sales per order"),
        _record("buyer_value", _pick(ledger, "buyer_value", buyers, small), currency, "net sales per known buyer"),
        _record(
            "pay_conversion",
            _pick(funnel, "share", paid),
            "fraction",
            "visitors who paid / visitors, all days before the study's day",
        ),
        _record(
            "guide_activation", _pick(guides, "rate", acting), "fraction", "guides with any act / guides on the roster"
        ),
        _record(
            "best_guide", _pick(concentration, "best", {}, small), currency, "net sales of the best guide in the window"
        ),
        _record("guide_gini", _pick(concentration, "gini", {}), "index", "Gini of net sales over guides on the roster"),
        _record(
            "guide_top10_share", _pick(concentration, "top10_share", {}), "fraction", "guide sales of the best tenth"
        ),
        _record("group_median_life", _pick(life, "median", every), "days", "Kaplan-Meier, right-censored"),
        _record("group_mean_life", _pick(life, "mean", every), "days", "restricted mean, right-censored"),
        _record(
            "share_k", _pick(generations, "k", {"generation": "all"}), "visits", "visits brought per visit with a share"
        ),
        _record(
            "share_k_person",
            _pick(users, "k", {"generation": "all"}),
            "persons",
            "new users brought per user of the share tree",
        ),
        _record(
            "cost_per_new",
            _pick(cost, "cost_per_new", {"touchpoint": "all"}, small, "cost"),
            currency,
            "spend / new customers",
        ),
        _record("private_to_platform", *_against_platform(value)),
        _record(
            "home_delivery_share",
            _pick(pilot, "home_share", {}),
            "fraction",
            "home deliveries / orders whose fulfilment is told, the area with the largest share of those with shop orders",
        ),
        _record(
            "discount_depth",
            _pick(discounts, "depth", {"format": "all", "span": "window"}),
            "fraction",
            "discounts / list amount, orders whose source tells both",
        ),
        _record(
            "full_price_share",
            _pick(discounts, "full_price_share", {"format": "all", "span": "window"}),
            "fraction",
            "orders without a discount / orders whose source tells list price and discount",
        ),
    ]


def _pilot(delivery: pd.DataFrame) -> pd.DataFrame:
    """The area with the largest share; where shops' own orders are not on record, every order seems to be a delivery."""
    areas = delivery[delivery["area"] != "all"]
    with_shops = areas[areas["shop_orders"] > 0]
    return (with_shops if len(with_shops) else areas).head(1)


def _against_platform(value: pd.DataFrame) -> tuple[tuple[float, ...], str, str]:
    """Ratio of like goods; the plain one, without interval, where no category of the platform is known."""
    alike = _pick(value, "ratio_same_goods", {}, 1, "ratio")
    if alike[0] == alike[0]:
        return alike, "ratio", "private order / platform order with the platform's mix of goods"
    plain = _pick(value, "ratio", {}, 1, "none")
    return plain, "ratio", "private order / platform order; no goods in common are recorded, so not of one mix"


def _pick(
    table: pd.DataFrame, column: str, where: Mapping[str, str], divide: float = 1.0, stem: str = ""
) -> tuple[float, ...]:
    """Value, low and high of the first row that fits; empty where there is none."""
    rows = table
    for name, value in where.items():
        rows = rows[rows[name] == value]
    stem = stem or column
    names = [n for n in (column, f"{stem}_low", f"{stem}_high") if n in rows]
    nan = float("nan")
    return tuple(float(rows[n].iloc[0]) / divide if len(rows) else nan for n in names)


def _record(name: str, figures: tuple[float, ...], unit: str, definition: str) -> dict[str, Any]:
    value, low, high = (*figures, None, None)[:3]
    return figure(name, value, unit, definition, low, high, level=0.95)  # this room's intervals are of 95%
