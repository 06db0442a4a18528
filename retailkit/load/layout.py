"""A layout: how one kind of export maps to canonical tables. Data, never code.

The pages lie in ``layouts/*.toml``; ``layouts/README.md`` explains every key. `read_layout`
turns a page into frozen records and lists everything that is wrong with it in one message.
"""

from __future__ import annotations

import hashlib
import tomllib
from difflib import get_close_matches
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, ValidationError, model_validator

from retailkit.cohort.record import time_zones
from retailkit.load.errors import LoadError
from retailkit.load.rules import Break, Case, Control, FieldRule, FillDown, Record, Skip, Where
from retailkit.refusals import wrong_places
from retailkit.schema import TABLES

LAYOUTS = Path(__file__).parent / "layouts"
GUIDES = ("guide", "sold_by", "owned_by")
"""Ids of guides: consoles let a guide's name and phone stand in their place."""
OWNERS = ("owner", "inviter")
"""Ids of guides or of something else: a role, an account. A name or a phone may stand there too."""
CHINA = (
    "Asia/Shanghai",
    "Asia/Urumqi",
    "Asia/Chongqing",
    "Asia/Chungking",
    "Asia/Harbin",
    "Asia/Kashgar",
    "PRC",
    "UTC",
    "Etc/UTC",
)
"""Zones of China, and of no place."""
FORMATS = ("csv", "excel", "parquet", "jsonl", "json")


class Block(Record):
    """One canonical table made from the export's rows (or from groups of them)."""

    table: str
    where: tuple[Where, ...] = ()
    group: bool = False
    explode: tuple[str, ...] = ()
    optional: bool = False
    fields: dict[str, FieldRule]

    @model_validator(mode="before")
    @classmethod
    def _short_forms(cls, data: Any) -> Any:
        return {k: (v,) if k == "explode" and isinstance(v, str) else v for k, v in data.items()}

    @property
    def conditions(self) -> tuple[Where, ...]:
        """Every condition of the block and of its fields."""
        return (*self.where, *(w for rule in self.fields.values() for w in rule.where))

    @property
    def columns(self) -> tuple[str, ...]:
        """Export columns that the block reads, in first-use order."""
        found = [c for rule in self.fields.values() for c in rule.columns if not c.startswith("@")]
        return tuple(dict.fromkeys([*found, *self.explode, *(w.column for w in self.conditions)]))

    def inside(self, column: str) -> bool:
        """Tell whether a column is told by the elements of the block's array, not by the record itself."""
        return any(column == step or column.startswith(step + ".") for step in self.explode)

    @property
    def needed(self) -> tuple[str, ...]:
        """Export columns without which the table cannot be made; one of several spellings is never alone needed."""
        rules = (r for r in self.fields.values() if not r.optional and len(r.source) <= 1 and not r.cases)
        found = [c for rule in rules for c in rule.columns] + [w.column for w in self.where]
        return tuple(dict.fromkeys(c for c in found if not c.startswith("@")))

    @property
    def _tells_net(self) -> bool:
        """Whether an order's net amount follows from its gross amount and refund (in groups: added up alike)."""
        gross, back = self.fields.get("gross_amount"), self.fields.get("refund_amount")
        return self.table == "orders" and gross is not None and (back is None or gross.agg == back.agg)

    @model_validator(mode="after")
    def _fits_the_contract(self) -> Block:
        if self.table not in TABLES:
            near = get_close_matches(self.table, TABLES, 1)
            raise ValueError(f"unknown table '{self.table}'" + (f": '{near[0]}'?" if near else ""))
        contract, problems = TABLES[self.table], []
        for name, rule in self.fields.items():
            if name not in contract.names:
                near = get_close_matches(name, contract.names, 1)
                problems.append(f"table '{self.table}' has no column '{name}'" + (f": '{near[0]}'?" if near else ""))
            elif contract[name].kind == "money" and rule.value is None and rule.unit is None:
                problems.append(f'\'{name}\' is money: say unit = "major" (yuan) or "minor" (fen)')
            elif name.startswith("phone") and rule.kind != "phone":
                problems.append(f"'{name}' holds phones: say kind = \"phone\" (it is stored as a keyed hash)")
            elif rule.kind == "staff" and name not in GUIDES + OWNERS:
                problems.append(f"'{name}' is no guide: kind = \"staff\" is for {', '.join(GUIDES + OWNERS)}")
            elif rule.shared_out and (self.table, name) != ("order_lines", "net_amount"):
                problems.append(f"'{name}' is no line's payment: shared_out is for net_amount of order_lines")
            elif rule.agg == "furthest" and not contract[name].one_of:
                problems.append(f"'{name}' has no order of steps: \"furthest\" cannot be told")
        given = set(self.fields) | {"merchant"}
        given |= {"net_amount"} if self._tells_net else set()
        for column in contract.columns:
            at = column.name.removesuffix("_on") + "_at"
            derived = column.name.endswith("_on") and at in given
            if column.required and column.name not in given and not derived:
                problems.append(f"table '{self.table}' requires '{column.name}'")
        if problems:
            raise ValueError("; ".join(problems))
        return self


