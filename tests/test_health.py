"""What chapter 1 tells as of a day rests on what was known then: later rows change no cell of it."""

from types import SimpleNamespace

import pandas as pd
import pytest
from load_files import layout

from retailkit import facts
from retailkit import load as room
from retailkit.load import load_file, open_store, save_table
from retailkit.schema import TABLES

AS_OF = "2019-01-01"
BEFORE, AFTER = pd.date_range("2018-11-20", periods=42), pd.date_range("2019-01-01", periods=21)
UNDATED = {"merchants", "products", "persons", "sources", "quarantine"}
"""Lists without any day, and what a load writes of its files."""
GROUPS = """
title = "group statistics"
format = "csv"
retention_days = 180
[[tables]]
table = "group_days"
[tables.fields]
day = "day"
group_id = "group"
members = "members"
"""


def rows_of(contract, days):
    """One row a day with every column filled: its times on that day, its keys of their own."""
    made = []
    for day in days:
        number = day.toordinal()
        by_kind = {"date": day, "instant": day + pd.Timedelta(hours=4), "money": number, "int": 1 + number % 5,
                   "float": 0.5, "bool": True}  # fmt: skip
        row = {}
        for c in contract.columns:
            row[c.name] = by_kind.get(c.kind, c.one_of[0] if c.one_of else f"{c.name}{number % 7}")
        row |= {"table": "group_days"} if contract.name == "source_breaks" else {}
        made.append(row | {k: f"{k}{number}" for k in contract.key if contract[k].kind == "id"} | {"merchant": "m"})
    return pd.DataFrame(made)


def chapter(folder, lang):
    """Every table and sentence of chapter 1 but those about the files themselves."""
    t = open_store(folder, "m", AS_OF)
    window = SimpleNamespace(start="2018-12-01", end="2018-12-29", days=29)
    earlier = SimpleNamespace(start="2018-11-20", end="2018-11-30", days=11)
    daily, agreement = room.daily_orders(t.orders), room.source_agreement(t)
    return {
        "health": room.data_health(t, "2018-12-01", lang),
        "rows": t.rows(),
        "days": daily,
        "said": pd.DataFrame({"text": [room.days_sentence(daily, lang), room.agreement_sentence(agreement, lang)]}),
        "agreement": agreement,
        "facts": facts.facts(t, earlier, window),
        **{n: t[n].to_pandas() for n in ("issue_register", "programme_counters", "actions")},
    }


@pytest.mark.slow
def test_rows_of_later_days_change_nothing_that_chapter_1_tells(tmp_path):
    told = []
    for name, days in (("then", BEFORE), ("now", BEFORE.append(AFTER))):
        folder = tmp_path / name
        for contract in TABLES.values():
            if contract.name not in UNDATED:
                save_table(
                    folder, contract.name, rows_of(contract, days[:: 20 if contract.name == "source_breaks" else 1])
                )
        path = tmp_path / f"{name}.csv"
        path.write_text("day,group,members\n" + "".join(f"{d:%Y-%m-%d},g,5\n" for d in days), encoding="utf-8")
        load_file(path, layout(tmp_path, GROUPS, "wecom"), "m", folder)
        told.append(chapter(folder, "en") | {f"{n} in Chinese": f for n, f in chapter(folder, "zh").items()})
    assert "archived from 2018-11-20 to 2018-12-31" in told[0]["health"]["why"].str.cat()
    for name, frame in told[0].items():
        pd.testing.assert_frame_equal(frame, told[1][name], obj=name)
