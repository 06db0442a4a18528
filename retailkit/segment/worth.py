"""Who is worth what: the value models' answer for the chapter, or why there is none."""

from __future__ import annotations

import ibis
import numpy as np
import pandas as pd

from retailkit.schema.given import takes_frames
from retailkit.segment.errors import TooFewError, refuse_several
from retailkit.segment.pooling import pool_purchases
from retailkit.segment.spend import fit_spend
from retailkit.segment.value import ValueFit, customer_value, fit_value
from retailkit.spoken import said, several

SMALL = 500  # persons below which a merchant alone does not pin down who left
ENOUGH_MERCHANTS = 3  # others, to learn how far merchants differ
NOBODY_LEAVES = 0.99  # everybody is more likely active than this: leaving was not seen
HISTORY = ("repeat_days", "days_to_last", "age_days", "repeat_day_amount")
WORTH_COLUMNS = ("merchant", "person", "alive", "purchases", "spend", "value", "value_low", "value_high")
WORTH_BY_SEGMENT = (
    "merchant", "segment", "persons", "alive", "purchases", "value", "value_low", "value_high", "value_share",
    "mean_value",
)  # fmt: skip


@takes_frames
def people_worth(
    features: ibis.Table,
    horizon_days: int,
    seed: int,
    model: str = "mbg_nbd",
    lang: str = "en",
    cohort: ibis.Table | None = None,
) -> tuple[pd.DataFrame, str]:
    """Return one row per person with the gross amount expected in ``horizon_days``, and a sentence.

    The table is empty and the sentence says why where the models cannot be fitted: too few
    persons, or hardly anybody came back. ``value_low`` and ``value_high`` are empty, and the sentence
    says so, where the histories do not pin the models down.

    Parameters
    ----------
    features : table of ``person_features``, of one merchant.
    seed : of the parameter draws behind the intervals.
    model : by default the modified BG/NBD, in which a buyer may be lost after one order;
        under the plain BG/NBD everyone who bought once counts as active for ever.
    cohort : table of ``purchase_histories`` of several merchants. A merchant of under 500 persons leans on
        them (partial pooling): alone it cannot tell who left from who buys slowly.

    Raises
    ------
    SeveralMerchantsError
        If the features are of several merchants.
    """
    known = features.select("merchant", "person", *HISTORY)  # millions of persons come over, with what models need
    frame = known.order_by("merchant", "person").to_pandas()  # sums run in one order
    refuse_several(frame["merchant"], "a model of value", "价值模型")
    try:
        worth, leans_on, nobody_leaves = _modelled(frame, horizon_days, seed, model, cohort)
    except TooFewError as why:
        english, chinese = f"What persons are worth cannot be told: {why}", f"无法估计客户价值：{why.said('zh')}"
        return pd.DataFrame(columns=list(WORTH_COLUMNS)), said(lang, english, chinese)
    return worth, _worth_sentence(worth, horizon_days, leans_on, nobody_leaves, lang)


def _modelled(
    frame: pd.DataFrame, horizon_days: int, seed: int, model: str, cohort: ibis.Table | None
) -> tuple[pd.DataFrame, int, bool]:
    """What each person is worth, on how many merchants the model leans, and whether nobody seems to leave."""
    if frame.empty:
        raise TooFewError("no order could be tied to a person.", "没有订单能对应到人。")
    if frame["repeat_days"].sum() == 0:
        raise TooFewError(
            f"of {several(len(frame), 'person')} nobody bought on a second day.",
            f"{len(frame):,}人中没有人在第二个日子再次购买。",
        )
    fit, leans_on = _fit(frame, model, cohort)
    nobody_leaves = bool(customer_value(fit, frame, horizon_days, draws=0)["alive"].min() > NOBODY_LEAVES)
    if nobody_leaves:  # the chance to leave lies at its bound 0, where this model has no standard errors
        fit = fit_value(frame, "bg_nbd")
    worth = customer_value(fit, frame, horizon_days=horizon_days, seed=seed)
    if not np.isfinite(worth["value"]).all():
        raise TooFewError(
            "the purchase histories are too much alike to fit a model.", "购买记录过于相似，无法估计模型。"
        )
    if nobody_leaves:
        worth["alive"] = float("nan")
    return worth, leans_on, nobody_leaves


