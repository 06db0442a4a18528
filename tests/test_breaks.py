"""A source that changes what it counts leaves its mark on the series and on the health table."""

import json

import pandas as pd

from retailkit.load import breaks_sentence, data_health, load_file, open_store, source_breaks


def followers(folder, *days: str) -> None:
    records = [{"ref_date": d, "user_source": 0, "new_user": 3, "cancel_user": 1} for d in days]
    path = folder / f"followers{days[0]}.json"
    path.write_text(json.dumps({"list": records}), encoding="utf-8")
    load_file(path, "official_account_user_summary", "m", folder / "store")


def test_a_change_within_the_series_is_marked_with_its_day(tmp_path):
    followers(tmp_path, "2020-05-30", "2020-05-31", "2020-06-01")
    followers(tmp_path, "2020-06-02")
    breaks = source_breaks(open_store(tmp_path / "store", merchants="m"))
    assert breaks["changed_on"].tolist() == [pd.Timestamp("2020-06-01")]
    assert breaks[["table", "days_before", "days_after"]].to_numpy().tolist() == [["follower_days", 2, 2]]
    assert "advertisements (100)" in breaks["what"][0]
    said = breaks_sentence(breaks)
    assert said.startswith("From 2020-06-01 on official_account_user_summary counts otherwise")
    assert "口径改变" in breaks_sentence(breaks, "zh")


def test_the_health_table_says_over_which_day_not_to_compare(tmp_path):
    followers(tmp_path, "2020-05-31", "2020-06-01")
    health = data_health(open_store(tmp_path / "store", merchants="m")).set_index("question")
    row = health.loc["series over a change of definition"]
    assert row["answer"] == "partly"
    assert "2020-06-01" in row["why"]


def test_a_change_outside_the_series_breaks_nothing(tmp_path):
    followers(tmp_path, "2021-01-01", "2021-01-02")
    store = open_store(tmp_path / "store", merchants="m")
    assert source_breaks(store).empty
    assert breaks_sentence(source_breaks(store)) == ""
    assert "series over a change of definition" not in set(data_health(store)["question"])


def test_a_study_of_an_earlier_day_does_not_know_the_change(tmp_path):
    followers(tmp_path, "2020-05-31", "2020-06-01")
    assert source_breaks(open_store(tmp_path / "store", merchants="m", as_of="2020-06-01")).empty
