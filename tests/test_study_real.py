"""Two real shops through the real notebooks and the real runner, from the command line."""

import json
import os
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from retailkit import results
from retailkit.present.metric_words import metric_definition

ROOT = Path(__file__).parent.parent
MERCHANTS = ("367", "406")
DONORS = ("432", "31862", "384", "382", "422", "372")
FILES = {
    "transactions": "transactions",
    "products": "products",
    "demographics": "demographics",
    "campaign_descriptions": "campaign_descriptions",
    "campaigns": "campaigns",
    "coupon_redemptions": "coupon_redemptions",
    "promotions": "promotions_on_bought_items",
}


def write_slice(folder, data):
    """A cohort file of two shops and six donors, over the tables in the folder of real data."""
    page = tomllib.loads((ROOT / "data" / "cohorts" / "complete_journey.toml").read_text(encoding="utf-8"))
    shared = {s["layout"].removeprefix("complete_journey_"): s.get("shared", False) for s in page["sources"]}
    lines = [f"{name} = {json.dumps(str(page[name]))}" for name in ("title", "zone", "currency", "country", "industry")]
    for name in ("baseline", "programme"):
        lines.append(f"{name} = {{ start = {page[name]['start']}, end = {page[name]['end']} }}")
    lines.append(f"as_of = {page['as_of']}")
    for role, ids in (("merchants", MERCHANTS), ("donors", DONORS)):
        lines.append(f"{role} = [" + ", ".join(f'{{ id = "{m}" }}' for m in ids) + "]")
    for layout, file in FILES.items():
        path = json.dumps(str(data / "complete_journey" / f"{file}.parquet"))
        lines += ["[[sources]]", f'layout = "complete_journey_{layout}"', f"path = {path}"]
        lines += ["shared = true"] if shared[layout] else []
    path = folder / "slice.toml"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def retailkit(*arguments):
    command = [sys.executable, "-m", "retailkit", *map(str, arguments)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=900, env=dict(os.environ))


@pytest.fixture(scope="module")
def study(tmp_path_factory, real_data):
    """The finished study of the slice: its folder, the command's result, and the command."""
    folder = tmp_path_factory.mktemp("real") / "我的 study#1"  # people call their folders so
    folder.mkdir()
    cohort = write_slice(folder, real_data)
    command = ("run", cohort, "--store", folder / "store", "--out", folder / "out", "--workers", "2")
    return folder / "out", retailkit(*command), command


@pytest.mark.data
@pytest.mark.slow
class TestRealSlice:
    def test_every_chapter_of_every_merchant_ends_well(self, study):
        _, done, _ = study
        assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
        assert "0 failed" in done.stdout

    def test_the_last_line_is_the_report_to_open(self, study):
        out, done, _ = study
        assert done.stdout.strip().splitlines()[-1] == str(out / "cohort_report.html")
        assert (out / "cohort_report.html").stat().st_size > 20_000

    def test_each_chapter_leaves_page_notebook_and_tidy_metrics(self, study):
        out, _, _ = study
        chapters = [p.stem for p in sorted((ROOT / "notebooks").glob("[1-9]_*.ipynb"))]
        rows = results.read_metrics(out, as_of="2018-01-01")
        for merchant in MERCHANTS:
            for chapter in chapters:
                assert (out / merchant / f"{chapter}.html").exists()
                assert (out / merchant / f"{chapter}.ipynb").exists()
                found = rows[(rows["merchant"] == merchant) & (rows["chapter"] == chapter)]
                assert len(found), f"{chapter} of {merchant} saved no metrics"
        assert set(MERCHANTS) <= set(rows["merchant"])

    def test_every_metric_of_a_real_study_has_a_chinese_definition(self, study):
        rows = results.read_metrics(study[0])
        defined = rows[rows["definition"] != ""].drop_duplicates(["metric", "definition"])
        left = [
            m
            for m, d in zip(defined["metric"], defined["definition"], strict=True)
            if metric_definition(m, d, "zh") == d
        ]
        assert len(defined) > 80
        assert not left, "a metric's definition needs its row in present/data/metrics.csv"

    def test_pages_hold_charts_and_no_word_of_failure(self, study):
        out, _, _ = study
        for page in [out / "cohort_report.html", *out.glob("*/[1-9]_*.html")]:
            text = page.read_text(encoding="utf-8")
            assert "data-figure" in text, f"{page} shows no chart"
            assert "Traceback" not in text, page
            assert "did not finish" not in text, page

    def test_running_again_does_nothing(self, study):
        out, _, command = study
        before = {p: p.stat().st_mtime_ns for p in out.rglob("*.ipynb")}
        again = retailkit(*command)
        assert again.returncode == 0
        assert f"({len(before) - 1} unchanged), 0 failed" in again.stdout
        assert {p: p.stat().st_mtime_ns for p in out.rglob("*.ipynb")} == before

    def test_show_tells_status_and_headlines(self, study):
        out, _, _ = study
        text = retailkit("show", out).stdout
        assert "FAILED" not in text
        assert all(m in text for m in MERCHANTS)
