"""Who is worth what: the value models' answer for the chapter, or why there is none."""

from __future__ import annotations

import ibis
import pandas as pd

from retailkit.segment.purchases import TooFewError
from retailkit.segment.value import customer_value, fit_value

NOBODY_LEAVES = 0.99  # everybody is more likely active than this: leaving was not seen
WORTH_COLUMNS = ("merchant", "person", "alive", "purchases", "spend", "value", "value_low", "value_high")
WORTH_BY_SEGMENT = ("merchant", "segment", "persons", "alive", "purchases", "value", "value_share", "mean_value")


def people_worth(
    features: ibis.Table, horizon_days: int, seed: int, model: str = "mbg_nbd"
) -> tuple[pd.DataFrame, str]:
    """Return one row per person with the gross amount expected in ``horizon_days``, and a sentence.

    The table is empty and the sentence says why where the models cannot be fitted: too few
    persons, or hardly anybody came back.

    Parameters
    ----------
    features : table of ``person_features``, of one merchant.
    seed : of the parameter draws behind the intervals.
    model : by default the modified BG/NBD, in which a buyer may be lost after one order;
        under the plain BG/NBD everyone who bought once counts as active for ever.
    """
    frame = features.to_pandas()
    if frame["repeat_days"].sum() == 0:
        why = f"of {len(frame):,} persons nobody bought on a second day"
        return pd.DataFrame(columns=list(WORTH_COLUMNS)), f"What persons are worth cannot be told: {why}."
    try:
        fit = fit_value(frame, model)
        nobody_leaves = customer_value(fit, frame, horizon_days, draws=0)["alive"].min() > NOBODY_LEAVES
        if nobody_leaves:  # the chance to leave lies at its bound 0, where this model has no standard errors
            fit = fit_value(frame, "bg_nbd")
        worth = customer_value(fit, frame, horizon_days=horizon_days, seed=seed)
    except TooFewError as why:
        return pd.DataFrame(columns=list(WORTH_COLUMNS)), f"What persons are worth cannot be told: {why}"
    top = worth.nlargest(max(len(worth) // 10, 1), "value")
    share = top["value"].sum() / worth["value"].sum()
    told = (
        f"In the next {horizon_days} days {worth['purchases'].sum():,.0f} purchase days are expected from "
        f"{len(worth):,} persons; the tenth with the highest value is to bring {share:.0%} of the money."
    )
    if nobody_leaves:
        worth["alive"] = float("nan")
        told += (
            " The orders look as if nobody ever left, so who is still active cannot be told: "
            "silence is taken for slow buying."
        )
    return worth, told


def worth_by_segment(worth: pd.DataFrame, segments: ibis.Table) -> pd.DataFrame:
    """One row per merchant and segment: persons, mean chance to be active, expected purchases and value.

    ``value`` is the sum over the segment in minor units, ``mean_value`` per person.
    """
    if worth.empty:
        return pd.DataFrame(columns=list(WORTH_BY_SEGMENT))
    named = segments.select("merchant", "person", "segment").to_pandas()
    table = (
        worth.merge(named, on=["merchant", "person"])
        .groupby(["merchant", "segment"], as_index=False)
        .agg(
            persons=("person", "count"), alive=("alive", "mean"), purchases=("purchases", "sum"),
            value=("value", "sum"), mean_value=("value", "mean"),
        )
    )  # fmt: skip
    table["value_share"] = table["value"] / table.groupby("merchant")["value"].transform("sum")
    table = table.sort_values(["merchant", "value"], ascending=[True, False], ignore_index=True)
    return table[list(WORTH_BY_SEGMENT)]
