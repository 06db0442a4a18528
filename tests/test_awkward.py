"""Awkward real files against an independent parser, cell by cell: the right rows, or one clear refusal."""

import csv
import gzip
import re

import pytest
from conftest import DATA
from test_read import rows

from retailkit.load.header import clean_names

AWKWARD = DATA / "awkward_files_a"
HEADED = {
    "cn_wechat_bill.csv": ("utf-8", 17), "cn_alipay_bill_gbk.csv": ("gb18030", 25), "cn_icbc_debit_padded.csv": ("utf-8", 7),
    "cn_cmb_credit_negative.csv": ("utf-8", 2), "cn_boc_debit.csv": ("utf-8", 2), "uk_dclg_gpc_2015_12.csv": ("ascii", 1),
    "uk_hmrc_over25k_2011.csv": ("ascii", 1), "uk_wakefield_pcard_2018q2.csv.gz": ("utf-8", 3), "org_utf16le.csv": ("utf-16", 1),
    "mx_spanish_latin1.csv": ("latin-1", 1), "bom_only.csv": ("utf-8-sig", 1), "ragged_bad.csv": ("ascii", 1),
    "locale_semicolon_numbers.csv": ("ascii", 1), "null_byte.csv": ("ascii", 1),
}  # fmt: skip
"""File -> its encoding (the safe order of trials finds UTF-8 before any other) and the header's line."""


def by_python(file: str) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
    """Return the named columns and the non-blank records of a file as Python's csv module reads them."""
    encoding, header = HEADED[file]
    data = (AWKWARD / file).read_bytes()
    text = (gzip.decompress(data) if file.endswith(".gz") else data).decode(encoding)
    lines = list(csv.reader(text.splitlines(keepends=True)))
    names = clean_names(lines[header - 1])
    records = [[plain(c) for c in (*line, *[""] * len(names))[: len(names)]] for line in lines[header:]]
    named = [i for i, name in enumerate(names) if not name.startswith("@")]
    kept = [r for r, line in zip(records, lines[header:], strict=True) if any(plain(c) for c in line)]
    return tuple(names[i] for i in named), [tuple(r[i] for i in named) for r in kept]


def plain(cell: str) -> str:
    """Return a cell without the blanks and marks that spreadsheets wrap around it."""
    cell = cell.replace("\0", "").strip(" \t\r\n\u00a0\u3000\ufeff")
    return re.sub(r"^'(?=[0-9])|^`", "", cell).strip()


@pytest.mark.data
@pytest.mark.parametrize("file", HEADED)
def test_every_cell_is_the_one_that_python_reads(file: str) -> None:
    names, wanted = by_python(file)
    more = {"encoding": "latin-1"} if file.startswith("mx_") else {}
    found = rows(AWKWARD / file, list(names), **more).fillna("")
    assert [tuple(map(str, row)) for row in found.itertuples(index=False, name=None)] == wanted


@pytest.mark.data
def test_every_file_of_the_set_is_told_what_becomes_of_it() -> None:
    elsewhere = {"nasa_cr_only.csv", "groceries_ragged_baskets.csv", "scientific_notation.xlsx"}
    refused = {"de_weird_head_padding.csv", "multiline_headers.xlsx", "cn_ccb_statement.xls"}
    files = {p.name for p in AWKWARD.iterdir() if p.suffix in (".csv", ".gz", ".xls", ".xlsx")} - {"manifest.csv"}
    assert files == set(HEADED) | elsewhere | refused
