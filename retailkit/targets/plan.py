"""The next window's targets: level x season x planned lift, over the tree, so that products match.

Target = what would be sold anyway (the last phase's level, its effect carried on, times the
season) x the planned lift per factor (``lifts``): what merchants of the cohort still gain is
the *base* at the median and the *stretch* at the upper quartile.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from retailkit.schema.figure import minor_units
from retailkit.targets.tree import nodes, window_factors

MOVING = ("buyers", "frequency", "basket", "unknown_orders", "unknown_basket")
"""Factors that a season or a lift moves; visitors follow buyers at the last conversion."""


def season(
    measured: pd.DataFrame, merchants: Sequence[str], reference: str, last_year: tuple[str, str]
) -> pd.DataFrame:
    """One row per moving factor: how the next window's season compares with the reference window's.

    Read over all given merchants together, because one merchant's last year is mostly noise.

    Parameters
    ----------
    measured : see ``measure``.
    merchants : donors and the merchant itself.
    reference : name of the window whose level is taken on.
    last_year : names of last year's days of the next window, and of the reference window.

    Returns
    -------
    DataFrame ``factor, ratio, basis``, and in ``attrs`` the log standard error ``se`` of the
    GMV ratio for one merchant (how single merchants stray from the whole) and its ``df``.
    ``basis``: "last year's two windows"; "last year's same window, no drift" where last year
    lacks the reference window; "season not identified" (ratio 1) where it lacks both.
    """
    then, base = last_year
    sold = _whole(measured, merchants, [then, base, reference])
    pairs = ((then, base, "last year's two windows"), (then, reference, "last year's same window, no drift"))
    for above, below, basis in pairs:
        both = sold[sold[[above, below]].gt(0).all(axis=1)].index
        if len(both):
            ratios = _pooled(measured, both, above) / _pooled(measured, both, below)
            return _season(ratios.fillna(1.0), basis, np.log(sold.loc[both, above] / sold.loc[both, below]))
    return _season(pd.Series(1.0, index=list(MOVING)), "season not identified", pd.Series(dtype=float))


def _whole(measured: pd.DataFrame, merchants: Sequence[str], windows: Sequence[str]) -> pd.DataFrame:
    rows = measured[measured["merchant"].isin(merchants)]
    total = rows.assign(total=rows["gmv"] + rows["unknown_gmv"])
    return total.pivot_table(index="merchant", columns="window", values="total").reindex(columns=list(windows))


def _pooled(measured: pd.DataFrame, merchants: Any, window: str) -> pd.Series:
    rows = measured[measured["merchant"].isin(merchants) & (measured["window"] == window)]
    s = rows[["buyers", "orders", "gmv", "unknown_orders", "unknown_gmv"]].sum().astype(float)
    s = s.where(s != 0)  # a factor that nobody has is missing, not zero
    orders, unknown = s["orders"] / s["buyers"], s["unknown_gmv"] / s["unknown_orders"]
    values = (s["buyers"], orders, s["gmv"] / s["orders"], s["unknown_orders"], unknown)
    return pd.Series(values, index=list(MOVING))


def _season(ratios: pd.Series, basis: str, logs: pd.Series) -> pd.DataFrame:
    table = pd.DataFrame({"factor": list(ratios.index), "ratio": ratios.to_numpy(float), "basis": basis})
    known = len(logs) > 2
    one_more = np.sqrt(1 + 1 / max(len(logs), 1))  # a merchant beside the mean of so many
    table.attrs = {
        "se": float(logs.std(ddof=1)) * one_more if known else float("nan"), "df": len(logs) - 1 if known else 0,
    }  # fmt: skip
    return table


def market(
    measured: pd.DataFrame, donors: Sequence[str], before: str, during: str, ratio: float = float("nan")
) -> pd.DataFrame:
    """One row per moving factor: what the window would have been without the programme, on the one before.

    The factors move as the donors' together did; where the counterfactual's own ``ratio`` to
    the period before is known (chapter 5), buyers take up the difference, so that the product
    is that ratio. Same columns as ``season``; ratio 1 without donors.
    """
    there = _whole(measured, donors, [before, during])
    both = there[there.gt(0).all(axis=1)].index
    if not len(both):
        ratios, basis = pd.Series(1.0, index=list(MOVING)), "no donors: as in the period before"
    else:
        ratios = (_pooled(measured, both, during) / _pooled(measured, both, before)).fillna(1.0)
        basis = "donors in the same window"
    if ratio > 0:
        ratios["buyers"] = ratio / (ratios["frequency"] * ratios["basket"])
        ratios["unknown_orders"] = ratio / ratios["unknown_basket"]
        basis = "the counterfactual of chapter 5"
    return _season(ratios, basis, np.log(there.loc[both, during] / there.loc[both, before]))


def without_programme(measured: pd.DataFrame, merchant: str, effect: float) -> float:
    """Ratio of the programme window to the period before, had there been no programme.

    ``effect`` is actual over counterfactual, see chapter 5; missing where it is, or where a
    window has no sales.
    """
    sold = _whole(measured, [merchant], ["before", "programme"])
    if sold.empty or not sold["before"].iloc[0] > 0 or not effect > 0:
        return float("nan")
    return float(sold["programme"].iloc[0] / sold["before"].iloc[0] / effect)


def propose(
    measured: pd.DataFrame, merchant: str, reference: str, seasons: pd.DataFrame, lifts: pd.DataFrame, fade: float = 0.0
) -> pd.DataFrame:
    """One row per KPI node: the reference window, what would be sold anyway, base and stretch target.

    Parameters
    ----------
    seasons, lifts : see ``season`` and ``past_lifts``.
    fade : part of the reference window's level, in logs, that is taken not to last: 0 carries
        the whole effect of the last phase on.

    Returns
    -------
    DataFrame ``node, parent, kind, unit, reference, anyway, base, stretch``; in each column the
    products and sums of the tree hold. Empty where the merchant has no reference window.
    """
    own = window_factors(measured, merchant, reference)
    columns = ["node", "parent", "kind", "unit", "reference", "anyway", "base", "stretch"]
    if own is None:
        return pd.DataFrame(columns=columns)
    ratio = seasons.set_index("factor")["ratio"]
    carried = _times(own, {**ratio, "buyers": ratio["buyers"] * np.exp(-fade)})
    lift = lifts.set_index("factor")
    wanted = {"reference": own, "anyway": carried, "base": _times(carried, lift["base"])}
    wanted["stretch"] = _times(carried, lift["stretch"])
    table = nodes(own)[["node", "parent", "kind", "unit"]]
    for name, f in wanted.items():
        table = table.merge(nodes(f)[["node", "value"]].rename(columns={"value": name}), on="node", how="left")
    return table[columns]


def _times(f: dict[str, float], ratios: Any) -> dict[str, float]:
    out = {name: value * float(ratios[name]) if name in MOVING else value for name, value in f.items()}
    if np.isfinite(f["visitors"]):
        out["visitors"] = f["visitors"] * float(ratios["buyers"])  # conversion stays what it was
    return out


def as_plan(tree: pd.DataFrame, column: str = "anyway") -> pd.DataFrame:
    """One row per KPI node: one column of a proposal as ``node, parent, kind, unit, value``."""
    return tree.rename(columns={column: "value"})[["node", "parent", "kind", "unit", "value"]]


def total(tree: pd.DataFrame, column: str = "value") -> float:
    """The tree's GMV in minor units; 0 for an empty tree."""
    top = tree.loc[tree["node"] == "gmv", column]
    return float(top.iloc[0]) if len(top) else 0.0


