"""Messages before and after, reached beside not reached, by hand; and the hazard on real households with planted orders."""

import attribute_tables as tables
import ibis
import numpy as np
import pandas as pd
import pytest

from retailkit.attribute.contrast import TOGETHER, before_after, before_after_sentence
from retailkit.attribute.hazard import causes, fit_hazard
from retailkit.attribute.paths import paths
from retailkit.attribute.tables import TOUCH, shape
from retailkit.attribute.touches import touches

START = pd.Timestamp("2024-03-01")


def _shop(reached_after: int) -> tuple[ibis.Table, pd.DataFrame]:
    """40 persons buy once in ten days before; half get a message, then buy as often as told, the others twice."""
    rows = []
    for i in range(40):
        after = reached_after if i < 20 else 2
        days = [-5, *[2 + 2 * k for k in range(after)], *([-5] if i % 2 else [])]
        rows += [(f"o{i}:{k}", f"app:{i}", START + pd.Timedelta(d, "D"), 100) for k, d in enumerate(days)]
    rows += [(f"edge{d}", "app:edge", START + pd.Timedelta(d, "D"), 100) for d in (-20, 20)]
    sold = tables.orders(rows)
    on = START.to_numpy().astype("datetime64[us]")
    sent = pd.DataFrame({"push_id": [f"p{i}" for i in range(20)], "account": [f"app:{i}" for i in range(20)]})
    sent = sent.assign(merchant="m", touchpoint="service_message", sent_at=on, sent_on=START.date())
    return touches(pushes=sent, orders=sold).cache(), sold


def test_change_is_the_ratio_of_the_two_ratios_counted_by_hand():
    found, sold = _shop(reached_after=4)
    row = before_after(found, sold, days=10).set_index("touchpoint").loc[TOGETHER]
    assert row[["sends", "persons", "before", "after", "others_before", "others_after"]].tolist() == [
        1,
        20,
        30,
        80,
        30,
        40,
    ]
    assert row["change"] == pytest.approx(80 / 30 / (40 / 30) - 1)
    assert row["low"] < row["change"] < row["high"]
    assert row["verdict"] == "more"


def test_interval_is_that_of_drawing_persons_again():
    found, sold = _shop(reached_after=4)
    row = before_after(found, sold, days=10).set_index("touchpoint").loc[TOGETHER]
    before = np.array([1 + i % 2 for i in range(40)], dtype=float)
    after, reached = np.repeat([4.0, 2.0], 20), np.repeat([True, False], 20)
    weight = np.random.default_rng(1).poisson(1.0, (4000, 40))
    sums = [weight @ (side * arm) for arm in (reached, ~reached) for side in (before, after)]
    drawn = sums[1] / sums[0] / (sums[3] / sums[2]) - 1
    assert np.quantile(drawn, [0.05, 0.95]) == pytest.approx([row["low"], row["high"]], abs=0.06)


def test_nobody_bought_more_is_said_and_agrees_with_credit_of_nothing():
    found, sold = _shop(reached_after=2)
    table = before_after(found, sold, days=10)
    nothing = pd.DataFrame({"touchpoint": ["service_message"], "recommended": [0.0]})
    assert set(table["verdict"]) == {"no difference"}
    assert "what the data say, not a fault of the model" in before_after_sentence(table, nothing, 10)
    assert "与数据相符" in before_after_sentence(table, nothing, 10, "zh")
    assert "with care" in before_after_sentence(table, nothing.assign(recommended=0.2), 10)
    assert "谨慎" in before_after_sentence(table, nothing.assign(recommended=0.2), 10, "zh")


def test_a_rise_that_the_model_does_not_credit_is_a_contradiction_and_said():
    found, sold = _shop(reached_after=4)
    table = before_after(found, sold, days=10)
    nothing = pd.DataFrame({"touchpoint": ["service_message"], "recommended": [0.0]})
    assert "conclude neither" in before_after_sentence(table, nothing, 10)
    assert "不一致" in before_after_sentence(table, nothing, 10, "zh")