class Layout(Record):
    """One kind of export: how to know it, how to read it, which tables it becomes."""

    name: str
    title: str
    status: Literal["exact header", "from API reference", "doubtful", "own"] = "own"
    source: str = ""
    notes: str = ""
    format: tuple[Literal["csv", "excel", "parquet", "jsonl", "json"], ...] = ("csv", "excel")
    encoding: str | None = None
    delimiter: str | None = None
    zone: str | None = None
    currency: str | None = None
    sheet: str | None = None
    records: str | None = None
    merchant: str | None = None
    sensitive: tuple[str, ...] = ()
    footer: tuple[str, ...] = ()
    skip: tuple[Skip, ...] = ()
    fill_down: FillDown | None = None
    control: tuple[Control, ...] = ()
    breaks: tuple[Break, ...] = ()
    retention_days: int | None = None
    newest_day_partial: bool = False
    limits: tuple[str, ...] = ()
    misspelt: dict[str, str] = Field(default_factory=dict)
    signature: tuple[str, ...] = ()
    columns: tuple[str, ...] = ()
    header: bool = True
    tables: tuple[Block, ...] = Field(min_length=1)
    layout_id: str = ""

    @model_validator(mode="before")
    @classmethod
    def _short_forms(cls, data: Any) -> Any:
        lists = ("format", "footer", "sensitive", "limits")
        return {k: (v,) if k in lists and isinstance(v, str) else v for k, v in data.items()}

    @property
    def needed(self) -> tuple[str, ...]:
        """Export columns without which the file cannot be this export, in first-use order."""
        found = [self.merchant] if self.merchant else []
        found += [c for block in self.tables if not block.optional for c in block.needed]
        return tuple(dict.fromkeys([*self.signature, *found]))

    @model_validator(mode="after")
    def _tells_what_is_shared_out(self) -> Layout:
        shares = any(rule.shared_out for block in self.tables for rule in block.fields.values())
        if shares and all(block.table != "orders" for block in self.tables):
            raise ValueError("shared_out needs the payments to share: no table 'orders' is made of the same file")
        return self

    @property
    def used(self) -> tuple[str, ...]:
        """Every export column that the layout mentions, in first-use order."""
        found = [c for block in self.tables for c in block.columns]
        return tuple(dict.fromkeys([*self.signature, *self._of_rows, *found]))

    @property
    def inside(self) -> frozenset[str]:
        """Columns that only the elements of an array tell: the record itself is never asked for them."""
        elements = {c for block in self.tables for c in block.columns if block.inside(c)}
        whole = {c for block in self.tables for c in block.columns if not block.inside(c)}
        return frozenset(elements - whole - set(self._of_rows))

    @property
    def _of_rows(self) -> list[str]:
        """Columns that are read of every row, whatever table it makes."""
        found = [self.merchant] if self.merchant else []
        found += [w.column for s in self.skip for w in s.where]
        found += [c for control in self.control for c in (control.column, *(w.column for w in control.where)) if c]
        return found + ([self.fill_down.by, *self.fill_down.columns] if self.fill_down else [])


KEYS = sorted(
    {f.alias or n for r in (Layout, Block, FieldRule, Where, Skip, Control, Break, FillDown, Case) for n, f in r.model_fields.items()}
    - {"layout_id"}
)  # fmt: skip
"""Every key that a page may have somewhere."""


def layout_names() -> list[str]:
    """Return the names of the layouts that come with the package."""
    return sorted(p.stem for p in LAYOUTS.glob("*.toml"))


