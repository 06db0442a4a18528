"""Claims about one row per person."""

import ibis
import pandas as pd
import pytest
from segment_data import random_orders, tables

from retailkit.segment.features import PERSON_FEATURES, doubts_about_people, person_features

AS_OF = "2024-10-01"


def by_hand(orders: pd.DataFrame, persons: pd.DataFrame) -> pd.DataFrame:
    """The same features in plain pandas."""
    known = orders[orders["paid_on"] < AS_OF].merge(persons, on=["merchant", "account"])
    rows = []
    for (merchant, person), mine in known.groupby(["merchant", "person"]):
        days = mine.groupby("paid_on")["gross_amount"].sum().sort_index()
        first, last, end = days.index[0], days.index[-1], pd.Timestamp(AS_OF) - pd.Timedelta(days=1)
        repeats = len(days) - 1
        rows.append(
            {
                "merchant": merchant,
                "person": person,
                "orders": len(mine),
                "purchase_days": len(days),
                "items": mine["items"].sum(),
                "gross_amount": mine["gross_amount"].sum(),
                "refund_amount": mine["refund_amount"].sum(),
                "net_amount": mine["gross_amount"].sum() - mine["refund_amount"].sum(),
                "first_paid_on": first,
                "last_paid_on": last,
                "days_since_last": (end - last).days,
                "age_days": (end - first).days,
                "repeat_days": repeats,
                "days_to_last": (last - first).days,
                "repeat_day_amount": days.iloc[1:].mean() if repeats else 0.0,
                "mean_gap_days": (last - first).days / repeats if repeats else None,
                "mean_order_amount": mine["gross_amount"].mean(),
            }
        )
    return pd.DataFrame(rows)[list(PERSON_FEATURES)]


def run(orders: pd.DataFrame, as_of: str = AS_OF, **more) -> pd.DataFrame:
    frame = person_features(*tables(orders), as_of, **more).order_by("merchant", "person").to_pandas()
    return frame.assign(**{c: pd.to_datetime(frame[c]) for c in ("first_paid_on", "last_paid_on")})


def test_features_equal_plain_pandas():
    orders = pd.concat([random_orders(1), random_orders(2, merchant="n")])
    persons = tables(orders)[1].to_pandas()
    pd.testing.assert_frame_equal(run(orders), by_hand(orders, persons), check_dtype=False)


def test_future_orders_change_nothing():
    orders = random_orders(3)
    future = random_orders(4, start="2024-10-01").assign(order_id=lambda t: "x" + t["order_id"])
    pd.testing.assert_frame_equal(run(orders), run(pd.concat([orders, future])))


def test_row_order_and_unknown_payers_change_nothing():
    orders = random_orders(5)
    shuffled = orders.sample(frac=1, random_state=1)
    pd.testing.assert_frame_equal(run(orders), run(shuffled[shuffled["account"].notna()]))


def test_refunds_table_counts_only_refunds_paid_before_the_day():
    orders = random_orders(6)
    account = orders["account"].dropna().iloc[0]
    refunds = pd.DataFrame(
        {
            "merchant": "m",
            "account": [account, account, None],
            "refunded_on": pd.to_datetime(["2024-05-05", "2024-10-01", "2024-05-05"]),
            "refund_amount": [99, 1000, 7],
        }
    )
    table = ibis.memtable(refunds.assign(account=refunds["account"].astype("string")))
    frame = run(orders, refunds=table.mutate(refunded_on=ibis._.refunded_on.cast("date")))
    assert frame["refund_amount"].sum() == 99
    assert (frame["net_amount"] == frame["gross_amount"] - frame["refund_amount"]).all()


def refund_rows(rows: list[tuple]) -> ibis.Table:
    """Refunds of merchant m from (order_id, account, day, amount)."""
    frame = pd.DataFrame(rows, columns=["order_id", "account", "refunded_on", "refund_amount"]).assign(merchant="m")
    texts = frame.astype({"order_id": "string", "account": "string"}).assign(
        refunded_on=pd.to_datetime(frame.refunded_on)
    )
    return ibis.memtable(texts).mutate(refunded_on=ibis._.refunded_on.cast("date"))


