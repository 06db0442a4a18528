"""What the numbers say, in sentences that a manager can read aloud."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import ibis.expr.types as ir
import pandas as pd

from retailkit.attribute.scenes import touchpoint_titles
from retailkit.schema.figure import figure, minor_units
from retailkit.schema.given import takes_frames
from retailkit.spoken import several

NOTHING = 0.005
"""A share of net sales below this is not worth a claim."""
RESIDUAL = ("unattributed", "organic")


def touchpoint_title(touchpoint: str, lang: str = "en") -> str:
    """Return a touchpoint's title; unknown names stand as they are.

    >>> touchpoint_title("mailing: Type A"), touchpoint_title("guide", "zh")
    ('Mailing: Type A', '导购')
    """
    head, colon, rest = touchpoint.partition(": ")
    title = touchpoint_titles(lang).get(head, head)
    return title + ("：" if lang == "zh" else colon) + rest if colon else title


def with_titles(table: pd.DataFrame, lang: str = "en") -> pd.DataFrame:
    """Say touchpoints in words: ``title`` beside ``touchpoint``; ends of paths get theirs in place."""
    ends = [c for c in ("source", "target", "first", "last") if c in table and table[c].dtype.kind not in "if"]
    named = table.assign(**{c: [touchpoint_title(t, lang) for t in table[c]] for c in ends})
    if "touchpoint" not in table:
        return named
    named = named.assign(title=[touchpoint_title(t, lang) for t in table["touchpoint"]])
    return named[["title", *[c for c in named.columns if c != "title"]]]


def touchpoint_sentence(table: pd.DataFrame, currency: str, lang: str = "en") -> str:
    """One paragraph to read aloud from :func:`side_by_side`: who earned most, how sure, what is left.

    >>> rows = pd.DataFrame({"touchpoint": ["mailing", "unattributed"], "kind": ["exposure", "none"],
    ...     "recommended": [.6, .4], "credit": [6000, 4000], "least": [.5, .4], "most": [.7, .4],
    ...     "low": [.55, .35], "high": [.65, .45]})
    >>> touchpoint_sentence(rows, "USD")
    'Of USD 100 net sales, mailing earned most: 60% (90% interval 55% to 65%); the models put it
    between 50% and 70%. 40% could not be attributed to any touch.'
    """
    total = table["credit"].sum()
    if table.empty or total <= 0:
        return _no_sales(table, total, currency, lang)
    amount = money(total, currency)
    left = table[table["touchpoint"].isin(RESIDUAL)]
    rest = table[~table["touchpoint"].isin(RESIDUAL)]
    if rest.empty:
        if lang == "zh":
            return f"净销售额{amount}中没有一单能归因到触点。"
        return f"None of the {amount} net sales can be attributed to a touch: no touch is known before an order."
    best = rest.sort_values("recommended", ascending=False).iloc[0]
    if "organic" in set(left["touchpoint"]) and not best["recommended"] >= NOTHING:
        return _nothing(rest, left, best, amount, lang)
    name = touchpoint_title(best["touchpoint"], lang)
    share, least, most, low, high = (f"{best[c]:.0%}" for c in ("recommended", "least", "most", "low", "high"))
    known = best["low"] == best["low"] and (low, high) != (share, share)
    gone = [(r.touchpoint, _bounded(r, lang)) for r in left.itertuples() if r.recommended > 0]
    if lang == "zh":
        doubt = f"（90%区间{low}至{high}）" if known else ""
        first = "是唯一有功劳的触点" if len(rest) == 1 and least == most else "贡献最大"
        agreed = "各模型一致" if least == most else f"各模型给出{least}至{most}"
        text = f"净销售额{amount}中，{name}{first}：{share}{doubt}；{agreed}。"
        text += "该触点只在已成交订单上可见，没有转化率。" if best["kind"] == "order_attached" else ""
        return text + "".join(f"{part}{'为自然购买' if t == 'organic' else '无法归因到任何触点'}。" for t, part in gone)
    doubt = f" (90% interval {low} to {high})" if known else ""
    first_word = name.partition(" ")[0][1:]
    low_name = name if first_word.lower() != first_word else name[:1].lower() + name[1:]  # WeCom, PC
    first = "is the only touchpoint with credit" if len(rest) == 1 and least == most else "earned most"
    agreed = "all models agree" if least == most else f"the models put it between {least} and {most}"
    text = f"Of {amount} net sales, {low_name} {first}: {share}{doubt}; {agreed}."
    if best["kind"] == "order_attached":
        text += " It is only seen on orders that were made, so this says what it accompanied, not what it caused."
    words = {"organic": "would have been bought anyway", "unattributed": "could not be attributed to any touch"}
    return text + "".join(f" {part} {words[t]}." for t, part in gone)


def _no_sales(table: pd.DataFrame, total: float, currency: str, lang: str) -> str:
    """The paragraph where nothing was sold on balance: no touchpoint can have earned anything."""
    if table.empty:
        return (
            "没有订单，因此没有可归因的销售额。"
            if lang == "zh"
            else "There are no orders, so there are no sales to attribute."
        )
    if total == 0:
        if lang == "zh":
            return "订单的净销售额合计为零（全部退款或赠送）：没有可归因的销售额；退款前的归因见下表。"
        return (
            "The orders' net sales come to nothing (refunded or given away): there is nothing to share out. What was "
            "credited before refunds stands in the tables below."
        )
    amount = money(total, currency)
    if lang == "zh":
        return f"净销售额合计为{amount}，退款多于销售：没有触点带来收入，账本只说明退回的是哪些触点的订单。"
    return (
        f"Net sales come to {amount}: more was paid back than sold. No touchpoint earned anything; the ledger shows "
        "whose orders were paid back."
    )


def _bounded(row: Any, lang: str) -> str:
    """A line's share; the organic one is an estimate, so its interval stands with it."""
    if row.touchpoint != "organic" or row.low != row.low:
        return f"{row.recommended:.0%}"
    if lang == "zh":
        return f"{row.recommended:.0%}（90%区间{row.low:.0%}至{row.high:.0%}）"
    return f"{row.recommended:.0%} (90% interval {row.low:.0%} to {row.high:.0%})"


