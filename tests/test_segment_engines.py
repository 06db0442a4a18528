"""Claims about engines and time: both engines give the same rows, and the future changes no cell."""

from collections.abc import Callable

import ibis
import pandas as pd
import pytest
from segment_data import random_orders

from retailkit.segment import (
    Clusters,
    asset_growth,
    association,
    cross_shop,
    decision_hierarchy,
    fit_rfm,
    gain_loss,
    lifecycle_counts,
    lifecycle_days,
    lifecycle_moves,
    lifecycle_states,
    next_spend,
    person_features,
    rfm_segments,
    segment_moves,
    segment_profile,
    tag_counts,
    tag_persons,
    tag_rules,
    vintage_retention,
)

AS_OF = "2024-10-01"
EARLIER = "2024-08-01"
COLUMNS = ["days_since_last", "orders", "net_amount"]


def frames(seed: int = 1, until: str = "2025-01-01") -> dict[str, pd.DataFrame]:
    orders = (
        random_orders(seed)
        .query("paid_on < @until")
        .assign(product_id=lambda t: t["shop_id"], category=lambda t: t["format"])
    )
    orders["paid_on"] = orders["paid_on"].dt.date
    known = random_orders(seed)[["merchant", "account"]].dropna().drop_duplicates()
    persons = known.assign(person="p" + known["account"].str[-2:], system="crm", accounts=1)
    accounts = known.assign(first_seen_on=pd.Timestamp("2024-01-05").date())
    turned = {"guide": "shop", "shop": "community", "community": "guide"}
    more = orders.assign(category=orders["category"].map(turned))[orders.index % 3 == 0]
    lines = pd.concat([orders, more], ignore_index=True)
    return {"orders": orders, "persons": persons, "accounts": accounts, "lines": lines}


def duck(tables: dict[str, pd.DataFrame]) -> dict[str, ibis.Table]:
    return {name: ibis.memtable(_typed(frame)) for name, frame in tables.items()}


def _typed(frame: pd.DataFrame):
    import pyarrow as pa

    return pa.Table.from_pandas(frame.astype({"account": "string"}), preserve_index=False)


def with_tags(t: dict[str, ibis.Table]) -> pd.DataFrame:
    named = rfm_segments(person_features(t["orders"], t["persons"], AS_OF))
    states = lifecycle_states(t["orders"], t["persons"], [AS_OF], lifecycle_days(t["orders"], t["persons"], AS_OF))
    joined = named.inner_join(states.select("merchant", "person", "state"), ["merchant", "person"])
    return tag_persons(joined, tag_rules()).to_pandas()


def states(t: dict[str, ibis.Table]) -> ibis.Table:
    return lifecycle_states(
        t["orders"], t["persons"], [EARLIER, AS_OF], lifecycle_days(t["orders"], t["persons"], AS_OF)
    )


def moves(t: dict[str, ibis.Table]) -> pd.DataFrame:
    before, after = (person_features(t["orders"], t["persons"], day) for day in (EARLIER, AS_OF))
    model = fit_rfm(before)
    return segment_moves(rfm_segments(before, model), rfm_segments(after, model))


def clustered(t: dict[str, ibis.Table]) -> pd.DataFrame:
    features = person_features(t["orders"], t["persons"], AS_OF)
    people = features.to_pandas().sort_values("person")
    return Clusters(3).fit(people[COLUMNS]).score_expression(features).select("person", "cluster").to_pandas()


FUNCTIONS: dict[str, Callable[[dict[str, ibis.Table]], pd.DataFrame]] = {
    "features": lambda t: person_features(t["orders"], t["persons"], AS_OF).to_pandas(),
    "segments": lambda t: rfm_segments(person_features(t["orders"], t["persons"], AS_OF)).to_pandas(),
    "profile": lambda t: segment_profile(rfm_segments(person_features(t["orders"], t["persons"], AS_OF))),
    "states": lambda t: states(t).to_pandas(),
    "counts": lambda t: lifecycle_counts(states(t)),
    "lifecycle moves": lambda t: lifecycle_moves(states(t)),
    "segment moves": moves,
    "tags": with_tags,
    "tag counts": lambda t: tag_counts(
        tag_persons(
            rfm_segments(person_features(t["orders"], t["persons"], AS_OF)).mutate(state=ibis.literal("active")),
            tag_rules(),
        )
    ),
    "next spend": lambda t: next_spend(t["orders"], t["persons"], AS_OF, 28),
    "assets": lambda t: asset_growth(t["accounts"], t["orders"], t["persons"], [EARLIER, AS_OF]),
    "vintages": lambda t: vintage_retention(t["orders"], t["persons"], AS_OF),
    "cross-shop": lambda t: cross_shop(t["orders"], t["persons"], AS_OF, "format", ("guide", "shop")),
    "gain and loss": lambda t: gain_loss(
        t["orders"], t["persons"], "format", ("guide",), ("shop",), ("2024-02-01", EARLIER), (EARLIER, AS_OF)
    ),
    "association": lambda t: association(t["lines"], AS_OF, "category", min_orders=1),
    "hierarchy": lambda t: decision_hierarchy(t["lines"], t["persons"], AS_OF, "category"),
    "clusters": clustered,
}


def in_order(frame: pd.DataFrame) -> pd.DataFrame:
    frame = frame.reindex(sorted(frame.columns), axis=1)
    frame = frame.assign(**{c: frame[c].astype(str) for c in frame if "paid_on" in c or c == "day"})
    keys = [c for c in frame if not pd.api.types.is_float_dtype(frame[c])]
    return frame.sort_values(keys, ignore_index=True)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_future_rows_change_no_cell(name):
    with_future, without = duck(frames()), duck(frames(until=AS_OF))
    one, two = (in_order(FUNCTIONS[name](t)) for t in (with_future, without))
    assert len(one)
    pd.testing.assert_frame_equal(one, two, check_dtype=False)


@pytest.fixture(scope="module")
def spark(tmp_path_factory):
    from pyspark.sql import SparkSession

    session = (
        SparkSession.builder.master("local[2]")
        .config("spark.ui.enabled", "false")
        .config("spark.sql.session.timeZone", "UTC")
        .config("spark.sql.shuffle.partitions", "1")
        .config("spark.sql.warehouse.dir", str(tmp_path_factory.mktemp("warehouse")))
        .getOrCreate()
    )
    connection = ibis.pyspark.connect(session)
    tables = {}
    for name, frame in frames().items():
        session.createDataFrame(_typed(frame)).createOrReplaceTempView(f"segment_{name}")
        tables[name] = connection.table(f"segment_{name}")
    yield tables
    session.stop()


ON_BOTH = [n for n in FUNCTIONS if n not in ("profile", "counts", "segment moves", "tag counts", "hierarchy")]
"""The others are made of these and of pandas."""


@pytest.mark.java
@pytest.mark.slow
@pytest.mark.parametrize("name", ON_BOTH)
def test_both_engines_give_the_same_rows(name, spark):
    one, two = in_order(FUNCTIONS[name](duck(frames()))), in_order(FUNCTIONS[name](spark))
    pd.testing.assert_frame_equal(one, two, check_dtype=False, rtol=1e-9)
