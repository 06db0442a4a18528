"""What simulated merchants keep themselves: plain canonical tables, because no vendor's export carries these rows."""

from __future__ import annotations

OWN = {
    "orders": "the shops' tills",
    "order_lines": "goods of private orders where the shop's export does not split them: Youzan's console has all in one cell, "
    "and titles hold commas (Youzan's API tells them one by one, and is written for the merchants that ask it); a payment bill none",
    "refunds": "the day of a refund, from the books: order exports tell the amount only (Youshu's returns, GA4's refund "
    "events and the payment bill tell both, and are written so)",
    "daily_totals": "the ERP's books of every channel (Youshu's own totals are written as its file beside them)",
    "accounts": "users of the mini program, fans of the official account and member numbers, from the merchant's own lists: "
    "an order export knows buyers only",
    "account_pairs": "which user is which member, bound in the merchant's CRM",
    "members": "the merchant's CRM; Youzan's customer export, which masks every phone, is written beside it",
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
