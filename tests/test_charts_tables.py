"""Tables as readers see them: money with its sign, nothing that could be read as a hundred times too much."""

import re

import pandas as pd
import pytest

from retailkit.charts.tables import readable, readable_tables


@pytest.fixture
def shell():
    from IPython.core.interactiveshell import InteractiveShell

    yield InteractiveShell.instance()
    InteractiveShell.clear_instance()


def shown(shell, table: pd.DataFrame) -> list[list[str]]:
    """Texts of the cells, row by row, as the notebook shows them."""
    page = shell.display_formatter.format(table)[0]["text/html"]
    return [re.findall(r"<t[hd]>(.*?)</t[hd]>", row) for row in page.split("<tr")[1:]]


def test_fen_are_shown_as_yuan_and_the_table_itself_stays(shell):
    readable_tables("CNY", "zh")
    table = pd.DataFrame(
        {"net_amount": [123_456_789, 5_000], "share": [0.25, None], "day": pd.to_datetime(["2018-11-11", None])}
    )
    before = table.copy()
    assert shown(shell, table) == [["净销售额", "占比", "日期"], ["¥123万", "25%", "2018-11-11"], ["¥50", "–", "–"]]
    pd.testing.assert_frame_equal(table, before)


@pytest.mark.parametrize("system", ["crm", "phone", "youzan", "youzan_customer", "weimob", "channels_store", "email"])
def test_a_system_has_one_chinese_name_in_every_table(shell, system):
    from retailkit.segment.words import SYSTEM_TITLES

    readable_tables("CNY", "zh")
    table = pd.DataFrame({"system": [system], "orders": [1]})
    assert shown(shell, table)[1][0] == SYSTEM_TITLES["zh"][system]


def test_a_turned_table_is_shown_as_it_is(shell):
    readable_tables("CNY")
    assert shown(shell, pd.DataFrame([[1, 2]], columns=["a", "a"])) == [["a", "a"], ["1", "2"]]


def test_outside_a_notebook_nothing_happens():
    readable_tables("CNY")


def test_a_difference_of_rates_is_written_as_the_rates_are():
    table = pd.DataFrame(
        {"rate_with": [0.471], "rate_without": [0.394], "difference": [0.0774], "low": [0.012], "high": [0.142]}
    )
    assert readable(table, "CNY").iloc[0].tolist() == ["47%", "39%", "7.7%", "1.2%", "14%"]
