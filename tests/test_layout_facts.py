"""Layouts against stated facts: the exact headers of real exports, the unit of every amount, canonical files."""

import csv
import json
from datetime import date, datetime
from pathlib import Path

import pandas as pd
import pytest
from conftest import DATA
from load_files import sample_of

from retailkit.load import load_file, open_store
from retailkit.load.header import clean_names
from retailkit.load.layout import layout_names, read_layout
from retailkit.load.recognise import sniff
from retailkit.schema import TABLES, table

FACTS = Path(__file__).parent / "facts"
HEADERS = json.loads((FACTS / "headers.json").read_text(encoding="utf-8"))
TWINS = {"wechat_pay_totals": "wechat_pay_bill"}
"""Layouts that read the very file of another one: sniff names the other."""
OWN = [n for n in layout_names() if not n.startswith(("complete_journey", "online_retail"))]
CANONICAL = [t.name for t in TABLES.values() if t.room != "derived" and t.name != "merchants"]


def units() -> dict[tuple[str, str], str]:
    with (FACTS / "units.csv").open(encoding="utf-8", newline="") as lines:
        return {(row["layout"], row["column"]): row["unit"] for row in csv.DictReader(lines)}


@pytest.mark.parametrize("layout", HEADERS)
def test_sample_has_the_header_of_a_real_export(layout: str) -> None:
    path = sample_of(layout)
    data = path.read_bytes()
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = data.decode("gb18030")
    assert next(csv.reader([text.splitlines()[0]])) == HEADERS[layout]
    unknown = set(read_layout(layout).used) - set(clean_names(HEADERS[layout]))
    assert not unknown, f"the layout reads columns that the export does not have: {unknown}"


def test_headers_are_those_of_the_reference() -> None:
    path = DATA.parent / "reference" / "order_columns.csv"
    assert len(HEADERS["youzan_orders"]) == 60
    assert HEADERS["youzan_orders"].count("分销员") == 2
    assert HEADERS["youzan_customers"][-1] == ""
    assert sum(name.endswith(" ") for name in HEADERS["taobao_orders"]) == 6
    if path.is_file():
        with path.open(encoding="utf-8-sig", newline="") as lines:
            youzan = [r["column"] for r in csv.DictReader(lines) if r["file"] == "order export CSV"]
        assert youzan[:60] == HEADERS["youzan_orders"]


@pytest.mark.parametrize("layout", OWN)
def test_every_amount_is_read_in_the_unit_that_its_source_states(layout: str) -> None:
    page, stated = read_layout(layout), units()
    for block in page.tables:
        for name, rule in block.fields.items():
            if table(block.table)[name].kind != "money" or rule.value is not None:
                continue
            known = {stated[layout, c] for c in rule.columns if (layout, c) in stated}
            where = f"{layout}: {block.table}.{name} from {rule.columns}"
            assert len(known) == 1, f"{where} mixes units or is not in tests/facts/units.csv: {known}"
            unit = known.pop()
            assert rule.unit in (("fen", "minor") if unit == "fen" else ("yuan", "major")), where
            assert page.currency == (None if unit == "local currency" else "CNY"), where
            assert unit != "not stated" or page.status == "doubtful", where


@pytest.mark.parametrize("layout", OWN)
def test_sniff_names_the_layout_of_its_sample(layout: str) -> None:
    path = sample_of(layout)
    assert sniff(path).layout == TWINS.get(layout, layout)


def canonical_rows(name: str) -> pd.DataFrame:
    """Return two rows with every column of a canonical table filled, in the types of a canonical file."""
    contract = table(name)
    rows: list[dict[str, object]] = []
    for i in (1, 2):
        row: dict[str, object] = {}
        for column in contract.columns:
            filled: dict[str, object] = {
                "id": f"00{i}", "text": column.one_of[0] if column.one_of else f"字,{i}", "int": i, "money": 100 * i,
                "float": i / 4, "bool": i == 1, "instant": datetime(2018, 11, 10, 16, 3, i), "date": date(2018, 11, 10 + i),
            }  # fmt: skip
            row[column.name] = "138" if column.name.startswith("phone") else filled[column.kind]
        row["merchant"] = "m"
        for at in [c.name for c in contract.columns if c.kind == "instant"]:
            on = at.removesuffix("_at") + "_on"
            if on in contract.names:
                row[on] = date(2018, 11, 11)  # 00:03 of the next day in Shanghai
        rows.append(row)
    return pd.DataFrame(rows)


@pytest.mark.parametrize("kind", ["csv", "parquet"])
@pytest.mark.parametrize("name", CANONICAL)
def test_canonical_file_is_read_as_it_stands(name: str, kind: str, tmp_path: Path) -> None:
    rows, path = canonical_rows(name), tmp_path / f"{name}.{kind}"
    rows.to_csv(path, index=False) if kind == "csv" else rows.to_parquet(path, index=False)
    assert sniff(path).layout == f"canonical_{name}"
    report = load_file(path, f"canonical_{name}", None, tmp_path / "store")
    assert report["rows_kept"].tolist() == [2], report["warnings"].tolist()
    found = getattr(open_store(tmp_path / "store"), name).to_pandas()
    assert len(found) == 2
    for column in table(name).columns:
        if column.name.startswith("phone"):
            continue
        got, wanted = sorted(map(str, found[column.name])), sorted(map(str, rows[column.name]))
        if column.kind == "date":
            got = [text[:10] for text in got]
        assert got == wanted or column.name == "currency", f"{name}.{column.name}"