def _nothing(rest: pd.DataFrame, left: pd.DataFrame, best: pd.Series, amount: str, lang: str) -> str:
    """The paragraph of a hazard ledger in which no exposure stands out from the organic rate."""
    organic = left.loc[left["touchpoint"] == "organic", "recommended"].sum()
    top = best["recommended"] if best["high"] != best["high"] else best["high"]
    attached = rest[rest["kind"] == "order_attached"].sort_values("most", ascending=False).head(2)
    named = [f"{touchpoint_title(r.touchpoint, lang)} {r.most:.0%}" for r in attached.itertuples()]
    name = touchpoint_title(best["touchpoint"], lang)
    if lang == "zh":
        text = f"净销售额{amount}中，没有任何曝光的作用能与零区分：最高的{name}不超过{top:.1%}；"
        text += f"{organic:.0%}本来就会购买。"
        return text + (f"附着于订单的触点按规则最多可得{'、'.join(named)}，但是否由其带来无从得知。" if named else "")
    text = (
        f"Of {amount} net sales, no exposure's part can be told from nothing: the highest, {name}, is at most "
        f"{top:.1%} (90% interval); as far as exposures can tell, {organic:.0%} would have been bought anyway."
    )
    if named:
        text += (
            f" Rules that pay out every order would give touches attached to orders up to: {', '.join(named)}; "
            "they accompanied the sale, and nobody can tell whether they caused it."
        )
    return text


@takes_frames
def unattributed_sentence(book: ir.Table, lang: str = "en") -> str:
    """Say how many orders have no touch, and how many no known person; nothing is dropped."""
    bare = book.filter(book.touchpoint == "unattributed")
    rows = bare.group_by("role").aggregate(orders=bare.order_id.nunique(), credit=bare.credit.sum()).execute()
    total = book.aggregate(credit=book.credit.sum()).execute()["credit"].iloc[0]
    counts = rows.set_index("role")
    orders = {role: int(counts["orders"].get(role, 0)) for role in ("no_touch", "unknown_person")}
    if pd.isna(total):
        return ""  # no orders at all: the paragraph before says so
    if not any(orders.values()):
        return "没有订单列为未归因。" if lang == "zh" else "No order is left unattributed."
    share = float(counts["credit"].sum()) / float(total) if total > 0 else float("nan")
    if lang == "zh":
        words = {"no_touch": "单在回溯期内没有触点", "unknown_person": "单不知道购买者"}
        counted = "，".join(f"{n:,}{words[role]}" for role, n in orders.items() if n)
        return f"未归因：{counted}{f'，共占净销售额{share:.0%}' if share == share else ''}；单列一行，不予丢弃。"
    words = {"no_touch": " without a touch in the look-back", "unknown_person": " by unknown persons"}
    counted = " and ".join(f"{several(n, 'order')}{words[role]}" for role, n in orders.items() if n)
    worth = f", {share:.0%} of net sales" if share == share else ""
    one = sum(orders.values()) == 1
    return f"Unattributed: {counted}{worth}. {'It stays' if one else 'They stay'} as a line."


