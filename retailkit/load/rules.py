"""What a layout may say of rows and cells: conditions, rows left out, stated totals, and how one field is made."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

MAJOR = {"major": 1, "yuan": 1, "thousand": 1_000, "千元": 1_000, "wan": 10_000, "万元": 10_000}
"""Units of amounts that are counted in major units (yuan), and how many of them each is."""


class Record(BaseModel):
    """A frozen record that refuses keys it does not know."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)


class Where(Record):
    """One condition on a cell of the export; all keys given must hold."""

    column: str
    equals: str | None = None
    not_equals: str | None = None
    one_of: tuple[str, ...] = ()
    none_of: tuple[str, ...] = ()
    starts: str | None = None
    not_starts: str | None = None
    contains: str | None = None
    matches: str | None = None
    filled: bool | None = None
    above: float | None = None
    below: float | None = None


class Skip(Record):
    """Rows that are left out for a stated reason, and counted."""

    where: tuple[Where, ...]
    reason: str


class FillDown(Record):
    """Columns that the export fills on the first row of each group only."""

    by: str
    columns: tuple[str, ...]


class Control(Record):
    """A total that the file states about itself: where it stands, what it should equal.

    It stands in the text above the header or below the rows (``pattern``), or under a ``key`` beside the array of
    records in an API's answers: each of them then says how many records all of them have.
    """

    pattern: str | None = None
    key: str | None = None
    check: Literal["rows", "sum"] = "rows"
    column: str | None = None
    where: tuple[Where, ...] = ()

    @model_validator(mode="after")
    def _one_place(self) -> Control:
        if (self.pattern is None) == (self.key is None):
            raise ValueError("a control needs a pattern (of text) or a key (of JSON)")
        if self.key is not None and (self.check != "rows" or self.where):
            raise ValueError("a key tells the number of records only")
        return self


class Break(Record):
    """A day on which the source changed what it counts."""

    on: str
    what: str


class Case(Record):
    """One value, or the columns to read it from (an account: and its system), where some conditions hold."""

    value: str | None = None
    source: tuple[str, ...] = Field(default=(), alias="from")
    prefix: str | None = None
    where: tuple[Where, ...] = ()

    @model_validator(mode="before")
    @classmethod
    def _short_forms(cls, data: Any) -> Any:
        return {k: (v,) if k == "from" and isinstance(v, str) else v for k, v in data.items()}

    @model_validator(mode="after")
    def _says_one(self) -> Case:
        if (self.value is None) == (not self.source):
            raise ValueError('a case says either "value" or "from"')
        if self.prefix and not self.source:
            raise ValueError('a case with "prefix" says "from": where the id stands')
        return self


class FieldRule(Record):
    """How one canonical column is made from the columns of the export."""

    source: tuple[str, ...] = Field(default=(), alias="from")
    value: str | int | float | bool | None = None
    join: tuple[str, ...] = ()
    separator: str = ":"
    times: tuple[str, ...] = ()
    plus: tuple[str, ...] = ()
    minus: tuple[str, ...] = ()
    negate: bool = False
    kind: Literal["phone", "secret", "handle", "staff"] | None = None
    unit: Literal["major", "yuan", "minor", "fen", "percent", "thousand", "千元", "wan", "万元"] | None = None
    time: Literal["text", "epoch_s", "epoch_ms", "epoch_us", "excel", "week"] = "text"
    formats: tuple[str, ...] = ()
    zone: str | None = None
    origin: str | None = None
    edge: Literal["start", "end"] = "start"
    earliest: str | None = None
    prefix: str | None = None
    map: dict[str, str | int | bool] = Field(default_factory=dict)
    other: str | None = None
    empty: tuple[str, ...] = ()
    pattern: str | None = None
    extract: bool = False
    decimal: Literal[".", ","] = "."
    agg: Literal["first", "last", "sum", "min", "max", "count", "count_distinct", "furthest"] | None = None
    where: tuple[Where, ...] = ()
    cases: tuple[Case, ...] = ()
    number_within: tuple[str, ...] = ()
    shared_out: bool = False
    optional: bool = False

    @model_validator(mode="before")
    @classmethod
    def _short_forms(cls, data: Any) -> Any:
        """A bare string is an export column; a single name may stand for a list of one."""
        if isinstance(data, str):
            return {"from": (data,)}
        if isinstance(data, dict):
            lists = ("from", "join", "times", "plus", "minus", "formats", "empty", "number_within")
            return {k: (v,) if k in lists and isinstance(v, str) else v for k, v in data.items()}
        return data

    @model_validator(mode="after")
    def _cases_alike(self) -> FieldRule:
        if len({case.value is None for case in self.cases}) > 1:
            raise ValueError('cases say "value" all of them, or "from" all of them')
        return self

    @property
    def columns(self) -> tuple[str, ...]:
        """Every export column that the field reads."""
        told = (c for case in self.cases for c in (*case.source, *(w.column for w in case.where)))
        return (*self.source, *self.join, *self.times, *self.plus, *self.minus, *self.number_within, *told)
