"""Which sales the headline is about."""

import pytest
from growth_tables import order_rows, tables

from retailkit.growth.panel import daily_panel
from retailkit.growth.scope import in_scope, resolve_scope, scope_sentence


def orders_of(formats: list[str | None]):
    frame = order_rows([("a", "2018-01-01", "p:1", 100)] * len(formats)).assign(format=formats)
    return tables(frame.astype({"format": "str"}).assign(format=formats))


def test_shops_and_platforms_do_not_count_where_there_are_private_formats():
    orders, persons = orders_of(["guide", "shop", "platform", None])
    assert resolve_scope(orders) == "private"
    assert daily_panel(in_scope(orders), persons)["gmv"].tolist() == [200], "the guide's, and the bill without a format"
    assert daily_panel(in_scope(orders, "all"), persons)["gmv"].tolist() == [400]


def test_a_merchant_of_shops_only_counts_everything():
    orders, persons = orders_of(["shop", "shop"])
    assert daily_panel(in_scope(orders), persons)["gmv"].tolist() == [200]
    assert "Every order" in scope_sentence(orders)


def test_an_unknown_scope_is_refused():
    orders, _ = orders_of(["shop"])
    with pytest.raises(ValueError, match="auto, private, all"):
        in_scope(orders, "wechat")
