"""Which questions can be studied with what came in: one row per question, with the reason."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import pandas as pd

from retailkit.load.agreement import comparable
from retailkit.load.breaks import breaks_sentence, source_breaks
from retailkit.load.reconcile import file_fates
from retailkit.load.retention import retention_gaps, retention_sentence
from retailkit.schema.figure import figure

COLUMNS = ["chapter", "question", "answer", "why"]
Answer = tuple[str, str, str]
"""yes, partly or no; the reason in English; the reason in Chinese."""


def data_health(tables: Any, programme_start: str | date | None = None, lang: str = "en") -> pd.DataFrame:
    """Return one row per question of the study: ``chapter, question, answer`` (yes, partly, no), ``why``.

    Where a source changed what it counts within a loaded series, a last row says which and when;
    where a source keeps its days for a limited time, another says which days no export holds. Rows that were
    set aside and have come since, and lines whose order was set aside in another file, have a row each.

    Parameters
    ----------
    tables : an open store of one merchant.
    programme_start : first day of the programme, None where there is none.
    """
    facts = _facts(tables)
    start = pd.Timestamp(programme_start) if programme_start else None
    chinese = lang == "zh"
    rows = []
    for chapter, english, hanzi, judge in QUESTIONS:
        answer, why, grund = judge(facts, start)
        rows.append((chapter, hanzi if chinese else english, answer, grund if chinese else why))
    rows += _aside(tables, chinese)
    if said := breaks_sentence(source_breaks(tables), lang):
        rows.append(
            ("1_data", "口径改变前后的比较" if chinese else "series over a change of definition", "partly", said)
        )
    if said := retention_sentence(tables.sources, lang):
        asked = "来源只保留有限天数的数据" if chinese else "days that a source soon forgets"
        rows.append(("1_data", asked, "partly" if len(retention_gaps(tables.sources)) else "yes", said))
    return pd.DataFrame(rows, columns=COLUMNS)


def health_sentence(health: pd.DataFrame, lang: str = "en") -> str:
    """Say what can be studied, what only in part, and what not."""
    by = {a: list(health.loc[health["answer"] == a, "question"]) for a in ("yes", "partly", "no")}
    if lang == "zh":
        names = {"yes": "可以研究", "partly": "只能部分研究", "no": "无法研究"}
        return "；".join(f"{names[a]}：{'、'.join(q)}" for a, q in by.items() if q) + "。"
    names = {"yes": "Can be studied", "partly": "in part", "no": "cannot be studied"}
    text = "; ".join(f"{names[a]}: {', '.join(q)}" for a, q in by.items() if q) + "."
    return text[:1].upper() + text[1:]


def data_metrics(
    fates: pd.DataFrame, daily: pd.DataFrame, gaps: pd.DataFrame, agreement: pd.DataFrame, health: pd.DataFrame,
    lang: str = "en",
) -> list[dict[str, Any]]:  # fmt: skip
    """Return the chapter's figures as metric records, see ``figure``; ``text`` in the language."""
    read = int(fates["rows_read"].sum())
    missing = float(gaps["days"].sum()) if len(daily) else None
    alike = comparable(agreement)
    compared, agree = len(alike), int(alike["agrees"].sum())
    return [
        figure("rows_read", read, "rows", "rows of this merchant in all files"),
        figure("rows_used", fates["rows_kept"].sum() / read if read else None, "fraction", "rows kept over rows read"),
        figure(
            "rows_set_aside",
            fates["rows_quarantined"].sum(),
            "rows",
            "rows in quarantine that no later file has brought",
        ),
        figure("days_with_orders", len(daily), "days", "local days with at least one order"),
        figure("days_missing", missing, "days", "days without any order between the first and the last"),
        figure("sources_agree", agree / compared if compared else None, "fraction", "comparisons within the tolerance"),
        figure(
            "questions_open",
            (health["answer"] != "no").sum(),
            "questions",
            "questions that can be studied at least in part",
        ),
        figure("data_health", None, "", "what can be studied", text=health_sentence(health, lang)),
    ]


