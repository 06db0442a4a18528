"""A SIMULATED shop with known causes: every order is organic or due to one touch."""

from __future__ import annotations

import numpy as np
import pandas as pd

TOUCHPOINTS = ("guide", "group", "official_account", "advertising", "service_message")
RATES = np.array([0.012, 0.016, 0.03, 0.04, 0.05])  # touches a person-day
EFFECTS = np.array([0.16, 0.09, 0.05, 0.012, 0.03])  # orders a touch
ORGANIC = 0.004  # orders a person-day


def world(persons: int, days: int, seed: int, confounding: float = 0.0, shape: float = 2.0) -> dict:
    """Return touches, orders and the true share of orders by cause; all SIMULATED.

    ``confounding`` above 0 makes persons of high intent both buy more of their own accord and
    meet more advertising and official-account touches. ``shape`` of the gamma that intent is drawn
    from: below 1 a few persons make most orders, as in life.
    """
    rng = np.random.default_rng(seed)
    intent = rng.gamma(shape, 1 / shape, persons)
    like = np.ones((persons, len(TOUCHPOINTS)))
    like[:, 2:4] *= (intent[:, None] ** confounding) / np.mean(intent**confounding)
    counts = rng.poisson(RATES * days * like)
    person = np.repeat(np.arange(persons), counts.sum(axis=1))
    kind = np.concatenate([np.repeat(np.arange(len(TOUCHPOINTS)), c) for c in counts])
    day = rng.integers(0, days, len(person))
    second = rng.integers(0, 80000, len(person))
    due = rng.random(len(person)) < EFFECTS[kind]
    lag = np.where(rng.random(len(person)) < 0.6, 0, rng.geometric(0.3, len(person)))
    caused = np.flatnonzero(due & (day + lag < days) & (lag <= 29))
    rate = ORGANIC * (intent if confounding else np.ones(persons))
    own = rng.poisson(rate * days)
    o_person = np.concatenate([person[caused], np.repeat(np.arange(persons), own)])
    o_day = np.concatenate([day[caused] + lag[caused], rng.integers(0, days, own.sum())])
    late = np.where(lag[caused] == 0, second[caused] + 600, rng.integers(0, 86000, len(caused)))
    o_second = np.concatenate([late, rng.integers(0, 86000, own.sum())])
    cause = np.concatenate([kind[caused], np.full(own.sum(), -1)])
    start = pd.Timestamp("2024-01-01")
    when = start + pd.to_timedelta(day, "D") + pd.to_timedelta(second, "s")
    touches = pd.DataFrame(
        {
            "merchant": "m",
            "touch_id": [f"session:{i}" for i in range(len(person))],
            "person": [f"p{i}" for i in person],
            "account": [f"app:{i}" for i in person],
            "touched_at": when.astype("datetime64[us]"),
            "touched_on": when.date,
            "touchpoint": np.array(TOUCHPOINTS, dtype=object)[kind],
            "kind": "exposure",
            "role": "touch",
            "record": "session",
        }
    )
    paid = start + pd.to_timedelta(o_day, "D") + pd.to_timedelta(o_second, "s")
    net = rng.integers(2000, 30000, len(paid))
    orders = pd.DataFrame(
        {
            "merchant": "m",
            "order_id": [f"o{i}" for i in range(len(paid))],
            "account": [f"p{i}" for i in o_person],
            "paid_at": paid.astype("datetime64[us]"),
            "paid_on": paid.date,
            "gross_amount": net,
            "net_amount": net,
        }
    )
    share = np.bincount(cause + 1, minlength=len(TOUCHPOINTS) + 1) / len(cause)
    truth = dict(zip(("organic", *TOUCHPOINTS), share, strict=True))
    end = str((start + pd.Timedelta(days, "D")).date())
    known = pd.DataFrame({"person": [f"p{i}" for i in range(persons)], "intent": intent})
    return {"touches": touches, "orders": orders, "truth": truth, "as_of": end, "intent": known}
