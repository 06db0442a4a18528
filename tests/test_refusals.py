"""What a command refuses is told in the language asked for: cohort files, studies, layouts' pages, what was typed wrongly."""

import ast
import re
from pathlib import Path

import pytest
from click.testing import CliRunner
from load_files import HEADER, ORDERS, load
from spoken import english
from test_layouts import sample_of
from test_load_chinese import assigned, sentences

import retailkit
from retailkit.__main__ import cli
from retailkit.cohort import CohortError, read_cohort
from retailkit.load import LoadError, sniff
from retailkit.load.layout import layout_names, read_layout
from retailkit.refusals import turned
from retailkit.spoken import own_half

ROOM = Path(retailkit.__file__).parent
HAN = re.compile(r"[\u4e00-\u9fff]")
NAMES = {
    "cli run",
    "cli load",
    "cli sniff",
    "cli layouts new",
    "cli",
    "order",
    "COMMAND",
    "nothere.csv",
    "COHORT",
    "FILE",
    "WHAT",
    "OPTIONS",
    "NAME=VALUE",
    "parameters",
    "lang",
    "merchant",
}


def refused(folder: str, *raised: str) -> list[str]:
    """Every text with which a folder's modules refuse: of those errors, or added to a list of problems."""
    found = []
    for path in sorted((ROOM / folder).glob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.FunctionDef):
                continue
            told = assigned(node)
            calls = [n for n in ast.walk(node) if isinstance(n, ast.Call) and n.args]
            mine = [
                c
                for c in calls
                if ast.unparse(c.func).split(".")[-1] in raised or ast.unparse(c.func) == "problems.append"
            ]
            found += [text for call in mine for text in sentences(call.args[0], told)]
    return [text for text in found if re.search(r"[a-z]{3} [a-z]", text)]


@pytest.mark.parametrize(("folder", "raised", "least"), [
    ("cohort", ("CohortError", "ValueError"), 12), ("study", ("StudyError",), 10), ("commands", ("UsageError", "BadParameter"), 4),
    ("load", ("ValueError",), 3),
])  # fmt: skip
def test_every_refusal_has_its_chinese(folder, raised, least):
    found = refused(folder, *raised)
    assert len(found) >= least
    prefix = "Invalid value for --x: " if folder == "commands" else ""
    assert [t for t in found if not any(HAN.search(turned(p + t, f"retailkit.{folder}")) for p in ("", prefix))] == []


@pytest.mark.parametrize("arguments", [
    "run nothere", "run nothere.toml", "run complete_journy", "run complete_journey --merchants zz --no-load",
    "run complete_journey --merchants 36 --no-load", "run complete_journey --chapters growht --no-load",
    "run complete_journey --chapters zz --no-load", "run complete_journey -p zz=1 --no-load", "run complete_journey -p order=x --no-load",
    "run complete_journey -p as_of=x --no-load", "run complete_journey -p zz", "run complete_journey --as-of 2018",
    "run complete_journey --due --as-of 2018-01-01", "run complete_journey --workers 0", "run complete_journey --seed x",
    "run complete_journey --bogus", "run complete_journey extra", "run", "load nothere", "load nothere.csv --layout jd_orders",
    "load README.md", "runn x", "sniff", "layouts new",
])  # fmt: skip
def test_what_is_asked_wrongly_is_told_in_chinese_with_the_same_exit_code(arguments, tmp_path):
    given = arguments.split()
    store = ["--store", str(tmp_path / "store")] if given[0] in ("run", "load") else []
    english_one = CliRunner().invoke(cli, given + store)
    done = CliRunner().invoke(cli, [*given, *store, "--lang", "zh"])
    assert done.exit_code == english_one.exit_code == 2
    assert "错误：" in done.output
    said = re.sub(
        r"'[^']*'|“[^”]*”|现有.*|retailkit [a-zA-Z. ]+|\[.*\]|--?[a-z-]+|\([^)]*\)|nothere(.csv|.toml)?|extra|x>=1",
        "·",
        done.output,
    )
    assert english(said, NAMES) == [], done.output


def test_a_cohort_file_that_cannot_be_used_is_told_in_chinese(tmp_path):
    page = tmp_path / "mine.toml"
    page.write_text(
        'title = "x"\nas_of = "soon"\nzone = "Asia/Shanghia"\ncurrency = "yuan"\nmerchants = [{ id = 7, zon = "x" }]\n'
        '[programme]\nstart = 2018-02-01\nend = 2018-01-01\n', encoding="utf-8",
    )  # fmt: skip
    with pytest.raises(CohortError) as error:
        read_cohort(page)
    told = error.value.told("zh")
    assert told.splitlines()[0] == f"{page}无法使用："
    assert "merchants.0.zon：没有这个键：是否为“zone”？" in told
    assert '编号是文字：请加引号写作"7"' in told
    assert "currency：“yuan”不行：货币为三个大写字母，如CNY" in told
    keys = {"merchants", "programme", "currency", "country", str(page), "zon", "zone", "yuan", "CNY"}
    assert english(told, keys) == [], told
    assert str(error.value).splitlines()[0] == f"{page} cannot be used:"


def test_a_cohort_file_with_a_blank_in_its_name_is_told_in_words(tmp_path):
    page = tmp_path / "our cohort.toml"
    page.write_text('title = "x"\n', encoding="utf-8")
    with pytest.raises(
        CohortError, match="name: 'our cohort' does not do: ids, and a cohort file's name, hold no blank"
    ):
        read_cohort(page)


@pytest.mark.parametrize(("wrong", "told"), [
    ('status = "odd"', "status：应为'exact header', 'from API reference', 'doubtful'或'own'"),
    ('curency = "JPY"', "curency：没有这个键：是否为“currency”？"),
    ("sheet = 7", "sheet：应为文字（加引号）"), ("header = 3", "header：应为true或false"), ("skip = 3", "skip："),
])  # fmt: skip
def test_what_is_wrong_with_a_layout_s_page_is_told_in_chinese(wrong, told, tmp_path):
    with pytest.raises(LoadError) as error:
        load(tmp_path, HEADER + "1,a,2018-03-01,1\n", f"{wrong}\n{ORDERS}")
    chinese = error.value.told("zh")
    assert told in chinese
    keys = {
        wrong.split(" ")[0],
        "currency",
        "exact header",
        "from API reference",
        "doubtful",
        "own",
        "true",
        "false",
        str(tmp_path / "own.toml"),
    }
    assert english(chinese, keys) == [], chinese


def test_a_field_that_no_table_has_is_told_in_chinese(tmp_path):
    with pytest.raises(LoadError) as error:
        load(tmp_path, HEADER, ORDERS.replace("gross_amount", "gros_amount").replace(', unit = "yuan" }', " }", 1))
    assert "表“orders”没有列“gros_amount”：是否为“gross_amount”？" in error.value.told("zh")
    assert "；表“orders”需要“gross_amount”" in error.value.told("zh")


def test_every_layout_has_a_title_in_both_languages_and_sniffing_tells_one_of_them():
    for name in layout_names():
        title = read_layout(name).title
        assert HAN.search(own_half(title, "zh")), name
        assert not HAN.search(own_half(title)), name
        assert own_half(title) != title, name
    sample = sample_of("taobao_orders")
    assert sniff(sample, "zh").sentence.startswith(
        f"{sample.name}：淘宝、天猫：订单报表ExportOrderList（布局“taobao_orders”"
    )
    assert sniff(sample).sentence.startswith(f"{sample.name}: Taobao / Tmall: ExportOrderList (layout")
