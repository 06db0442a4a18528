"""Named segments from scores: the maps, the segment table and its profile."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import ibis
import numpy as np
import pandas as pd
from ibis import _

from retailkit.schema.given import takes_frames
from retailkit.segment.errors import UnknownNameError
from retailkit.segment.intervals import mean_interval, share_interval
from retailkit.segment.rfm import RFM, RFM_COLUMNS, fit_rfm
from retailkit.spoken import said

OTHER = "other"
PROFILE_COLUMNS = (
    "merchant", "segment", "persons", "share", "share_low", "share_high", "net_amount", "net_share",
    "mean_net_amount", "mean_low", "mean_high", "mean_orders", "mean_days_since_last",
)  # fmt: skip


@dataclass(frozen=True)
class Segment:
    """One named segment: bounds (both ends inside) on the scores r, f, m and on fm, the mean of f and m."""

    name: str
    en: str
    zh: str
    bounds: tuple[tuple[str, float, float], ...]


@dataclass(frozen=True)
class SegmentMap:
    """One set of named segments; the first that fits wins, who fits none is ``other``.

    ``method`` and ``bins`` say how the scores the map speaks of are learned.
    """

    name: str
    title: dict[str, str]
    source: str
    method: str
    bins: int
    segments: tuple[Segment, ...]

    def titles(self, lang: str = "en") -> dict[str, str]:
        """Return segment name -> words to print, in the map's order."""
        words = {s.name: s.zh if lang == "zh" else s.en for s in self.segments}
        return {**words, OTHER: "其他" if lang == "zh" else "Other"}


def segment_maps() -> list[str]:
    """Return the names of the segment maps there are."""
    return sorted(f.name.removesuffix(".toml") for f in files("retailkit.segment").joinpath("maps").iterdir())


@cache
def segment_map(name: str = "usual") -> SegmentMap:
    """Read a segment map from its data file.

    Raises
    ------
    KeyError
        If there is no such map; the message lists the maps there are.

    >>> segment_map("value8").titles("zh")["key_value"]
    '重要价值客户'
    """
    if name not in segment_maps():
        raise UnknownNameError(
            f"no segment map '{name}'; there are {', '.join(segment_maps())}",
            f"没有名为'{name}'的分层方案；现有{'、'.join(segment_maps())}",
        )
    text = files("retailkit.segment").joinpath("maps", f"{name}.toml").read_text(encoding="utf-8")
    told = tomllib.loads(text)
    segments = tuple(
        Segment(s["name"], s["en"], s["zh"], tuple((axis, *s[axis]) for axis in ("r", "f", "m", "fm") if axis in s))
        for s in told["segment"]
    )
    return SegmentMap(name, told["title"], told["source"], told["method"], told["bins"], segments)


@takes_frames
def rfm_segments(features: ibis.Table, model: RFM | None = None, segments: str = "usual") -> ibis.Table:
    """One row per person: ``features`` with the scores ``r``, ``f``, ``m`` and the ``segment``.

    Parameters
    ----------
    features : table of ``person_features``, of one merchant unless ``model`` is given.
    model : fitted :class:`RFM`; by default one is learned on these rows as the map asks. Give the
        model learned earlier to see moves: then the edges stay and only persons move.
    segments : name of a segment map.
    """
    chosen = segment_map(segments)
    empty = model is None and features.count().to_pyarrow().as_py() == 0
    if empty:
        none = ibis.null("int64")
        return features.mutate(r=none, f=none, m=none, segment=ibis.null("string"))
    if model is None:
        model = fit_rfm(features, method=chosen.method, bins=chosen.bins)
    scored = model.score_expression(features)
    names = dict(zip(("r", "f", "m"), (f"{c}_score" for c in RFM_COLUMNS), strict=True))
    return name_segments(scored.rename(names), chosen)


def name_segments(scored: ibis.Table, chosen: SegmentMap) -> ibis.Table:
    """One row per person with the column ``segment`` from the scores ``r``, ``f``, ``m``."""
    axes = {"r": scored.r, "f": scored.f, "m": scored.m, "fm": (scored.f + scored.m).cast("float64") / 2.0}
    branches = []
    for segment in chosen.segments:
        fits = ibis.literal(True)
        for axis, low, high in segment.bounds:
            fits = fits & (axes[axis] >= low) & (axes[axis] <= high)
        branches.append((fits, segment.name))
    return scored.mutate(segment=ibis.cases(*branches, else_=OTHER))


@takes_frames
def segment_profile(segments: ibis.Table, level: float = 0.9) -> pd.DataFrame:
    """One row per merchant and segment: persons, share, net spend, and their intervals.

    Shares are of the merchant's persons (``share``) and of their net spend (``net_share``, NaN where the
    total is not positive); ``share_low`` and ``share_high`` are Wilson's interval, ``mean_low`` and
    ``mean_high`` the normal interval of mean net spend: how far the figure would wander if as many
    persons of the same kind came again. Money in minor units; largest net spend first.
    """
    table = segments.group_by("merchant", "segment").agg(
        persons=_.count(),
        net_amount=_.net_amount.sum(),
        mean_net_amount=_.net_amount.cast("float64").mean(),
        deviation=_.net_amount.cast("float64").std(how="sample"),
        mean_orders=_.orders.cast("float64").mean(),
        mean_days_since_last=_.days_since_last.cast("float64").mean(),
    )
    frame = table.to_pandas()
    everyone = frame.groupby("merchant")["persons"].transform("sum")
    money = frame.groupby("merchant")["net_amount"].transform("sum").astype(float)
    frame["share"] = frame["persons"] / everyone
    frame["share_low"], frame["share_high"] = share_interval(frame["persons"], everyone, level)
    frame["net_share"] = frame["net_amount"].astype(float) / money.where(money > 0, np.nan)
    frame["mean_low"], frame["mean_high"] = mean_interval(
        frame["mean_net_amount"], frame["deviation"], frame["persons"], level
    )
    order = frame.sort_values(["merchant", "net_amount", "segment"], ascending=[True, False, True])
    return order[list(PROFILE_COLUMNS)].reset_index(drop=True)


def profile_sentence(profile: pd.DataFrame, lang: str = "en") -> str:
    """Say which segment brings most of the net spend, and how many persons it holds."""
    if profile.empty:
        return said(
            lang,
            "Nobody is known to have bought before the day of the study, so there are no segments.",
            "研究日之前没有已知的购买人，无法分层。",
        )
    first = profile.iloc[0]
    if pd.isna(first["net_share"]):
        return said(
            lang,
            "All persons together were refunded at least what they paid: shares of net spend cannot be told.",
            "全体客户的退款不少于付款：无法计算净消费占比。",
        )
    return said(
        lang,
        f"{first['segment']} are {first['share']:.0%} of the persons ({first['share_low']:.0%} to "
        f"{first['share_high']:.0%}) and bring {first['net_share']:.0%} of their net spend.",
        f"{first['segment']}占总人数的{first['share']:.0%}（{first['share_low']:.0%}至{first['share_high']:.0%}），"
        f"贡献净消费的{first['net_share']:.0%}。",
    )
