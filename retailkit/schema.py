"""The canonical tables: what a row is, its columns, types, units and keys.

Every export is renamed and typed into these tables once, on entry; no later function takes
a column name as an argument. The tables are plain declarations: the loader compiles them
to checks, the store to file schemas, the data dictionary (``data/README.md``) to pages.

Conventions
-----------
- ``merchant`` is the first column of every table and partitions the store.
- Ids are text, never numbers: leading zeros and 19-digit ids survive.
- Money is a whole number of the currency's minor unit (fen, cent, penny): ``_amount``.
- An *instant* is a timestamp in UTC without a zone mark; beside each table's main instant
  stands the *date* in the merchant's own zone (``paid_on`` beside ``paid_at``), so that no
  stage converts zones.
- Shares are fractions, not per cent.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

Kind = Literal["id", "text", "int", "money", "float", "bool", "instant", "date"]
Room = Literal["sales", "identity", "traffic", "organisation", "money and plan", "context", "derived"]


@dataclass(frozen=True)
class Column:
    """One column of a canonical table: its name, kind, meaning and rules."""

    name: str
    kind: Kind
    meaning: str
    unit: str = ""
    required: bool = False
    minimum: float | None = None
    maximum: float | None = None
    one_of: tuple[str, ...] = ()


@dataclass(frozen=True)
class Table:
    """One canonical table: what a row is, which columns it has, what makes a row unique.

    ``time`` names the column that decides whether a row was known at ``as_of`` (None for
    timeless tables) and from which the store's month partition is taken.
    """

    name: str
    room: Room
    row: str
    columns: tuple[Column, ...]
    key: tuple[str, ...]
    time: str | None = None
    names: tuple[str, ...] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "names", tuple(c.name for c in self.columns))

    def __getitem__(self, name: str) -> Column:
        for column in self.columns:
            if column.name == name:
                return column
        raise KeyError(f"table '{self.name}' has no column '{name}'; it has {', '.join(self.names)}")


FORMATS = (
    "official_store", "guide", "community", "sharing",
    "popup", "experience", "convenience", "community_supermarket", "home_delivery",
    "flagship", "department_counter", "shop", "platform",
)  # fmt: skip
"""Retail formats: the programme's own (official store, guide, community, sharing), the
existing ones, a plain physical shop, and platform e-commerce."""

PRIVATE_FORMATS = ("official_store", "guide", "community", "sharing")


def _id(name: str, meaning: str, required: bool = False) -> Column:
    return Column(name, "id", meaning, required=required)


def _text(name: str, meaning: str, one_of: tuple[str, ...] = ()) -> Column:
    return Column(name, "text", meaning, one_of=one_of)


def _count(name: str, meaning: str, unit: str, required: bool = False) -> Column:
    return Column(name, "int", meaning, unit=unit, required=required, minimum=0)


def _money(name: str, meaning: str, required: bool = False, minimum: float | None = 0) -> Column:
    return Column(name, "money", meaning, unit="minor unit", required=required, minimum=minimum)


def _at(name: str, meaning: str, required: bool = False) -> Column:
    return Column(name, "instant", meaning, unit="UTC", required=required)


def _on(name: str, meaning: str, required: bool = False) -> Column:
    return Column(name, "date", meaning, unit="merchant's zone", required=required)


def _share(name: str, meaning: str) -> Column:
    return Column(name, "float", meaning, unit="fraction", minimum=0, maximum=1)


MERCHANT = _id("merchant", "merchant that the row belongs to", required=True)
_CURRENCY = _text("currency", "ISO 4217 code of every amount in the row")
_SCENE = _id("scene", "WeChat launch scene value (1001 ...), as text")
_TOUCHPOINT = _text("touchpoint", "kind of touch: official_account, service_message, guide, group, mailing ...")


def _table(name: str, room: Room, row: str, key: str, columns: tuple[Column, ...], time: str | None = None) -> Table:
    return Table(name, room, row, (MERCHANT, *columns), ("merchant", *key.split()), time)


SALES = (
    _table("orders", "sales", "one paid order", "order_id", (
        _id("order_id", "order number in the source system", required=True),
        _id("account", "account that paid, as 'system:id'; empty where unknown"),
        _at("paid_at", "payment", required=True),
        _on("paid_on", "day of payment", required=True),
        _text("channel", "sales channel as the source names it"),
        _text("format", "retail format", one_of=FORMATS),
        _TOUCHPOINT,
        _SCENE,
        _id("chan_id", "last non-empty acquisition channel id (Youshu)"),
        _id("session_id", "session in which the payment was made"),
        _id("sold_by", "guide who sold it"),
        _id("owned_by", "guide who owns the customer"),
        _id("shop_id", "physical shop"),
        _text("area", "delivery or pilot area"),
        _text("fulfilment", "how the goods reached the customer", one_of=("shop", "pickup", "home_delivery", "parcel")),
        _text("status", "final state in the source's own words"),
        _count("items", "units bought", "units"),
        _money("list_amount", "at list price, before any discount"),
        _money("discount_amount", "all discounts and coupons taken off"),
        _money("freight_amount", "freight within the paid amount"),
        _money("subsidy_amount", "part of the paid amount that a platform or manufacturer paid, not the customer"),
        _money("gross_amount", "paid by the customer, refunds not subtracted", required=True),
        _money("refund_amount", "refunded of this order up to the export"),
        _money("net_amount", "gross_amount less refund_amount", required=True),
        _CURRENCY,
    ), time="paid_at"),
    _table("order_lines", "sales", "one product within one order", "order_id line", (
        _id("order_id", "order number in the source system", required=True),
        _id("line", "line number or id, unique within the order", required=True),
        _id("account", "account that paid"),
        _at("paid_at", "payment of the order", required=True),
        _on("paid_on", "day of payment", required=True),
        _id("shop_id", "physical shop"),
        _id("product_id", "product", required=True),
        _text("product", "product title"),
        _text("category", "product category"),
        Column("quantity", "float", "units; negative where the source books a return as a line", unit="units"),
        _money("list_amount", "line at list price", minimum=None),
        _money("discount_amount", "discounts on the line", minimum=None),
        _money("subsidy_amount", "part of net_amount that a platform or manufacturer paid", minimum=None),
        _money("net_amount", "paid for the line", required=True, minimum=None),
        _CURRENCY,
    ), time="paid_at"),
    _table("refunds", "sales", "one refund", "refund_id", (
        _id("refund_id", "refund number", required=True),
        _id("order_id", "order that is refunded; empty where the source does not say"),
        _id("account", "account refunded"),
        _at("refunded_at", "refund paid out", required=True),
        _on("refunded_on", "day of refund", required=True),
        _money("refund_amount", "money returned", required=True),
        _text("reason", "reason in the source's own words"),
        _CURRENCY,
    ), time="refunded_at"),
    _table("daily_totals", "sales", "one day of one channel as a source states it", "source_system channel day", (
        _id("source_system", "system that states the figure", required=True),
        _text("channel", "channel; 'all' for the all-channel total"),
        _on("day", "day", required=True),
        _count("orders", "paid orders", "orders"),
        _count("buyers", "distinct buyers of the day (never added over days)", "persons"),
        _count("visitors", "distinct visitors of the day (never added over days)", "persons"),
        _money("gross_amount", "paid amount, refunds not subtracted", minimum=None),
        _money("net_amount", "paid amount less refunds", minimum=None),
        _CURRENCY,
    ), time="day"),
)  # fmt: skip

IDENTITY = (
    _table("accounts", "identity", "one account: an id in one system", "account", (
        _id("account", "'system:id'", required=True),
        _text("system", "crm, mini_program, official_account, wecom, shop ..."),
        _id("unionid", "WeChat unionid (one per person and open-platform account)"),
        _id("phone_key", "keyed hash (HMAC) of the full phone number"),
        _at("first_seen_at", "first seen in the source"),
        _on("first_seen_on", "day first seen"),
        _text("source_channel", "where the account came from (user_source, add_way ...)"),
        Column("active", "bool", "still follows, still a contact, not deleted"),
        _at("left_at", "unfollowed, deleted or quit"),
    ), time="first_seen_at"),
    _table("account_pairs", "identity", "one piece of evidence that two accounts are one person", "account other evidence", (
        _id("account", "'system:id'", required=True),
        _id("other", "'system:id' of the other account", required=True),
        _text("evidence", "unionid, phone, member_bind, external_contact, order, fuzzy ..."),
        Column("weight", "float", "probability that the pair is one person; 1 for deterministic", unit="fraction", minimum=0, maximum=1),
        _at("seen_at", "when the evidence arose"),
    ), time="seen_at"),
    _table("members", "identity", "one member of the loyalty programme", "account", (
        _id("account", "'system:id' of the member", required=True),
        _id("member_id", "member number", required=True),
        _at("joined_at", "joined the programme"),
        _on("joined_on", "day of joining"),
        _text("level", "membership level"),
        _text("gender", "as recorded"),
        _text("age_band", "as recorded"),
        _text("income_band", "as recorded"),
        _text("household", "household composition as recorded"),
        _text("city", "city"),
        _id("shop_id", "home shop"),
        _id("guide", "guide who owns the member"),
        Column("points", "float", "loyalty points held", unit="points"),
    ), time="joined_at"),
)  # fmt: skip

TRAFFIC = (
    _table("sessions", "traffic", "one visit to the mini program or site", "session_id", (
        _id("session_id", "session", required=True),
        _id("account", "account that visited"),
        _at("started_at", "start", required=True),
        _on("started_on", "day of start", required=True),
        _SCENE,
        _TOUCHPOINT,
        _text("format", "retail format the visit belongs to", one_of=FORMATS),
        _id("chan_id", "acquisition channel id in the query"),
        _id("campaign_id", "campaign in the query"),
        _id("guide", "guide id in the query"),
        _id("group_id", "group the visit came from"),
        _id("share_node", "share id of this visit ({mi} of the share chain); the session where it came by a share and shared nothing on"),
        _id("share_parent", "share id that this visit came from"),
        _count("share_depth", "hops from the origin of the share", "hops"),
        _id("share_origin", "share id at the origin of the chain ({o}): tells a tree whose nodes were lost"),
        _count("pages", "pages seen", "pages"),
        _text("furthest_step", "furthest step reached", one_of=("visit", "product", "cart", "checkout", "pay")),
        _id("order_id", "order paid in the session"),
    ), time="started_at"),
    _table("touchpoint_days", "traffic", "one day of one touchpoint as a console states it", "source_system touchpoint day", (
        _id("source_system", "system that states the figure", required=True),
        _TOUCHPOINT,
        _on("day", "day", required=True),
        _count("visits", "visits", "visits"),
        _count("visitors", "distinct visitors of the day (never added over days)", "persons"),
        _count("new_visitors", "first-ever visitors", "persons"),
        _count("shares", "shares", "shares"),
        _count("orders", "paid orders", "orders"),
        _money("gross_amount", "paid amount", minimum=None),
        _CURRENCY,
    ), time="day"),
    _table("follower_days", "traffic", "one day of followers by source", "system source_channel day", (
        _text("system", "official_account, wecom ..."),
        _text("source_channel", "where followers came from (user_source)"),
        _on("day", "day", required=True),
        _count("gained", "new followers", "persons"),
        _count("lost", "unfollowed", "persons"),
        _count("total", "followers at the end of the day", "persons"),
    ), time="day"),
    _table("campaigns", "traffic", "one campaign or mass message", "campaign_id", (
        _id("campaign_id", "campaign", required=True),
        _text("campaign", "name or type"),
        _TOUCHPOINT,
        _on("starts_on", "first day", required=True),
        _on("ends_on", "last day"),
        Column("programme", "bool", "part of the programme under study"),
    ), time="starts_on"),
    _table("pushes", "traffic", "one message to one account", "push_id", (
        _id("push_id", "message id, unique per receiver", required=True),
        _id("campaign_id", "campaign"),
        _id("account", "receiver"),
        _TOUCHPOINT,
        _at("sent_at", "sent; empty where only the campaign's dates are known"),
        _on("sent_on", "day sent"),
        _at("delivered_at", "delivered"),
        _at("opened_at", "opened"),
    ), time="sent_at"),
    _table("placements", "traffic", "one product shown in one place for a span of days", "product_id shop_id kind starts_on location", (
        _id("product_id", "product", required=True),
        _id("shop_id", "shop"),
        _text("kind", "display, mailer ..."),
        _text("location", "place within the shop or the mailer"),
        _on("starts_on", "first day", required=True),
        _on("ends_on", "last day", required=True),
    ), time="starts_on"),
)  # fmt: skip

ORGANISATION = (
    _table("guides", "organisation", "one shopping guide", "guide", (
        _id("guide", "guide id of the merchant", required=True),
        _id("shop_id", "shop"),
        _text("region", "region"),
        _on("joined_on", "on the roster from"),
        _on("left_on", "on the roster until"),
        _on("activated_on", "first qualifying act"),
    )),
    _table("guide_bindings", "organisation", "one customer bound to one guide for a time", "account guide bound_at", (
        _id("account", "customer's account", required=True),
        _id("guide", "guide", required=True),
        _at("bound_at", "bound", required=True),
        _at("unbound_at", "released"),
    ), time="bound_at"),
    _table("guide_days", "organisation", "one day of one guide's acts", "guide day", (
        _id("guide", "guide", required=True),
        _on("day", "day", required=True),
        _count("new_contacts", "customers added", "persons"),
        _count("chats", "chats with customers", "chats"),
        _count("messages", "messages sent", "messages"),
        _count("shares", "shares", "shares"),
        _count("lives", "live sessions held", "sessions"),
    ), time="day"),
    _table("groups", "organisation", "one customer group", "group_id", (
        _id("group_id", "group", required=True),
        _text("kind", "how the group is run"),
        _id("guide", "owner"),
        _id("shop_id", "shop"),
        _at("created_at", "created", required=True),
        _on("created_on", "day created"),
        _at("closed_at", "dismissed"),
    ), time="created_at"),
    _table("group_days", "organisation", "one day of one group", "group_id day", (
        _id("group_id", "group", required=True),
        _on("day", "day", required=True),
        _count("members", "members at the end of the day", "persons"),
        _count("new_members", "joined", "persons"),
        _count("quits", "quit", "persons"),
        _count("active_members", "members who sent a message", "persons"),
        _count("messages", "messages", "messages"),
    ), time="day"),
    _table("group_members", "organisation", "one membership of one account in one group", "group_id account joined_at", (
        _id("group_id", "group", required=True),
        _id("account", "member's account", required=True),
        _at("joined_at", "joined", required=True),
        _at("quit_at", "quit"),
        _id("inviter", "account or guide that invited"),
        _text("join_scene", "how the member joined"),
    ), time="joined_at"),
    _table("shops", "organisation", "one physical shop", "shop_id", (
        _id("shop_id", "shop", required=True),
        _text("shop", "name"),
        _text("format", "retail format", one_of=FORMATS),
        _text("city", "city"),
        _text("region", "region"),
        _on("opened_on", "opened"),
        _on("closed_on", "closed for good"),
    )),
    _table("shop_days", "organisation", "one day of one shop", "shop_id day", (
        _id("shop_id", "shop", required=True),
        _on("day", "day", required=True),
        Column("open", "bool", "shop was open"),
        _count("visitors", "visitors counted", "persons"),
    ), time="day"),
    _table("owners", "organisation", "who answers for what, for a time", "node owner valid_from", (
        _text("node", "KPI node or touchpoint"),
        _text("owner", "role or guide id"),
        _share("share", "part owned, where ownership is split"),
        _on("valid_from", "from", required=True),
        _on("valid_to", "until"),
    ), time="valid_from"),
)  # fmt: skip

MONEY_AND_PLAN = (
    _table("spend", "money and plan", "one day's cost of one touchpoint", "touchpoint item day", (
        _TOUCHPOINT,
        _text("item", "what was paid for"),
        _on("day", "day", required=True),
        _money("amount", "cost", required=True),
        _CURRENCY,
    ), time="day"),
    _table("coupons", "money and plan", "one coupon issued or redeemed", "coupon_id campaign_id account redeemed_at redeemed_on", (
        _id("coupon_id", "coupon (type or number)", required=True),
        _id("campaign_id", "campaign"),
        _id("account", "holder"),
        _at("issued_at", "issued"),
        _at("redeemed_at", "redeemed"),
        _on("redeemed_on", "day redeemed"),
        _id("order_id", "order it was used on"),
        _money("amount", "face value"),
        _CURRENCY,
    ), time="redeemed_at"),
    _table("red_packets", "money and plan", "one red packet sent to one account", "packet_id account", (
        _id("packet_id", "packet", required=True),
        _id("account", "receiver", required=True),
        _id("sender", "account that sent or shared it"),
        _at("sent_at", "sent", required=True),
        _at("received_at", "opened"),
        _money("amount", "value"),
        _CURRENCY,
    ), time="sent_at"),
    _table("targets", "money and plan", "one target of one KPI node for one span", "node starts_on ends_on", (
        _text("node", "KPI node"),
        _on("starts_on", "first day", required=True),
        _on("ends_on", "last day", required=True),
        Column("target", "float", "value aimed for", required=True),
        _text("unit", "unit of the value"),
    ), time="starts_on"),
    _table("actions", "money and plan", "one thing the programme did", "action_id", (
        _id("action_id", "action", required=True),
        _text("action", "what was done"),
        _TOUCHPOINT,
        _on("starts_on", "first day", required=True),
        _on("ends_on", "last day"),
    ), time="starts_on"),
    _table("issue_register", "money and plan", "one problem met in the programme", "issue_id", (
        _id("issue_id", "issue", required=True),
        _text("issue", "problem"),
        _text("kind", "common (solved by classes) or particular (solved by a project)", one_of=("common", "particular")),
        _on("raised_on", "raised", required=True),
        _on("solved_on", "solved"),
    ), time="raised_on"),
    _table("programme_counters", "money and plan", "one counter of the programme on one day", "counter day", (
        _text("counter", "companies diagnosed, people trained, cases ..."),
        _on("day", "day", required=True),
        Column("value", "float", "count so far", required=True),
    ), time="day"),
    _table("lift_tests", "money and plan", "one experiment on one touchpoint", "test_id", (
        _id("test_id", "test", required=True),
        _TOUCHPOINT,
        _on("starts_on", "first day", required=True),
        _on("ends_on", "last day", required=True),
        Column("lift", "float", "incremental orders over orders of the touchpoint", required=True),
        Column("standard_error", "float", "standard error of lift", required=True, minimum=0),
    ), time="starts_on"),
)  # fmt: skip

CONTEXT = (
    _table("merchants", "context", "one merchant of a cohort", "cohort", (
        _id("cohort", "cohort", required=True),
        _text("title", "name to print"),
        _text("role", "in the programme, or a donor that was not (yet) invited", one_of=("merchant", "donor")),
        _text("industry", "apparel, beauty, mother_baby, sports, supermarket ..."),
        _text("country", "ISO 3166 code"),
        _text("zone", "IANA time zone"),
        _text("currency", "ISO 4217 code"),
        _on("invited_on", "invited to the programme"),
        _on("baseline_start", "first day of the period before"),
        _on("baseline_end", "last day of the period before"),
        _on("programme_start", "first day of the programme window"),
        _on("programme_end", "last day of the programme window"),
    )),
    _table("products", "context", "one product of the catalogue", "product_id", (
        _id("product_id", "product", required=True),
        _text("product", "title"),
        _text("category", "category"),
        _text("department", "department"),
        _text("brand", "brand"),
        _money("list_amount", "list price"),
        _CURRENCY,
    )),
    _table("city_tiers", "context", "one city's tier for a time", "city valid_from", (
        _text("city", "city"),
        _text("tier", "tier"),
        _on("valid_from", "from", required=True),
    ), time="valid_from"),
)  # fmt: skip

DERIVED = (
    _table("persons", "derived", "one account and the person it belongs to", "account", (
        _id("account", "'system:id'", required=True),
        _id("person", "person id, stable over runs", required=True),
        _text("system", "system of the account"),
        _count("accounts", "accounts of this person", "accounts"),
        _text("flag", "why the link is doubted: two_member_numbers, too_large ...; empty where sound"),
    )),
    _table("sources", "derived", "one loaded file", "file_id layout", (
        _id("file_id", "first 16 hex digits of the file's SHA-256", required=True),
        _text("file", "file name"),
        _text("layout", "layout it was read with"),
        _id("layout_id", "first 16 hex digits of the SHA-256 of the layout's text", required=True),
        _at("loaded_at", "when it was loaded"),
        _count("rows_read", "rows in the file", "rows"),
        _count("rows_kept", "rows that reached a table", "rows"),
        _count("rows_quarantined", "rows set aside with a reason", "rows"),
        _count("rows_duplicate", "rows already there, word for word", "rows"),
        _count("rows_skipped", "rows left out by a rule of the layout", "rows"),
        _text("encoding", "encoding found"),
        _on("first_on", "first day that the file tells, where its source keeps days for a limited time"),
        _on("last_on", "last day that the file tells, where its source keeps days for a limited time"),
        _count("kept_days", "days that the source keeps; empty where it keeps all", "days"),
    )),
    _table("source_breaks", "derived", "one day on which a source changed what it counts", "layout table changed_on", (
        _text("layout", "layout of the source"),
        _text("table", "table whose series changes its meaning"),
        _on("changed_on", "first day of the new definition", required=True),
        _text("what", "what is counted otherwise from this day on"),
    ), time="changed_on"),
    _table("quarantine", "derived", "one bad cell or row, set aside", "file_id source_row table column", (
        _id("file_id", "file", required=True),
        _text("file", "file name"),
        _count("source_row", "row in the file, the first row after the header is 1", "rows"),
        _text("table", "table the row was meant for"),
        _text("column", "column of the export"),
        _text("reason", "what was wrong and what was expected"),
        _text("value", "offending value; empty for columns that may hold phones or names"),
    )),
)  # fmt: skip

TABLES: dict[str, Table] = {
    t.name: t for room in (SALES, IDENTITY, TRAFFIC, ORGANISATION, MONEY_AND_PLAN, CONTEXT, DERIVED) for t in room
}


def table(name: str) -> Table:
    """Return the declaration of a canonical table.

    Raises
    ------
    KeyError
        If there is no such table; the message lists the tables there are.
    """
    if name not in TABLES:
        raise KeyError(f"no canonical table '{name}'; there are {', '.join(TABLES)}")
    return TABLES[name]
