"""The real loyalty panel: mailings as exposures; coupons, display and mailer on real baskets."""

import attribute_tables as tables
import pytest

from retailkit.attribute.ledger import reconcile
from retailkit.attribute.markov import feasibility, markov_credit, removal_effects
from retailkit.attribute.paths import paths
from retailkit.attribute.rules import RULES, credit
from retailkit.attribute.touches import touches

SHOPS = tuple(str(s) for s in (367, 406, 429, 361, 343, 356, 292, 381, 31782, 323, 321, 369, 375, 32004, 319, 427, 327))
pytestmark = [
    pytest.mark.data,
    pytest.mark.skipif(not tables.JOURNEY.exists(), reason="RETAILKIT_TEST_DATA has no complete_journey"),
]


@pytest.fixture(scope="module")
def panel():
    return tables.journey(SHOPS)


@pytest.fixture(scope="module")
def walked(panel):
    names = ["pushes", "campaigns", "coupons", "placements", "order_lines", "orders", "persons"]
    found = touches(**{n: panel[n] for n in names}, by_campaign=True).cache()
    return found, paths(found, panel["orders"], panel["persons"], as_of="2018-01-01").cache()


def test_every_merchant_s_ledger_equals_its_net_gmv_to_the_cent(panel, walked):
    for rule in RULES:
        gap = reconcile(credit(walked[1], rule), panel["orders"])
        assert len(gap) == len(SHOPS)
        assert (gap[["gap_orders", "gap_amount"]] == 0).all(axis=None), rule


def test_mailings_are_exposures_and_the_rest_is_attached_to_orders(walked):
    found = walked[0].filter(walked[0].merchant == "367")
    kinds = found.group_by(["kind", "record"]).aggregate(n=found.count()).execute().set_index(["kind", "record"])["n"]
    assert kinds["exposure", "push"] == 6589  # published: mailings of the panel
    assert set(kinds.index) == {("exposure", "push"), ("order_attached", "coupon"), ("order_attached", "placement")}


def test_a_mailing_without_a_time_counts_from_the_first_day_of_its_campaign(panel, walked):
    starts = panel["campaigns"].select("merchant", "campaign_id", "starts_on")
    mailed = walked[0].filter(walked[0].record == "push").inner_join(starts, ["merchant", "campaign_id"])
    assert mailed.filter(mailed.touched_on != mailed.starts_on).count().execute() == 0


def test_household_208_redeems_campaign_18_on_the_local_day(panel, walked):
    """Published: five redemptions; the tills' clock reads the next day in UTC."""
    used = walked[0].filter((walked[0].record == "coupon") & (walked[0].account == "household:208")).execute()
    days = set(zip(used["touched_on"].astype(str).str[:10], used["campaign_id"], strict=True))
    published = {("2017-05-23", "8"), ("2017-11-09", "18"), ("2017-11-13", "18"), ("2017-11-18", "18")}
    assert days <= published
    assert all(order for order in used["order_id"])


def test_attached_touches_have_no_removal_effect_but_keep_their_credit(panel, walked):
    one = walked[1].filter(walked[1].merchant == "367")
    effects = removal_effects(one)
    assert set(effects["touchpoint"]) == {"mailing: Type A", "mailing: Type B", "mailing: Type C"}
    book = markov_credit(one, effects)
    totals = book.group_by(["touchpoint", "kind"]).aggregate(credit=book.credit.sum()).execute().set_index("touchpoint")
    assert totals.loc[["display", "mailer", "coupon"], "kind"].eq("order_attached").all()
    assert (totals.loc[["display", "mailer", "coupon"], "credit"] > 0).all()
    assert (
        totals["credit"].sum() == panel["orders"].filter(panel["orders"].merchant == "367").net_amount.sum().execute()
    )


def test_markov_shares_of_a_real_merchant_cannot_be_paid_out(walked):
    """Type A alone touched more orders of this shop than the aggregate share gives it."""
    one = walked[1].filter(walked[1].merchant == "367")
    table = feasibility(removal_effects(one), one).set_index("touchpoint")
    assert not table.loc["mailing: Type A", "payable"]
    assert table.loc["mailing: Type A", "stated_orders"] < table.loc["mailing: Type A", "only"]


def test_touches_of_other_merchants_change_nothing(panel, walked):
    alone = tables.journey(("367",))
    names = ["pushes", "campaigns", "coupons", "placements", "order_lines", "orders", "persons"]
    own = paths(
        touches(**{n: alone[n] for n in names}, by_campaign=True), alone["orders"], alone["persons"], as_of="2018-01-01"
    )
    mine = credit(own, "position")
    ours = credit(walked[1].filter(walked[1].merchant == "367"), "position")
    left, right = (
        b.group_by("touchpoint").aggregate(c=b.credit.sum()).order_by("touchpoint").execute() for b in (mine, ours)
    )
    assert left.equals(right)
