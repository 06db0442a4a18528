"""What a column and a table are declared with: the two records, and a short word for each kind of column."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

Kind = Literal["id", "text", "int", "money", "float", "bool", "instant", "date"]
Room = Literal["sales", "identity", "traffic", "organisation", "money and plan", "context", "derived"]


@dataclass(frozen=True)
class Column:
    """One column of a canonical table: its name, kind, meaning and rules.

    ``touchpoint`` columns hold names of touchpoints: whoever opens the store reads each under one name.
    """

    name: str
    kind: Kind
    meaning: str
    unit: str = ""
    required: bool = False
    minimum: float | None = None
    maximum: float | None = None
    one_of: tuple[str, ...] = ()
    touchpoint: bool = False


@dataclass(frozen=True)
class Table:
    """One canonical table: what a row is, which columns it has, what makes a row unique.

    ``time`` names the column that decides whether a row was known at ``as_of`` (None for
    timeless tables) and from which the store's month partition is taken.
    """

    name: str
    room: Room
    row: str
    columns: tuple[Column, ...]
    key: tuple[str, ...]
    time: str | None = None
    names: tuple[str, ...] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "names", tuple(c.name for c in self.columns))

    def __getitem__(self, name: str) -> Column:
        for column in self.columns:
            if column.name == name:
                return column
        raise KeyError(f"table '{self.name}' has no column '{name}'; it has {', '.join(self.names)}")


FORMATS = (
    "official_store", "guide", "community", "sharing",
    "popup", "experience", "convenience", "community_supermarket", "home_delivery",
    "flagship", "department_counter", "shop", "platform",
)  # fmt: skip
"""Retail formats: the programme's own (official store, guide, community, sharing), the
existing ones, a plain physical shop, and platform e-commerce."""

KPI_NODES = (
    "gmv", "known", "buyers", "visitors", "conversion", "new_buyers", "returning_buyers", "frequency", "basket",
    "unknown", "unknown_orders", "unknown_basket",
)  # fmt: skip
"""Nodes of the KPI tree (`targets.kpi_tree`), which have owners as touchpoints do."""

PRIVATE_FORMATS = ("official_store", "guide", "community", "sharing")


def id_(name: str, meaning: str, required: bool = False) -> Column:
    return Column(name, "id", meaning, required=required)


def text(name: str, meaning: str, one_of: tuple[str, ...] = ()) -> Column:
    return Column(name, "text", meaning, one_of=one_of)


def count(name: str, meaning: str, unit: str, required: bool = False) -> Column:
    return Column(name, "int", meaning, unit=unit, required=required, minimum=0)


def money(name: str, meaning: str, required: bool = False, minimum: float | None = 0) -> Column:
    return Column(name, "money", meaning, unit="minor unit", required=required, minimum=minimum)


def at(name: str, meaning: str, required: bool = False) -> Column:
    return Column(name, "instant", meaning, unit="UTC", required=required)


def on(name: str, meaning: str, required: bool = False) -> Column:
    return Column(name, "date", meaning, unit="merchant's zone", required=required)


def share(name: str, meaning: str) -> Column:
    return Column(name, "float", meaning, unit="fraction", minimum=0, maximum=1)


MERCHANT = id_("merchant", "merchant that the row belongs to", required=True)
CURRENCY = text("currency", "ISO 4217 code of every amount in the row")
SCENE = id_("scene", "WeChat launch scene value (1001 ...), as text")


def touchpoint(meaning: str, name: str = "touchpoint") -> Column:
    return Column(name, "text", meaning, touchpoint=True)


TOUCHPOINT = touchpoint("kind of touch: official_account, service_message, guide, group, sharing, mailing ...")


def declared(name: str, room: Room, row: str, key: str, columns: tuple[Column, ...], time: str | None = None) -> Table:
    return Table(name, room, row, (MERCHANT, *columns), ("merchant", *key.split()), time)
