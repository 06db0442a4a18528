"""What simulated merchants keep themselves: plain canonical tables, because no vendor's export carries these rows."""

from __future__ import annotations

OWN = {
    "orders": "the shops' tills; and the private orders of m03 and m11, whose own shops note which touchpoint and format sold "
    "each one (m03's published cost per new customer needs that, and no shop system's export tells it)",
    "order_lines": "goods of private orders where the shop's export does not split them: Youzan's console has all in one "
    "cell, a payment bill none (layout youzan_trades would carry them for a merchant that asks Youzan's API)",
    "refunds": "the day of a refund, from the books: order exports tell the amount only (Youshu's returns and the payment "
    "bill tell both, and are written so)",
    "daily_totals": "the ERP's books of every channel (Youshu's own totals are written as its file beside them)",
    "accounts": "users of the mini program, fans of the official account and member numbers, from the merchant's own lists: "
    "an order export knows buyers only",
    "account_pairs": "which user is which member, bound in the merchant's CRM",
    "members": "the merchant's CRM; Youzan's customer export, which masks every phone, is written beside it",
    "sessions": "visits to mini programs whose merchant has neither Youshu nor Google Analytics: its own event log "
    "(layouts youshu_events, ga4_events, matomo_visits and snowplow_events would carry them)",
    "touchpoint_days": "the merchant's ledger of touchpoints; the platform's own counts are written as its answers beside it",
    "follower_days": "WeCom contacts by source, counted day by day: WeCom answers with contacts, not with counts by source",
    "campaigns": "which messages were one campaign: the merchant's plan",
    "pushes": "messages of the mini program with campaign and opening: no vendor keeps a log of them (the official account's "
    "events, layout template_message_events, name neither)",
    "guides": "the roster with the days of joining and of the first act (Weimob's guide list is written for its merchants)",
    "groups": "groups with their closing, from snapshots that the merchant keeps: WeCom shows a group while it lives "
    "(written as WeCom's answer where the merchant keeps none)",
    "group_members": "who left which group when, from the same snapshots: WeCom's answer shows who is still there",
    "group_days": "members, talk and quits of each group, from the same snapshots: WeCom's statistics are of an owner's groups "
    "together",
    "coupons": "coupons by holder, from the shop system's own list: the card coupon API counts them by day",
    "red_packets": "packets that nobody opened: the answer about a packet names receivers only",
    "products": "the catalogue",
    "shops": "the list of shops",
    "shop_days": "opening days and door counters",
    "owners": "who answers for what",
    "spend": "costs, from the books",
    "targets": "the plan",
    "actions": "what the programme did (live rooms are written as the platform's answer)",
    "issue_register": "the programme's list of problems",
    "programme_counters": "the programme's counters",
    "lift_tests": "results of experiments",
    "city_tiers": "a public list",
}
"""Canonical table -> why some of its rows are in no vendor's file."""
