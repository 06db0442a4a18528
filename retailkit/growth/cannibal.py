"""Cannibalisation: the same estimate on all-channel sales.

What the programme brought to private channels may have been taken from the merchant's other
channels. The all-channel total answers, where a source states it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from retailkit.growth.panel import DAILY
from retailkit.growth.record import Effect
from retailkit.schema.given import given

if TYPE_CHECKING:
    from ibis.expr.types import Table


def totals_panel(daily_totals: Table) -> pd.DataFrame:
    """One row per merchant and day of all-channel sales, in the shape of ``daily_panel``.

    Where several sources state a day, the largest figure is taken: a source that knows more
    channels states more. Days are not filled: a total that was not stated is not zero.
    """
    daily_totals = given(daily_totals, "daily_totals", ("day", "channel"))
    rows = daily_totals.filter(daily_totals.channel == "all")
    by_source = rows.mutate(
        gross_known=rows.gross_amount.fill_null(0),
        net_known=rows.net_amount.fill_null(rows.gross_amount.fill_null(0)),
    )
    table = (
        by_source.group_by(["merchant", "day"])
        .aggregate(
            gmv=by_source.net_known.max(),
            gross=by_source.gross_known.max(),
            orders=by_source.orders.max().fill_null(0),
            buyers=by_source.buyers.max().fill_null(0),
        )
        .execute()
    )
    table = table.assign(refunds=0, unknown_orders=0, unknown_gmv=0, filled=False, partial=False)
    kinds = dict.fromkeys(DAILY, "int64") | {"merchant": "str", "day": "datetime64[us]"}
    kinds |= {"filled": "bool", "partial": "bool"}
    return table[list(DAILY)].astype(kinds).sort_values(["merchant", "day"], ignore_index=True)


def cannibalisation(private: Effect, everything: Effect) -> pd.DataFrame:
    """One row: gain a day in private channels, in all channels, and what was taken from the rest.

    Parameters
    ----------
    private, everything : effects of one merchant on private and on all-channel GMV.

    Returns
    -------
    DataFrame ``private_gain, low, high, total_gain, total_low, total_high, displaced, answer``;
    minor units a day. ``displaced`` is the part of the private gain that the total does not
    show. ``answer`` says whether the total's interval includes the whole private gain (nothing
    taken), excludes it (some taken), or cannot tell.
    """
    names = ["private_gain", "low", "high", "total_gain", "total_low", "total_high", "displaced", "answer"]
    if private.refused or everything.refused:
        return pd.DataFrame(columns=names)
    own, total = _money(private), _money(everything)
    taken = 1 - total[0] / own[0] if own[0] > 0 else np.nan
    if not own[1] > 0:
        answer = "cannot tell: the private gain itself may be zero"
    elif total[2] < own[0]:
        answer = "part of the private gain was taken from the merchant's other channels"
    elif total[1] <= 0:
        answer = "cannot tell: the all-channel gain may be zero and may be the whole private gain"
    else:
        answer = "the all-channel total grew by as much as the private gain, within its interval"
    return pd.DataFrame([(*own, *total, taken, answer)], columns=names)


def _money(effect: Effect) -> tuple[float, float, float]:
    inside = effect.weeks[effect.weeks["phase"] == "programme"]
    actual = float(np.average(inside["actual"], weights=inside["days"]))
    gain, low, high = (actual * (1 - np.exp(-v)) for v in (effect.effect, effect.low, effect.high))
    return float(gain), float(low), float(high)
