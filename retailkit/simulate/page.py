"""The cohort page of a simulated cohort: merchants, windows, and where its exports lie."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from retailkit.simulate.vendors import all_carried, exports
from retailkit.simulate.world import COHORTS, Profile, parameters, profiles, roles

LIMITS = (
    "SIMULATED: no row describes a real merchant, person or order; titles are numbers."
    " / 模拟数据：没有任何一行描述真实的商户、个人或订单；名称只是编号。",
    "One simulated person stands for {stands} (retailkit simulate --scale). / 一个模拟的人代表{stands}人（retailkit simulate --scale）。",
    "The headline and seven merchants' cases are set to published figures; all else is a stated assumption (simulate/world.toml)."
    " / 总体环比与七家商户的案例设定为公布数字，其余均为写明的假设（simulate/world.toml）。",
    "The headline is on private sales; shop orders in the tables are mostly those of known members, the books (daily_totals) hold all."
    " / 环比按私域销售计算；表中的门店订单多为已知会员，账目（daily_totals）包含全部。",
    "Guests without a member number, platform buyers and 2% of private orders have no link to a person."
    " / 没有会员号的顾客、平台买家与2%的私域订单无法对应到个人。",
    "Exports know less than the truth: a shop system's orders do not say which touchpoint sold them, a payment bill not even the format."
    " / 导出文件比真相知道得少：店铺系统的订单不写由哪个触点售出，支付账单连业态也没有。",
    "Donors give their sales only: no sessions, guides or groups. / 对照商户只提供销售额：没有访问、导购或社群。",
)  # fmt: skip

TABLES = (
    "orders", "order_lines", "refunds", "daily_totals", "products", "accounts", "account_pairs", "members", "sessions",
    "touchpoint_days", "follower_days", "campaigns", "pushes", "guides", "guide_bindings", "guide_days", "groups", "group_days",
    "group_members", "shops", "shop_days", "owners", "spend", "coupons", "red_packets", "targets", "actions", "issue_register",
    "programme_counters", "lift_tests", "city_tiers",
)  # fmt: skip

DONOR_TABLES = ("orders", "refunds", "daily_totals")
"""What a donor shows: merchants outside the programme give their sales only."""
_OF_DONORS = [f"canonical/{name}.parquet" for name in DONOR_TABLES]


def cohort_page(
    cohort: str, made: Path | None = None, scale: float | None = None, merchants: Sequence[str] | None = None
) -> str:
    """Return the TOML page of a cohort.

    Parameters
    ----------
    made : folder of a simulated cohort that the page shall lie in: only what was made there is named.
        If not given, the page is that of the whole cohort as it lies in ``data/cohorts``.
    scale : that it was made at; the small cohort's if not given.
    merchants : only these.

    Raises
    ------
    ValueError
        If the world has no such cohort.
    """
    who, group = roles(cohort), COHORTS[cohort]
    who = {m: role for m, role in who.items() if not merchants or m in merchants}
    base = "." if made else f"../../simulated/{cohort}"
    limits = [limit.format(stands=f"{1 / (scale or parameters()['span']['small']):,.0f}") for limit in LIMITS]
    page = parameters()[group]
    title, title_zh = {
        "first": ("first cohort, last quarter of 2018", "首批，2018年第四季度"),
        "second": ("second cohort, spring 2019", "第二批，2019年春季"),
    }[group]
    as_of = page["programme"]["end"].toordinal() + 1
    lines = [
        f"# SIMULATED. Made by: retailkit simulate {cohort} --out simulated   (parameters: retailkit/simulate/world.toml)",
        f'title = "Simulated WeChat doubling programme: {title} / 模拟的微信倍增行动：{title_zh}"',
        "simulated = true",
        f"as_of = {page['programme']['end'].fromordinal(as_of)}",
        'zone = "Asia/Shanghai"', 'currency = "CNY"', 'country = "CN"', 'lang = "en"',
        *(f"{name} = {{ start = {page[name]['start']}, end = {page[name]['end']} }}" for name in ("baseline", "programme")),
        'licence = "Simulated by retailkit; use it as you like. / 由 retailkit 模拟，可自由使用。"',
        f'published_at = "nowhere: run retailkit simulate {cohort}"',
        "", "limits = [", *(f'  "{limit}",' for limit in limits), "]",
    ]  # fmt: skip
    for role in ("merchant", "donor"):
        lines += ["", f"{role}s = ["]
        for p in (p for p in profiles() if who.get(p.id) == role):
            invited = f", invited = {parameters()[p.group]['invited']}" if p.group != "never" else ""
            lines.append(
                f'  {{ id = "{p.id}", title = "{p.title} / {p.title_zh}", industry = "{p.industry}"{invited} }},'
            )
        lines.append("]")
    own = [name for name in TABLES if any(_keeps(p, who[p.id], name) for p in profiles() if p.id in who)]
    sources = [(f"canonical_{name}", f"canonical/{name}.parquet", "") for name in own]
    for p in (p for p in profiles() if who.get(p.id) == "merchant"):
        sources += [(export.layout, f"exports/{p.id}/{export.file}", p.id) for export in exports(p.exports)]
    for layout, path, owner in sources:
        if made is None or any(made.glob(path)):
            lines += ["", "[[sources]]", f'layout = "{layout}"', f'path = "{base}/{path}"']
            lines += [f'merchant = "{owner}"'] if owner else ["donors = false"] * (path not in _OF_DONORS)
    return "\n".join(lines) + "\n"


def _keeps(p: Profile, role: str, name: str) -> bool:
    """Tell whether a merchant has a canonical table of its own, beside what its vendors' files carry."""
    return name in DONOR_TABLES if role == "donor" else not all_carried(p.exports, name)


def write_pages(folder: str | Path) -> list[Path]:
    """Write the page of every simulated cohort into a folder."""
    out = []
    for cohort in COHORTS:
        out.append(Path(folder) / f"{cohort}.toml")
        out[-1].write_text(cohort_page(cohort), encoding="utf-8")
    return out
