"""Where names stand about their dots, so that none runs into another."""

from __future__ import annotations

import pandas as pd

from retailkit.charts.numbers import ticks
from retailkit.charts.words import text_width

_WIDE = 860  # pixels of the axis, to its last tick
_MARGIN = 34  # pixels right of the axis: what the frame leaves there


def beside(across: pd.Series, up: pd.Series, names: list[str]) -> list[str]:
    """Where each name stands about its dot: the first place that runs into no other name or dot, nor over the edge."""
    x = _WIDE * (across / ticks(0, max(float(across.max()), 1))[-1]).to_numpy()
    y = 250 * (up / ticks(0, max(float(up.max()), 0.01))[-1]).to_numpy()
    taken = [(a - 7, a + 7, b - 7, b + 7) for a, b in zip(x, y, strict=True)]
    places = []
    for own, (a, b, name) in enumerate(zip(x, y, names, strict=True)):
        wide = text_width(name, 12)
        tries = {
            "top center": (a - wide / 2, b + 8), "bottom center": (a - wide / 2, b - 24), "middle right": (a + 9, b - 8),
            "middle left": (a - 9 - wide, b - 8), "top left": (a - wide, b + 8), "bottom left": (a - wide, b - 24),
            "top right": (a, b + 8), "bottom right": (a, b - 24),
        }  # fmt: skip
        boxes = {place: (left, left + wide, low, low + 16) for place, (left, low) in tries.items()}
        crowd = {place: sum(_meet(box, t) for i, t in enumerate(taken) if i != own) for place, box in boxes.items()}
        edge = {place: box[0] < -30 or box[1] > _WIDE + _MARGIN or box[2] < -4 for place, box in boxes.items()}
        best = min(boxes, key=lambda place: (edge[place], crowd[place]))
        places.append(best)
        taken.append(boxes[best])
    return places


def _meet(one: tuple[float, ...], other: tuple[float, ...]) -> bool:
    return one[0] < other[1] and other[0] < one[1] and one[2] < other[3] and other[2] < one[3]