def _facts(tables: Any) -> dict[str, Any]:
    """Return the counts that the answers rest on: two queries, however many tables there are."""
    import ibis

    orders = tables.orders
    known = orders.aggregate(
        orders=orders.count(),
        known=orders.account.count(),
        first=orders.paid_on.min(),
        last=orders.paid_on.max(),
        buyers=orders.account.nunique(),
        guided=orders.sold_by.count() + orders.owned_by.count(),
    ).to_pandas()
    facts: dict[str, Any] = known.iloc[0].to_dict()
    names = ("sessions", "pushes", "coupons", "placements", "touchpoint_days", "guides", "guide_days", "groups",
             "group_days", "group_members", "targets", "spend", "daily_totals", "members", "accounts")  # fmt: skip
    counts = {name: tables[name].count() for name in names} | {"shared": tables.sessions.share_node.count()}
    rows = ibis.union(*(count.name("n").as_table().mutate(fact=ibis.literal(name)) for name, count in counts.items()))
    found = rows.to_pandas()
    return facts | dict(zip(found["fact"], found["n"].astype(int), strict=True))


def _aside(tables: Any, chinese: bool) -> list[tuple[str, str, str, str]]:
    """Return what became of rows that were set aside: those that came since, and lines that miss their order."""
    rows, missing = [], tables.quarantine.filter(tables.quarantine.whole_row)
    fates = file_fates(tables.sources, tables.quarantine)
    since, left = int(fates["rows_come_since"].sum()), int(fates["rows_quarantined"].sum())
    if since:
        why = f"{since:,} rows set aside earlier have come since, in a later file; {left:,} are still missing"
        grund = f"此前隔离的行中，{since:,}行已由后来的文件补齐，{left:,}行仍缺"
        asked = "被隔离的行" if chinese else "rows that were set aside"
        rows.append(("1_data", asked, "partly" if left else "yes", grund if chinese else why))
    missing = missing.filter((missing.table == "orders") & missing.came_in.isnull() & missing.record.notnull())
    missing = missing.select("merchant", order_id=missing.record).distinct()
    if missing.count().to_pandas():
        missing = missing.anti_join(tables.orders, ["merchant", "order_id"])
        lines = tables.order_lines.semi_join(missing, ["merchant", "order_id"])
        count, orders = lines.aggregate(n=lines.count(), orders=lines.order_id.nunique()).to_pandas().iloc[0]
        if count:
            of = f"{orders:,} order{'s' if orders > 1 else ''}"
            why = f"{count:,} lines of {of} came in another file than the order itself, whose row was set aside"
            grund = f"{orders:,}笔订单的{count:,}行明细来自其他文件，而订单行已被隔离"
            rows.append(
                (
                    "1_data",
                    "缺少订单的明细" if chinese else "lines without their order",
                    "partly",
                    grund if chinese else why,
                )
            )
    return rows


def _sales(f: dict[str, Any], start: pd.Timestamp | None) -> Answer:
    if not f["orders"]:
        return "no", "no orders", "没有订单"
    return "yes", f"{f['orders']:,} orders, {f['first']:%Y-%m-%d} to {f['last']:%Y-%m-%d}", f"{f['orders']:,}单"


def _people(f: dict[str, Any], start: pd.Timestamp | None) -> Answer:
    if not f["orders"] or not f["known"]:
        return "no", "no order carries an account", "订单没有账号"
    share = f["known"] / f["orders"]
    why = f"{share:.0%} of orders carry an account; {f['buyers']:,} accounts bought"
    return ("yes" if share >= 0.8 else "partly"), why, f"{share:.0%}的订单带账号；{f['buyers']:,}个账号购买过"


def _value(f: dict[str, Any], start: pd.Timestamp | None) -> Answer:
    if not f["known"]:
        return "no", "no order carries an account", "订单没有账号"
    repeat, months = f["known"] - f["buyers"], (f["last"] - f["first"]).days / 30.4
    why = f"{repeat:,} repeat orders over {months:.0f} months"
    return ("yes" if repeat >= 1000 and months >= 6 else "partly"), why, f"{months:.0f}个月内复购{repeat:,}单"


