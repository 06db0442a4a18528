"""Claims about engines and time: both engines give the same rows, and the future changes no cell."""

from collections.abc import Callable
from datetime import date

import ibis
import pandas as pd
import pytest
from engines import on_spark
from segment_data import random_orders

from retailkit import segment
from retailkit.explore import segment_tables
from retailkit.segment import (
    Clusters,
    KPrototypes,
    asset_growth,
    association,
    audience_sizes,
    choose_audience,
    churn_expression,
    cross_shop,
    decision_hierarchy,
    first_order_day,
    fit_churn,
    fit_rfm,
    gain_loss,
    lifecycle_counts,
    lifecycle_days,
    lifecycle_moves,
    lifecycle_states,
    move_rates,
    next_spend,
    people_churn,
    people_worth,
    person_features,
    purchase_histories,
    rates_against_donors,
    reach,
    rfm_features,
    rfm_segments,
    segment_moves,
    segment_profile,
    tag_counts,
    tag_persons,
    tag_rules,
    vintage_retention,
    worth_by_segment,
)
from retailkit.segment.churn_season import moves as churn_moves

AS_OF = "2024-10-01"
EARLIER = "2024-08-01"
EARLIER_DAY = date(2024, 8, 1)
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
    lines = lines.assign(line=[str(i) for i in range(len(lines))])
    sent = orders[orders.index % 4 == 0].dropna(subset=["account"])
    pushes = sent[["merchant", "account"]].assign(campaign_id="c1", touchpoint="mailing", sent_on=sent["paid_on"])
    campaigns = pd.DataFrame({"merchant": ["m"], "campaign_id": ["c1"], "starts_on": [EARLIER_DAY]})
    back = orders[orders["refund_amount"] > 0].dropna(subset=["account"])
    refunds = back[["merchant", "order_id", "account", "refund_amount"]].assign(refunded_on=back["paid_on"])
    products = pd.DataFrame({"merchant": "m", "product_id": ["s1", "s2", "s3"], "category": ["tea", "toys", "milk"]})
    return {
        "orders": orders, "persons": persons, "accounts": accounts, "lines": lines, "pushes": pushes,
        "campaigns": campaigns, "refunds": refunds, "products": products,
    }  # fmt: skip


def duck(tables: dict[str, pd.DataFrame]) -> dict[str, ibis.Table]:
    return {name: ibis.memtable(_typed(frame)) for name, frame in tables.items()}


def _typed(frame: pd.DataFrame):
    import pyarrow as pa

    return pa.Table.from_pandas(frame.astype({"account": "string"} if "account" in frame else {}), preserve_index=False)


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


def audience(t: dict[str, ibis.Table]) -> pd.DataFrame:
    today = states(t).filter(ibis._.day == ibis.date(AS_OF))
    named = rfm_segments(person_features(t["orders"], t["persons"], AS_OF))
    return choose_audience(named, today, next_spend(t["orders"], t["persons"], AS_OF), tag_rules(), seed=1)


def churn_season(t: dict[str, ibis.Table]) -> pd.DataFrame:
    model = fit_churn(t["orders"], t["persons"], AS_OF, 28).model
    (found,) = churn_moves(model, t["orders"], t["persons"], [("2024-07-20", "2024-08-20")], 28, 7)
    return pd.DataFrame(
        [(merchant, *move) for merchant, move in found.items()], columns=["merchant", "moved", "chance"]
    )


def explored(t: dict[str, ibis.Table]) -> pd.DataFrame:
    named = rfm_segments(person_features(t["orders"], t["persons"], AS_OF))
    found = segment_tables(named, t["orders"], t["lines"], t["products"], t["persons"], AS_OF)
    return pd.concat([found.profile, found.months, found.basket], ignore_index=True)


def clustered(t: dict[str, ibis.Table]) -> pd.DataFrame:
    features = person_features(t["orders"], t["persons"], AS_OF)
    people = features.to_pandas().sort_values("person")
    return Clusters(3).fit(people[COLUMNS]).score_expression(features).select("person", "cluster").to_pandas()


def with_words(t: dict[str, ibis.Table]) -> ibis.Table:
    """Persons with two words: a text that some have not, and a yes or no."""
    named = states(t).filter(ibis._.day == ibis.date(AS_OF)).select("merchant", "person", "state")
    known = person_features(t["orders"], t["persons"], AS_OF).inner_join(named, ["merchant", "person"])
    return known.mutate(
        home=known.state.nullif("lost"),
        refunded=known.refund_amount > 0,
        gross=known.gross_amount.cast("decimal(18, 2)"),
    )


PROTOTYPE_COLUMNS = ["days_since_last", "orders", "gross", "home", "refunded"]


def prototyped(t: dict[str, ibis.Table]) -> pd.DataFrame:
    people = with_words(t)
    model = KPrototypes(3, words=("home", "refunded")).fit(people.to_pandas().sort_values("person")[PROTOTYPE_COLUMNS])
    return model.score_expression(people).select("person", "cluster").to_pandas()


def churn_chances(t: dict[str, ibis.Table]) -> pd.DataFrame:
    fit = fit_churn(t["orders"], t["persons"], AS_OF, 28)
    return churn_expression(fit, feature_rows(t)).select("person", "stays_away").to_pandas()


