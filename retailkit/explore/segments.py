"""Choose a segment and see its profile, its buyers over time and its basket.

Everything is asked from the engine once, when the explorer opens; a choice only picks rows.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import ibis
import pandas as pd
from ibis import _

from retailkit.charts.people_explore import segment_basket, segment_months
from retailkit.charts.tables import readable
from retailkit.segment.features import person_orders
from retailkit.segment.segments import segment_profile
from retailkit.segment.words import in_words


@dataclass(frozen=True)
class SegmentTables:
    """What the explorer shows, for every segment: ``profile``, ``months`` and ``basket``, names in words."""

    profile: pd.DataFrame
    months: pd.DataFrame
    basket: pd.DataFrame


def segment_tables(
    named: ibis.Table, orders: ibis.Table, lines: ibis.Table, products: ibis.Table, persons: ibis.Table, as_of: str,
    lang: str = "en", segments: str = "usual",
) -> SegmentTables:  # fmt: skip
    """Ask the engine once for all that the explorer can show.

    Parameters
    ----------
    named : table of ``rfm_segments`` of one merchant.
    orders, lines, products, persons : canonical tables; a line without a category takes its product's.
    """
    who = named.select("merchant", "person", "segment")
    bought = person_orders(orders, persons, as_of).inner_join(who, ["merchant", "person"])
    month = bought.paid_on.strftime("%Y-%m")
    months = (
        bought.mutate(month=month)
        .group_by("segment", "month")
        .agg(buyers=_.person.nunique(), orders=_.count(), net_amount=_.net_amount.sum())
        .order_by("segment", "month")
        .to_pandas()
    )
    catalogue = products.select("merchant", "product_id", kind=products.category)
    sold = person_orders(lines, persons, as_of).left_join(catalogue, ["merchant", "product_id"])
    sold = sold.mutate(category=sold.category.fill_null(sold.kind)).drop("merchant_right", "product_id_right")
    sold = sold.filter(sold.category != "").inner_join(who, ["merchant", "person"])
    basket = sold.group_by("segment", "category").agg(net_amount=_.net_amount.sum()).to_pandas()
    whole = basket.groupby("category")["net_amount"].sum() / max(basket["net_amount"].sum(), 1)
    basket["share"] = basket["net_amount"] / basket.groupby("segment")["net_amount"].transform("sum").replace(0, pd.NA)
    basket["everyone"] = basket["category"].map(whole)
    profile = in_words(segment_profile(named), lang, segments)
    return SegmentTables(profile, in_words(months, lang, segments), in_words(basket, lang, segments))


def people(store: Any, named: ibis.Table, merchant: Any, as_of: str, lang: str = "en", segments: str = "usual") -> Any:
    """Open the explorer of one merchant's segments: the one line to type at the desk.

    Parameters
    ----------
    store : open store of the merchant (``rk.open_store``).
    named : table of ``rfm_segments``.
    merchant : record of the cohort file: its ``title`` and ``currency`` are shown.
    segments : map that named the segments.
    """
    tables = segment_tables(
        named, store.orders, store.order_lines, store.products, store.persons, as_of, lang, segments
    )
    return segment_explorer(tables, merchant=merchant.title, currency=merchant.currency, lang=lang)


def segment_explorer(tables: SegmentTables, *, merchant: str, currency: str, lang: str = "en") -> Any:
    """Return a widget: a list of segments above profile, months and basket of the one chosen."""
    import ipywidgets as widgets
    from IPython.display import display

    chooser = widgets.Dropdown(
        options=tables.profile["segment"].tolist(), description="人群" if lang == "zh" else "segment"
    )
    shown = widgets.Output()

    def draw(change: Any = None) -> None:
        shown.clear_output(wait=True)
        with shown:
            for thing in segment_view(tables, chooser.value, merchant=merchant, currency=currency, lang=lang):
                display(thing)

    chooser.observe(draw, names="value")
    draw()
    return widgets.VBox([chooser, shown])


def segment_view(tables: SegmentTables, segment: str | None, *, merchant: str, currency: str, lang: str) -> list[Any]:
    """Return what the explorer shows for one segment: a table and two figures."""
    profile, months, basket = (t[t["segment"] == segment] for t in (tables.profile, tables.months, tables.basket))
    name = segment or ""
    return [
        readable(profile, currency, lang),
        segment_months(months, segment=name, merchant=merchant, currency=currency, lang=lang),
        segment_basket(basket, segment=name, merchant=merchant, lang=lang),
    ]