def _worth_sentence(worth: pd.DataFrame, horizon_days: int, leans_on: int, nobody_leaves: bool, lang: str) -> str:
    top = worth.nlargest(max(len(worth) // 10, 1), "value")
    who, zh = ("the tenth", "价值最高的十分之一客户") if len(worth) >= 10 else ("the person", "价值最高的一名客户")
    share, purchases = top["value"].sum() / worth["value"].sum(), worth["purchases"].sum()
    days = f"{purchases:,.0f}" if purchases >= 10 else f"{purchases:.1f}"
    told = said(
        lang,
        f"In the next {horizon_days} days {days} purchase days are expected from "
        f"{several(len(worth), 'person')}; {who} with the highest value is to bring {share:.0%} of the money.",
        f"未来{horizon_days}天，{len(worth):,}人预计产生{days}个购买日；{zh}预计贡献{share:.0%}的消费。",
    )
    if leans_on:
        told += said(
            lang,
            f" With so few persons the model leans on {leans_on} other merchants of the cohort.",
            f"人数较少，模型借助同批其他{leans_on}家商户的数据（部分合并）。",
        )
    if nobody_leaves:
        told += said(
            lang,
            " The orders look as if nobody ever left, so who is still active cannot be told: "
            "silence is taken for slow buying.",
            "从订单看似乎没有人流失，因此无法判断谁仍活跃：沉默被视为购买缓慢。",
        )
    if worth["value_low"].isna().all():
        told += said(
            lang,
            " The histories do not pin the model down, so these figures stand without an interval.",
            "购买记录不足以确定模型参数，因此以上数字没有区间。",
        )
    return told


def _fit(frame: pd.DataFrame, model: str, cohort: ibis.Table | None) -> tuple[ValueFit, int]:
    """Both models of one merchant, and on how many other merchants a small one leans."""
    if cohort is None or len(frame) >= SMALL:
        return fit_value(frame, model), 0
    merchant = str(frame["merchant"].iloc[0])
    others = cohort.filter(cohort.merchant != merchant).to_pandas()
    together = pd.concat([frame, others.sort_values(["merchant", "person"])], ignore_index=True)
    if others["merchant"].nunique() < ENOUGH_MERCHANTS or (others["repeat_days"] > 0).sum() < SMALL:
        return fit_value(frame, model), 0
    pooled = pool_purchases(together, model)
    return ValueFit(pooled.fits[merchant], fit_spend(frame)), others["merchant"].nunique()


@takes_frames
def worth_by_segment(worth: pd.DataFrame, segments: ibis.Table) -> pd.DataFrame:
    """One row per merchant and segment: persons, mean chance to be active, expected purchases and value.

    ``value`` is the sum over the segment in minor units, ``mean_value`` per person. ``value_low`` and
    ``value_high`` add up the persons' intervals: all of them share one doubt, that of the models'
    parameters, so it does not average out and the sum is at most too wide.
    """
    if worth.empty:
        return pd.DataFrame(columns=list(WORTH_BY_SEGMENT))
    named = segments.select("merchant", "person", "segment").to_pandas()
    table = (
        worth.merge(named, on=["merchant", "person"])
        .groupby(["merchant", "segment"], as_index=False)
        .agg(
            persons=("person", "count"), alive=("alive", "mean"), purchases=("purchases", "sum"),
            value=("value", "sum"), mean_value=("value", "mean"), value_low=("value_low", _whole),
            value_high=("value_high", _whole),
        )
    )  # fmt: skip
    table["value_share"] = table["value"] / table.groupby("merchant")["value"].transform("sum")
    table = table.sort_values(["merchant", "value"], ascending=[True, False], ignore_index=True)
    return table[list(WORTH_BY_SEGMENT)]


def _whole(values: pd.Series) -> float:
    """Sum that is empty as soon as one value is."""
    return float(values.sum(skipna=False))