def planned(
    tree: pd.DataFrame, targets: Any, window: Any, currency: str = "CNY", shares: pd.Series | None = None
) -> pd.DataFrame:
    """One row per KPI node: the merchant's own target where there is one, else what the tree proposes.

    Parameters
    ----------
    tree : ``node, parent, kind, unit, value``: the plan without own targets, see ``nodes``.
    targets : canonical table of one merchant; rows whose span is the window count, and rows (months, say)
        that together cover it without gap or overlap, where the node adds up over days. Money in major
        units, unless ``unit`` is "minor unit".
    window : (first, last) day as timestamps.
    currency : of the merchant, which says how many minor units make a major one.
    shares : how a target is spread over the factors without one of their own, see ``lift_shares``;
        without it the first of them (buyers, then frequency, then basket) takes all of it.

    Returns
    -------
    The tree with ``value`` replaced and ``source`` added: "own" or "proposed". A target for
    ``gmv`` that its factors do not give is spread over those without a target of their own, so
    that products still match. A target for ``orders`` (no node, but known buyers' orders are
    buyers x frequency) is spread over these two first: with one for ``gmv`` it says the basket.
    """
    start, end = window
    targets = targets if isinstance(targets, pd.DataFrame) else targets.execute()
    mine = _of_window(targets[targets["node"].isin([*tree["node"], "orders"])], start, end)
    if tree.empty or mine.empty:
        return tree.assign(source="proposed")
    unit = tree.set_index("node")["unit"]
    own = {
        r.node: float(r.target)
        * (minor_units(currency) if unit.get(r.node) == "minor unit" and r.unit != "minor unit" else 1.0)
        for r in mine.itertuples()
    }
    values = tree.set_index("node")["value"]
    f = _from_nodes({**values.to_dict(), **{k: v for k, v in own.items() if k in (*MOVING, "visitors", "conversion")}})
    if "buyers" not in own and {"visitors", "conversion"} & set(own):
        f["buyers"] = f["visitors"] * f["conversion"]
    if "orders" in own:
        now, spread = f["buyers"] * f["frequency"], _spread(own, shares, MOVING[:2])
        times = max(own["orders"] - f["unknown_orders"], 0.0) / now if now > 0 else 1.0
        for name, share in spread.items():
            f[name] *= times**share
    if "gmv" in own:
        known = f["buyers"] * f["frequency"] * f["basket"]
        unknown = f["unknown_orders"] * f["unknown_basket"]
        times = max(own["gmv"] - unknown, 0.0) / known if known > 0 else 1.0
        left = MOVING[2:3] if "orders" in own else MOVING[:3]
        for name, share in (_spread(own, shares, left) or {"buyers": 1.0}).items():
            f[name] *= times**share
    if np.isfinite(f["visitors"]) and "visitors" not in own and f["conversion"] > 0:
        f["visitors"] = f["buyers"] / f["conversion"]
    elif np.isfinite(f["visitors"]):
        f["conversion"] = f["buyers"] / f["visitors"]
    out = tree.drop(columns="value").merge(nodes(f)[["node", "value"]], on="node")
    theirs = {*own, *(["basket"] if {"gmv", "orders"} <= set(own) else [])}
    return out.assign(source=["own" if n in theirs else "proposed" for n in out["node"]])


