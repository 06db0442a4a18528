"""Buyers whose chance to stay away is known: buy-till-you-die worlds, drawn purchase by purchase."""

import ibis
import numpy as np
import pandas as pd

FAMILIES = ("bg_nbd", "mbg_nbd", "pareto_nbd", "steady")
AS_OF = "2025-01-01"
HORIZON, GAP, END = 56, 7, 731
CHECKED = END - HORIZON - GAP


def _purchases(family: str, seed: int, n: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return one row per purchase (person, day) and one row per person: rate, how they leave, when they left.

    Everybody's first purchase is the day of joining. BG/NBD: after each later purchase one may leave; MBG/NBD: after
    the first as well; Pareto/NBD: leaves at an own rate; steady: all leave at one rate.
    """
    draw = np.random.default_rng([seed, FAMILIES.index(family)])
    joined = END - draw.uniform(700, 1400) * draw.random(n) ** draw.uniform(0.7, 1.4)
    shape, gap = draw.uniform(0.5, 1.5), draw.uniform(25, 90)
    rate = np.maximum(draw.gamma(shape, 1 / (shape * gap), n), 1e-9)
    leaves, coin = np.zeros(n), np.zeros(n)
    if family in ("bg_nbd", "mbg_nbd"):
        a, mean = draw.uniform(0.5, 1.5), draw.uniform(0.08, 0.3)
        coin = draw.beta(a, a * (1 - mean) / mean, n)
    elif family == "pareto_nbd":
        s, life = draw.uniform(0.6, 2), draw.uniform(150, 600)
        leaves = np.maximum(draw.gamma(s, 1 / (s * life), n), 1e-9)
    else:
        leaves += 1 / draw.uniform(300, 1500)
    left = joined + (draw.exponential(1, n) / leaves if leaves.any() else np.full(n, np.inf))
    now, who, rows = joined.copy(), np.arange(n), []
    while len(who):
        rows.append((who, now[who]))
        if family == "mbg_nbd" or len(rows) > 1:
            gone = draw.random(len(who)) < coin[who]
            left[who[gone]] = now[who[gone]]
            who = who[~gone]
        now[who] += draw.exponential(1 / rate[who])
        who = who[(now[who] < END) & (now[who] < left[who])]
    bought = pd.DataFrame({"person": np.concatenate([w for w, _ in rows]), "at": np.concatenate([t for _, t in rows])})
    bought = bought.assign(day=np.floor(bought["at"]), net_amount=draw.gamma(4, 250, len(bought)))
    return bought[bought["at"] >= END - 900], pd.DataFrame({"rate": rate, "leaves": leaves, "coin": coin, "left": left})


def _true_chance(state: pd.DataFrame) -> np.ndarray:
    """Chance of no purchase in the horizon after the gap, given the rate, the way of leaving and whether one has left.

    One leaves at the rate ``leaves + coin * rate`` (a coin after each purchase thins the purchases), must last through
    the gap, and then buy before leaving and before the horizon ends.
    """
    by_coin = np.exp(-state["rate"] * state["coin"] * GAP) * -np.expm1(-state["rate"] * HORIZON)
    both = state["rate"] + state["leaves"]
    by_rate = np.exp(-state["leaves"] * GAP) * state["rate"] / both * -np.expm1(-both * HORIZON)
    returns = np.where(state["coin"] > 0, by_coin, by_rate)
    return np.where(state["left"] > CHECKED, 1 - returns, 1.0)


def churn_world(family: str, seed: int, known: int, everyone: int) -> tuple[ibis.Table, ibis.Table, pd.DataFrame]:
    """Return orders and persons of the first ``known`` persons, and the features of everyone on the checked day.

    Features have ``true``, the chance to stay away; the many persons beyond the known ones come of the same
    population, so that a tenth's true share is hardly left to chance.
    """
    bought, state = _purchases(family, seed, everyone)
    ours = bought[bought["person"] < known]
    orders = pd.DataFrame({
        "merchant": "m", "order_id": np.arange(len(ours)).astype(str), "account": "crm:" + ours["person"].astype(str),
        "paid_on": pd.Timestamp(AS_OF) + pd.to_timedelta(ours["day"] - END, unit="D"), "items": 1,
        "gross_amount": ours["net_amount"], "refund_amount": 0.0, "net_amount": ours["net_amount"],
    })  # fmt: skip
    persons = pd.DataFrame({"merchant": "m", "account": orders["account"].unique()}).assign(
        person=lambda t: t["account"]
    )
    before = bought[bought["day"] < CHECKED].groupby("person")
    last, first = before["day"].max(), before["day"].min()
    features = pd.DataFrame({
        "days_since_last": CHECKED - 1 - last, "age_days": CHECKED - 1 - first, "days_to_last": last - first,
        "repeat_days": before["day"].nunique() - 1, "net_amount": before["net_amount"].sum(),
    })  # fmt: skip
    features["true"] = _true_chance(state.loc[features.index])
    return ibis.memtable(orders).mutate(paid_on=ibis._.paid_on.cast("date")), ibis.memtable(persons), features
