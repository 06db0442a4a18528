"""Claims about the explorer: one round of queries, then only rows are picked."""

import re
from pathlib import Path
from types import SimpleNamespace

import ibis
import pandas as pd
import pytest
from segment_data import random_orders, tables

import retailkit as rk
from retailkit.explore import segment_explorer, segment_tables
from retailkit.explore.segments import segment_view
from retailkit.segment import person_features, rfm_segments

AS_OF = "2024-12-01"


@pytest.fixture(scope="module")
def asked():
    orders = random_orders(1)
    table, persons = tables(orders)
    lines = orders.assign(line="1", product_id=orders["shop_id"], category=pd.NA).astype(
        {"category": "string", "account": "string"}
    )
    products = pd.DataFrame({"merchant": "m", "product_id": ["s1", "s2", "s3"], "category": ["tea", "toys", "milk"]})
    named = rfm_segments(person_features(table, persons, AS_OF))
    lined = ibis.memtable(lines).mutate(paid_on=ibis._.paid_on.cast("date"))
    return orders, persons.to_pandas(), segment_tables(named, table, lined, ibis.memtable(products), persons, AS_OF)


def test_months_and_basket_add_up_to_the_known_persons_spend(asked):
    orders, persons, found = asked
    known = orders[orders["paid_on"] < AS_OF].merge(persons, on=["merchant", "account"])
    assert found.months["net_amount"].sum() == known["net_amount"].sum()
    assert found.basket["net_amount"].sum() == known["net_amount"].sum()
    assert found.basket.groupby("segment")["share"].sum().to_numpy() == pytest.approx(1)


def test_members_are_counted_as_each_month_ended(asked):
    orders, persons, found = asked
    now = found.months[found.months["month"] == "2024-11"].set_index("segment")["members"].dropna()
    assert now.to_dict() == found.profile.set_index("segment")["persons"].to_dict()
    for month, end in (("2024-03", "2024-04-01"), ("2024-10", "2024-11-01")):
        had_bought = orders[orders["paid_on"] < end].merge(persons, on=["merchant", "account"])["person"].nunique()
        assert found.months[found.months["month"] == month]["members"].sum() == had_bought


def test_a_choice_redraws_from_rows_already_there(asked, monkeypatch):
    found = asked[2]
    monkeypatch.setattr(ibis.expr.types.Table, "to_pandas", lambda *a, **k: pytest.fail("asked the engine again"))
    widget = segment_explorer(found, merchant="m", currency="USD")
    chooser = widget.children[0]
    for name in chooser.options:
        chooser.value = name
        table, months, basket = segment_view(found, name, merchant="m", currency="USD", lang="en")
        assert len(table) == 1
        assert re.fullmatch(r"[\d.]+% \([\d.]+%–[\d.]+%\)", table["share"].iloc[0])  # the interval behind its figure
        assert not {"segment", "share_low", "mean_high"} & set(table.columns)
        assert name in months.layout.title.text
        assert name in basket.layout.title.text


def test_one_line_opens_the_explorer(asked):
    orders, persons, _ = asked
    table = tables(orders)[0]
    lines = table.mutate(line=ibis.literal("1"), product_id=table.shop_id, category=table.format)
    products = lines.select("merchant", "product_id", "category").distinct()
    refunds = table.select("merchant", "account", refunded_on=table.paid_on, refund_amount=table.refund_amount)
    store = SimpleNamespace(
        orders=table, order_lines=lines, products=products, persons=ibis.memtable(persons), refunds=refunds
    )
    named = rfm_segments(person_features(table, store.persons, AS_OF))
    shop = SimpleNamespace(title="Shop M", currency="CNY")
    widget = rk.explore.people(store, named, shop, AS_OF, "zh")
    assert "冠军客户" in widget.children[0].options


def test_the_notebook_names_the_line_that_opens_the_explorer():
    page = Path(__file__).parent.parent / "notebooks" / "2_people.ipynb"
    assert "rk.explore.people(t, named, shop, as_of, lang, segments)" in page.read_text(encoding="utf-8")


@pytest.mark.parametrize(("lang", "said"), [("en", "No known person has bought"), ("zh", "没有可识别的购买人")])
def test_no_persons_leave_a_sentence_instead_of_an_explorer(asked, lang, said):
    table, persons = tables(random_orders(2))
    named = rfm_segments(person_features(table, persons, "2000-01-01"))
    lines = table.mutate(category=ibis.null("string"), product_id=ibis.null("string"))
    none = segment_tables(
        named, table, lines, lines.select("merchant", "product_id", "category"), persons, "2000-01-01"
    )
    assert segment_explorer(none, merchant="m", currency="USD", lang=lang).value.startswith(said)
