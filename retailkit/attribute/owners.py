"""Owners that claim more than the whole of one node: the newer entry counts, and the reader is told."""

from __future__ import annotations

from typing import Any

import pandas as pd

from retailkit.attribute.sentences import touchpoint_title
from retailkit.attribute.tables import as_table, frame
from retailkit.schema import OTHER_NAMES
from retailkit.spoken import said

_DAY = pd.Timedelta(days=1)
_ROOM = 1e-9
DISPUTED = ("merchant", "node", "since", "until", "kept", "left")


def settled_owners(owners: Any) -> tuple[pd.DataFrame, pd.DataFrame]:
    """One row per owner of a node for a time, as they came but where they claim more than the whole; and what was settled.

    Parameters
    ----------
    owners : canonical table

    Returns
    -------
    The owners, and one row per dispute: ``merchant, node, since, until, kept, left`` (names of owners, joined by
    a comma; ``until`` is empty for an open end).

    Notes
    -----
    A node with two whole owners is mostly one whose former owner was never closed, or that two files call by two
    names (share and sharing are one touchpoint). The entry that begins later counts from its day on. Where both
    begin on one day nobody can say who is meant: the node has no owner for that time, and its credit stays with
    nobody. A study that runs at night must not lose the chapter to an entry in a list of responsibilities; nor may
    it invent a split. :func:`owned_credit` itself refuses such owners.
    """
    held = frame(as_table(owners, "owners")).drop_duplicates(ignore_index=True)
    held["share"] = held["share"].astype(float).fillna(1.0)
    for day in ("valid_from", "valid_to"):
        held[day] = pd.to_datetime(held[day])
    whole, settled, disputes = [], [], []
    for (merchant, node), rows in held.groupby(["merchant", "node"], sort=True):
        spans = _spans(rows)
        if not any(rows.loc[on, "share"].sum() > 1 + _ROOM for _, _, on in spans):
            whole.append(rows)
            continue
        for start, end, on in spans:
            claims = rows.loc[on]
            kept = claims if claims["share"].sum() <= 1 + _ROOM else _newest(claims)
            settled.append(kept.assign(valid_from=start, valid_to=end))
            left = sorted(set(claims["owner"]) - set(kept["owner"]))
            if left:
                disputes.append((merchant, node, start, end, ", ".join(sorted(set(kept["owner"]))), ", ".join(left)))
    table = pd.concat([*whole, *settled], ignore_index=True) if whole or settled else held
    return table, pd.DataFrame(disputes, columns=list(DISPUTED))


def _spans(rows: pd.DataFrame) -> list[tuple[pd.Timestamp, Any, pd.Series]]:
    """Stretches of days between which nothing begins or ends: first day, last day (empty: open), which rows hold."""
    begins = {*rows["valid_from"], *(rows["valid_to"].dropna() + _DAY)}
    days = sorted(begins)
    spans = []
    for start, then in zip(days, [*days[1:], pd.NaT], strict=True):
        on = (rows["valid_from"] <= start) & (rows["valid_to"].isna() | (rows["valid_to"] >= start))
        if on.any():
            spans.append((start, then - _DAY, on))
    return spans


def _newest(claims: pd.DataFrame) -> pd.DataFrame:
    """Of claims on more than the whole those that begin last, one for each owner; none where they claim too much themselves."""
    newest = claims[claims["valid_from"] == claims["valid_from"].max()].drop_duplicates("owner")
    return newest if newest["share"].sum() <= 1 + _ROOM else newest.head(0)


def owners_sentence(disputes: pd.DataFrame, lang: str = "en") -> str:
    """Say which owners claimed more than the whole and who counts; nothing where all is sound."""
    told = []
    for row in disputes.itertuples():
        node, since = touchpoint_title(row.node, lang), f"{row.since:%Y-%m-%d}"
        other = [name for name, own in OTHER_NAMES.items() if own == row.node]
        also = said(lang, f" ({', '.join(other)} is the same)", f"（{'、'.join(other)}为同一触点）") if other else ""
        names = [n.replace(", ", said(lang, ", ", "、")) for n in (row.kept, row.left)]
        if row.kept:
            told.append(
                said(
                    lang,
                    f"From {since} the owners of {node}{also} claim more than the whole: the newer entry counts "
                    f"({names[0]}), not {names[1]}.",
                    f"自{since}起，{node}{also}的责任人合计超过100%：以较新的一条为准（{names[0]}），不计{names[1]}。",
                )
            )
        else:
            told.append(
                said(
                    lang,
                    f"From {since} {names[1]} each own {node}{also} as a whole since the same day: nobody can say who is "
                    "meant, so its credit stays with nobody. End one of the entries.",
                    f"自{since}起，{names[1]}同时整体负责{node}{also}：无法判断以谁为准，其归因额列为无人负责。"
                    "请为其中一条填写截止日期。",
                )
            )
    return " ".join(told) if lang == "en" else "".join(told)
