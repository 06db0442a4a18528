"""Choose a segment and see its profile, its members and buyers over time and its basket.

Everything is asked from the engine when the explorer opens; a choice only picks rows.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import ibis
import pandas as pd
from ibis import _

from retailkit.charts.people_explore import segment_basket, segment_months
from retailkit.charts.tables import heading, readable
from retailkit.segment.assets import first_order_day, month_days
from retailkit.segment.baskets import with_category
from retailkit.segment.features import person_features, person_orders
from retailkit.segment.rfm import fit_rfm
from retailkit.segment.segments import rfm_segments, segment_map, segment_profile
from retailkit.segment.words import in_words

NOBODY = ("No known person has bought: there is no segment to choose.", "没有可识别的购买人：没有可选择的人群。")


@dataclass(frozen=True)
class SegmentTables:
    """What the explorer shows, for every segment: ``profile``, ``months`` and ``basket``, names in words.

    In ``months``, ``members`` are the persons who stood in the segment when the month ended, by today's edges;
    ``buyers``, ``orders`` and ``net_amount`` are those of today's members in that month.
    """

    profile: pd.DataFrame
    months: pd.DataFrame
    basket: pd.DataFrame


def segment_tables(
    named: ibis.Table, orders: ibis.Table, lines: ibis.Table, products: ibis.Table, persons: ibis.Table, as_of: str,
    lang: str = "en", segments: str = "usual", refunds: ibis.Table | None = None,
) -> SegmentTables:  # fmt: skip
    """Ask the engine for all that the explorer can show.

    Parameters
    ----------
    named : table of ``rfm_segments`` of one merchant.
    orders, lines, products, persons : canonical tables; a line without a category takes its product's.
    refunds : as ``named`` was made with.
    """
    who = named.select("merchant", "person", "segment")
    bought = person_orders(orders, persons, as_of).inner_join(who, ["merchant", "person"])
    month = bought.paid_on.strftime("%Y-%m")
    months = (
        bought.mutate(month=month)
        .group_by("segment", "month")
        .agg(buyers=_.person.nunique(), orders=_.count(), net_amount=_.net_amount.sum())
        .to_pandas()
    )
    months = months.merge(
        _members(named, orders, persons, as_of, segments, refunds), on=["segment", "month"], how="outer"
    )
    bought_nothing = dict.fromkeys(("buyers", "orders", "net_amount"), 0)
    months = months.fillna(bought_nothing).astype(dict.fromkeys(bought_nothing, "int64"))
    sold = with_category(person_orders(lines, persons, as_of), products)
    sold = sold.filter(sold.category != "").inner_join(who, ["merchant", "person"])
    basket = sold.group_by("segment", "category").agg(net_amount=_.net_amount.sum()).to_pandas()
    whole = basket.groupby("category")["net_amount"].sum() / max(basket["net_amount"].sum(), 1)
    basket["share"] = basket["net_amount"] / basket.groupby("segment")["net_amount"].transform("sum").replace(0, pd.NA)
    basket["everyone"] = basket["category"].map(whole)
    profile = in_words(segment_profile(named), lang, segments)
    return SegmentTables(profile, in_words(months, lang, segments), in_words(basket, lang, segments))


def _members(
    named: ibis.Table, orders: ibis.Table, persons: ibis.Table, as_of: str, segments: str, refunds: ibis.Table | None
) -> pd.DataFrame:
    """One row per segment and month: persons in it when the month ended, over the last two years."""
    counts = [pd.DataFrame({"segment": [], "members": [], "month": []}).astype({"segment": "str", "month": "str"})]
    if named.count().to_pyarrow().as_py() == 0:
        return counts[0]
    chosen = segment_map(segments)
    model = fit_rfm(named, method=chosen.method, bins=chosen.bins)
    for day in month_days(first_order_day(orders, as_of), as_of)[-24:]:
        then = rfm_segments(person_features(orders, persons, day, refunds), model, segments)
        month = (date.fromisoformat(day) - timedelta(days=1)).strftime("%Y-%m")
        counts.append(then.group_by("segment").agg(members=_.count()).to_pandas().assign(month=month))
    return pd.concat(counts[1:])


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
        named, store.orders, store.order_lines, store.products, store.persons, as_of, lang, segments,
        store.refunds,
    )  # fmt: skip
    return segment_explorer(tables, merchant=merchant.title, currency=merchant.currency, lang=lang)


def segment_explorer(tables: SegmentTables, *, merchant: str, currency: str, lang: str = "en") -> Any:
    """Return a widget: a list of segments above profile, months and basket of the one chosen.

    Without a known buyer there is one sentence instead.
    """
    import ipywidgets as widgets
    from IPython.display import display

    if tables.profile.empty:
        return widgets.Label(NOBODY[lang == "zh"])
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


def segment_view(tables: SegmentTables, segment: str, *, merchant: str, currency: str, lang: str) -> list[Any]:
    """Return what the explorer shows for one segment: a table and two figures."""
    profile, months, basket = (t[t["segment"] == segment] for t in (tables.profile, tables.months, tables.basket))
    return [
        _profile(profile, currency, lang),
        segment_months(months, segment=segment, merchant=merchant, currency=currency, lang=lang),
        segment_basket(basket, segment=segment, merchant=merchant, lang=lang),
    ]


def _profile(profile: pd.DataFrame, currency: str, lang: str) -> pd.DataFrame:
    """The profile's row without the names above it, each interval behind its figure, so that it fits the page."""
    row = profile.drop(columns=["merchant", "segment"])
    told = readable(row, currency, lang).set_axis(row.columns, axis=1).astype("str")
    for figure, stem in (("share", "share"), ("mean_net_amount", "mean")):
        told[figure] += " (" + told.pop(f"{stem}_low") + "–" + told.pop(f"{stem}_high") + ")"
    return told if lang == "en" else told.rename(columns={c: heading(row, c) for c in told})
