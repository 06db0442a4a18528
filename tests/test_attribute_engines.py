"""Claims about engines: touches, paths, every ledger and every removal effect are the same on both."""

from collections.abc import Callable
from typing import Any

import ibis
import pandas as pd
import pytest
from engines import on_spark, plain
from formats_tables import canonical
from test_formats_engines import world

from retailkit import attribute as a

AS_OF = "2018-12-31"
DIRECTS = ("fold", "keep", "drop")
MODELS = ("first", "last", "last_non_direct", "linear", "position", "time_decay", "markov_1", "markov_2", "shapley")


def tables() -> dict[str, ibis.Table]:
    """The formats' merchant with mailings, coupons and placements that meet its orders, and owners."""
    found = world()
    sold = found["orders"].to_pandas()
    used = sold.dropna(subset="account").iloc[::9]
    coupons = [{"coupon_id": f"c{i}", "campaign_id": "c1", "account": row.account, "order_id": row.order_id,
                "redeemed_at": str(row.paid_at), "redeemed_on": str(row.paid_on)[:10], "amount": 40}
               for i, row in enumerate(used.itertuples())]  # fmt: skip
    visits = found["sessions"].mutate(
        chan_id=(found["sessions"].session_id.substr(3) == "3").ifelse("channel-3", ibis.null("string"))
    )
    return found | {
        "sessions": visits.select(*found["sessions"].columns),
        "coupons": canonical("coupons", coupons),
        "placements": canonical("placements", [
            {"product_id": f"x{i}", "kind": "display", "location": "5", "starts_on": "2018-10-01", "ends_on": "2018-10-20"}
            for i in range(4)
        ]),
        "owners": canonical("owners", [
            {"node": "guide", "owner": "retail", "share": 0.7, "valid_from": "2018-01-01"},
            {"node": "guide", "owner": "crm", "share": 0.3, "valid_from": "2018-01-01"},
            {"node": "group", "owner": "community", "share": 1.0, "valid_from": "2018-10-01", "valid_to": "2018-11-30"},
        ]),
    }  # fmt: skip


def prepared(t: dict[str, Any]) -> dict[str, Any]:
    """The same tables with touches, paths and the ledgers that most functions start from."""
    seen = a.touches(
        t["sessions"], t["pushes"], t["campaigns"], t["coupons"], t["placements"], t["order_lines"], t["orders"],
        t["persons"], by_campaign=True,
    ).cache()  # fmt: skip
    walked = a.paths(seen, t["orders"], t["persons"], as_of=AS_OF).cache()
    books = {name: book.cache() for name, book in a.ledgers(walked, MODELS).items()}
    return t | {"touches": seen, "paths": walked, "books": books, "book": books["linear"]}


def hazard(t: dict[str, Any]) -> Any:
    return a.fit_hazard(t["paths"], t["touches"], as_of=AS_OF)


def walks(direct: str, after_order: str) -> Callable[[dict[str, Any]], Any]:
    return lambda t: a.paths(
        t["touches"], t["orders"], t["persons"], direct=direct, after_order=after_order, as_of=AS_OF
    )


FUNCTIONS: dict[str, Callable[[dict[str, Any]], Any]] = {
    "touches": lambda t: t["touches"],
    "left out": lambda t: a.left_out(t["sessions"], t["touches"]),
    "paths": lambda t: t["paths"],
    **{f"paths {name}": walks(name, "keep") for name in DIRECTS[1:]},
    "paths anew": walks("fold", "restart"),
    **{f"ledger {name}": lambda t, name=name: t["books"][name] for name in MODELS},
    "by accounts": lambda t: a.credit(a.paths(t["touches"], t["orders"], as_of=AS_OF), "linear"),
    "channel ids": lambda t: a.chan_id_credit(t["orders"], t["sessions"], t["persons"]),
    "paying sessions": lambda t: a.paying_session_credit(t["orders"], t["sessions"], t["persons"]),
    "paid through": lambda t: a.paid_through(t["orders"], t["sessions"]),
    "reconciled": lambda t: a.reconcile(t["book"], t["orders"]),
    "interval": lambda t: a.credit_interval(t["book"], seed=1, replicates=50),
    "flows": lambda t: a.path_flows(t["paths"]),
    "first to last": lambda t: a.first_to_last(t["paths"]),
    "side by side": lambda t: a.side_by_side(t["books"], "linear"),
    "costs": lambda t: a.costs(t["spend"], t["coupons"], t["red_packets"], t["campaigns"], t["guides"]),
    "touchpoints": lambda t: a.touchpoint_ledger(t["touches"], t["paths"], t["book"]),
    **{f"by {level}": lambda t, level=level: a.roll_up(t["book"], level) for level in ("format", "guide", "touchpoint")},
    "owned": lambda t: a.owned_credit(t["book"], t["owners"]),
    "owned as settled": lambda t: a.owned_credit(t["book"], a.settled_owners(t["owners"])[0]),
    "sensitivity": lambda t: a.sensitivity(t["touches"], t["orders"], t["persons"], [30], as_of=AS_OF),
    "transitions": lambda t: a.transitions(t["paths"], order=2),
    "removal": lambda t: a.removal_effects(t["paths"], order=2),
    "feasible": lambda t: a.feasibility(a.removal_effects(t["paths"]), t["paths"]),
    "removal interval": lambda t: a.removal_interval(t["paths"], seed=1, replicates=20),
    "held out": lambda t: a.held_out(t["paths"], orders=(1, 2), since="2018-11-15"),
    "conversions": lambda t: a.conversions(t["touches"], t["orders"], t["persons"]),
    "platform orders": lambda t: a.platform_orders(t["touches"], t["paths"]).reset_index(),
    "coalitions": lambda t: a.coalitions(t["paths"]),
    "before and after": lambda t: a.before_after(t["touches"], t["orders"], t["persons"], days=7, as_of=AS_OF),
    "hazard": lambda t: a.hazard_credit(t["paths"], hazard(t)),
    "sentences": lambda t: pd.DataFrame({
        "text": [a.paths_period(t["paths"]), a.unattributed_sentence(t["book"]), *a.recommend(t["paths"]),
                 *a.input_sentences(t["touches"], t["paths"], a.left_out(t["sessions"], t["touches"]), t["sessions"], t["orders"])]
    }),
}  # fmt: skip


@pytest.fixture(scope="module")
def both():
    given = tables()
    return prepared(given), prepared(on_spark(given))


@pytest.mark.java
@pytest.mark.slow
@pytest.mark.parametrize("name", FUNCTIONS)
def test_both_engines_give_the_same_rows(name, both):
    one, two = (plain(FUNCTIONS[name](t)) for t in both)
    assert len(one)
    pd.testing.assert_frame_equal(one, two, rtol=1e-9, check_exact=False)
