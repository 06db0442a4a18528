"""Whom to talk to next: one audience per person with reason and expected value, and its export."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import ibis
import numpy as np
import pandas as pd
from ibis import _

from retailkit.schema.given import takes_frames
from retailkit.segment.features import person_features
from retailkit.segment.intervals import mean_interval, share_interval
from retailkit.segment.segments import rfm_segments
from retailkit.segment.tags import TagRules, tag_persons
from retailkit.spoken import said, several

NEVER_EXPORTED = ("phone", "mobile", "tel", "name", "email", "address")
NEXT_COLUMNS = (
    "merchant", "segment", "persons", "bought_share", "bought_low", "bought_high",
    "next_amount", "next_low", "next_high", "horizon_days",
)  # fmt: skip


@takes_frames
def next_spend(
    orders: ibis.Table, persons: ibis.Table, as_of: str, horizon_days: int = 56, segments: str = "usual",
    level: float = 0.9,
) -> pd.DataFrame:  # fmt: skip
    """One row per merchant and segment: what its persons bought in the next ``horizon_days``, one horizon ago.

    Persons are segmented as they stood ``horizon_days`` before ``as_of``, with edges learned then, and
    what they did until ``as_of`` is counted: share who bought (Wilson's interval) and mean gross amount,
    who bought nothing included (normal interval; where nobody bought, up to as many as may have, at what a buyer of
    any segment spent). It assumes that the next weeks resemble the last ones.
    Empty if nobody had bought by then; of one merchant.
    """
    then = (date.fromisoformat(as_of) - timedelta(days=horizon_days)).isoformat()
    earlier = person_features(orders, persons, then)
    if earlier.count().to_pyarrow().as_py() == 0:
        return pd.DataFrame(columns=list(NEXT_COLUMNS))
    named = rfm_segments(earlier, segments=segments).select("merchant", "person", "segment", was=_.gross_amount)
    now = person_features(orders, persons, as_of).select("merchant", "person", "gross_amount")
    spent = named.inner_join(now, ["merchant", "person"])
    spent = spent.mutate(next_amount=(spent.gross_amount - spent.was).cast("float64"))
    table = spent.group_by("merchant", "segment").agg(
        persons=_.count(),
        bought=(_.next_amount > 0).cast("int64").sum(),
        deviation=_.next_amount.std(how="sample"),
        next_amount=_.next_amount.mean(),
    )
    frame = table.to_pandas().assign(horizon_days=horizon_days)
    frame["bought_share"] = frame["bought"] / frame["persons"]
    frame["bought_low"], frame["bought_high"] = share_interval(frame["bought"], frame["persons"], level)
    low, high = mean_interval(frame["next_amount"], frame["deviation"], frame["persons"], level)
    nobody = (frame["bought"] == 0) & (frame["persons"] > 1)
    a_buyer_spent = (frame["next_amount"] @ frame["persons"]) / (frame["bought"].sum() or np.nan)
    frame["next_low"] = np.maximum(low, 0)
    frame["next_high"] = np.where(nobody, frame["bought_high"] * a_buyer_spent, high)
    return frame[list(NEXT_COLUMNS)].sort_values(
        ["merchant", "next_amount", "segment"], ascending=[True, False, True], ignore_index=True
    )


@takes_frames
def choose_audience(
    people: ibis.Table, states: ibis.Table, expected: pd.DataFrame, rules: TagRules, seed: int,
    hold_share: float = 0.1, lang: str = "en",
) -> pd.DataFrame:  # fmt: skip
    """One row per person in an audience: why, what is expected anyway, and whether to hold back.

    Parameters
    ----------
    people : table of ``rfm_segments``.
    states : lifecycle states of *one* day.
    expected : table of ``next_spend``: gives ``expected_amount`` (gross, minor units) with ``expected_low``,
        ``expected_high`` of the segment's mean. It is spend that comes *anyway*, not what a message adds.
    rules : tag rules; those of the exclusive family ``audience`` place the persons.
    seed : draws the held-back group, without which nobody will know what the message added.
    hold_share : each person's chance to be held back, and to within one person the share of each audience.
    """
    known = people.inner_join(states.select("merchant", "person", "state"), ["merchant", "person"])
    tags = tag_persons(known, rules).filter(_.family == "audience")
    joined = tags.inner_join(
        known.select("merchant", "person", "segment", "state", "days_since_last", "orders", "net_amount"),
        ["merchant", "person"],
    )
    frame = joined.drop("family").rename(audience="tag").to_pandas()
    frame = frame.sort_values(["merchant", "person"], ignore_index=True)
    reasons = {r.name: r.reason_zh if lang == "zh" else r.reason_en for r in rules.rules}
    frame["reason"] = frame["audience"].map(reasons)
    worth = expected[["merchant", "segment", "next_amount", "next_low", "next_high"]].set_axis(
        ["merchant", "segment", "expected_amount", "expected_low", "expected_high"], axis=1
    )
    frame = frame.merge(
        worth.astype({"merchant": frame["merchant"].dtype, "segment": frame["segment"].dtype}), how="left"
    )
    held = _lots(frame["audience"], hold_share, np.random.default_rng(seed))
    return frame.assign(group=np.where(held, "hold", "contact"))


def _lots(audience: pd.Series, share: float, draw: np.random.Generator) -> np.ndarray:
    """Draw who is held back: everybody with the same chance, and of each audience its share to within one person.

    Persons stand in line by audience, in an order drawn by lot, and every 1/share-th is held.
    """
    mixed = draw.permutation(len(audience))
    line = mixed[np.argsort(audience.to_numpy(dtype=str)[mixed], kind="stable")]
    reached = np.floor(np.arange(len(line) + 1) * share + draw.random())
    held = np.zeros(len(line), dtype=bool)
    held[line] = np.diff(reached) > 0
    return held


def audience_sizes(chosen: pd.DataFrame) -> pd.DataFrame:
    """One row per merchant and audience: persons, how many are held back, expected amount, reason.

    The expected amount is empty where no segment of the audience had anybody one horizon ago; its interval is where
    one of them has none (a single person shows no spread).
    """
    amounts = ["expected_amount", "expected_low", "expected_high"]
    frame = chosen.assign(held=(chosen["group"] == "hold").astype(int)).astype(dict.fromkeys(amounts, float))
    table = frame.groupby(["merchant", "audience", "reason"], as_index=False).agg(
        persons=("person", "count"),
        held=("held", "sum"),
        past_net_amount=("net_amount", "sum"),
        expected_amount=("expected_amount", lambda amount: amount.sum(min_count=1)),
        expected_low=("expected_low", lambda end: end.sum(skipna=False)),
        expected_high=("expected_high", lambda end: end.sum(skipna=False)),
    )
    return table.sort_values(["merchant", "expected_amount"], ascending=[True, False], ignore_index=True)


@takes_frames
def export_audience(chosen: pd.DataFrame, persons: ibis.Table, out_dir: str | Path, merchant: str) -> Path:
    """Write ``audiences.csv``: one row per account of a person in an audience; return its path.

    Accounts are the merchant's own ids (member number, openid, external contact), split into ``system``
    and ``id``. Systems of phones, names or mail addresses are left out. Who is held back is in the file,
    marked ``hold``: do not message them, compare with them. ``expected_minor_units`` is the expected amount per person.
    """
    rows = _with_ids(chosen[chosen["merchant"] == merchant], persons)
    rows = rows.rename(columns={"expected_amount": "expected_minor_units"})
    columns = [
        "merchant",
        "audience",
        "group",
        "system",
        "id",
        "reason",
        "because",
        "segment",
        "state",
        "expected_minor_units",
    ]
    path = Path(out_dir) / str(merchant) / "audiences.csv"
    path.parent.mkdir(parents=True, exist_ok=True)
    rows[columns].sort_values(["audience", "system", "id"]).to_csv(path, index=False, float_format="%.0f")
    return path


def _with_ids(wanted: pd.DataFrame, persons: ibis.Table) -> pd.DataFrame:
    """One row per account that may be exported of a person in an audience, with ``system`` and ``id``."""
    accounts = persons.semi_join(_texts(wanted[["merchant", "person"]]), ["merchant", "person"])
    accounts = accounts.select("merchant", "account", "person").to_pandas().astype({"account": "str"})
    parts = accounts["account"].str.split(":", n=1)
    accounts = accounts.assign(system=parts.str[0].str.lower(), id=parts.str[1])
    accounts = accounts[~accounts["system"].isin(NEVER_EXPORTED)]
    return wanted.merge(accounts[["merchant", "person", "system", "id"]], on=["merchant", "person"])


@takes_frames
def unlisted_sentence(chosen: pd.DataFrame, persons: ibis.Table, lang: str = "en") -> str:
    """Say how many persons of the audiences are not in the exported list: known by a phone or the like alone.

    Empty where all are. Parameters as of ``export_audience``.
    """
    who = ["merchant", "person"]
    missing = len(chosen) - len(_with_ids(chosen, persons)[who].drop_duplicates())
    if not missing:
        return ""
    return said(
        lang,
        f"Not in the list: {several(missing, 'person')} of these {len(chosen):,}, known by a phone, name or mail address alone.",
        f"上述{len(chosen):,}人中有{missing:,}人不在名单内：仅有手机号、姓名或邮箱，没有可导出的编号。",
    )


@takes_frames
def audience_log(path: str | Path, persons: ibis.Table) -> pd.DataFrame:
    """One row per merchant and person of an exported list: ``audience`` and ``group``, as ``uplift_study`` wants them.

    Accounts that no longer have a person are left out, and so are persons who were told both ways: accounts of one
    contacted and one held back were linked since, and such a person is neither.

    Parameters
    ----------
    path : of ``audiences.csv`` as it was sent.
    persons : canonical table of today.
    """
    sent = pd.read_csv(path, dtype=str, keep_default_na=False)
    sent["account"] = sent["system"] + ":" + sent["id"]
    asked = _texts(sent[["merchant"]].assign(low=sent["account"].str.lower()))
    known = persons.select("merchant", "account", "person", low=persons.account.lower())
    known = known.semi_join(asked, ["merchant", "low"]).drop("low").to_pandas().astype("str")
    parts = known["account"].str.split(":", n=1)
    known["account"] = parts.str[0].str.lower() + ":" + parts.str[1]
    rows = sent.merge(known, on=["merchant", "account"])[["merchant", "person", "audience", "group"]]
    rows = rows.drop_duplicates(["merchant", "person", "group"])
    return rows.drop_duplicates(["merchant", "person"], keep=False, ignore_index=True)


def _texts(rows: pd.DataFrame) -> ibis.Table:
    """Rows of texts, each once, to join with where the data are."""
    return ibis.memtable(rows.drop_duplicates().astype("str"), schema=dict.fromkeys(rows.columns, "string"))


def audience_sentence(sizes: pd.DataFrame, lang: str = "en") -> str:
    """Say how many persons are in audiences, which one comes first and what the held-back group is for."""
    if sizes.empty:
        return said(
            lang,
            "No known buyer meets the rule of any audience.",
            "没有已知的购买人符合任何触达人群的规则。",
        )
    first, persons, held = sizes.iloc[0], int(sizes["persons"].sum()), int(sizes["held"].sum())
    kept = said(
        lang,
        f"held back: {held:,}, so that the next study can tell what the message added."
        if held
        else "nobody is held back, so what the message added cannot be told later.",
        f"其中{held:,}人作为对照不触达，以便下次研究判断触达带来的增量。"
        if held
        else "无人作为对照，事后无法判断触达带来的增量。",
    )
    told = said(
        lang,
        f"Persons in audiences: {persons:,} (audiences: {len(sizes)}); {kept}",
        f"共{persons:,}人进入{len(sizes)}个触达人群，{kept}",
    )
    if not first["expected_amount"] > 0:
        return told + said(
            lang,
            " What they will spend anyway cannot be told: nobody of their segments is known to have bought in the span before.",
            "无法预期其消费：上一个同长时段内，未见同类客户购买。",
        )
    return told + said(
        lang,
        f" The audience with the most expected spend is {first['audience']} ({several(first['persons'], 'person')}). "
        "Expected spend comes without any message too.",
        f"预期消费最高的是“{first['audience']}”（{int(first['persons']):,}人）。即使不触达，预期消费也会发生。",
    )


def two_views_sentence(chosen: pd.DataFrame, worth: pd.DataFrame, horizon_days: int, lang: str = "en") -> str:
    """Say why the value model expects another sum from the audiences than the days just past.

    Empty where the model's sum lies in the interval of the other one, or where that has none.

    Parameters
    ----------
    chosen : from ``choose_audience``.
    worth : from ``people_worth``, of the same horizon.
    """
    both = chosen.merge(worth[["merchant", "person", "value"]], on=["merchant", "person"])
    both = both[both["expected_low"].notna()].astype(dict.fromkeys(ends := ["expected_low", "expected_high"], float))
    anyway, model = float(both["expected_amount"].sum()), float(both["value"].sum())
    low, high = both[ends].sum(skipna=False)
    if not (anyway > 0 and (model < low or model > high)):
        return ""
    share = model / anyway
    return said(
        lang,
        f"The value model expects {share:.0%} of that sum from the same persons. It weighs all their days; the sum above "
        f"repeats what persons of their kind bought in the last {horizon_days} days, a programme or a festival in them "
        "included.",
        f"价值模型对同一批人的预期为上述金额的{share:.0%}：模型考虑其全部购买历史，上述金额则假定重复最近{horizon_days}天"
        "同类客户的消费（其中可能含经营项目或大促）。",
    )
