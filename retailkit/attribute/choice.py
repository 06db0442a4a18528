"""Which model predicts held-out persons best: log-loss, AUC, calibration, in words."""

from __future__ import annotations

import math
from collections.abc import Sequence

import ibis
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
    ends = _ends(paths, max(orders), part, since)
    train, tested = ends[~ends["held"]], ends["held"].to_numpy()
    if train.empty or not tested.any():
        return _empty()
    n, bought = ends.loc[tested, "n"].to_numpy(float), ends.loc[tested, "bought"].to_numpy(float)
    stated = np.full(len(ends), train["bought"].sum() / train["n"].sum())
    results = [_score(0, stated[tested], n, bought)]
    for order in range(1, max(orders) + 1):
        window = ends.groupby([f"w{i + 1}" for i in range(order)], dropna=False, sort=False).ngroup().to_numpy()
        seen, paid = (np.bincount(window[~tested], train[c], window.max() + 1)[window] for c in ("n", "bought"))
        stated = (paid + prior * stated) / (seen + prior)
        if order in orders:
            results.append(_score(order, stated[tested], n, bought))
    table = pd.DataFrame(results)
    return table.assign(best=table["log_loss"] == table["log_loss"].min())


def _ends(paths: ir.Table, order: int, part: float, since: str | None) -> pd.DataFrame:
    """One row per last window of a journey (``w1`` is the latest touchpoint) and side: held, n, bought."""
    rows = exposure_journeys(paths)
    key = ["merchant", "journey_id"]
    along = ibis.window(group_by=key, order_by="position")
    windows = {"w1": rows.touchpoint}
    for i in range(1, order):
        first = (rows.position == i).ifelse(START, ibis.null().cast("string"))
        windows[f"w{i + 1}"] = ibis.coalesce(rows.touchpoint.lag(i).over(along), first)
    began = (rows.position == 1).ifelse(rows.touched_on, ibis.null().cast("date")).max().over(ibis.window(group_by=key))
    later = rows.touchpoint.lead().over(along)
    rows = rows.mutate(**windows, **({"began": began} if since else {}), later=later)
    rows = rows.filter(rows.later.isnull())
    drawn = rows.person.hexdigest("sha256").substr(0, 8)  # eight digits sort as the numbers that they are
    rows = rows.mutate(held=drawn < f"{math.ceil(part * 2**32):08x}" if part < 1 else ibis.literal(True))
    if since is not None:
        rows = rows.filter(rows.held == (rows.began >= ibis.date(since)))
    bought = (rows.outcome == "order").cast("int64").sum()
    ends = rows.group_by([*windows, "held"]).aggregate(n=rows.position.count(), bought=bought)
    return frame(ends).sort_values([*windows, "held"], ignore_index=True)


def _score(order: int, stated: np.ndarray, n: np.ndarray, bought: np.ndarray) -> dict[str, float]:
    """Scores of stated probabilities, each of ``n`` journeys of which ``bought`` ended in an order."""
    p = np.clip(stated, 1e-9, 1 - 1e-9)
    yes, all_of = bought.sum(), n.sum()
    loss = -(bought @ np.log(p) + (n - bought) @ np.log1p(-p)) / all_of
    level = np.unique(stated, return_inverse=True)[1]
    crowd = np.bincount(level, n)
    rank = (np.cumsum(crowd) - crowd + (crowd + 1) / 2)[level]
    pairs = yes * (all_of - yes)
    auc = (rank @ bought - yes * (yes + 1) / 2) / pairs if pairs else float("nan")
    return {
        "order": order,
        "journeys": int(all_of),
        "log_loss": float(loss),
        "auc": float(auc),
        "stated": float(stated @ n / all_of),
        "seen": float(yes / all_of),
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
