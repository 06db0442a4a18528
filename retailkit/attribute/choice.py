"""Which model predicts held-out persons best: log-loss, AUC, calibration, in words."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import ibis.expr.types as ir
import numpy as np
import pandas as pd

from retailkit.attribute.journeys import START, exposure_journeys
from retailkit.attribute.tables import frame

ORDERS = (1, 2, 3, 4)


def held_out(
    paths: ir.Table, orders: Sequence[int] = ORDERS, part: float = 0.3, since: str | None = None, prior: float = 10.0
) -> pd.DataFrame:
    """One row per order of the chain: how well it tells which journeys end in an order, on new journeys.

    Parameters
    ----------
    paths : of :func:`paths`
    orders : orders of the Markov chain; order 0, the overall rate, stands beside them
    part : fraction of *persons* held out (by a hash of the person's id, so it never changes)
    since : ISO date, optional: train on journeys that began before, test on held-out persons after
    prior : journeys with which each window is shrunk towards the window one shorter

    Returns
    -------
    ``order, journeys`` (tested), ``log_loss`` (nats per journey), ``auc``, ``stated`` and ``seen``
    (mean stated probability and rate of orders), ``best``. Empty where either side has no journey.

    Notes
    -----
    Splitting by person keeps one person's journeys on one side; splitting by time keeps the future
    out of training. A journey's stated probability is that of its last window, so a longer order
    must earn its windows on people it has not seen; the in-sample fit always prefers the longest.
    """
    rows = exposure_journeys(paths).select("person", "journey_id", "position", "touchpoint", "touched_on", "outcome")
    found = frame(rows.order_by("journey_id", "position"))
    if found.empty:
        return _empty()
    ends = found.groupby("journey_id", sort=True).agg(
        person=("person", "first"),
        steps=("touchpoint", list),
        began=("touched_on", "first"),
        bought=("outcome", lambda o: float(o.iloc[0] == "order")),
    )
    test = np.array([_draw(p) < part for p in ends["person"]])
    train = ~test
    if since is not None:
        late = pd.to_datetime(ends["began"]) >= pd.Timestamp(since)
        test, train = test & late.to_numpy(), train & ~late.to_numpy()
    if not train.any() or not test.any():
        return _empty()
    bought = ends["bought"].to_numpy()
    stated = np.full(len(ends), bought[train].mean())
    results = [_score(0, stated[test], bought[test])]
    for order in range(1, max(orders) + 1):
        windows = pd.Series([" > ".join([START, *s][-order:]) for s in ends["steps"]])
        sums = pd.DataFrame({"window": windows[train], "n": 1.0, "bought": bought[train]}).groupby("window").sum()
        n, k = (windows.map(sums[c]).fillna(0.0).to_numpy() for c in ("n", "bought"))
        stated = (k + prior * stated) / (n + prior)
        if order in orders:
            results.append(_score(order, stated[test], bought[test]))
    table = pd.DataFrame(results)
    return table.assign(best=table["log_loss"] == table["log_loss"].min())


def _draw(person: str) -> float:
    return int(hashlib.sha256(str(person).encode()).hexdigest()[:8], 16) / 2**32


def _score(order: int, stated: np.ndarray, bought: np.ndarray) -> dict[str, float]:
    p = np.clip(stated, 1e-9, 1 - 1e-9)
    loss = -np.mean(bought * np.log(p) + (1 - bought) * np.log1p(-p))
    ranks = pd.Series(stated).rank(method="average").to_numpy()
    yes = bought.sum()
    pairs = yes * (len(bought) - yes)
    auc = (ranks[bought == 1].sum() - yes * (yes + 1) / 2) / pairs if pairs else float("nan")
    return {
        "order": order,
        "journeys": len(bought),
        "log_loss": float(loss),
        "auc": float(auc),
        "stated": float(stated.mean()),
        "seen": float(bought.mean()),
    }


def _empty() -> pd.DataFrame:
    return pd.DataFrame(columns=["order", "journeys", "log_loss", "auc", "stated", "seen", "best"])


def choice_sentence(table: pd.DataFrame, lang: str = "en") -> str:
    """Say which order of the chain predicts new persons best, how well, and whether it matters."""
    if table.empty:
        return "没有足够的路径来检验模型。" if lang == "zh" else "There are too few journeys to test a model on."
    best = table[table["best"]].iloc[0]
    plain = table[table["order"] == 0].iloc[0]
    gain = 1 - best["log_loss"] / plain["log_loss"] if plain["log_loss"] > 0 else 0.0
    if lang == "zh":
        if best["order"] == 0 or gain < 0.01:
            return "在未见过的人身上，路径几乎不能预测谁会下单：阶数不重要。"
        return f"在未见过的人身上，{best['order']:.0f}阶链预测最好（AUC {best['auc']:.2f}），比总体转化率好{gain:.0%}。"
    if best["order"] == 0 or gain < 0.01:
        return "On persons the chain has not seen, the path hardly tells who will order: its order does not matter."
    return (
        f"On persons the chain has not seen, order {best['order']:.0f} predicts best (AUC {best['auc']:.2f}), "
        f"{gain:.0%} better than the overall rate; it states {best['stated']:.1%} where {best['seen']:.1%} ordered."
    )
