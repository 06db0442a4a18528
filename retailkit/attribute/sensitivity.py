"""How far the answer depends on the model, the look-back, returns and identity."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache
from typing import Any

import ibis
import ibis.expr.types as ir
import numpy as np
import pandas as pd

from retailkit.attribute.ledger import KEY, of_orders
from retailkit.attribute.meetings import Met, meetings
from retailkit.attribute.paths import Direct
from retailkit.attribute.rules import RULES, places
from retailkit.attribute.sentences import touchpoint_title
from retailkit.attribute.stretches import placed, transitions_at
from retailkit.attribute.tables import as_table, exposures, frame
from retailkit.attribute.windows import ORDERS, effects_by_order, thin_windows, window_counts

CHAINS = (1, 2)
"""Orders of the chains in the panel: longer windows cost more and are computed when an analyst asks."""
PANEL_KEY = ["model", "look_back_days", "direct", "identity"]
LOOK_BACKS = (7, 14, 30, 60)

NARROW, RANKS = 1.5, 1
"""Robust: the largest share is at most 1.5 times the smallest, and the rank moves by at most one."""


def sensitivity(
    touches: ir.Table,
    orders: Any,
    persons: Any = None,
    look_backs: Sequence[int] = LOOK_BACKS,
    base: int = 30,
    as_of: str | None = None,
    chains: Sequence[int] = CHAINS,
) -> pd.DataFrame:
    """One row per touchpoint and setting: its share of the attributed money, and its rank.

    Settings are all rules and Markov chains of the orders ``chains`` (1 to 5), at every look-back
    (returns folded, persons linked), and at the base look-back also returns kept or dropped where
    there are any, and accounts instead of persons where any person has several and accounts alone
    join exposures to orders at all. Columns: model,
    look_back_days, direct, identity, touchpoint, kind, share (of money credited to touches;
    unattributed is left out), rank (1 = most).

    ``attrs`` hold ``look_back_days``, the base.
    """
    settings: list[tuple[int, Direct]] = [(days, "fold") for days in look_backs]
    if bool((touches.role == "direct").any().fill_null(False).execute()):
        settings += [(base, "keep"), (base, "drop")]
    before = max(chains, default=1)
    met = meetings(touches, orders, persons, look_backs, base, before, as_of)
    parts = list(_settings(met, settings, "person", chains))
    linked = as_table(persons, "persons")
    if bool((linked.account.nunique() > linked.person.nunique()).execute()) and _accounts_meet(touches, orders):
        met = meetings(touches.mutate(person=touches.account), orders, None, (base,), base, before, as_of)
        if met.bought.filter(~met.bought.at_till).count().execute():
            # else accounts leave only attached touches: that is no other answer
            parts += _settings(met, [(base, "fold")], "account", chains)
    panel = _ranked(pd.concat(parts, ignore_index=True))
    panel.attrs["look_back_days"] = base  # where a reader starts
    return panel


def _accounts_meet(touches: ir.Table, orders: Any) -> bool:
    """Do exposures and orders share an account at all? Often each has its own system, and nothing needs a second look."""
    usable = exposures(touches)
    paying = as_table(orders, "orders").select("merchant", "account").distinct()
    return bool(usable.semi_join(paying, ["merchant", "account"]).count().execute())


def _settings(
    met: Met, settings: Sequence[tuple[int, Direct]], identity: str, chains: Sequence[int]
) -> Iterator[pd.DataFrame]:
    for days, direct in settings:
        effects = effects_by_order(transitions_at(met, days, direct, max(chains)), chains) if chains else None
        shares = _shares_at(met, days, direct, effects)
        yield shares.assign(look_back_days=days, direct=direct, identity=identity)


def chains_on_demand(
    touches: ir.Table,
    orders: Any,
    persons: Any = None,
    as_of: str | None = None,
    known: Mapping[tuple[int, str], ir.Table] | None = None,
) -> Callable[[int, int, Direct], tuple[pd.DataFrame, pd.DataFrame]]:
    """A function of order, look-back and returns that computes a chain once and remembers it.

    It returns rows as in :func:`sensitivity` (persons linked), and :func:`thin_windows` of that order.
    ``known`` holds paths of the same touches, orders and persons that are there already, by look-back and
    what is done with returns: they are not made again.
    """

    @cache
    def met(days: int) -> Met:
        return meetings(touches, orders, persons, (days,), days, max(ORDERS), as_of)

    @cache
    def chain(order: int, days: int, direct: Direct = "fold") -> tuple[pd.DataFrame, pd.DataFrame]:
        walked = None if known is None else known.get((days, direct))
        if walked is None:
            counts = transitions_at(met(days), days, direct, order)
            shares = _shares_at(met(days), days, direct, effects_by_order(counts, (order,)), rules=())
        else:
            counts = window_counts(walked, order)
            rows = places(walked.filter((walked.outcome == "order") & (walked.kind != "none")))
            shares = _shares(rows, effects_by_order(counts, (order,)), rules=())
        return _ranked(shares.assign(look_back_days=days, direct=direct, identity="person")), thin_windows(counts)

    return chain


def _ranked(panel: pd.DataFrame) -> pd.DataFrame:
    panel["rank"] = panel.groupby(PANEL_KEY)["share"].rank(ascending=False, method="min").astype(int)
    return panel[[*PANEL_KEY, "touchpoint", "kind", "share", "rank"]]


def _shares_at(
    met: Met, days: int, direct: Direct, effect: pd.DataFrame | None, rules: Sequence[str] = tuple(RULES)
) -> pd.DataFrame:
    """Shares by every model at one setting."""
    number = {name: i for i, name in enumerate(met.names)}
    if effect is not None:
        effect = effect.assign(touchpoint=effect["touchpoint"].map(number).astype("int64"))
    shares = _shares(placed(met, days, direct), effect, rules, ("order_id",))
    return shares.assign(touchpoint=np.array(met.names, dtype=object)[shares["touchpoint"].astype("int64")])


def _shares(
    rows: ir.Table, effect: pd.DataFrame | None, rules: Sequence[str] = tuple(RULES), key: Sequence[str] = KEY
) -> pd.DataFrame:
    """Shares by every model in one pass over touches of orders; fractions, because nothing is paid here."""
    chains = [] if effect is None else [c for c in effect if c != "touchpoint"]
    if effect is not None:
        types = {"touchpoint": rows.touchpoint.type()} | dict.fromkeys(chains, "float64")
        rows = rows.left_join(ibis.memtable(effect, schema=ibis.schema(types)), "touchpoint").drop("touchpoint_right")
    exposed = rows.kind == "exposure"
    weight = {name: RULES[name](rows, 7.0, 0.4) for name in rules}
    weight |= {name: exposed.ifelse(rows[name].fill_null(0.0), 0.0) for name in chains}
    rows = rows.select(*key, "touchpoint", "kind", "net_amount", "path_length", "attached", **weight)
    rows = of_orders(rows, key, **{f"all_{name}": rows[name].sum() for name in weight})
    paid = {name: rows[name] / rows[f"all_{name}"].nullif(0.0) for name in rules}
    paid |= {name: _within_order(rows, name) for name in chains}
    sums = rows.group_by(["touchpoint", "kind"]).aggregate(
        **{name: (part * rows.net_amount).sum() for name, part in paid.items()}
    )
    table = frame(sums).sort_values(["touchpoint", "kind"]).set_index(["touchpoint", "kind"]).astype(float)
    if not (table.abs() > 0).any(axis=None):
        table = table.head(0)  # orders without money: there is nothing to share out
    share = (table / table.sum().where(table.sum() != 0)).fillna(0.0).round(9)
    return share.reset_index().melt(["touchpoint", "kind"], var_name="model", value_name="share")


def _within_order(rows: ir.Table, name: str) -> ir.NumericColumn:
    """The part of :func:`markov_credit`: attached touches by an equal split, exposures share the rest."""
    total, exposures = rows[f"all_{name}"], rows.path_length - rows.attached
    even = ibis.literal(1.0) / rows.path_length.nullif(0)
    inside = (total > 0).ifelse(rows[name] / total.nullif(0.0), ibis.literal(1.0) / exposures.nullif(0))
    exposed = rows.kind == "exposure"
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
    if len(verdicts) == robust == 1:
        name = touchpoint_title(verdicts["touchpoint"].iloc[0], lang)
        if lang == "zh":
            return f"只有{name}一个触点：任何模型都把归因额全部给它，无从比较。"
        return f"{name} is the only touchpoint: every model gives it all that is attributed, so there is nothing to compare."
    if lang == "zh":
        text = f"{len(verdicts)}个触点中{robust}个在所有模型与回溯期下稳健。"
        names = [touchpoint_title(t, lang) for t in shaky["touchpoint"].head(3)]
        return text + (f"其余取决于设定：{'、'.join(names)}{'等' if len(shaky) > 3 else ''}。" if len(shaky) else "")
    keep = "keep their" if robust > 1 else "keeps its"
    text = f"{robust or 'None'} of {len(verdicts)} touchpoints {keep} share whatever the model and the look-back."
    if len(shaky):
        named = [
            f"{touchpoint_title(r.touchpoint)} ({r.least:.0%} to {r.most:.0%}, {r.verdict})"
            for r in shaky.head(3).itertuples()
        ]
        text += f" Not so: {'; '.join(named)}."
    return text
