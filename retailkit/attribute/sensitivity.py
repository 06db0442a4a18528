"""How far the answer depends on the model, the look-back, returns and identity."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import ibis
import ibis.expr.types as ir
import pandas as pd

from retailkit.attribute.journeys import transitions
from retailkit.attribute.markov import removal_effects
from retailkit.attribute.paths import Direct
from retailkit.attribute.paths import paths as build_paths
from retailkit.attribute.rules import RULES, places
from retailkit.attribute.sentences import touchpoint_title
from retailkit.attribute.tables import as_table, frame

PANEL_MODELS = (*RULES, "markov_1", "markov_2")
PANEL_KEY = ["model", "look_back_days", "direct", "identity"]
NEEDED = (
    *("merchant", "journey_id", "order_id", "outcome", "net_amount"),
    *("position", "path_length", "days_before", "touchpoint", "kind", "role"),
)
"""Columns of paths that models read: the engine leaves out the rest before it sorts and keeps a setting's paths."""

NARROW, RANKS = 1.5, 1
"""Robust: the largest share is at most 1.5 times the smallest, and the rank moves by at most one."""


def sensitivity(
    touches: ir.Table,
    orders: Any,
    persons: Any = None,
    look_backs: Sequence[int] = (7, 14, 30, 60),
    base: int = 30,
    as_of: str | None = None,
    known: Mapping[tuple[int, str], ir.Table] | None = None,
) -> pd.DataFrame:
    """One row per touchpoint and setting: its share of the attributed money, and its rank.

    Settings are all models at every look-back (returns folded, persons linked), and at the base
    look-back also returns kept or dropped where there are any, and accounts instead of persons
    where any person has several. Columns: model, look_back_days, direct, identity, touchpoint,
    kind, share (of money credited to touches; unattributed is left out), rank (1 = most).

    ``known`` holds paths of the same touches, orders and persons that are there already, by look-back and
    what is done with returns: they are not made again.
    """
    settings: list[tuple[int, Direct, str]] = [(days, "fold", "person") for days in look_backs]
    if bool((touches.role == "direct").any().fill_null(False).execute()):
        settings += [(base, "keep", "person"), (base, "drop", "person")]
    linked = as_table(persons, "persons")
    if bool((linked.account.nunique() > linked.person.nunique()).execute()):
        settings.append((base, "fold", "account"))
    parts = []
    for days, direct, identity in settings:
        by_account = identity == "account"
        walked = None if by_account or known is None else known.get((days, direct))
        if walked is None:
            seen = touches.mutate(person=touches.account) if by_account else touches
            walked = build_paths(seen, orders, None if by_account else persons, days, direct=direct, as_of=as_of)
            walked = walked.select(NEEDED).cache()
        parts.append(_shares(walked).assign(look_back_days=days, direct=direct, identity=identity))
    panel = pd.concat(parts, ignore_index=True)
    panel["rank"] = panel.groupby(PANEL_KEY)["share"].rank(ascending=False, method="min").astype(int)
    return panel[[*PANEL_KEY, "touchpoint", "kind", "share", "rank"]]


def _shares(walked: ir.Table) -> pd.DataFrame:
    """Shares by every model in one pass over the paths; fractions, because nothing is paid here."""
    rows = places(walked.filter((walked.outcome == "order") & (walked.kind != "none")))
    rows = rows.left_join(_effects(walked), "touchpoint").drop("touchpoint_right")
    whole = ibis.window(group_by=["merchant", "order_id"])
    rows = rows.mutate(
        **{name: rule(rows, 7.0, 0.4) for name, rule in RULES.items()},
        **{f"markov_{order}": _within_order(rows, rows[f"effect_{order}"]) for order in (1, 2)},
    )
    paid = {name: rows[name] / rows[name].sum().over(whole).nullif(0.0) * rows.net_amount for name in PANEL_MODELS}
    rows = rows.select("touchpoint", "kind", **paid)
    sums = rows.group_by(["touchpoint", "kind"]).aggregate(**{name: rows[name].sum() for name in PANEL_MODELS})
    table = frame(sums).sort_values(["touchpoint", "kind"]).set_index(["touchpoint", "kind"]).astype(float)
    share = (table / table.sum().where(table.sum() != 0)).fillna(0.0).round(9)
    long = share.reset_index().melt(["touchpoint", "kind"], var_name="model", value_name="share")
    return long


