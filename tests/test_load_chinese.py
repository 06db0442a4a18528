"""What loading says stands in Chinese too: warnings, refusals, sniffing, drafts; and what a load stored is told in the study's language."""

import ast
import itertools
import re
import tomllib
from pathlib import Path

import pytest
from click.testing import CliRunner
from load_files import HEADER, ORDERS, SAMPLES, layout, load
from spoken import english
from test_load_bad_input import small_cohort

import retailkit.load
from retailkit.__main__ import cli
from retailkit.load import LoadError, data_health, draft_layout, load_cohort, load_file, open_store, sniff
from retailkit.load.chinese import in_chinese
from retailkit.load.layout import layout_names, read_layout

ROOM = Path(retailkit.load.__file__).parent
HAN = re.compile(r"[\u4e00-\u9fff]")


def sentences(node: ast.expr, told: dict[str, ast.expr]) -> list[str]:
    """Every text that an expression can be, 7 standing for what varies; a name has what was last given to it."""
    if isinstance(node, ast.Constant):
        return [str(node.value)]
    if isinstance(node, ast.JoinedStr):
        parts = [sentences(v.value if isinstance(v, ast.FormattedValue) else v, told) for v in node.values]
        return ["".join(some) for some in itertools.product(*parts)]
    if isinstance(node, ast.BinOp):
        return [a + b for a, b in itertools.product(sentences(node.left, told), sentences(node.right, told))]
    if isinstance(node, ast.IfExp):
        return sentences(node.body, told) + sentences(node.orelse, told)
    if isinstance(node, ast.Name) and isinstance(told.get(node.id), ast.JoinedStr | ast.IfExp | ast.Constant):
        return sentences(told[node.id], {})
    return ["7"]


def assigned(function: ast.FunctionDef) -> dict[str, ast.expr]:
    """What a function gives its names: a refusal may be put together under one."""
    found = [n for n in ast.walk(function) if isinstance(n, ast.Assign) and isinstance(n.targets[0], ast.Name)]
    return {n.targets[0].id: n.value for n in found}


def all_said() -> list[str]:
    """The sentences of every refusal, and of every remark that a draft makes."""
    found = []
    for path in sorted(ROOM.glob("*.py")):
        for function in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(function, ast.FunctionDef):
                continue
            told = assigned(function)
            for call in ast.walk(function):
                if not isinstance(call, ast.Call):
                    continue
                if getattr(call.func, "id", "") == "LoadError":
                    parts = [
                        *call.args[:1],
                        *call.args[2:],
                        *(k.value for k in call.keywords if k.arg in ("what", "expected", "do")),
                    ]
                elif ast.unparse(call.func) == "checks.append":
                    parts = call.args
                else:
                    continue
                found += [text for part in parts for text in sentences(part, told)]
    return [text for text in found if re.search(r"[a-z]{2}", text)]


def test_every_refusal_and_every_remark_of_a_draft_has_its_chinese():
    found = all_said()
    assert len(found) > 120
    assert [text for text in found if not HAN.search(in_chinese(text))] == []


def test_what_a_layout_says_of_its_source_is_said_in_both_languages():
    pages = [read_layout(name) for name in layout_names()]
    texts = [t for page in pages for t in (*page.limits, *(b.what for b in page.breaks))]
    assert len(texts) > 5
    for text in texts:
        before, between, after = text.partition(" / ")
        assert between, text
        assert HAN.search(after), text
        assert not HAN.search(before), text


def test_every_warning_is_said_twice():
    for file in ("warn.py", "across.py"):
        calls = [n for n in ast.walk(ast.parse((ROOM / file).read_text(encoding="utf-8"))) if isinstance(n, ast.Call)]
        chinese = [c.args[2] for c in calls if getattr(c.func, "id", "") == "said" and "odd" not in ast.unparse(c)]
        assert len(chinese) >= 6
        assert all(HAN.search(ast.unparse(text)) for text in chinese)


SHOP = (
    ORDERS
    + """
[[tables]]
table = "refunds"
where = [{ column = "实付", equals = "9.99" }]
[tables.fields]
refund_id = "订单号"
refunded_at = "付款时间"
refund_amount = { from = "实付", unit = "yuan" }
[[control]]
pattern = '共(\\d+)笔'
check = "rows"
[[breaks]]
on = "2018-03-02"
what = "returns are left out / 不再计入退货"
"""
)


def test_warnings_are_told_in_the_language_asked_for_and_stored_ones_in_the_study_s(tmp_path):
    rows = "共9笔,,,\n" + HEADER + "1,a,2018-03-01,9.99\n2,a,2018-03-03,1\n"
    told = {
        lang: load(tmp_path / lang, rows, SHOP, lang=lang)["warnings"][0]
        for lang in ("en", "zh")
        if not (tmp_path / lang).mkdir()
    }
    assert told["en"].startswith("the file states 9 (rows) but holds 2; since 2018-03-02 the source counts otherwise: ")
    assert told["zh"].startswith("文件自述行数为9，实际为2；2018-03-02起来源口径改变：不再计入退货")
    assert told["en"].count("; ") == told["zh"].count("；")
    assert english(told["zh"]) == []
    for loaded in ("en", "zh"):
        tables = open_store(tmp_path / loaded / "store", "m")
        why = {lang: data_health(tables, lang=lang).iloc[-1]["why"] for lang in ("en", "zh")}
        assert "counts otherwise (returns are left out)" in why["en"]
        assert "口径改变（不再计入退货）" in why["zh"]


