"""What exports do not tell is said and not counted as zero: formats, touchpoints, and since when guides are known."""

import pandas as pd
from formats_tables import canonical, of_accounts

from retailkit.formats.guides import activation_sentence, guide_activation
from retailkit.formats.new_customers import acquisition_cost
from retailkit.formats.roster import roster_begins, roster_sentence
from retailkit.formats.told import formats_told_sentence, touchpoints_told_sentence

WINDOW = {"start": "2018-11-01", "end": "2018-11-30"}


def sold(*rows):
    """Orders of 100 on 5 November, paid at noon, from dicts."""
    full = [
        {"order_id": f"o{i}", "account": f"a:{i}", "paid_at": "2018-11-05 12:00", "paid_on": "2018-11-05",
         "gross_amount": 100, "refund_amount": 0, "net_amount": 100, "format": "official_store", **row}
        for i, row in enumerate(rows)
    ]  # fmt: skip
    return canonical("orders", full)


def visit(number, **ids):
    return {"session_id": f"s{number}", "account": "a:0", "started_at": "2018-11-05 11:50", "started_on": "2018-11-05",
            "order_id": f"o{number}", **ids}  # fmt: skip


def test_one_format_for_all_private_orders_is_said_with_those_that_others_brought():
    orders = sold({}, {}, {}, {"format": "shop"})
    visits = canonical("sessions", [visit(0, guide="g1"), visit(1, share_parent="n"), visit(2), visit(3, guide="g1")])
    english, chinese = (formats_told_sentence(orders, visits, **WINDOW, lang=lang) for lang in ("en", "zh"))
    assert (
        "one private format, official store, for all 3 private orders. 2 of them (67%) were paid in visits" in english
    )
    assert "not the same as nothing" in english
    assert "3笔私域订单只注明一种业态（官方商城）。其中2单（67%）" in chinese


def test_formats_that_are_told_need_no_word():
    visits = canonical("sessions", [visit(0, guide="g1")])
    assert not formats_told_sentence(sold({}, {"format": "guide"}), visits, **WINDOW)
    assert not formats_told_sentence(sold({"format": "shop"}), visits, **WINDOW)


SPEND = canonical(
    "spend", [{"touchpoint": t, "item": "x", "day": "2018-11-02", "amount": 1000} for t in ("ads", "live")]
)


def test_a_touchpoint_nobody_tells_won_an_unknown_number_and_not_none():
    persons = of_accounts(*(f"a:{i}" for i in range(4)))
    untold = acquisition_cost(SPEND, sold({}, {}, {}, {}), persons, **WINDOW).set_index("touchpoint")
    assert untold.loc[["ads", "live"], ["new_buyers", "cost_per_new", "cost_low", "new_share"]].isna().all(axis=None)
    assert untold.loc["all", ["new_buyers", "cost_per_new"]].tolist() == [4, 500]
    told = acquisition_cost(SPEND, sold({"touchpoint": "ads"}, {}, {}, {}), persons, **WINDOW).set_index("touchpoint")
    assert told["new_buyers"].to_dict() == {"all": 4, "ads": 1, "live": 0}


def test_how_many_orders_tell_their_touchpoint_is_said_unless_all_do():
    part = [{"touchpoint": "ads"}, {}, {}, {"format": "platform"}]
    assert "of 1 of 3 orders is told (33%)" in touchpoints_told_sentence(sold(*part), **WINDOW)
    assert "not the same as none" in touchpoints_told_sentence(sold({}, {}), **WINDOW)
    assert "并不是零" in touchpoints_told_sentence(sold({}, {}), **WINDOW, lang="zh")
    assert not touchpoints_told_sentence(sold({"touchpoint": "ads"}, {"format": "shop"}), **WINDOW)


SET_UP = canonical("guides", [
    *({"guide": f"g{i}", "joined_on": "2018-11-20"} for i in range(8)),
    {"guide": "g8", "joined_on": "2018-11-25"}, {"guide": "g9", "joined_on": "2018-12-05"},
])  # fmt: skip
NOTHING = (canonical("guide_days"), canonical("guide_bindings"))


def test_the_day_a_system_was_set_up_is_nobodys_day_of_joining():
    """Eight guides stand on the roster since 20 November: a window before it knows them, not those who came later."""
    assert roster_begins(SET_UP)[["guides", "of"]].to_numpy().tolist() == [[8, 10]]
    orders = sold({"sold_by": "g1"}, {"sold_by": "g2"})
    rosters = {
        end: guide_activation(SET_UP, *NOTHING, orders, start="2018-11-01", end=end)
        .query("region == 'all' and act == 'any'")["roster"]
        .iloc[0]
        for end in ("2018-11-15", "2018-11-30", "2018-12-31")
    }
    assert rosters == {"2018-11-15": 8, "2018-11-30": 9, "2018-12-31": 10}


def test_what_is_known_only_from_the_set_up_on_is_said_with_who_sold_before():
    orders = sold({"sold_by": "g1"}, {"sold_by": "g2"}, {"sold_by": "g1", "paid_on": "2018-11-25"})
    english, chinese = (roster_sentence(SET_UP, orders, **WINDOW, lang=lang) for lang in ("en", "zh"))
    assert "known only from 2018-11-20 on, when it begins with 8 of 10 guides at once" in english
    assert "orders before that day name 2 guides" in english
    assert "自2018-11-20起" in chinese
    assert not roster_sentence(SET_UP, orders, start="2018-11-20", end="2018-12-31")


def test_guides_who_joined_one_by_one_joined_when_they_did():
    joined = canonical("guides", [{"guide": f"g{i}", "joined_on": f"2018-11-{10 + i}"} for i in range(5)])
    assert roster_begins(joined).empty
    one = sold({"sold_by": "g0", "paid_on": "2018-11-11"})
    found = guide_activation(joined, *NOTHING, one, start="2018-11-01", end="2018-11-12")
    assert found.loc[found["region"] == "all", "roster"].unique().tolist() == [3]
    assert "1 of 3 guides" in activation_sentence(found)
    assert not roster_sentence(joined, sold({}), **WINDOW)


def test_an_empty_roster_begins_nowhere():
    none = canonical("guides")
    assert roster_begins(none).empty
    assert not roster_sentence(none, sold({}), **WINDOW)
    assert isinstance(roster_begins(none), pd.DataFrame)
