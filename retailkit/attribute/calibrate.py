"""Shares bent towards lift tests: what was tested counts by its precision, the rest learns from it."""

from __future__ import annotations

from typing import Any

import ibis.expr.types as ir
import numpy as np
import pandas as pd

from retailkit.attribute.sentences import touchpoint_title
from retailkit.attribute.tables import as_table, frame

RESIDUAL = ("organic", "unattributed")


def platform_orders(touches: ir.Table, paths: ir.Table) -> pd.Series:
    """Orders of each touchpoint as platforms count them, indexed by touchpoint; a lift test's base.

    Orders paid in a session of the touchpoint; where no session is known to have paid, orders whose
    path ends with it.
    """
    paid = touches.filter((touches.record == "session") & touches.order_id.notnull())
    counted = frame(paid.group_by("touchpoint").aggregate(orders=paid.order_id.nunique()))
    if counted.empty:
        ends = paths.filter((paths.outcome == "order") & (paths.position == paths.path_length))
        counted = frame(ends.group_by("touchpoint").aggregate(orders=ends.order_id.nunique()))
    return counted.sort_values("touchpoint").set_index("touchpoint")["orders"].astype(float)


def calibrate(interval: pd.DataFrame, own_orders: pd.Series, lift_tests: Any, level: float = 0.9) -> pd.DataFrame:
    """One row per touchpoint: incremental orders by the model, by its tests and combined.

    Parameters
    ----------
    interval : of :func:`hazard_interval` or :func:`credit_interval`: orders, share, low, high
    own_orders : orders of each touchpoint as the platform counts them (:func:`platform_orders`); a
        test's lift is a multiple of these
    lift_tests : canonical table
    level : nominal coverage of ``interval``

    Returns
    -------
    ``touchpoint, model_orders, model_error, tested_orders, tested_error, orders, error, low, high,
    tests, basis``. Orders of all rows sum to what the ledger holds: organic absorbs the rest, and only
    where it is used up does unattributed give.

    Notes
    -----
    Several tests of a touchpoint are averaged by precision, and so are test and model; a model whose
    interval has no width (it credits nothing in every redraw) leaves the word to the test. Untested
    touchpoints are multiplied by a factor learned from the tested ones: the precision-weighted mean
    of log(tested / model), shrunk towards no change by its own uncertainty and by the scatter
    between tests. ``basis`` keeps the provenance: tested, shrunk by tests elsewhere, or model.
    """
    from scipy.special import ndtri

    z = float(ndtri((1 + level) / 2))
    table = interval[["touchpoint", "orders", "share", "low", "high"]].rename(columns={"orders": "model_orders"})
    per_share = (table["model_orders"] / table["share"].where(table["share"] > 0)).fillna(0.0)
    table["model_error"] = ((table["high"] - table["low"]) / (2 * z) * per_share).fillna(0.0)
    tests = frame(as_table(lift_tests, "lift_tests"))
    tests = _pooled(tests[tests["standard_error"] > 0])
    reach = table["touchpoint"].map(own_orders).astype(float)
    table["tested_orders"] = table["touchpoint"].map(tests["lift"]).astype(float) * reach
    table["tested_error"] = table["touchpoint"].map(tests["standard_error"]).astype(float) * reach
    table["tests"] = [tests["tests"].get(t, "") for t in table["touchpoint"]]
    open_line = table["touchpoint"].isin(RESIDUAL)
    tested = table["tested_orders"].notna() & ~open_line
    factor, spread = _factor(table[tested])
    still = table["model_error"] <= 0
    table.loc[still & ~open_line, "model_error"] = 1.0  # an order: redraws that never differ are no certainty
    model_weight = (1 / np.maximum(table["model_error"], 1e-9) ** 2).where(~still, 0.0)
    test_weight = 1 / np.maximum(table["tested_error"], 1e-9) ** 2
    both = (model_weight * table["model_orders"] + test_weight * table["tested_orders"]) / (model_weight + test_weight)
    shrunk = table["model_orders"] * factor
    orders = both.where(tested, shrunk).clip(lower=0.0)
    error = ((model_weight + test_weight) ** -0.5).where(
        tested, np.hypot(table["model_error"] * factor, shrunk * spread)
    )
    elsewhere = "shrunk by tests elsewhere" if tested.any() else "model"
    table = table.assign(orders=orders, error=error, basis=np.where(tested, "tested", elsewhere))
    table = _rest(table, open_line)
    table["low"], table["high"] = (
        (table["orders"] - z * table["error"]).clip(lower=0.0),
        table["orders"] + z * table["error"],
    )
    columns = ["touchpoint", "model_orders", "model_error", "tested_orders", "tested_error"]
    return table[[*columns, "orders", "error", "low", "high", "tests", "basis"]]


