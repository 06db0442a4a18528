"""What a WeChat launch scene means: its touchpoint, and whether it is a touch at all."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import Literal

import pandas as pd

from retailkit.schema import OTHER_NAMES

Classification = Literal["touchpoint", "visit_distribution", "wefenxi", "youshu"]
CLASSIFICATIONS: tuple[str, ...] = ("touchpoint", "visit_distribution", "wefenxi", "youshu")

ROLES = ("touch", "direct", "continuation", "excluded")
"""touch: brought someone; direct: a return of their own accord (recently used, desktop,
task bar); continuation: the same visit goes on (back from another mini program);
excluded: tests, trial versions and crawlers."""


@cache
def _read(name: str) -> pd.DataFrame:
    path = files("retailkit.attribute") / "data" / name
    with path.open(encoding="utf-8") as lines:
        return pd.read_csv(lines, dtype=str, keep_default_na=False)


def scenes(classification: Classification | pd.DataFrame = "touchpoint") -> pd.DataFrame:
    """One row per launch scene: scene, touchpoint, role.

    Parameters
    ----------
    classification : str or DataFrame
        ``touchpoint`` (ours, 30 groups), ``visit_distribution`` (key of the official
        getVisitDistribution table), ``wefenxi`` (first level of We分析), ``youshu`` (first
        level of Youshu), or an own table with columns scene, touchpoint and role.

    Raises
    ------
    ValueError
        If the name is unknown or an own table lacks columns or repeats a scene.

    Notes
    -----
    The official classifications disagree (1043, 1144, 1078), so the choice is an argument.
    Scenes that a vendor does not class are called ``unclassed``; roles stay the same.

    >>> scenes().set_index("scene").loc[["1038", "1089"], "role"].tolist()
    ['continuation', 'direct']
    """
    if isinstance(classification, pd.DataFrame):
        return _own(classification)
    if classification not in CLASSIFICATIONS:
        raise ValueError(f"no classification '{classification}'; there are {', '.join(CLASSIFICATIONS)}")
    table = _read("scenes.csv")
    chosen = table[classification].replace("", "unclassed")
    return pd.DataFrame({"scene": table["scene"], "touchpoint": chosen, "role": table["role"]})


def _own(table: pd.DataFrame) -> pd.DataFrame:
    missing = [c for c in ("scene", "touchpoint", "role") if c not in table.columns]
    if missing:
        raise ValueError(f"own classification lacks {', '.join(missing)}; it needs scene, touchpoint, role")
    repeated = table["scene"][table["scene"].duplicated()].unique().tolist()
    if repeated:
        raise ValueError(
            f"own classification repeats scene {', '.join(map(str, repeated))}; one row per scene is needed"
        )
    wrong = sorted(set(table["role"]) - set(ROLES))
    if wrong:
        raise ValueError(f"own classification has role {', '.join(wrong)}; there are {', '.join(ROLES)}")
    return table[["scene", "touchpoint", "role"]].astype(str).replace({"touchpoint": OTHER_NAMES})


def touchpoint_names() -> pd.DataFrame:
    """One row per touchpoint that has a name of its own: touchpoint, title_en, title_zh, format, meaning."""
    return _read("touchpoints.csv").copy()


def touchpoint_titles(lang: str = "en") -> dict[str, str]:
    """Return the title of each known touchpoint in English or Chinese.

    >>> touchpoint_titles("zh")["guide"]
    '导购'
    """
    table = _read("touchpoints.csv")
    return dict(zip(table["touchpoint"], table["title_zh" if lang == "zh" else "title_en"], strict=True))


def touchpoint_formats() -> dict[str, str]:
    """Return the retail format of the touchpoints that belong to one (guide, community, sharing)."""
    table = _read("touchpoints.csv")
    own = table[table["format"] != ""]
    return dict(zip(own["touchpoint"], own["format"], strict=True))