def targets_left_out(tree: pd.DataFrame, targets: Any, window: Any) -> list[str]:
    """Names of the nodes that have targets within the window of which ``planned`` makes nothing.

    The tree has no such node, or the targets do not cover the window (or count distinct buyers or
    ratios by part of it, which add up to nothing).
    """
    start, end = window
    targets = targets if isinstance(targets, pd.DataFrame) else targets.execute()
    inside = targets[(pd.to_datetime(targets["starts_on"]) <= end) & (pd.to_datetime(targets["ends_on"]) >= start)]
    used = set(_of_window(inside[inside["node"].isin([*tree["node"], "orders"])], start, end)["node"])
    return sorted(set(inside["node"]) - used)


def _spread(own: dict[str, float], shares: pd.Series | None, factors: Sequence[str]) -> dict[str, float]:
    """Share of a target's log that each factor takes; factors with a target of their own take none; empty if all have."""
    free = [f for f in factors if f not in own and not (f == "buyers" and {"visitors", "conversion"} & set(own))]
    if not free:
        return {}
    if shares is None:
        return {free[0]: 1.0}
    part = shares.reindex(free).fillna(0.0).clip(lower=0.0)
    return (part / part.sum()).to_dict() if part.sum() > 0 else dict.fromkeys(free, 1.0 / len(free))