def _pooled(tests: pd.DataFrame) -> pd.DataFrame:
    """Per touchpoint: lift averaged by precision, its standard error, names of its tests."""
    rows = {}
    for touchpoint, own in tests.groupby("touchpoint"):
        weight = 1 / own["standard_error"].astype(float) ** 2
        rows[touchpoint] = (
            float((weight * own["lift"]).sum() / weight.sum()),
            float(weight.sum() ** -0.5),
            ", ".join(sorted(own["test_id"].astype(str))),
        )
    return pd.DataFrame.from_dict(rows, orient="index", columns=["lift", "standard_error", "tests"])


def _factor(tested: pd.DataFrame) -> tuple[float, float]:
    """The factor for untested touchpoints and the standard deviation of its log."""
    usable = tested[(tested["tested_orders"] > 0) & (tested["model_orders"] > 0)]
    if usable.empty:
        return 1.0, 0.0
    ratio = np.log(usable["tested_orders"] / usable["model_orders"])
    noise = (usable["tested_error"] / usable["tested_orders"]) ** 2 + (
        usable["model_error"] / usable["model_orders"]
    ) ** 2
    weight = 1 / np.maximum(noise, 1e-9)
    mean = float((weight * ratio).sum() / weight.sum())
    between = max(float((weight * (ratio - mean) ** 2).sum() / weight.sum() - len(usable) / weight.sum()), 0.0)
    doubt = 1 / float(weight.sum()) + between / len(usable)
    prior = 0.5**2  # before any test a model is taken to be right within a factor of about 1.6
    return float(np.exp(mean * prior / (prior + doubt))), float(np.sqrt(between + doubt))


def _rest(table: pd.DataFrame, open_line: pd.Series) -> pd.DataFrame:
    """Let organic absorb what calibration takes or gives, then unattributed; scale where nothing is left.

    A test moves orders between a touchpoint and what people would have bought anyway: orders of unknown
    persons stay unattributed as long as organic can give.
    """
    total, claimed = table["model_orders"].sum(), table.loc[~open_line, "orders"].sum()
    if claimed > total > 0:
        table.loc[~open_line, ["orders", "error"]] *= total / claimed
        claimed = total
    table.loc[open_line, "orders"], table.loc[open_line, "error"] = table.loc[open_line, "model_orders"], 0.0
    table.loc[open_line, "basis"] = "what is left"
    error = float(np.sqrt((table.loc[~open_line, "error"] ** 2).sum()))
    gap = total - claimed - table.loc[open_line, "orders"].sum()
    holders = [i for line in RESIDUAL for i in table.index[table["touchpoint"] == line]]
    for holder in holders:
        moved = max(gap, -table.loc[holder, "orders"])
        table.loc[holder, "orders"] += moved
        table.loc[holder, "error"] = error if moved or holder == holders[0] else 0.0
        gap -= moved
    return table


def calibrate_sentence(table: pd.DataFrame, lang: str = "en") -> str:
    """Say what lift tests changed, or that there were none."""
    tested = table[table["basis"] == "tested"]
    if tested.empty:
        if lang == "zh":
            return "没有增量实验（lift test），因此各数字未经实验校准。"
        return "There is no lift test of any touchpoint: no experiment stands behind these numbers."
    far = tested.loc[(tested["orders"] - tested["model_orders"]).abs().idxmax()]
    name = touchpoint_title(far["touchpoint"], lang)
    figures = tuple(f"{far[c]:,.0f}" for c in ("model_orders", "orders", "low", "high"))
    if lang == "zh":
        names = "、".join(touchpoint_title(t, lang) for t in tested["touchpoint"])
        return (
            f"{names}有增量实验。校准改变最大的是{name}：模型给出{figures[0]}单增量，"
            f"校准后{figures[1]}单（90%区间{figures[2]}至{figures[3]}）。"
        )
    names = ", ".join(touchpoint_title(t, lang) for t in tested["touchpoint"])
    return (
        f"Lift tests stand behind {names}. They moved {name} most: from {figures[0]} incremental orders by the model to "
        f"{figures[1]} (90% interval {figures[2]} to {figures[3]})."
    )
