"""The last runs of a study: what each found, and what changed since the one before.

After each run its metrics, manifest and report page are kept in ``<study>/.history/<run>/``;
older ones go. Nothing is computed again: a change is a difference of two kept tables.
"""

from __future__ import annotations

import json
import shutil
import tempfile
from pathlib import Path
from typing import Any

import pandas as pd

from retailkit.results import read_metrics
from retailkit.spoken import said

KEEP = 10
HEADLINES = ("growth", "effect")
HEADLINES_ZH = {"growth": "环比", "effect": "项目效应"}
ANSWERS_ZH = {"raised": "有提升", "lowered": "有下降", "cannot tell": "无法判断", "no result": "无结果"}
KINDS_ZH = {"new": "新增", "gone": "消失", "changed": "变化", "beyond its interval": "超出原区间"}
CHANGES = ("merchant", "chapter", "metric", "before", "after", "unit", "kind")


def history_dir(out_dir: str | Path) -> Path:
    """Folder of a study's kept runs; hidden, so that nothing takes it for a merchant."""
    return Path(out_dir) / ".history"


def runs(out_dir: str | Path) -> list[str]:
    """Names of the kept runs, oldest first."""
    home = history_dir(out_dir)
    return sorted(p.name for p in home.glob("[!.]*") if (p / "metrics.parquet").exists()) if home.exists() else []


def keep_run(out_dir: str | Path, keep: int = KEEP) -> str:
    """Keep the run that has just ended; return its name, empty where it changed nothing that was kept before.

    The run's name is its start as the manifest has it. A run that ran nothing is not kept again.
    """
    manifest = Path(out_dir) / "run.json"
    if not manifest.exists():
        return ""
    run = json.loads(manifest.read_text(encoding="utf-8"))
    name = str(run.get("started", "")).replace(":", "").replace("+0000", "Z").replace("+00", "Z")
    metrics = read_metrics(out_dir)
    earlier = runs(out_dir)
    if not name or name in earlier or (earlier and not run.get("ran", 0) and _same(out_dir, earlier[-1], metrics)):
        return ""
    home = history_dir(out_dir)
    home.mkdir(parents=True, exist_ok=True)
    scratch = Path(tempfile.mkdtemp(prefix=".run.", dir=home))
    try:
        metrics.to_parquet(scratch / "metrics.parquet", index=False)
        for page in (manifest, Path(out_dir) / "cohort_report.html"):
            if page.exists():
                shutil.copyfile(page, scratch / page.name)
        scratch.chmod(0o755)
        scratch.rename(home / name)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    for old in runs(out_dir)[: -max(keep, 1)]:
        shutil.rmtree(home / old, ignore_errors=True)
    return name


def _same(out_dir: str | Path, run: str, metrics: pd.DataFrame) -> bool:
    return changes(kept_metrics(out_dir, run), metrics).empty


def kept_metrics(out_dir: str | Path, run: str) -> pd.DataFrame:
    """Metrics of one kept run.

    Raises
    ------
    ValueError
        If there is no such run; the message names those there are.
    """
    path = history_dir(out_dir) / run / "metrics.parquet"
    if not path.exists():
        there = ", ".join(runs(out_dir)) or "none"
        raise ValueError(f"no run '{run}' is kept in {out_dir}; there are: {there}")
    return pd.read_parquet(path)


def changes(before: pd.DataFrame, after: pd.DataFrame) -> pd.DataFrame:
    """One row per figure that differs between two runs: ``merchant, chapter, metric, before, after, unit, kind``.

    ``kind`` is new, gone, changed, or beyond its interval (the new value lies outside the old
    interval): what a reader should look at first. Texts are compared as they are.

    Examples
    --------
    >>> row = {"merchant": "a", "chapter": "5_growth", "metric": "effect", "unit": "fraction", "text": ""}
    >>> old = pd.DataFrame([{**row, "value": .1, "low": .0, "high": .2}])
    >>> changes(old, old.assign(value=.3)).loc[0, ["before", "after", "kind"]].tolist()
    ['+10.0%', '+30.0%', 'beyond its interval']
    >>> changes(old, old).empty
    True
    """
    keys = ["merchant", "chapter", "metric"]
    both = before.merge(after, on=keys, how="outer", suffixes=("_before", "_after"), indicator="there")
    rows = []
    for row in both.itertuples():
        old, new = _written(row, "before"), _written(row, "after")
        if old == new:
            continue
        kind = {"left_only": "gone", "right_only": "new"}.get(str(row.there), "changed")
        if (
            kind == "changed"
            and not row.low_before <= row.value_after <= row.high_before
            and row.low_before == row.low_before
        ):
            kind = "beyond its interval"
        unit = row.unit_after if isinstance(row.unit_after, str) else row.unit_before
        rows.append((row.merchant, row.chapter, row.metric, old, new, unit, kind))
    return pd.DataFrame(rows, columns=list(CHANGES))