def read_layout(layout: str | Path) -> Layout:
    """Read a layout by name (of the package) or by path (your own ``.toml``).

    Raises
    ------
    LoadError
        If there is no such layout (near names are suggested), or its page is wrong: every
        problem in one message.
    """
    if str(layout).startswith("canonical_") and str(layout).removeprefix("canonical_") in TABLES:
        return canonical_layout(str(layout).removeprefix("canonical_"))
    path = Path(layout) if str(layout).endswith(".toml") else LAYOUTS / f"{layout}.toml"
    if not path.is_file():
        near = get_close_matches(str(layout), layout_names(), 3)
        hint = f"did you mean {' or '.join(near)}?" if near else "'retailkit layouts' lists them"
        raise LoadError(
            f"no layout '{layout}'", expected=hint, do="correct the name, or give the path of your own .toml file"
        )
    return _read(path, path.stat().st_mtime_ns)


def currency_in(zone: str, layout: Layout) -> str:
    """Return the currency of amounts that nobody has named one for: CNY where the days are China's (or no place's, UTC).

    Raises
    ------
    LoadError
        If they are another country's, and the layout has amounts without a currency.
    """
    amounts = [b for b in layout.tables if any(TABLES[b.table][n].kind == "money" for n in b.fields)]
    named = layout.currency or all("currency" in b.fields for b in amounts)
    if not named and zone in time_zones() and zone not in CHINA:
        raise LoadError(
            f"it is not told which currency the amounts are in: the zone is {zone}",
            f"layout '{layout.name}'",
            "an ISO code such as JPY: ¥ is yen there and yuan in China",
            'say --currency, or write currency = "..." in the layout',
        )
    return layout.currency or "CNY"


def canonical_layout(name: str) -> Layout:
    """Return the layout of a file that has a canonical table's own columns (times in UTC, money in minor units)."""
    fields = {}
    for column in TABLES[name].columns[1:]:
        at = column.name.removesuffix("_on") + "_at"
        derived = column.name.endswith("_on") and at in TABLES[name].names
        rule: dict[str, Any] = {"from": column.name, "optional": not column.required or derived}
        rule |= {"unit": "minor"} if column.kind == "money" else {"kind": "phone"} if "phone" in column.name else {}
        fields[column.name] = rule
    contract = repr(TABLES[name])
    page = {
        "name": f"canonical_{name}",
        "title": f"canonical table '{name}'",
        "format": ("csv", "excel", "parquet", "jsonl", "json"),
        "zone": "UTC",
        "tables": ({"table": name, "fields": fields},),
        "layout_id": hashlib.sha256(contract.encode()).hexdigest()[:16],
    }
    return Layout.model_validate(page)


@lru_cache(maxsize=256)
def _read(path: Path, changed: int) -> Layout:
    text = path.read_bytes()
    try:
        page = tomllib.loads(text.decode("utf-8"))
        digest = hashlib.sha256(text).hexdigest()[:16]
        _finished(page, path)
        return Layout.model_validate({"name": path.stem, **page, "layout_id": digest})
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as problem:
        raise LoadError(f"no TOML page in UTF-8: {problem}", where=str(path)) from None
    except ValidationError as problem:
        lines = "\n".join(wrong_places(problem, KEYS))
        raise LoadError(f"the layout cannot be used\n{lines}", str(path), do="see layouts/README.md") from None


def _finished(page: dict[str, Any], path: Path) -> None:
    """Refuse a draft in which a ``?`` still stands where nothing in the file told.

    Raises
    ------
    LoadError
        Lists every place.
    """
    blocks = [b for b in page.get("tables", ()) if isinstance(b, dict)] if isinstance(page.get("tables"), list) else []
    found = [
        f"{block.get('table')}.{name} ({key})"
        for block in blocks
        for name, rule in block.get("fields", {}).items()
        for key, value in (rule if isinstance(rule, dict) else {"from": rule}).items()
        if value == "?"
    ]
    found = (["currency"] if page.get("currency") == "?" else []) + found
    if found:
        raise LoadError(
            f"the layout is not finished, a '?' stands for {', '.join(found)}",
            str(path),
            "a column's name as the file's header has it; unit 'major' (yuan) or 'minor' (fen); currency as CNY, JPY",
            "write them there; a line whose column the file does not have may go, if its table does not require it",
        )