def test_one_kind_of_message_that_rose_alone_is_told_with_how_often_chance_does_that():
    rows = [("(all messages)", 0.05, -0.02, 0.13, "no difference"), ("mailing: A", 0.11, -0.04, 0.29, "no difference")]
    rows += [("mailing: B", -0.1, -0.2, 0.01, "no difference"), ("mailing: C", 0.4, 0.05, 0.86, "more")]
    table = pd.DataFrame(rows, columns=["touchpoint", "change", "low", "high", "verdict"]).assign(shows=0.12)
    credited = pd.DataFrame(
        {"touchpoint": ["mailing: A", "mailing: B", "mailing: C"], "recommended": [0.001, 0.002, 0.0]}
    )
    english, chinese = (before_after_sentence(table, credited, 30, lang) for lang in ("en", "zh"))
    assert "what the data say" in english
    assert "Looked at alone, Mailing: C (+40%, 90% interval +5% to +86%) shows a rise" in english
    assert "in 14% of cases" in english, "1 - 0.95 ** 3"
    assert "14%的机会" in chinese
    paid = credited.assign(recommended=[0.001, 0.002, 0.2])
    assert "alone" not in before_after_sentence(table, paid, 30), "the model credits it too"


def test_without_messages_or_with_half_a_record_nothing_is_claimed():
    found, sold = _shop(reached_after=4)
    for seen, days in ((touches(orders=sold).cache(), 10), (found, 60)):
        table = before_after(seen, sold, days=days)
        assert table.empty
        assert "cannot be checked" in before_after_sentence(table, pd.DataFrame({"touchpoint": [], "recommended": []}))


@pytest.mark.data
@pytest.mark.parametrize("slow", [False, True], ids=["at once", "over a month"])
def test_orders_planted_behind_mailings_of_real_households_are_found(slow):
    """SIMULATED orders on real baskets: mailings are dealt out anew, so that nothing but the planted is due to them."""
    panel = tables.journey(("367",))
    columns = ["merchant", "order_id", "account", "paid_at", "paid_on", "gross_amount", "net_amount"]
    real = panel["orders"].execute()[columns]
    homes = sorted(set(real["account"]))
    found = touches(pushes=panel["pushes"], campaigns=panel["campaigns"], orders=panel["orders"]).execute()
    found = found[found["person"].isin(homes)]
    found = found.sort_values(["person", "touched_at", "touch_id"], ignore_index=True)  # draws go by place
    shares = []
    for seed in range(8):
        rng = np.random.default_rng(seed)
        dealt = dict(zip(homes, rng.permutation(homes), strict=True))
        sent = found.assign(person=found["person"].map(dealt), account=found["account"].map(dealt))
        hit = sent[rng.random(len(sent)) < 0.3]
        lag = rng.integers(0, 30, len(hit)) if slow else rng.geometric(0.25, len(hit)) - 1
        on = pd.to_datetime(hit["touched_on"]) + pd.to_timedelta(lag, "D")
        new = pd.DataFrame({"order_id": [f"planted{i}" for i in range(len(hit))], "account": hit["account"].to_numpy()})
        new = new.assign(
            merchant="367", paid_at=(on + pd.Timedelta("15h")).to_numpy(), gross_amount=3500, net_amount=3500
        )
        new = new[((on >= "2017-01-01") & (on < "2018-01-01")).to_numpy()]
        sold = pd.concat([real, new.assign(paid_on=new["paid_at"].dt.date)], ignore_index=True)
        sold = sold.assign(
            paid_at=sold["paid_at"].astype("datetime64[us]"), paid_on=pd.to_datetime(sold["paid_on"]).dt.date
        )
        known = sent.drop(columns=[c for c in sent if sent[c].isna().all()])
        known = known.assign(touched_on=pd.to_datetime(known["touched_on"]).dt.date)
        known = shape(ibis.memtable(known.assign(touched_at=known["touched_at"].astype("datetime64[us]"))), TOUCH)
        walked = paths(known, sold, as_of="2018-01-01").cache()
        organic, _ = causes(fit_hazard(walked, known, as_of="2018-01-01"))
        shares.append((len(sold) - organic.sum()) / len(new))
    assert 0.75 < np.mean(shares) < 1.25
