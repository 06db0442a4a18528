"""What is typed on the command line, checked and turned into plain values."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click


def examples(*lines: str) -> str:
    return "\b\nExamples:\n" + "\n".join(f"  {line}" for line in lines)


def study_folder(study: str) -> Path:
    for folder in (Path(study), Path("studies") / Path(study).stem):
        if (folder / "run.json").exists() or (folder.is_dir() and any(folder.glob("*/*/metrics.parquet"))):
            return folder
    there = ", ".join(sorted(p.parent.name for p in Path("studies").glob("*/run.json"))) or "none yet"
    raise click.UsageError(
        f"no study '{study}' (a folder, or a name in studies: {there}); run it: retailkit run {study}"
    )


def names(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(",") if part.strip())


def pair(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals or not name.strip():
        raise click.BadParameter(f"'{text}': expected NAME=VALUE, such as order=2", param_hint="-p")
    return name.strip(), value.strip()


def day(text: str) -> str:
    from datetime import date

    try:
        return str(date.fromisoformat(text)) if text else ""
    except ValueError:
        raise click.BadParameter(f"'{text}': expected a day such as 2018-01-01", param_hint="--as-of") from None


def loaded(store: Any, merchant: str | None) -> list[str]:
    return [merchant] if merchant else sorted(store.orders.merchant.as_table().distinct().to_pandas()["merchant"])