def feature_rows(t: dict[str, ibis.Table]) -> ibis.Table:
    return person_features(t["orders"], t["persons"], AS_OF, refunds=t["refunds"])


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
    "prototypes": prototyped,
    "churn chances": churn_chances,
    "refunds": lambda t: feature_rows(t).to_pandas(),
    "rfm alone": lambda t: rfm_features(t["orders"], t["persons"], AS_OF).to_pandas(),
    "histories": lambda t: purchase_histories(t["orders"], t["persons"], AS_OF).to_pandas(),
    "histories of lines": lambda t: purchase_histories(t["lines"], t["persons"], AS_OF).to_pandas(),
    "rfm of lines": lambda t: rfm_features(t["lines"], t["persons"], AS_OF).to_pandas(),
    "reach": lambda t: reach(t["pushes"], t["campaigns"], t["orders"], t["persons"], EARLIER, AS_OF),
    "rates": lambda t: rates_against_donors(move_rates(lifecycle_moves(states(t))), "m"),
    "audience": audience,
    "audience sizes": lambda t: audience_sizes(audience(t)),
    "worth": lambda t: people_worth(feature_rows(t), 56, seed=1)[0],
    "worth by segment": lambda t: worth_by_segment(
        people_worth(feature_rows(t), 56, seed=1)[0], rfm_segments(feature_rows(t))
    ),
    "churn": lambda t: pd.DataFrame({"said": [people_churn(t["orders"], t["persons"], AS_OF, 28)[1]]}),
    "season of churn": churn_season,
    "thresholds": lambda t: pd.DataFrame([vars(lifecycle_days(t["orders"], t["persons"], AS_OF))]),
    "first day": lambda t: pd.DataFrame({"day": [first_order_day(t["orders"], AS_OF)]}),
    "explorer": explored,
}
ELSEWHERE = {
    "customer_value": "from rows of person_features", "value_calibration": "from rows of person_features",
    "pool_purchases": "from rows of person_features", "churn_scores": "test_segment_churn",
    "fit_value": "from rows of person_features", "fit_rfm": "segments",
    "RFM": "segments", "Clusters": "clusters",
    "rfm_scores": "from rows of rfm_features", "cluster_stability": "from rows", "cluster_profile": "from rows",
    "cluster_names": "from rows", "cluster_drift": "from rows", "lookalike_lift": "from rows",
    "lookalike_scores": "from rows", "policy_value": "from a log", "uplift_study": "from a log",
    "tag_changes": "from two tables of tags", "tag_overlap": "from one table of tags", "in_words": "names only",
    "people_metrics": "the chapter's own tables", "export_audience": "the audience as chosen",
    "audience_log": "the list as it was sent",
}  # fmt: skip
"""Public names that never see a row of the store, and where they are held to the rule."""
SENTENCES_AND_RULES = {
    "month_days", "moves_start", "segment_map", "segment_maps", "tag_rules", "person_orders", "doubts_about_people",
    "assets_sentence", "reach_sentence", "profile_sentence", "moves_sentence", "audience_sentence", "vintage_sentence",
    "two_views_sentence", "unlisted_sentence",
}  # fmt: skip


def in_order(frame: pd.DataFrame) -> pd.DataFrame:
    frame = frame.reindex(sorted(frame.columns), axis=1)
    frame = frame.assign(**{c: frame[c].astype(str) for c in frame if "paid_on" in c or c == "day"})
    keys = [c for c in frame if not pd.api.types.is_float_dtype(frame[c])]
    return frame.sort_values(keys, ignore_index=True)


def test_every_public_name_is_held_to_the_rule_or_sees_no_row_of_the_store():
    import inspect

    source = inspect.getsource(inspect.getmodule(in_order))
    held = {name for name in segment.__all__ if f"{name}(" in source}
    assert set(segment.__all__) == held | set(ELSEWHERE) | SENTENCES_AND_RULES


@pytest.mark.parametrize("name", FUNCTIONS)
def test_future_rows_change_no_cell(name):
    with_future, without = duck(frames()), duck(frames(until=AS_OF))
    one, two = (in_order(FUNCTIONS[name](t)) for t in (with_future, without))
    assert len(one)
    pd.testing.assert_frame_equal(one, two, check_dtype=False)


@pytest.fixture(scope="module")
def spark():
    return on_spark(duck(frames()))


MADE_OF_THEM = {
    "profile", "counts", "segment moves", "tag counts", "hierarchy", "rates", "audience sizes", "worth",
    "worth by segment", "churn", "explorer",
}  # fmt: skip
ON_BOTH = [n for n in FUNCTIONS if n not in MADE_OF_THEM]
"""The others are made of these and of pandas."""


@pytest.mark.java
@pytest.mark.slow
@pytest.mark.parametrize("name", ON_BOTH)
def test_both_engines_give_the_same_rows(name, spark):
    one, two = in_order(FUNCTIONS[name](duck(frames()))), in_order(FUNCTIONS[name](spark))
    pd.testing.assert_frame_equal(one, two, check_dtype=False, rtol=1e-9)