def effects_sentence(effects: pd.DataFrame, feasible: pd.DataFrame, lang: str = "en") -> str:
    """Say what would be lost without the strongest exposure, and whether aggregate shares can be paid."""
    if effects.empty:
        if lang == "zh":
            return "没有曝光类触点，因此无法计算移除效应。"
        return "There are no exposures with people who did not buy, so nothing can be said about losing a touchpoint."
    if not effects["removal_orders"].max() > 0:
        if lang == "zh":
            return "没有订单此前有曝光：去掉任何触点都不会少一单。"
        return "No order has an exposure before it, so no order would be lost without any touchpoint."
    if len(effects) == 1:
        name, lost = touchpoint_title(effects["touchpoint"].iloc[0], lang), effects["lost_orders"].iloc[0]
        if lang == "zh":
            return f"只有{name}一个曝光触点：全部{lost:,.0f}单有曝光的订单都经过它，移除效应说明不了更多。"
        return (
            f"{name} is the only exposure: every exposed order ({lost:,.0f}) passed through it, so its removal effect "
            "says no more than that."
        )
    best = effects.sort_values(["removal_orders", "touchpoint"], ascending=[False, True]).iloc[0]
    wrong = [touchpoint_title(t, lang) for t in feasible.loc[~feasible["payable"], "touchpoint"]]
    name, lost = touchpoint_title(best["touchpoint"], lang), best["lost_orders"]
    if lang == "zh":
        text = f"按马尔可夫链，去掉{name}会失去约{lost:,.0f}单（占有曝光订单的{best['removal_orders']:.0%}）；"
        return text + "这是关联，不是实验。" + (f"{'、'.join(wrong)}的总体份额无法按单支付。" if wrong else "")
    text = (
        f"In the chain of exposures, taking {name} out loses about {several(lost, 'order')} "
        f"({best['removal_orders']:.0%} of the exposed ones); this is association, not an experiment."
    )
    return text + (f" The aggregate share of {', '.join(wrong)} could not be paid out order by order." if wrong else "")


SAID = {
    "touchpoints": "what the chapter says in one paragraph",
    "checked": "do reached and not reached bear out what messages are credited, without a model",
    "sensitivity": "does the answer depend on the model",
    "removal": "what the chain loses without its strongest exposure",
    "potential": "which touchpoints convert below or above the peers'",
}


BARE = {
    "hazard": "net GMV of orders without a known person / net GMV; those without a touch are organic",
    "rule": "net GMV of orders without a touch or a person / net GMV",
}
"""What the line ``unattributed`` holds: the hazard says of a known person without a touch that nothing moved them."""


def touchpoint_metrics(
    table: pd.DataFrame, model: str, currency: str, said: Mapping[str, str] | None = None
) -> list[dict[str, Any]]:
    """One record per figure of :func:`side_by_side` and per sentence ``said``, in the shape that a chapter saves."""
    total = float(table["credit"].sum())
    nan = float("nan")
    bare, organic = (
        float(table.loc[table["touchpoint"] == line, "recommended"].sum()) if total else nan
        for line in ("unattributed", "organic")
    )
    records = [
        figure("credited_net_gmv", total / minor_units(currency), currency, "sum of the credit ledger = net GMV"),
        figure("unattributed_share", bare, "fraction", BARE.get(model, BARE["rule"])),
        figure("organic_share", organic, "fraction", "net GMV that would have been bought anyway (hazard) / net GMV"),
        figure("attribution_model", text=model, definition="model of the recommended numbers"),
    ]
    for row in table.itertuples():
        if row.touchpoint not in RESIDUAL:
            meaning = f"share of net GMV by the {model} ledger, 90% interval over persons"
            name = f"credit_share: {row.touchpoint}"
            records.append(figure(name, row.recommended, "fraction", meaning, row.low, row.high))
    return records + [figure(f"{n}_sentence", text=s, definition=SAID.get(n, n)) for n, s in (said or {}).items()]


def money(minor: float, currency: str) -> str:
    amount = minor / minor_units(currency)
    return f"{currency} {'−' if amount < 0 else ''}{abs(amount):,.0f}"
