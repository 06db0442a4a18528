"""Customer groups: how long they live, how active they are, whether size rules shape them."""

from __future__ import annotations

import ibis
import numpy as np
import pandas as pd
from ibis.expr.types import Table

from retailkit.formats.rates import Z, ratio, with_share
from retailkit.formats.survival import kaplan_meier, life_summary, log_rank
from retailkit.formats.tables import fetch, local_day, of_persons, whole_counts
from retailkit.schema.given import takes_frames
from retailkit.spoken import said

SILENT_DAYS = 14
LIFE = ("merchant", "group_id", "kind", "born_on", "last_active_on", "days", "died")


@takes_frames
def group_lives(groups: Table, group_days: Table, *, silent_days: int = SILENT_DAYS) -> pd.DataFrame:
    """One row per group: how many days it lived, and whether it died or was still alive.

    A group dies on its last active day before ``silent_days`` days without a message (or when
    it is closed); a group that wakes up later was dead for that long all the same. ``days``
    counts from the day of creation, which is day 1.

    Returns
    -------
    DataFrame
        ``merchant, group_id, kind, born_on, last_active_on, days, died``; ``died`` False means
        that the group was alive when it left sight.

    Notes
    -----
    A death can be told only ``silent_days`` after it, so sight ends that many days before the
    merchant's last day on record: a group active since then is alive at that day
    (right-censored), and groups created later are left out. Counting them to the last
    day on record would make groups near the end look longer-lived than they are.
    """
    days = group_days.filter((group_days.messages > 0) | (group_days.active_members > 0))
    days = days.select("merchant", "group_id", active_on=days.day).distinct()
    by_group = ibis.window(group_by=["merchant", "group_id"], order_by="active_on")
    ends = group_days.group_by("merchant").agg(last_day=group_days.day.max())
    born = groups.select(
        "merchant", "group_id", "kind", born_on=groups.created_on, closed_on=local_day(groups, "closed_at")
    )
    first_active = born.select("merchant", "group_id", active_on=born.born_on)
    days = ibis.union(days, first_active, distinct=True)  # created counts as active, so nobody is silent from birth
    gaps = days.mutate(next_on=days.active_on.lead().over(by_group))
    gaps = gaps.inner_join(ends, "merchant")
    silence = ibis.coalesce(gaps.next_on, gaps.last_day + ibis.interval(days=1)).delta(gaps.active_on, unit="day")
    dead = gaps.filter(silence > silent_days)
    dead = dead.group_by(["merchant", "group_id"]).agg(died_on=dead.active_on.min())
    last = days.group_by(["merchant", "group_id"]).agg(last_active_on=days.active_on.max())
    told = born.inner_join(ends, "merchant")
    told = told.left_join(dead, ["merchant", "group_id"]).drop("merchant_right", "group_id_right")
    told = told.left_join(last, ["merchant", "group_id"]).drop("merchant_right", "group_id_right")
    frame = fetch(told)
    for name in ("born_on", "closed_on", "last_day", "died_on", "last_active_on"):
        frame[name] = pd.to_datetime(frame[name])
    sight = frame["last_day"] - pd.Timedelta(days=silent_days)
    death = frame[["died_on", "closed_on"]].min(axis=1)
    frame["died"] = death.notna() & (death <= sight)
    end = death.where(frame["died"], sight)
    frame["days"] = (end - frame["born_on"]).dt.days + 1
    frame["kind"] = frame["kind"].fillna("unknown")
    frame = frame[frame["days"] >= 1].sort_values(["merchant", "group_id"], ignore_index=True)
    for name in ("born_on", "last_active_on"):
        frame[name] = frame[name].dt.date
    return frame[list(LIFE)].astype({"days": "int64"})


def group_survival(lives: pd.DataFrame) -> pd.DataFrame:
    """One row per merchant, kind and day: share of groups still alive, with its 95% band.

    ``kind`` also has ``all``; the other columns are those of ``kaplan_meier``.
    """
    both = pd.concat([lives.assign(kind="all"), lives], ignore_index=True)
    parts = [
        kaplan_meier(part["days"], part["died"]).assign(merchant=merchant, kind=kind)
        for (merchant, kind), part in both.groupby(["merchant", "kind"])
    ]
    frame = pd.concat(parts or [kaplan_meier([], []).assign(merchant="", kind="")], ignore_index=True)
    return frame[["merchant", "kind", *(name for name in frame.columns if name not in ("merchant", "kind"))]]


def group_life(lives: pd.DataFrame) -> pd.DataFrame:
    """One row per merchant and kind: median and mean life in days with intervals.

    ``mean`` is the mean up to ``until``; ``mean_of_dead`` forgets the groups still alive and is
    too short. In the row ``all``, ``p_kinds`` is the log-rank probability of such differences
    between kinds if all lived equally long.
    """
    rows = []
    for merchant, own in lives.groupby("merchant"):
        test = log_rank(own["days"], own["died"], own["kind"])
        rows.append(
            {"merchant": merchant, "kind": "all", **life_summary(own["days"], own["died"]), "p_kinds": test["p"]}
        )
        rows += [
            {"merchant": merchant, "kind": kind, **life_summary(part["days"], part["died"]), "p_kinds": np.nan}
            for kind, part in own.groupby("kind")
        ]
    columns = ["merchant", "kind", *life_summary([], []), "p_kinds"]
    return pd.DataFrame(rows, columns=columns).rename(columns={"number": "groups"})