def test_a_refund_is_that_of_the_person_who_paid_the_order_whichever_account_was_refunded():
    """Shop systems know the order's account by phone, the payment's by open id: many refunds found nobody before."""
    orders = random_orders(11)
    own = orders[orders["refund_amount"] > 0]
    elsewhere = [(r.order_id, f"mini:{r.Index}", r.paid_on, r.refund_amount) for r in own.itertuples()]
    nobody = [(o, None, d, r) for o, _, d, r in elsewhere]
    for told in (elsewhere, nobody):
        pd.testing.assert_frame_equal(run(orders, refunds=refund_rows(told)), run(orders))


def test_persons_net_sums_to_their_orders_net_as_the_table_dates_its_refunds():
    orders = random_orders(12)
    own = orders[orders["refund_amount"] > 0]
    told = own.sample(frac=0.5, random_state=1)  # the other channel writes refunds on its orders alone
    later = told["paid_on"] + pd.Timedelta(days=40)
    rows = [(r.order_id, r.account, later[r.Index], r.refund_amount) for r in told.itertuples()]
    rows.append(("before the data", "crm:000", pd.Timestamp("2024-01-02"), 5))
    people = run(orders, refunds=refund_rows(rows))
    settled = orders.assign(
        refund_amount=orders["refund_amount"].where(~orders.index.isin(told.index[later >= AS_OF]), 0)
    )
    expected = by_hand(settled, tables(orders)[1].to_pandas())
    assert people["refund_amount"].sum() == expected["refund_amount"].sum() + 5
    assert people["net_amount"].sum() == expected["net_amount"].sum() - 5


def test_a_refund_that_two_sources_tell_takes_off_no_more_than_was_paid():
    orders = random_orders(13)
    own = orders[orders["refund_amount"] > 0]
    rows = [(r.order_id, r.account, r.paid_on, r.refund_amount) for r in own.itertuples()]
    pd.testing.assert_frame_equal(run(orders, refunds=refund_rows([*rows, *rows])), run(orders))


def test_merchant_without_refunds_in_the_table_keeps_those_on_its_orders():
    orders = random_orders(7)
    empty = ibis.memtable(
        pd.DataFrame({"merchant": ["m"], "account": ["a"], "refunded_on": [None], "refund_amount": [0]}),
        schema={"merchant": "string", "account": "string", "refunded_on": "date", "refund_amount": "int64"},
    ).limit(0)
    pd.testing.assert_frame_equal(run(orders), run(orders, refunds=empty))


def test_no_orders_give_no_persons_and_one_sentence():
    features = person_features(*tables(random_orders(8)), "2000-01-01")
    assert features.count().to_pandas() == 0
    assert doubts_about_people(features) == ["No order could be tied to a person, so there are no segments."]


def test_each_kind_of_thin_data_has_its_sentence():
    orders = random_orders(9).assign(gross_amount=100, refund_amount=150, paid_on=pd.Timestamp("2024-03-03"))
    one_each = orders.drop_duplicates("account")
    persons = ibis.memtable(one_each[["merchant", "account"]].dropna().assign(person=one_each["account"].dropna()))
    said = " ".join(doubts_about_people(person_features(tables(one_each)[0], persons, AS_OF)))
    for words in ("Only ", "bought once", "spent the same", "last on the same day", "more refunded than they paid"):
        assert words in said


@pytest.mark.parametrize("as_of", ["soon", "2024-12", "01/12/2024", "", None, pd.Timestamp("2024-12-01")])
def test_a_day_that_is_no_iso_day_is_said(as_of):
    with pytest.raises(ValueError, match="as_of is an ISO day in quotes like '2024-12-01', not"):
        person_features(*tables(random_orders(1)), as_of)
