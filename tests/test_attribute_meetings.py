"""One join for all look-backs gives what the paths of each give: steps of journeys, and touches of orders."""

from functools import cache

import attribute_tables as tables
import numpy as np
import pandas as pd
import pytest

from retailkit.attribute.journeys import transitions
from retailkit.attribute.meetings import meetings
from retailkit.attribute.paths import paths
from retailkit.attribute.rules import places
from retailkit.attribute.stretches import placed, transitions_at
from retailkit.attribute.touches import touches

AS_OF, LOOK_BACKS, BASE = "2024-05-01", (0, 3, 12), 7
SETTINGS = [(days, "fold") for days in (*LOOK_BACKS, BASE)] + [(BASE, "keep"), (BASE, "drop")]


def _instant(rng, n):
    """Few days and few hours: touches and orders of one day, of one instant, and months of silence."""
    days, hours = rng.integers(0, 60, n), rng.choice([9, 10, 21], n)
    return [str(pd.Timestamp("2024-03-01") + pd.Timedelta(days=d, hours=h)) for d, h in zip(days, hours, strict=True)]


@pytest.fixture(scope="module", params=range(2))
def shop(request):
    """Eight persons, one of whom pays with two accounts; a third of the visits are returns; coupons on some orders."""
    rng = np.random.default_rng(request.param)
    who = [f"app:{i}" for i in rng.integers(0, 8, 260)]
    scene = rng.choice(["1007", "1035", "1008", "1089"], 260, p=[0.3, 0.2, 0.2, 0.3])
    seen = tables.sessions(
        [(f"s{i:03}", *row) for i, row in enumerate(zip(who, _instant(rng, 260), scene, strict=True))]
    )
    buyer = [f"crm:{i}" if i == 0 else f"app:{i}" for i in rng.integers(0, 9, 60)]
    sold = tables.orders(
        [(f"o{i:02}", a, at, 100 + i) for i, (a, at) in enumerate(zip(buyer, _instant(rng, 60), strict=True))]
    )
    sold = sold.assign(discount_amount=1, shop_id="s1")
    used = sold.iloc[::5]
    coupons = pd.DataFrame(
        {"merchant": "m", "coupon_id": used["order_id"], "account": used["account"], "order_id": used["order_id"]}
    )
    coupons = coupons.assign(redeemed_at=used["paid_at"], redeemed_on=used["paid_on"])
    persons = pd.DataFrame({"merchant": "m", "account": ["app:0", "crm:0"], "person": "p0"})
    found = touches(sessions=seen, coupons=coupons, orders=sold, persons=persons).cache()
    met = meetings(found, sold, persons, LOOK_BACKS, BASE, before=3, as_of=AS_OF)
    return met, cache(lambda days, direct: paths(found, sold, persons, days, direct, as_of=AS_OF).cache())


@pytest.mark.parametrize(("days", "direct"), SETTINGS)
def test_steps_of_journeys_are_those_of_the_paths(shop, days, direct):
    met, walked = shop
    expected = transitions(walked(days, direct), 3)
    key = list(expected.columns[:-2])
    found = transitions_at(met, days, direct, 3).sort_values(key, ignore_index=True, na_position="first")
    pd.testing.assert_frame_equal(found, expected, check_dtype=False)


@pytest.mark.parametrize(("days", "direct"), SETTINGS)
def test_touches_of_orders_have_the_place_that_they_have_in_the_paths(shop, days, direct):
    met, walked = shop
    read = ["kind", "net_amount", "days_before", "path_length", "attached", "place", "places", "crowd", "latest"]
    rows = walked(days, direct)
    expected = places(rows.filter((rows.outcome == "order") & (rows.kind != "none"))).execute()
    found = placed(met, days, direct).execute()
    found["touchpoint"] = np.array(met.names)[found["touchpoint"]]
    both = [t[["touchpoint", *read]].sort_values(["touchpoint", *read], ignore_index=True) for t in (found, expected)]
    pd.testing.assert_frame_equal(*both, check_dtype=False)