@takes_frames
def group_activity(groups: Table, group_days: Table) -> pd.DataFrame:
    """One row per merchant, kind and week: how alive the groups are.

    ``groups`` with any row in the week, ``group_share`` of them with a message; ``member_days``
    (members summed over days), ``active_share`` of them with a message that day; ``joined``,
    ``quits`` and ``quit_rate`` (quits per member and week).
    """
    kinds = groups.select("merchant", "group_id", kind=groups.kind.fill_null("unknown"))
    days = group_days.left_join(kinds, ["merchant", "group_id"]).drop("merchant_right", "group_id_right")
    days = days.mutate(
        kind=days.kind.fill_null("unknown"),
        week=days.day.truncate("W"),
        wrote=((days.messages > 0) | (days.active_members > 0)).fill_null(False).ifelse(1, 0),
    )
    each = days.group_by(["merchant", "kind", "week", "group_id"]).agg(
        wrote=days.wrote.max(),
        days=days.count(),
        member_days=days.members.sum(),
        active=days.active_members.sum(),
        joined=days.new_members.sum(),
        quits=days.quits.sum(),
    )
    each = each.mutate(members=(each.member_days / each.days.nullif(0)))
    found = each.group_by(["merchant", "kind", "week"]).agg(
        groups=each.count(),
        groups_active=each.wrote.sum(),
        members=each.members.cast("decimal(28, 9)").sum().cast("float64"),  # a sum of floats depends on their order
        member_days=each.member_days.sum(),
        active_member_days=each.active.sum(),
        joined=each.joined.sum(),
        quits=each.quits.sum(),
    )
    frame = whole_counts(fetch(found), "groups_active", "member_days", "active_member_days", "joined", "quits")
    frame = with_share(frame, "group_share", "groups_active", "groups")
    frame["active_share"] = ratio(frame["active_member_days"], frame["member_days"])
    frame["quit_rate"] = ratio(frame["quits"], frame["members"])
    frame["week"] = pd.to_datetime(frame["week"])
    return frame.sort_values(["merchant", "kind", "week"], ignore_index=True)


@takes_frames
def group_sizes(group_days: Table) -> pd.DataFrame:
    """One row per group: the largest number of members it ever had."""
    sizes = group_days.group_by(["merchant", "group_id"]).agg(members=group_days.members.max())
    return fetch(sizes.drop_null("members")).sort_values(["merchant", "group_id"], ignore_index=True)


def size_bunching(sizes: pd.DataFrame, thresholds: tuple[int, ...] = (50, 100), width: int = 5) -> pd.DataFrame:
    """One row per merchant and threshold: do groups stop just above a size that a rule rewards?

    ``just_above`` counts groups of ``threshold`` to ``threshold + width - 1`` members,
    ``expected`` what the sizes around (three widths on either side, without the window itself
    and the one below it, a straight line through log counts) lead one to expect there;
    ``excess`` = just_above - expected with its 95% interval (exact Poisson limits of
    the count and those of the line, combined as Zou and Donner 2008 do). ``passed_share``
    is the share of groups that reached the threshold.
    """
    rows = []
    for merchant, part in sizes.groupby("merchant"):
        size = part["members"].to_numpy()
        for threshold in thresholds:
            just = int(((size >= threshold) & (size < threshold + width)).sum())
            expected, least, most = _expected(size, threshold, width)
            few, many = _poisson(just)
            rows.append(
                {
                    "merchant": merchant,
                    "threshold": threshold,
                    "groups": len(size),
                    "passed": int((size >= threshold).sum()),
                    "just_above": just,
                    "expected": expected,
                    "excess": just - expected,
                    "excess_low": just - expected - np.hypot(just - few, most - expected),
                    "excess_high": just - expected + np.hypot(many - just, expected - least),
                }
            )
    columns = ["merchant", "threshold", "groups", "passed", "just_above", "expected", "excess", "excess_low"]
    frame = pd.DataFrame(rows, columns=[*columns, "excess_high"])
    return with_share(frame, "passed_share", "passed", "groups")


def _poisson(count: int) -> tuple[float, float]:
    """The exact 95% limits of a Poisson count."""
    from scipy.stats import chi2

    return (float(chi2.ppf(0.025, 2 * count)) / 2 if count else 0.0), float(chi2.ppf(0.975, 2 * count + 2)) / 2