def test_a_layout_that_is_not_there_is_said_once_for_each_file_with_one_thing_to_do(tmp_path):
    for name in ("a.csv", "b.csv"):
        (tmp_path / name).write_text(HEADER + "1,a,2018-03-01,1\n", encoding="utf-8")
    with pytest.raises(LoadError) as error:
        load_cohort(small_cohort(tmp_path, [("nope", "a.csv"), ("nope", "b.csv")]), tmp_path / "store")
    lines = str(error.value).splitlines()
    assert lines[0] == "c: no file could be loaded."
    assert [line for line in lines if "no layout" in line] == [
        "  a.csv: no layout 'nope'.",
        "  b.csv: no layout 'nope'.",
    ]
    assert sum("do:" in line for line in lines) == 2
    chinese = error.value.told("zh")
    assert "a.csv：没有布局“nope”。" in chinese
    assert english(chinese, {"nope", "a.csv", "b.csv"}) == []


@pytest.mark.parametrize("arguments", [
    ["load", "FILE", "--layout", "LAYOUT", "--merchant", "m", "--store", "STORE"],
    ["load", "FILE", "--layout", "youzan_orders", "--merchant", "m", "--store", "STORE"],
    ["sniff", "FILE"], ["sniff", "nothing.csv"], ["layouts", "new", "FILE"], ["layouts", "new", "nothing.csv"],
], ids=lambda a: " ".join(a[:4]))  # fmt: skip
def test_commands_on_a_file_speak_chinese(arguments, tmp_path, monkeypatch):
    monkeypatch.setenv("RETAILKIT_KEY_FILE", str(tmp_path / "key"))
    (tmp_path / "orders.csv").write_text(HEADER + "1,a,2018-03-01,1.50\n2,b,never,2.50\n", encoding="utf-8")
    places = {"FILE": str(tmp_path / "orders.csv"), "LAYOUT": str(layout(tmp_path)), "STORE": str(tmp_path / "store")}
    done = CliRunner().invoke(cli, [*(places.get(a, a) for a in arguments), "--lang", "zh"])
    text = done.output + (done.stderr if done.stderr_bytes else "")
    prose = "\n".join(line for line in text.splitlines() if arguments[0] != "layouts" or line.startswith("#"))
    names = {
        "orders.csv",
        "nothing.csv",
        "orders",
        "quarantine",
        "never",
        "ID",
        "layouts new",
        "sniff FILE",
        "kind",
        str(tmp_path),
    }
    left = english(prose if done.exit_code == 0 else text, names)
    assert HAN.search(text)
    assert left == [], text


@pytest.mark.parametrize(("name", "file", "column", "count"), [
    ("ga4_events", "ga4_events.jsonl", "purchase_revenue", 2), ("snowplow_events", "events.csv", "tr_total", 2),
    ("matomo_visits", "visits.json", "revenue", 1),
])  # fmt: skip
def test_events_of_orders_without_their_revenue_are_warned_of(name, file, column, count, tmp_path):
    """A misspelt amount leaves the visits without orders: the warning names the column, and the one that is there."""
    whole = (SAMPLES / name / file).read_text(encoding="utf-8")
    path = tmp_path / file
    path.write_text(re.sub(rf"\b{column}\b", column + "_x", whole), encoding="utf-8")
    report = load_file(path, name, "m", tmp_path / "store").iloc[0]
    assert open_store(tmp_path / "store", "m").orders.count().to_pandas() == 0
    assert re.search(rf"but the file has no column '[\w.]*{column}' \(it has '[\w.]*{column}_x'\)", report["warnings"])
    assert report["warnings"].count("no order is loaded from it") == 1
    fine = load_file(SAMPLES / name / file, name, "m", tmp_path / "whole").iloc[0]
    assert "no order is loaded" not in fine["warnings"]


def test_a_draft_keeps_its_lines_in_chinese_and_sniffing_its_layout(tmp_path):
    file = tmp_path / "shop.csv"
    file.write_text("单号,会员号,时间,金额\nA1,c1,2024-01-03,100.00\nA2,c2,2024-01-04,(35.00)\n", encoding="utf-8")
    two = [draft_layout(file, lang) for lang in ("en", "zh")]
    assert len({tuple(tomllib.loads(text)["tables"][0]) for text in two}) == 1
    assert tomllib.loads(two[0]) == tomllib.loads(two[1])
    assert "“金额”的负数（如“(35.00)”）按退款读取" in two[1]
    sample = SAMPLES / "ga4_events" / "ga4_events.jsonl"
    assert sniff(sample).layout == sniff(sample, "zh").layout == "ga4_events"
    assert "依据接口文档" in sniff(sample, "zh").sentence
