"""Claims about panels of an analyst's own: what would be counted wrongly is refused, in one message."""

import numpy as np
import pandas as pd
import pytest
from growth_tables import BASELINE, PROGRAMME, daily_world, order_rows
from spoken import english

from retailkit import growth
from retailkit.growth.donors import choose_donors
from retailkit.growth.words import in_words

DONORS = [f"d{j}" for j in range(8)]
DAILY = daily_world(5, donors=8, effect=0.5)
WEEKLY = growth.weekly_panel(DAILY, PROGRAMME)
ONE_DAY = DAILY[(DAILY["merchant"] == "m") & (DAILY["day"] == "2018-10-05")]

BAD_DAYS = {
    "a day twice": (
        pd.concat([DAILY, ONE_DAY]),
        r"1 of \d+ rows stand again for merchant and day \(first: m 2018-10-05\)",
    ),
    "no partial": (
        DAILY.drop(columns=["partial", "filled"]),
        "lacks (filled, )?partial; it has .*: daily_panel makes one",
    ),
    "text days": (
        DAILY.assign(day=DAILY["day"].astype(str)),
        r"day holds text, expected are plain days: pd.to_datetime",
    ),
    "zoned days": (DAILY.assign(day=DAILY["day"].dt.tz_localize("Asia/Shanghai")), "without a zone"),
    "unknown sales": (DAILY.assign(gmv=DAILY["gmv"].where(DAILY.index > 2)), r"gmv is empty in 3 of \d+ rows"),
}


@pytest.mark.parametrize(("daily", "told"), BAD_DAYS.values(), ids=BAD_DAYS)
def test_days_that_would_be_counted_wrongly_are_refused(daily, told):
    with pytest.raises(ValueError, match=told):
        growth.weekly_panel(daily, PROGRAMME)
    with pytest.raises(ValueError, match=told):
        growth.headlines(daily, BASELINE, PROGRAMME, ["m"])


BAD_WEEKS = {
    "a week twice": (pd.concat([WEEKLY, WEEKLY.head(1)]), "1 of .* rows stand again for merchant and week and phase"),
    "another phase": (
        WEEKLY.replace({"phase": {"programme": "during"}}),
        "phase is during, expected are before, programme",
    ),
    "no logs": (WEEKLY.drop(columns="log_gmv"), "lacks log_gmv; it has .*: weekly_panel makes one from days"),
}


@pytest.mark.parametrize(("weekly", "told"), BAD_WEEKS.values(), ids=BAD_WEEKS)
def test_weeks_that_would_be_counted_wrongly_are_refused(weekly, told):
    with pytest.raises(ValueError, match=told):
        growth.estimate(weekly, "m", DONORS)


def test_a_donor_that_is_named_twice_counts_once():
    """Its twin would foretell it without error, and make the interval of all others too narrow."""
    once, twice = (growth.estimate(WEEKLY, "m", names, method="sc") for names in (DONORS, [*DONORS, *DONORS]))
    assert (once.effect, once.low, once.high, once.df) == (twice.effect, twice.low, twice.high, twice.df)


def test_donors_that_are_no_list_or_not_on_record_are_told():
    with pytest.raises(ValueError, match="candidates and peers are lists of merchants"):
        growth.estimate(WEEKLY, "m", "d0")
    reasons = choose_donors(WEEKLY, "m", ["d0", "n01"]).set_index("donor")["reason"]
    assert reasons.to_dict() == {"d0": "", "n01": "no sales on record of that name"}
    assert not english(in_words(reasons["n01"], "zh"))


def test_the_order_of_rows_changes_nothing():
    mixed = DAILY.sample(frac=1, random_state=3)
    pd.testing.assert_frame_equal(growth.weekly_panel(mixed, PROGRAMME), WEEKLY)
    effect = growth.estimate(WEEKLY.sample(frac=1, random_state=4), "m", DONORS)
    assert effect.effect == growth.estimate(WEEKLY, "m", DONORS).effect


def test_windows_that_end_before_they_start_or_share_days_are_refused():
    with pytest.raises(ValueError, match="the window ends on 2018-10-01, before it starts on 2018-12-02"):
        growth.weekly_panel(DAILY, PROGRAMME[::-1])
    with pytest.raises(ValueError, match=r"2018-08-06 to 2018-10-14.*2018-10-01 to 2018-12-02.*share days"):
        growth.headlines(DAILY, (BASELINE[0], "2018-10-14"), PROGRAMME, ["m"])


def test_a_programme_that_goes_on_is_judged_so_far():
    """Day 29 of 63: there is an effect so far, and no headline that anybody could take for the whole."""
    until = DAILY[DAILY["day"] <= "2018-10-28"]
    heads = growth.headlines(until, BASELINE, PROGRAMME, ["m"])
    assert heads["growth"].isna().all()
    told = "the programme is not over: it ends on 2018-12-02, sales are on record until 2018-10-28"
    assert heads["reason"].item() == told
    judged = growth.judge(growth.estimate(growth.weekly_panel(until, PROGRAMME), "m", DONORS), heads)
    assert f"there is no headline ({told}); the programme has raised it so far" in judged.sentence
    assert "项目至今带来了增长" in judged.sentence_zh
    assert not english(judged.sentence_zh, {"m"})
    closed = until[(until["merchant"] != "m") | (until["day"] < "2018-10-20")]
    assert (
        growth.headlines(closed, BASELINE, PROGRAMME, ["m"])["reason"].item()
        == "no sales on record for the whole programme"
    )
    assert np.isfinite(growth.headlines(DAILY, BASELINE, PROGRAMME, ["m"])["growth"].item())


def test_refunds_of_own_frames_follow_their_orders():
    orders = order_rows([("a", f"2018-{month:02d}-05", "p:1", 100) for month in range(1, 13)])
    back = pd.DataFrame({
        "merchant": "a", "refund_id": ["r1", "r2"], "order_id": ["o3", "o5"], "account": "p:1", "refund_amount": [40, 7],
        "refunded_at": pd.to_datetime(["2018-04-09", "2018-07-05"]), "refunded_on": pd.to_datetime(["2018-04-09", "2018-07-05"]),
    })  # fmt: skip
    lags = growth.refund_lags(orders, back, "2019-01-01")
    seen = lags[lags["lag"] >= 0].sort_values("lag")
    assert seen[["lag", "amount"]].to_numpy().tolist() == [[4, 40], [30, 7]]
