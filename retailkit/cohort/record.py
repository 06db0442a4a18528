"""The records of a cohort file: a cohort, its merchants and donors, their windows and exports."""

from __future__ import annotations

import importlib.util
import re
from datetime import date, datetime
from difflib import get_close_matches
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Literal
from zoneinfo import available_timezones

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from retailkit.refusals import Refusal

_INHERITED = ("industry", "country", "zone", "currency", "programme", "baseline")
"""What a merchant takes from its cohort where it says nothing itself."""


@cache
def time_zones() -> frozenset[str]:
    """Names of all time zones, read from the machine's files once."""
    return frozenset(available_timezones())


class CohortError(Refusal):
    """A cohort file that cannot be used; the message says what, where and what to do."""

    home = "retailkit.cohort"


def _as_text(value: Any) -> Any:
    """Ids are text: refuse a bare number, whose leading zeros would already be lost."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        raise ValueError(f'ids are text: write "{value}" in quotes')
    return value


def _as_date(value: Any) -> Any:
    return value.date() if isinstance(value, datetime) else value


Id = Annotated[str, BeforeValidator(_as_text), Field(min_length=1, pattern=r"^[^/\\\s]+$")]
Day = Annotated[date, BeforeValidator(_as_date)]


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Window(_Record):
    """A span of local days, both ends included.

    >>> Window(start="2017-10-30", end="2017-12-24").days
    56
    """

    start: Day
    end: Day

    @model_validator(mode="after")
    def _in_order(self) -> Window:
        if self.end < self.start:
            raise ValueError(f"the window ends ({self.end}) before it starts ({self.start})")
        return self

    @property
    def days(self) -> int:
        """Number of days in the window."""
        return (self.end - self.start).days + 1

    def __str__(self) -> str:
        return f"{self.start} to {self.end}"


class Merchant(_Record):
    """One merchant of the cohort, or a donor: a comparable merchant that was not invited."""

    id: Id
    title: str = ""
    role: Literal["merchant", "donor"] = "merchant"
    industry: str = ""
    country: str = ""
    zone: str = ""
    currency: str = ""
    invited: Day | None = None
    programme: Window | None = None
    baseline: Window | None = None


class Source(_Record):
    """One set of export files: how they are laid out, where they lie, whose rows they hold.

    ``merchant`` names the one merchant the files belong to. ``shared`` files (a CRM used by
    a whole group) carry no merchant and belong to every merchant of the cohort. Otherwise
    the layout says which column names the merchant. ``donors = false`` keeps the files to the
    merchants in the programme: donors lend their sales, not their shelves. ``sheet`` names one of a
    workbook's, or all that hold the table (``"*"``), where its layout does not.
    """

    layout: str
    path: str
    sheet: str | None = None
    package: str = ""
    merchant: Id | None = None
    shared: bool = False
    donors: bool = True
    optional: bool = False

    @model_validator(mode="after")
    def _one_owner(self) -> Source:
        if self.merchant and self.shared:
            raise ValueError(f"source '{self.path}' is both shared and of merchant '{self.merchant}': keep one")
        return self


class Cohort(_Record):
    """One cohort: merchants that entered the programme together, with their donors and exports."""

    name: Id
    title: str
    as_of: Day
    zone: str
    currency: str = Field(pattern=r"^[A-Z]{3}$")
    country: str = Field(pattern=r"^[A-Z]{2}$")
    industry: str = ""
    lang: Literal["en", "zh"] = "en"
    engine: Literal["", "duckdb", "spark"] = ""
    programme: Window | None = None
    baseline: Window | None = None
    merchants: tuple[Merchant, ...] = Field(min_length=1)
    donors: tuple[Merchant, ...] = ()
    sources: tuple[Source, ...] = ()
    limits: tuple[str, ...] = ()
    licence: str = ""
    published_at: str = ""
    simulated: bool = False
    folder: Path = Path()

    @model_validator(mode="after")
    def _consistent(self) -> Cohort:
        everyone = [m.id for m in (*self.merchants, *self.donors)]
        twice = sorted({m for m in everyone if everyone.count(m) > 1})
        problems = [f"merchants listed twice: {', '.join(twice)}"] if twice else []
        for owner in {s.merchant for s in self.sources if s.merchant} - set(everyone):
            near = get_close_matches(str(owner), everyone, 1)
            problems.append(f"a source names the unknown merchant '{owner}'" + (f": '{near[0]}'?" if near else ""))
        zones = time_zones()
        for zone in {self.zone, *(m.zone for m in self.merchants)} - {""}:
            if zone not in zones:
                near = get_close_matches(zone, zones, 1)
                problems.append(f"unknown time zone '{zone}'" + (f": '{near[0]}'?" if near else ""))
        if self.programme and self.baseline and self.baseline.end >= self.programme.start:
            problems.append(f"the baseline ({self.baseline}) must end before the programme ({self.programme}) starts")
        if problems:
            raise ValueError("; ".join(problems))
        return self

    @property
    def everyone(self) -> tuple[Merchant, ...]:
        """Merchants first, then donors, with the cohort's defaults filled in."""
        return tuple(self._filled(m) for m in (*self.merchants, *self.donors))

    @property
    def merchant_ids(self) -> tuple[str, ...]:
        """Ids of the merchants in the programme, in the file's order."""
        return tuple(m.id for m in self.merchants)

    @property
    def donor_ids(self) -> tuple[str, ...]:
        """Ids of the donors, in the file's order."""
        return tuple(m.id for m in self.donors)

    @property
    def everyone_ids(self) -> tuple[str, ...]:
        """Ids of merchants, then donors."""
        return (*self.merchant_ids, *self.donor_ids)

    @property
    def programmes(self) -> dict[str, Window | None]:
        """Each merchant's programme, in the file's order; donors have none."""
        return {m.id: m.programme for m in self.everyone if m.role == "merchant"}

    @property
    def whole_programme(self) -> Window | None:
        """From the first merchant's start to the last one's end; None where nobody has a programme."""
        known = [w for w in self.programmes.values() if w is not None]
        return Window(start=min(w.start for w in known), end=max(w.end for w in known)) if known else None

    def started_with(self, merchant: str) -> list[str]:
        """Ids of the merchants with the same programme and period before as this one, itself included."""
        own = self.merchant(merchant)
        return [m.id for m in self.everyone
                if m.role == "merchant" and (m.programme, m.baseline) == (own.programme, own.baseline)]  # fmt: skip

    def merchant(self, merchant: str) -> Merchant:
        """Return one merchant or donor, with the cohort's defaults filled in.

        Raises
        ------
        CohortError
            If the cohort has no such merchant; near ids are suggested.
        """
        for one in self.everyone:
            if one.id == merchant:
                return one
        near = get_close_matches(str(merchant), [m.id for m in self.everyone], 3)
        hint = f"did you mean {' or '.join(near)}?" if near else f"it has {', '.join(self.merchant_ids)}"
        raise CohortError(f"cohort '{self.name}' has no merchant '{merchant}'; {hint}")

    def _filled(self, one: Merchant) -> Merchant:
        mine = {name: getattr(one, name) or getattr(self, name) for name in _INHERITED}
        return one.model_copy(update={**mine, "title": one.title or one.id})

    def to_rows(self) -> list[dict[str, Any]]:
        """Rows of the canonical table ``merchants``, one per merchant or donor."""
        return [
            {
                "merchant": m.id,
                "cohort": self.name,
                **{name: getattr(m, name) for name in ("title", "role", "industry", "country", "zone", "currency")},
                "invited_on": m.invited,
                "baseline_start": m.baseline.start if m.baseline else None,
                "baseline_end": m.baseline.end if m.baseline else None,
                "programme_start": m.programme.start if m.programme else None,
                "programme_end": m.programme.end if m.programme else None,
            }
            for m in self.everyone
        ]

    def files(self, source: Source) -> list[Path]:
        """Files of a source, in name order, numbers by their size: of one order the file that comes last is right.

        A path is relative to the cohort file, or to the installed ``package`` that ships
        the data; it may hold ``*``.

        Raises
        ------
        CohortError
            If the package is not installed or no file matches and the source is not optional.
        """
        base = _package_folder(source.package, self.name) if source.package else self.folder
        path = Path(source.path).expanduser()
        root, named = (Path(path.anchor), path.relative_to(path.anchor)) if path.is_absolute() else (base, path)
        # brackets may be meant as they stand: orders[1].csv
        found = [root / named] if (root / named).is_file() else sorted(root.glob(str(named)), key=_by_number)
        if not found and not source.optional:
            there = self.published_at
            where = f"Put your copy there: {there}" if there else "Check the path in the cohort file."
            raise CohortError(f"cohort '{self.name}': no file at {base / path} (layout '{source.layout}'). {where}")
        return found


def _by_number(path: Path) -> list[str | int]:
    """Sort ``orders_9.csv`` before ``orders_10.csv``."""
    return [int(part) if place % 2 else part for place, part in enumerate(re.split(r"([0-9]+)", str(path)))]


def _package_folder(package: str, cohort: str) -> Path:
    found = importlib.util.find_spec(package)
    if found is None or found.origin is None:
        raise CohortError(
            f"cohort '{cohort}' takes its data from the Python package '{package.replace('_', '-')}', which is not "
            "installed. Install the 'examples' extra: pip install 'retailkit[examples]'."
        )
    return Path(found.origin).parent
