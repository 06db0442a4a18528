"""The one check of tables that somebody hands to a stage: an analyst's own frame, or a store's table."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Sequence
from functools import wraps
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

if TYPE_CHECKING:
    import ibis.expr.types as ir
    import pandas as pd

    from retailkit.schema.column import Column, Table

TYPES = {"id": "string", "text": "string", "int": "int64", "money": "int64", "float": "float64"}
TYPES |= {"bool": "boolean", "instant": "timestamp(6)", "date": "date"}
"""Kind of a column -> its type in the engine."""

_WANTED = {
    "id": ("text", "write ids as text, as the export has them: an id that went through a float is no longer the same"),
    "text": ("text", "write it as text"),
    "int": ("whole numbers", "count in whole numbers: .astype('int64')"),
    "money": ("whole numbers of the minor unit (fen, cents)", "(amount * 100).round().astype('int64') makes yuan fen"),
    "float": ("numbers", "write it as numbers"),
    "bool": ("true or false", "write it as booleans"),
    "instant": ("UTC instants without a zone mark", ".dt.tz_convert('UTC').dt.tz_localize(None) makes a zoned one such"),
    "date": ("plain days in the merchant's own zone", ".dt.tz_localize(None).dt.normalize() makes a zoned time its own day"),
}  # fmt: skip
"""Kind of a column -> what is expected, and what to do."""


def given(data: Any, name: str, needs: Sequence[str] | None = None) -> ir.Table:
    """One row per row of the table handed in, its columns of the canonical types; other columns stay.

    Parameters
    ----------
    data : ibis table or DataFrame
    name : which canonical table it is
    needs : columns that must be there (default: all that the table requires)

    Returns
    -------
    An ibis table. Optional columns that are not there are added, empty.

    Raises
    ------
    ValueError
        If required columns are missing, columns are of another type, or required ones are empty somewhere or
        rows share a key (looked at in frames alone: a store's table was checked when it was loaded). All in one message,
        each with its column, what is expected and what to do.

    Notes
    -----
    Whole numbers with gaps are floats in pandas (``refund_amount`` of 100.0 and nothing): such are taken as
    what they are. A float without gaps is refused as money, also where it happens to be whole: nobody can
    tell 12.0 yuan from 12 fen.
    """
    import ibis
    import pandas as pd

    from retailkit.schema import table as declared

    own = declared(name)
    asked = [c.name for c in own.columns if c.required] if needs is None else ["merchant", *needs]
    missing = [c for c in asked if c not in data.columns]
    if missing:
        raise ValueError(f"table '{name}' lacks {', '.join(missing)}; it has {', '.join(map(str, data.columns))}")
    framed = isinstance(data, pd.DataFrame)
    wrong = list(_wrong_in_frame(data, own) if framed else _wrong_in_table(data, own))
    if wrong:
        raise ValueError(f"table '{name}': " + "; ".join(wrong))
    table = ibis.memtable(data) if framed else data
    cast = {}
    for column in own.columns:
        type_ = TYPES[column.kind]
        if column.name not in table.columns:
            cast[column.name] = ibis.null().cast(type_)
        elif framed or (table[column.name].type().is_string() and type_ != "string"):
            cast[column.name] = table[column.name].cast(type_)
    return table.mutate(**cast) if cast else table


P = ParamSpec("P")
R = TypeVar("R")

_CALLED = {"bindings": "guide_bindings", "lines": "order_lines", "pairs": "account_pairs", "previous": "persons"}
"""Parameters that hold a canonical table under another name."""

_DERIVED = ("features", "segments", "states", "people", "tags", "before", "after", "touches", "paths", "book")
"""Parameters that hold what a stage has made: their frames are taken as they are."""


def takes_frames(function: Callable[P, R]) -> Callable[P, R]:
    """Let a function of the engine's tables take an analyst's frames too; tables pass as they are.

    A frame is looked at by `given` as the canonical table that its parameter is named for.
    """
    names = list(inspect.signature(function).parameters)

    @wraps(function)
    def taking(*args: P.args, **kwargs: P.kwargs) -> R:
        read = [_in_engine(value, name) for name, value in zip(names, args, strict=False)]
        return function(*read, **{name: _in_engine(value, name) for name, value in kwargs.items()})  # type: ignore[arg-type]

    return taking


def _in_engine(value: Any, name: str) -> Any:
    """A frame as an engine's table, where the parameter holds one; any other value as it is."""
    import ibis
    import pandas as pd

    from retailkit.schema import TABLES

    if not isinstance(value, pd.DataFrame):
        return value
    called = _CALLED.get(name, name)
    if called == "sales":
        called = "order_lines" if "line" in value.columns else "orders"
    if called in TABLES:
        return given(value, called)
    if name not in _DERIVED:
        return value
    table = ibis.memtable(value)
    days = [c for c in table.columns if c == "day" or c.endswith("_on")]  # pandas keeps days as instants
    empty = [c for c in table.columns if table[c].type().is_null()]
    return table.mutate(**{c: table[c].cast("date") for c in days}, **{c: table[c].cast("string") for c in empty})


def _wrong_in_frame(frame: pd.DataFrame, own: Table) -> Iterator[str]:
    for column in own.columns:
        if column.name in frame.columns:
            values = frame[column.name]
            told = _misread(values, column)
            if told:
                yield _said(column, told)
            elif column.required and (gaps := values.isna()).any():
                yield (
                    f"{column.name} is empty in {int(gaps.sum())} of {len(values)} rows (first: row {gaps.argmax()}); "
                    "it is required: fill it, or leave these rows out"
                )
    if (again := _said_twice(frame, own)) is not None:
        yield again


def _said_twice(frame: pd.DataFrame, own: Table) -> str | None:
    """That rows share a key: an order that stands twice would count twice, and so would those of an account of two persons."""
    key = list(own.key)
    if not set(key) <= set(frame.columns):
        return None
    again = frame[key].notna().all(axis=1) & frame.duplicated(key)
    if not again.any():
        return None
    at, names = int(again.to_numpy().argmax()), ", ".join(k for k in key if k != "merchant") or "merchant"
    first = ", ".join(str(frame[k].iloc[at]) for k in key if k != "merchant" or len(key) == 1)
    return (
        f"{names} stands again in {int(again.sum())} of {len(frame)} rows (first: row {at}, '{first}'), expected is one "
        f"row for each: where whole rows repeat, .drop_duplicates() leaves one of each; else decide which row holds"
    )


def _misread(values: pd.Series, column: Column) -> str:
    """What the column holds instead of its kind; nothing where it can be read."""
    import pandas as pd

    kind, types = column.kind, pd.api.types
    known = values.dropna()
    if known.empty:
        return ""
    zoned = getattr(values.dtype, "tz", None) is not None
    if kind in ("instant", "date"):
        if zoned:
            return f"times in the zone {values.dtype.tz}"  # type: ignore[union-attr]
        if types.is_datetime64_dtype(values.dtype):
            return ""
        if types.is_numeric_dtype(values.dtype):
            return f"{values.dtype} ({_first(known)})"
        if getattr(known.iloc[0], "tzinfo", None) is not None:
            return f"times in the zone {known.iloc[0].tzinfo}"
        unread = pd.to_datetime(known.astype(str), errors="coerce", format="ISO8601").isna()
        return f"texts that are no ISO day or time ({_first(known[unread])})" if unread.any() else ""
    if kind in ("id", "text"):
        return f"{values.dtype} ({_first(known)})" if types.is_float_dtype(values.dtype) else ""
    if kind in ("int", "money"):
        if types.is_bool_dtype(values.dtype) or not types.is_numeric_dtype(values.dtype):
            return f"{values.dtype} ({_first(known)})" if not _whole_objects(known) else ""
        floats = types.is_float_dtype(values.dtype)
        gaps = len(known) < len(values)
        return f"{values.dtype} ({_first(known)})" if floats and not (gaps and (known % 1 == 0).all()) else ""
    if kind == "float":
        return "" if types.is_numeric_dtype(values.dtype) or _numbers(known) else f"{values.dtype} ({_first(known)})"
    return ""


def _first(values: pd.Series) -> str:
    value = values.iloc[0]
    return f"'{value}'" if isinstance(value, str) else str(value)


def _whole_objects(known: pd.Series) -> bool:
    """Python's own whole numbers in a column of objects."""
    return all(isinstance(v, int) and not isinstance(v, bool) for v in known)


def _numbers(known: pd.Series) -> bool:
    return all(isinstance(v, int | float) for v in known)


def _wrong_in_table(table: ir.Table, own: Table) -> Iterator[str]:
    for column in own.columns:
        if column.name in table.columns:
            type_ = table[column.name].type()
            zoned = type_.is_timestamp() and type_.timezone is not None
            misread = {
                "money": not (type_.is_integer() or type_.is_null()),
                "int": not (type_.is_integer() or type_.is_null()),
                "id": type_.is_floating(),
                "date": zoned or type_.is_numeric(),
                "instant": type_.is_numeric(),
            }
            if misread.get(column.kind):
                yield _said(column, str(type_))


def _said(column: Column, told: str) -> str:
    wanted, remedy = _WANTED[column.kind]
    return f"{column.name} holds {told}, expected are {wanted}: {remedy}"
