"""A parameter that no notebook declares, or of the wrong type, is refused before anything runs."""

import pytest
from studies import PARAMETERS, notebook

from retailkit.study.parameters import Parameter, StudyError, cast, parse, read_notebook, resolve


def test_parameters_are_read_with_default_and_help(tmp_path):
    book = read_notebook(notebook(tmp_path / "3_touch.ipynb", parameters=PARAMETERS + "\norder = 1  # of the chain"))
    assert book.names == ("merchant", "cohort", "as_of", "out_dir", "seed", "order")
    assert book.parameters[-1] == Parameter("order", 1, "of the chain")
    assert book.title == "3_touch: a chapter"


def test_help_may_hold_an_equals_sign_and_chinese():
    assert parse('x = "群"  # 例 a = b') == (Parameter("x", "群", "例 a = b"),)


def test_annotated_parameters_are_read():
    assert parse("k: int | None = None") == (Parameter("k", None),)


@pytest.mark.parametrize("source", ["a, b = 1, 2", "x = f()", "x = ", "import os", "x: int"])
def test_a_parameters_cell_of_anything_else_is_refused(source):
    with pytest.raises(StudyError, match="plain lines 'name = value"):
        parse(source)


def test_a_notebook_without_parameters_cell_says_how_to_make_one(tmp_path):
    import nbformat

    nbformat.write(nbformat.v4.new_notebook(), tmp_path / "1_x.ipynb")
    with pytest.raises(StudyError, match="0 cells tagged 'parameters'"):
        read_notebook(tmp_path / "1_x.ipynb")


def test_a_file_that_is_no_notebook_is_named(tmp_path):
    (tmp_path / "1_x.ipynb").write_text("{")
    with pytest.raises(StudyError, match=r"1_x\.ipynb is not a notebook"):
        read_notebook(tmp_path / "1_x.ipynb")


def test_values_take_the_type_of_the_default(tmp_path):
    more = '\nk = 6  # segments\nshare = 0.5\nfast = False\nfrom_day = "2017-01-01"\nwords = ["a"]'
    book = read_notebook(notebook(tmp_path / "2_x.ipynb", parameters=PARAMETERS + more))
    given = {"k": "8", "share": "1", "fast": "yes", "from_day": "2017-02-01", "words": "['b']"}
    assert resolve(given, [book]) == {
        "k": 8,
        "share": 1.0,
        "fast": True,
        "from_day": "2017-02-01",
        "words": ["b"],
    }


def test_every_problem_is_in_one_message_with_near_names(tmp_path):
    book = read_notebook(notebook(tmp_path / "2_x.ipynb", parameters=PARAMETERS + "\nsegments = 6"))
    with pytest.raises(StudyError) as refused:
        resolve({"segmants": "8", "segments": "many", "merchant": "b"}, [book])
    message = str(refused.value)
    assert "nothing was run" in message
    assert "declares 'segmants'; did you mean 'segments'?" in message
    assert "expected a whole number such as 6, got 'many'" in message
    assert "'merchant' is set by --merchants" in message


@pytest.mark.parametrize(
    ("text", "default"), [("x", 1), ("1.5", 1), ("maybe", True), ("2017-13-01", "2017-01-01"), ("x", 0.5)]
)
def test_a_value_of_another_type_is_refused(text, default):
    with pytest.raises(ValueError, match="expected"):
        cast(text, default)