def _touchpoints(f: dict[str, Any], start: pd.Timestamp | None) -> Answer:
    if f["sessions"]:
        return "yes", f"{f['sessions']:,} visits with their touchpoint", f"{f['sessions']:,}次带触点的访问"
    attached = f["pushes"] + f["coupons"] + f["placements"]
    if attached:
        why = "no visits: mailings, coupons and displays can only be credited for orders, without a rate"
        return "partly", why, "没有访问记录：只能就订单归因，无转化率"
    return "no", "no visits, messages, coupons or displays", "没有访问、消息、优惠券或陈列"


def _funnel(f: dict[str, Any], start: pd.Timestamp | None) -> Answer:
    if f["sessions"]:
        return "yes", f"{f['sessions']:,} visits", f"{f['sessions']:,}次访问"
    if f["touchpoint_days"]:
        return "partly", "daily console figures only, no single visits", "只有每日汇总"
    return "no", "no visits", "没有访问记录"


def _guides(f: dict[str, Any], start: pd.Timestamp | None) -> Answer:
    if f["guides"] and f["guided"]:
        return "yes", f"{f['guides']:,} guides, orders name them", f"{f['guides']:,}名导购"
    if f["guides"] or f["guided"] or f["guide_days"]:
        return "partly", "roster, acts or orders of guides: not all of them", "导购名单、行为或订单不全"
    return "no", "no guides", "没有导购数据"


def _groups(f: dict[str, Any], start: pd.Timestamp | None) -> Answer:
    if f["groups"] and (f["group_days"] or f["group_members"]):
        return "yes", f"{f['groups']:,} groups", f"{f['groups']:,}个社群"
    return ("partly", "groups without their days", "只有群列表") if f["groups"] else ("no", "no groups", "没有社群数据")


def _sharing(f: dict[str, Any], start: pd.Timestamp | None) -> Answer:
    if f["shared"]:
        return "yes", f"{f['shared']:,} visits name their share", f"{f['shared']:,}次访问带分享链"
    return "no", "no visit names the share it came from", "没有分享链"


def _growth(f: dict[str, Any], start: pd.Timestamp | None) -> Answer:
    if not f["orders"]:
        return "no", "no orders", "没有订单"
    if start is None:
        return "no", "no programme to judge", "没有项目窗口"
    months = (start - pd.Timestamp(f["first"])).days / 30.4
    if months >= 13:
        return "yes", f"{months:.0f} months of orders before the programme", f"项目前{months:.0f}个月订单"
    if months >= 2:
        why = f"{months:.0f} months before the programme: the season cannot be told from the market"
        return "partly", why, f"项目前仅{months:.0f}个月：季节与大盘无法区分"
    return "no", f"{max(months, 0):.1f} months of orders before the programme", "项目前订单太少"


def _targets(f: dict[str, Any], start: pd.Timestamp | None) -> Answer:
    if f["targets"]:
        return "yes", f"{f['targets']:,} targets", f"{f['targets']:,}个目标"
    if f["orders"]:
        return "partly", "no targets were set; new ones can be proposed", "没有既定目标，可以提出新目标"
    return "no", "neither targets nor orders", "没有目标和订单"


Judge = Callable[[dict[str, Any], pd.Timestamp | None], Answer]
QUESTIONS: tuple[tuple[str, str, str, Judge], ...] = (
    ("1_data", "sales by day", "每日销售", _sales),
    ("2_people", "who buys", "谁在购买", _people),
    ("2_people", "what a customer is worth", "客户价值", _value),
    ("3_touchpoints", "what each touchpoint brought", "各触点贡献", _touchpoints),
    ("4_formats", "the official store's funnel", "官方商城漏斗", _funnel),
    ("4_formats", "guides", "导购", _guides),
    ("4_formats", "groups", "社群", _groups),
    ("4_formats", "sharing", "分享裂变", _sharing),
    ("5_growth", "what the programme caused", "项目带来的增长", _growth),
    ("6_targets", "targets and what fell short", "目标与差距", _targets),
)
"""The study's questions, in the order of its chapters, each with its judge."""