ADDITIVE = ("gmv", "orders", "known", "unknown", "unknown_orders")
"""Nodes whose value over a window is the sum over its parts; distinct buyers and ratios are not."""


def _of_window(targets: pd.DataFrame, start: Any, end: Any) -> pd.DataFrame:
    """One row per node with a target for the whole window, given as one or as parts that tile it."""
    spans = targets.assign(since=pd.to_datetime(targets["starts_on"]), until=pd.to_datetime(targets["ends_on"]))
    whole = spans[(spans["since"] == start) & (spans["until"] == end)]
    rows = [whole]
    for (node, _), part in spans[(spans["since"] >= start) & (spans["until"] <= end)].groupby(["node", "unit"]):
        part = part.sort_values("since")
        meets = (part["since"].shift(-1) - part["until"]).dropna() == pd.Timedelta(days=1)
        tiles = len(part) > 1 and meets.all() and part["since"].iloc[0] == start and part["until"].iloc[-1] == end
        if node in ADDITIVE and tiles and node not in set(whole["node"]):
            rows.append(part.head(1).assign(target=part["target"].astype(float).sum()))
    return pd.concat(rows)


def _from_nodes(values: dict[str, float]) -> dict[str, float]:
    known = {"visitors": float("nan"), "conversion": float("nan"), "unknown_orders": 0.0, "unknown_basket": 0.0}
    buyers = values.get("buyers", 0.0)
    return {**known, **values, "new_share": values.get("new_buyers", 0.0) / buyers if buyers else 0.0}


def chances(
    tree: pd.DataFrame, se: float, df: int, drift: float = float("nan"), wandering: float = float("nan")
) -> pd.DataFrame:
    """One row per target: the chance to reach it if nothing new is done, and if the lift comes again.

    The log of the window's GMV is taken as Student t around what would be sold anyway (or
    around the base target), with the error ``se`` on ``df`` degrees of freedom that comparing
    merchants showed, and the ``drift`` of the whole market that comparing them cannot show
    (``growth.market_drift``; left out where it is not known). A few weeks hardly tell a market that comes
    back from one that wanders off for good: ``if_market_wanders`` is the first chance with the drift
    ``wandering`` in its place, so that both can be read. Missing where no error could be measured.

    >>> tree = pd.DataFrame({"node": ["gmv"], "anyway": [100.0], "base": [110.0], "stretch": [120.0]})
    >>> chances(tree, se=.1, df=20, wandering=.2).round(2).values.tolist()
    [['base', 110.0, 0.18, 0.34, 0.5], ['stretch', 120.0, 0.04, 0.21, 0.2]]
    """
    from scipy.stats import t

    gmv = tree[tree["node"] == "gmv"]
    anyway, asked = ({n: float(gmv[n].iloc[0]) if len(gmv) else float("nan") for n in names}
                     for names in (("anyway", "base"), ("base", "stretch")))  # fmt: skip
    both = float(np.hypot(se, drift)) if drift > 0 else se
    wide = float(np.hypot(se, wandering)) if wandering > 0 else float("nan")
    ways = (("anyway", both), ("anyway", wide), ("base", both))
    rows: list[tuple[Any, ...]] = []
    for name, gross in asked.items():
        far = [np.log(gross / anyway[middle]) / error if error > 0 else float("nan") for middle, error in ways]
        rows.append((name, gross, *(float(t.sf(x, df)) if np.isfinite(x) else float("nan") for x in far)))
    return pd.DataFrame(rows, columns=["target", "gmv", "if_nothing_new", "if_market_wanders", "if_lift_comes_again"])
