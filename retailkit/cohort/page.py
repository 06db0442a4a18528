"""A cohort's TOML page is found and read; everything that is wrong with it is said in one message."""

from __future__ import annotations

import tomllib
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from retailkit.cohort.record import Cohort, CohortError, Merchant, Source
from retailkit.refusals import wrong_places
from retailkit.spoken import own_halves

COHORTS = Path("data/cohorts")
_TOLD = ("title", "limits", "licence", "published_at", "merchants", "donors")
"""Keys whose texts a reader sees."""


def cohort_path(cohort: str | Path) -> Path:
    """Return the file of a cohort given by name (in ``data/cohorts``) or by path.

    Raises
    ------
    CohortError
        If there is no such file; the message lists the cohorts there are.
    """
    path = Path(cohort)
    if path.suffix == ".toml":
        if path.is_file():
            return path
        raise CohortError(f"no cohort file at {path}")
    named = COHORTS / f"{cohort}.toml"
    if named.is_file():
        return named
    names = [p.stem for p in sorted(COHORTS.glob("*.toml"))]
    near = get_close_matches(str(cohort), names, 1)
    hint = f"did you mean '{near[0]}'?" if near else f"there are: {', '.join(names) or 'none'}"
    raise CohortError(
        f"no cohort '{cohort}' in {COHORTS} ({hint}). Give a name from there or the path of a .toml file."
    )


def read_cohort(cohort: str | Path, **changes: Any) -> Cohort:
    """Read a cohort file into a frozen record.

    Parameters
    ----------
    cohort : name of a file in ``data/cohorts`` or path of one.
    changes : fields to replace, for example ``as_of="2018-01-01"``. Texts that are given in both languages
        ("English / 中文") are read in ``lang``.

    Raises
    ------
    CohortError
        If the file is missing, is no TOML, or says something impossible: every problem in one message.
    """
    path = cohort_path(cohort)
    try:
        page = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as problem:
        raise CohortError(f"{path} is not a TOML page in UTF-8: {problem}") from None
    page = {"name": path.stem, "folder": path.parent, **page, **changes}
    page["donors"] = [{**d, "role": "donor"} if isinstance(d, dict) else d for d in page.get("donors", [])]
    page |= own_halves({k: page[k] for k in _TOLD if k in page}, page.get("lang", "en"))
    try:
        return Cohort.model_validate(page)
    except ValidationError as problem:
        known = sorted({*Cohort.model_fields, *Merchant.model_fields, *Source.model_fields})
        raise CohortError("\n".join([f"{path} cannot be used:", *wrong_places(problem, known)])) from None
