"""Claims about the pages of people and formats: short steps, nothing defined in a cell, prose in both languages."""

import json
import re
from pathlib import Path

import pytest

BOOKS = Path(__file__).parent.parent / "notebooks"


@pytest.fixture(params=["2_people", "4_formats"])
def cells(request: pytest.FixtureRequest) -> list[dict]:
    return json.loads((BOOKS / f"{request.param}.ipynb").read_text(encoding="utf-8"))["cells"]


def test_a_cell_is_one_step(cells: list[dict]) -> None:
    for cell in cells:
        if cell["cell_type"] == "code" and "parameters" not in cell["metadata"].get("tags", []):
            source = "".join(cell["source"])
            assert len(source.splitlines()) <= 5, source
            assert "def " not in source


@pytest.mark.parametrize("book", sorted(p.stem for p in BOOKS.glob("[0-9]_*.ipynb")))
def test_sentences_of_the_people_room_are_told_the_language(book: str) -> None:
    for cell in json.loads((BOOKS / f"{book}.ipynb").read_text(encoding="utf-8"))["cells"]:
        for told in re.findall(r"segment\.\w+_sentence\((?:[^()]|\([^()]*\))*\)", "".join(cell["source"])):
            assert told.endswith("lang)"), told


def test_prose_speaks_both_languages(cells: list[dict]) -> None:
    for cell in cells:
        if cell["cell_type"] == "markdown":
            english, chinese = "".join(cell["source"]), cell["metadata"]["zh"]
            assert any("\u4e00" <= c <= "\u9fff" for c in chinese)
            assert english.count("## ") == chinese.count("## ")
