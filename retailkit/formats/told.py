"""What the exports do not tell of formats and touchpoints: said, so that nobody reads it as zero."""

from __future__ import annotations

from ibis.expr.types import Table

from retailkit.formats.tables import between
from retailkit.schema import PRIVATE_FORMATS
from retailkit.schema.given import takes_frames
from retailkit.spoken import said

_NAMES = {
    "official_store": ("official store", "官方商城"), "guide": ("guide", "导购"), "community": ("community", "社群"),
    "sharing": ("sharing", "社交裂变"),
}  # fmt: skip


@takes_frames
def formats_told_sentence(orders: Table, sessions: Table, *, start: str, end: str, lang: str = "en") -> str:
    """Say that one private format stands for all private orders, and how many of them a guide, group or share brought.

    Nothing where the exports tell two private formats or more, or there are no private orders.
    """
    private = between(orders, "paid_on", start, end)
    private = private.filter(private.format.isin(PRIVATE_FORMATS))
    names = private.select("format").distinct().execute()["format"].tolist()
    if len(names) != 1:
        return ""
    visits = sessions.filter(sessions.order_id.notnull())
    by_someone = visits.guide.notnull() | visits.group_id.notnull() | visits.share_parent.notnull()
    led = visits.filter(by_someone).select("merchant", "order_id").distinct()
    n, through = int(private.count().execute()), int(private.semi_join(led, ["merchant", "order_id"]).count().execute())
    en, zh = _NAMES[names[0]]
    many = f"{through:,} of them ({through / n:.0%}) were paid in visits that a guide, a group or a share brought. "
    chinese = f"其中{through:,}单（{through / n:.0%}）在由导购、社群或分享带来的访问中支付。" if through else ""
    return said(
        lang,
        f"The exports name one private format, {en}, for all {n:,} private orders. {many if through else ''}"
        "What the other private formats sold is not told here, which is not the same as nothing.",
        f"导出文件对全部{n:,}笔私域订单只注明一种业态（{zh}）。{chinese}其他私域业态的销售在此未注明，并不是零。",
    )


@takes_frames
def touchpoints_told_sentence(orders: Table, *, start: str, end: str, lang: str = "en") -> str:
    """Say of how many of the window's orders the touchpoint is told; nothing where it is of all.

    Orders of the private formats (or of none that is told) are asked for theirs, all where there are none such:
    a counter's or a platform's sale comes through no touchpoint. ``orders`` may have their touchpoints from visits,
    see ``attribute.paid_through``.
    """
    inside = between(orders, "paid_on", start, end)
    private = (inside.format.isin(PRIVATE_FORMATS) | inside.format.isnull()).fill_null(True)
    sums = inside.group_by(private=private).agg(n=inside.count(), told=inside.touchpoint.count()).execute()
    sums = sums[sums["private"]] if sums["private"].any() else sums
    n, told = int(sums["n"].sum()), int(sums["told"].sum())
    if not n or told == n:
        return ""
    if not told:
        return said(
            lang,
            f"No order of the window tells its touchpoint ({n:,} orders): how many new customers each touchpoint won is not "
            "told, which is not the same as none. Only the cost over all touchpoints is known.",
            f"本期{n:,}笔订单均未注明触点：各触点带来多少新客未知，并不是零。只能计算全部触点合计的成本。",
        )
    return said(
        lang,
        f"The touchpoint of {told:,} of {n:,} orders is told ({told / n:.0%}). New customers of the others count in all "
        "touchpoints together alone, so that a single touchpoint's cost is rather too high than too low.",
        f"{n:,}笔订单中有{told:,}笔（{told / n:.0%}）注明触点。其余订单的新客只计入合计，因此单个触点的成本可能偏高，不会偏低。",
    )