def _expected(size: np.ndarray, threshold: int, width: int) -> tuple[float, float, float]:
    """Count to expect at the threshold with its 95% limits: Poisson regression of the counts around."""
    steps = np.array([-4, -3, -2, 1, 2, 3])
    counts = np.array([((size >= threshold + s * width) & (size < threshold + (s + 1) * width)).sum() for s in steps])
    if (counts > 0).sum() < 3:
        return np.nan, np.nan, np.nan
    design = np.column_stack([np.ones(len(steps)), steps])
    beta = np.array([np.log(counts.mean()), 0.0])
    for _ in range(50):
        mean = np.exp(design @ beta)
        information = design.T @ (design * mean[:, None])
        step = np.linalg.solve(information, design.T @ (counts - mean))
        beta = beta + np.clip(step, -1, 1)
    error = Z * np.sqrt(np.linalg.inv(information)[0, 0])
    return float(np.exp(beta[0])), float(np.exp(beta[0] - error)), float(np.exp(beta[0] + error))


@takes_frames
def inviters(group_members: Table, orders: Table, persons: Table) -> pd.DataFrame:
    """One row per inviter (key opinion consumer): whom they brought and what those bought since.

    ``invited`` counts distinct persons, each credited to the first who invited them; ``buyers``
    and ``net_amount`` (minor unit) only count orders after joining.
    """
    joined = of_persons(group_members.drop_null("inviter"), persons)
    joined = joined.mutate(who=ibis.coalesce(joined.person, joined.account))
    by_who = ibis.window(group_by=["merchant", "who"], order_by=["joined_at", "inviter"])
    first = joined.mutate(place=ibis.row_number().over(by_who))
    first = first.filter(first.place == 0).select("merchant", "who", "inviter", "joined_at")
    paid = of_persons(orders.select("merchant", "account", "paid_at", "net_amount"), persons)
    paid = paid.select("merchant", "paid_at", "net_amount", who=ibis.coalesce(paid.person, paid.account)).drop_null(
        "who"
    )
    both = first.left_join(paid, ["merchant", "who"])
    since = (both.paid_at >= both.joined_at).fill_null(False)
    each = both.group_by(["merchant", "inviter", "who"]).agg(
        orders=since.ifelse(1, 0).sum(), net_amount=since.ifelse(both.net_amount, 0).sum()
    )
    found = each.group_by(["merchant", "inviter"]).agg(
        invited=each.count(),
        buyers=(each.orders > 0).ifelse(1, 0).sum(),
        orders=each.orders.sum(),
        net_amount=each.net_amount.sum(),
    )
    frame = whole_counts(fetch(found), "invited", "buyers", "orders", "net_amount")
    return frame.sort_values(["merchant", "net_amount", "inviter"], ascending=[True, False, True], ignore_index=True)


def fee_payback(sales: pd.DataFrame, *, fee: int, commission: float, months: float) -> pd.DataFrame:
    """One row per merchant: do those who paid a joining fee earn it back?

    ``sales`` has one row per seller with ``net_amount`` over ``months`` months; a seller earns
    ``commission`` (fraction) of it. ``fee`` in the minor unit. Columns ``sellers, earned_back,
    share`` with interval, and ``median_months``: months until the median active seller has
    earned the fee at the pace seen.
    """
    rows = []
    for merchant, part in sales.groupby("merchant"):
        earned = part["net_amount"].clip(lower=0) * commission
        pace = earned[earned > 0] / months
        rows.append((merchant, len(part), int((earned >= fee).sum()), fee / pace.median() if len(pace) else np.nan))
    frame = pd.DataFrame(rows, columns=["merchant", "sellers", "earned_back", "median_months"])
    return with_share(frame, "share", "earned_back", "sellers")


def life_sentence(life: pd.DataFrame, lang: str = "en") -> str:
    """Say how long a group lives, and that the usual mean is too short."""
    row = life[life["kind"] == "all"]
    if row.empty:
        return said(
            lang, "No customer groups are recorded, so their life cannot be shown.", "没有社群记录，无法计算社群寿命。"
        )
    one = row.iloc[0]
    if not np.isfinite(one["median"]):
        return said(
            lang,
            f"More than half of {one['groups']:.0f} groups outlive the {one['until']:.0f} days on record; "
            f"up to that day they live {one['mean']:.0f} days on average.",
            f"{one['groups']:.0f}个社群中过半数活过了记录期的{one['until']:.0f}天；"
            f"截至该日平均存活{one['mean']:.0f}天。",
        )
    told = np.isfinite(one["median_low"])  # a group or two, or all on one day: no band
    lower, earlier = (f"{one['median_low']:.0f}", f"{one['median_low']:.0f}天") if told else ("not known", "下限未知")
    upper = f"{one['median_high']:.0f}" if np.isfinite(one["median_high"]) else "more than is on record"
    later = f"{one['median_high']:.0f}天" if np.isfinite(one["median_high"]) else "超出记录期"
    return said(
        lang,
        f"Half of {one['groups']:.0f} groups fall silent within {one['median']:.0f} days "
        f"({lower} to {upper}), 95% interval; the mean life is {one['mean']:.0f} days up to day {one['until']:.0f}, "
        f"against {one['mean_of_dead']:.0f} if the living are forgotten.",
        f"{one['groups']:.0f}个社群中一半在{one['median']:.0f}天内沉默（95%区间{earlier}至{later}）；"
        f"截至第{one['until']:.0f}天平均寿命{one['mean']:.0f}天，若忽略仍存活的社群则为{one['mean_of_dead']:.0f}天。",
    )