def _effects(walked: ir.Table) -> ir.Table:
    """Removal effects at orders 1 and 2; the transitions of order 1 are sums of those of order 2."""
    two = transitions(walked, 2)
    one = two.groupby(["w1", "first", "then"], as_index=False)[["journeys", "value"]].sum()
    parts = [
        removal_effects(counts).set_index("touchpoint")["removal_orders"].rename(f"effect_{order}")
        for order, counts in ((1, one), (2, two))
    ]
    table = pd.concat(parts, axis=1).rename_axis("touchpoint").reset_index()
    types = {"touchpoint": "string", "effect_1": "float64", "effect_2": "float64"}
    return ibis.memtable(table, schema=ibis.schema(types))


def _within_order(rows: ir.Table, effect: ir.NumericColumn) -> ir.NumericColumn:
    """The weight of :func:`markov_credit`: attached touches by an equal split, exposures share the rest."""
    whole = ibis.window(group_by=["merchant", "order_id"])
    exposed = rows.kind == "exposure"
    own = exposed.ifelse(effect.fill_null(0.0), 0.0)
    total, exposures = own.sum().over(whole), rows.path_length - rows.attached
    even = ibis.literal(1.0) / rows.path_length.nullif(0)
    inside = (total > 0).ifelse(own / total.nullif(0.0), ibis.literal(1.0) / exposures.nullif(0))
    return exposed.ifelse(inside * exposures.cast("float64") / rows.path_length.nullif(0), even)


def sensitivity_verdicts(panel: pd.DataFrame) -> pd.DataFrame:
    """One row per touchpoint: range of its share and rank over all settings, verdict, what moves it most.

    ``verdict`` is ``robust`` where the largest share is at most 1.5 times the smallest and the rank
    moves by at most one, else ``depends on the model`` (or on the look-back, on returns, on
    identity: ``moved_by`` names the choice that alone spans most of the range).
    """
    if panel.empty:
        columns = ["touchpoint", "kind", "least", "median", "most", "best_rank", "worst_rank", "moved_by", "verdict"]
        return pd.DataFrame(columns=columns)
    table = panel.groupby(["touchpoint", "kind"], as_index=False).agg(
        least=("share", "min"), median=("share", "median"), most=("share", "max"),
        best_rank=("rank", "min"), worst_rank=("rank", "max"),
    )  # fmt: skip
    spans = pd.DataFrame({choice: _span(panel, choice) for choice in PANEL_KEY}).reindex(table["touchpoint"])
    names = {"model": "model", "look_back_days": "look-back", "direct": "returns", "identity": "identity"}
    moved = spans.fillna(0.0).idxmax(axis=1).map(names).to_numpy()
    robust = (table["most"] <= NARROW * table["least"]) & (table["worst_rank"] - table["best_rank"] <= RANKS)
    verdict = [("robust" if r else f"depends on the {m}") for r, m in zip(robust, moved, strict=True)]
    table = table.assign(moved_by=moved, verdict=verdict)
    return table.sort_values(["median", "touchpoint"], ascending=[False, True], ignore_index=True)


def _span(panel: pd.DataFrame, choice: str) -> pd.Series:
    """The largest range of a touchpoint's share when only one choice is changed."""
    others = [c for c in PANEL_KEY if c != choice]
    ends = panel.groupby(["touchpoint", *others])["share"].agg(["min", "max"])
    return (ends["max"] - ends["min"]).groupby("touchpoint").max()


def sensitivity_sentence(verdicts: pd.DataFrame, lang: str = "en") -> str:
    """Say how many touchpoints keep their share whatever the model, and which do not."""
    if verdicts.empty:
        return "没有可比较的触点。" if lang == "zh" else "There is no touchpoint to compare models on."
    shaky = verdicts.loc[verdicts["verdict"] != "robust"]
    robust = len(verdicts) - len(shaky)
    if lang == "zh":
        text = f"{len(verdicts)}个触点中{robust}个在所有模型与回溯期下稳健。"
        names = [touchpoint_title(t, lang) for t in shaky["touchpoint"].head(3)]
        return text + (f"其余取决于设定：{'、'.join(names)}{'等' if len(shaky) > 3 else ''}。" if len(shaky) else "")
    text = f"{robust} of {len(verdicts)} touchpoints keep their share whatever the model and the look-back."
    if len(shaky):
        named = [
            f"{touchpoint_title(r.touchpoint)} ({r.least:.0%} to {r.most:.0%}, {r.verdict})"
            for r in shaky.head(3).itertuples()
        ]
        text += f" Not so: {'; '.join(named)}."
    return text
