"""The analysis plan: what will be measured and how, fixed before the phase starts.

A plan's hash is recorded with its date. Afterwards the study shows whether the plan that it
followed is the one recorded, and whether it was recorded before the phase began.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path
from typing import Any

from retailkit.growth.words import in_words


@dataclass(frozen=True)
class AnalysisPlan:
    """What a study promises: windows, merchants, donors, outcome, estimator rule, level.

    Dates are ISO text. ``method`` "auto" means the rule by what the data allow.
    """

    cohort: str
    merchants: tuple[str, ...]
    donors: tuple[str, ...]
    baseline: tuple[str, str]
    programme: tuple[str, str]
    outcome: str = "mean daily net GMV"
    method: str = "auto"
    level: float = 0.90
    at_risk_share: float = 0.10
    note: str = ""


def plan_hash(plan: AnalysisPlan) -> str:
    """SHA-256 of the plan's canonical text; the order of merchants and donors does not matter.

    >>> a = AnalysisPlan("c", ("m", "n"), ("d",), ("2018-01-01", "2018-01-31"), ("2018-02-01", "2018-02-28"))
    >>> b = AnalysisPlan("c", ("n", "m"), ("d",), ("2018-01-01", "2018-01-31"), ("2018-02-01", "2018-02-28"))
    >>> plan_hash(a) == plan_hash(b)
    True
    """
    text = json.dumps(_in_order(asdict(plan)), ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode("utf-8")).hexdigest()


def _in_order(record: dict[str, Any]) -> dict[str, Any]:
    return {**record, "merchants": sorted(record["merchants"]), "donors": sorted(record["donors"])}


def record_plan(plan: AnalysisPlan, path: str | Path, recorded_on: str) -> str:
    """Write the plan, its hash and the day to a file that is never overwritten; return the hash.

    Raises
    ------
    FileExistsError
        If the file is there: a plan is recorded once. Record an amended plan beside it.
    """
    target = Path(path)
    day = date.fromisoformat(recorded_on).isoformat()
    record = {"recorded_on": day, "sha256": plan_hash(plan), "plan": asdict(plan)}
    target.parent.mkdir(parents=True, exist_ok=True)
    with target.open("x", encoding="utf-8") as out:
        json.dump(record, out, ensure_ascii=False, indent=1, sort_keys=True)
        out.write("\n")
    return str(record["sha256"])


def study_plan(study: Any, donors: Sequence[str], level: float = 0.90, at_risk_share: float = 0.10) -> AnalysisPlan:
    """The analysis that a cohort's study follows: its windows and merchants, these donors, the estimator by the data.

    ``study`` is a cohort's record; a window that it lacks is a pair of empty texts.
    """
    windows = [("", "") if w is None else (str(w.start), str(w.end)) for w in (study.baseline, study.programme)]
    return AnalysisPlan(study.name, tuple(study.merchant_ids), tuple(donors), windows[0], windows[1],
                        level=level, at_risk_share=at_risk_share)  # fmt: skip


def plan_file(study: Any) -> Path:
    """Where a cohort's plan is recorded: beside its cohort file."""
    return Path(study.folder) / f"{study.name}.plan.json"


def check_plan(plan: AnalysisPlan, path: str | Path, lang: str = "en") -> str:
    """Say whether the plan followed is the plan recorded, and recorded before the phase began."""
    target = Path(path)
    if not target.is_file():
        if lang == "zh":
            return "没有登记分析计划，无法证明事先打算做哪种分析；阶段开始前请运行 retailkit plan 批次 --on 日期。"
        return ("No analysis plan was recorded: which analysis was meant cannot be shown. Before a phase starts, "
                "retailkit plan COHORT --on DAY records it.")  # fmt: skip
    record = json.loads(target.read_text(encoding="utf-8"))
    day, digest, start = record["recorded_on"], record["sha256"], plan.programme[0]
    if digest != plan_hash(plan):
        then, now = _in_order(record["plan"]), json.loads(json.dumps(_in_order(asdict(plan))))
        changed = sorted(name for name in now if now[name] != then.get(name))
        if lang == "zh":
            return f"本分析与 {day} 登记的计划不同：{'、'.join(in_words(name, lang) for name in changed)}已改变。"
        return f"The analysis is not the one recorded on {day}: {', '.join(changed)} changed."
    if start and day >= start:
        if lang == "zh":
            return f"计划于 {day} 登记，晚于阶段开始日 {start}。"
        return f"The plan was recorded on {day}, after the phase began on {start}."
    if lang == "zh":
        return f"分析遵循 {day} 登记的计划（sha256 {digest[:12]}）。"
    return f"The analysis follows the plan recorded on {day} (sha256 {digest[:12]})."
