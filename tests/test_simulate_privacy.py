"""No phone and no personal name of the simulated exports is in anything that a study writes or says."""

import hashlib
import html
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from retailkit.simulate import simulate

WHO = ("m05", "m08", "m09", "m13", "n03")
"""Exports of Youzan, Taobao, JD, WeCom, Shopify, Weimob and a web shop's events; one donor."""
LOOKED_AT = (
    "m05/youzan_orders.csv", "m09/ExportOrderList.csv", "m08/jd_orders.csv", "m08/orders_export.csv",
    "m13/weimob_order_list.jsonl", "m05/externalcontact_get.jsonl",
)  # fmt: skip
EACH = """
import json, sys, traceback
from retailkit.__main__ import cli
for words in json.loads(sys.argv[1]):
    try:
        cli(words)
    except SystemExit as end:
        print("exit code", end.code)
    except Exception:
        print("exit code of an exception")
        traceback.print_exc()
"""
"""One process that is asked several things, as several processes would be: most of their time goes into imports."""

MASKED = re.compile(r"1\d{0,2}\*{4,}\d{2,4}")
PHONE = re.compile(r"(?<!\d)199\d{8}(?!\d)")
NAME = re.compile(r"测[\u4e00-\u9fff]{2}")
EMAIL = re.compile(r"\w+@example\.com")
DIGEST = re.compile(r"(?<![0-9a-f])[0-9a-f]{32,64}(?![0-9a-f])")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return simulate("doubling_1", tmp_path_factory.mktemp("made"), scale=0.0005, merchants=WHO)


@pytest.fixture(scope="module")
def planted(made: Path) -> set[str]:
    """Every phone, name and e-mail address of the exports, and hashes of the phones that anybody could make without the key."""
    values = set(pd.read_parquet(made / "truth" / "planted.parquet")["value"])
    phones = [v.encode() for v in values if v.startswith("199")]
    return values | {h(p).hexdigest() for p in phones for h in (hashlib.md5, hashlib.sha1, hashlib.sha256)}


@pytest.fixture(scope="module")
def outputs(made: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Everything that a study with two chapters leaves behind and prints, with files that cannot be read among its exports."""
    home = tmp_path_factory.mktemp("outputs")
    spoil(made)
    env = {**os.environ, "RETAILKIT_KEY_FILE": str(home.with_name("key")), "RETAILKIT_DEBUG": "1"}

    def said(name: str, *words: str) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            [sys.executable, "-m", "retailkit", *words], capture_output=True, text=True, env=env, check=False
        )
        (home / f"{name}.log").write_text(done.stdout + done.stderr, encoding="utf-8")
        return done

    page, store, study = str(made / "doubling_1.toml"), str(home / "store"), str(home / "study")
    ran = said("run", "run", page, "--store", store, "--out", study, "--merchants", "m05", "--chapters", "1,2")
    assert "3 done (0 unchanged), 0 failed" in ran.stdout, ran.stdout + ran.stderr
    said("load", "load", page, "--store", store)
    wrong = ("--layout", "wechat_pay_bill", "--merchant", "x", "--store", store)
    paths = [str(made / "exports" / export) for export in LOOKED_AT]
    words = [["sniff", path] for path in paths] + [["load", path, *wrong] for path in paths]
    done = subprocess.run([sys.executable, "-c", EACH, json.dumps(words)], capture_output=True, text=True, env=env)
    (home / "each.log").write_text(done.stdout + done.stderr, encoding="utf-8")
    assert done.stdout.count("exit code") == len(words), done.stderr
    return home


def spoil(made: Path) -> None:
    """Damage some rows where a phone or a name stands, so that they are set aside or refused."""
    orders = made / "exports" / "m05" / "youzan_orders.csv"
    lines = orders.read_text(encoding="utf-8-sig").split("\n")
    lines[3] += ",one,cell,more"
    lines[5] = lines[5].replace(",", "\t", 4)
    orders.write_text("\n".join(lines), encoding="utf-8-sig")
    contacts = made / "exports" / "m05" / "externalcontact_get.jsonl"
    contacts.write_text(
        contacts.read_text(encoding="utf-8") + '{"external_contact": {"name": "测试人', encoding="utf-8"
    )


def texts(path: Path) -> Iterator[str]:
    """The text of one file, as it stands and with its escapes undone."""
    if path.suffix == ".parquet":
        found = pq.read_table(path)
        yield json.dumps({k.decode(): v.decode("latin-1") for k, v in (found.schema.metadata or {}).items()})
        yield "\n".join(str(v) for column in found.columns for v in column.unique().to_pylist() if v is not None)
        return
    text = path.read_bytes().decode("utf-8", "replace")
    yield text
    yield re.sub(r"\\u([0-9a-fA-F]{4})", lambda m: chr(int(m[1], 16)), html.unescape(text))


def leaks(folder: Path, planted: set[str]) -> dict[str, list[str]]:
    """Files of a folder that show a planted value, a masked phone, or a hash of a phone without a key."""
    out: dict[str, list[str]] = {}
    for path in sorted(p for p in folder.rglob("*") if p.is_file() and p.name != "plotly.min.js"):
        found: set[str] = set()
        for text in texts(path):
            found |= planted & set(_tokens(text))
            found |= set(MASKED.findall(text))
        if found:
            out[str(path.relative_to(folder))] = sorted(found)[:3]
    return out


def _tokens(text: str) -> Iterable[str]:
    for pattern in (PHONE, NAME, EMAIL, DIGEST):
        yield from pattern.findall(text)


def test_the_exports_are_full_of_phones_and_names(made: Path, planted: set[str]) -> None:
    found = {v for path in (made / "exports").rglob("*.csv") for v in _tokens(_decoded(path))}
    assert len(found & planted) > 500


def _decoded(path: Path) -> str:
    """Text of an export: UTF-8 where every byte fits, else GB18030."""
    data = path.read_bytes()
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("gb18030")


def test_no_output_shows_a_phone_or_a_name(outputs: Path, planted: set[str]) -> None:
    kinds = {p.suffix for p in outputs.rglob("*") if p.is_file()}
    assert kinds >= {".parquet", ".json", ".ipynb", ".html", ".log", ".csv"}, "something to scan of every kind"
    assert any("quarantine" in str(p) for p in outputs.rglob("*.parquet"))
    assert leaks(outputs, planted) == {}


@pytest.mark.parametrize("kind", ["text", "escaped", "html", "parquet", "masked", "hashed", "bytes"])
def test_the_scan_finds_what_is_planted(tmp_path: Path, planted: set[str], kind: str) -> None:
    phone = next(v for v in sorted(planted) if re.fullmatch(r"199\d{8}", v))
    name = next(v for v in sorted(planted) if NAME.fullmatch(v))
    page = tmp_path / "deep" / "page"
    page.parent.mkdir()
    if kind == "parquet":
        pq.write_table(pa.table({"n": [1], "note": [f"called {phone}"]}), page.with_suffix(".parquet"))
    else:
        text = {
            "text": f"row 3: '{phone}' is no amount",
            "escaped": json.dumps({"text": name}),
            "html": "".join(f"&#{ord(c)};" for c in name),
            "masked": phone[:3] + "****" + phone[7:],
            "hashed": hashlib.sha256(phone.encode()).hexdigest(),
            "bytes": "\x00\xff" + name,
        }[kind]
        page.write_bytes(text.encode())
    assert len(leaks(tmp_path, planted)) == 1