def _written(row: Any, side: str) -> str:
    value, text = getattr(row, f"value_{side}"), getattr(row, f"text_{side}")
    if isinstance(text, str) and text:
        return text
    if value != value:
        return "" if text != text else "cannot tell"
    unit = getattr(row, f"unit_{side}")
    return f"{value:+.1%}" if unit in ("fraction", "share") else f"{value:,.6g}"


def changes_text(table: pd.DataFrame, most: int = 12, lang: str = "en") -> str:
    """What changed, in lines: verdicts first, then headline figures, then how many others."""
    if table.empty:
        return said(lang, "nothing changed since the run before", "与上次运行相比没有变化")
    lines = []
    none, outside = said(lang, "none", "无"), said(lang, " (outside its old interval)", "（超出原区间）")
    answers = table[table["metric"] == "answer"]
    verdict = said(lang, "verdict", "结论")
    lines += [
        f"{r.merchant}: {verdict} {_answer(r.before, lang) or none} -> {_answer(r.after, lang) or none}"
        for r in answers.itertuples()
    ]
    heads = table[table["metric"].isin(HEADLINES) & (table["merchant"] != "cohort")]
    for r in heads.itertuples():
        old, new = _answer(r.before, lang) or none, _answer(r.after, lang) or none
        beyond = outside if r.kind == "beyond its interval" else ""
        lines.append(f"{r.merchant}: {said(lang, r.metric, HEADLINES_ZH[r.metric])} {old} -> {new}{beyond}")
    more = len(lines) - most
    cut = [said(lang, f"... and {more} more of them", f"……另有{more}项")] if more > 0 else []
    rest = len(table) - len(answers) - len(heads)
    merchants = table["merchant"].nunique()
    counted = said(
        lang, f"{len(table)} figures changed in {merchants} merchants", f"{merchants}家商户的{len(table)}个数字有变化"
    )
    return "\n".join([*lines[:most], *cut, *([counted] if rest else [])])


def _answer(text: str, lang: str) -> str:
    return ANSWERS_ZH.get(text, text) if lang == "zh" else text


def history_rows(out_dir: str | Path, lang: str = "en") -> list[tuple[str, ...]]:
    """One row per kept run, newest first: run, as of, chapters done and failed, pooled growth and effect, changes."""
    there = runs(out_dir)
    rows = []
    for i, name in enumerate(there):
        run = json.loads((history_dir(out_dir) / name / "run.json").read_text(encoding="utf-8"))
        units = run.get("units", [])
        failed = sum(u["status"] == "failed" for u in units)
        metrics = kept_metrics(out_dir, name)
        changed = len(changes(kept_metrics(out_dir, there[i - 1]), metrics)) if i else 0
        own = metrics[metrics["merchant"] == "cohort"].set_index("metric")["value"]
        days = sorted(d for d in metrics["as_of"].unique() if d)
        rows.append((
            name, days[-1] if days else "", said(
                lang,
                f"{len(units) - failed} done" + (f", {failed} failed" if failed else ""),
                f"完成{len(units) - failed}" + (f"，失败{failed}" if failed else ""),
            ),
            *(f"{own[m]:+.1%}" if m in own and own[m] == own[m] else "-" for m in ("growth_pooled", "effect_pooled")),
            str(changed) if i else "-",
        ))  # fmt: skip
    return rows[::-1]
