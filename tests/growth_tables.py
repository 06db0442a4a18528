"""Small sales worlds for the growth tests: frames with the canonical columns, and seeds."""

from __future__ import annotations

from pathlib import Path

import ibis
import numpy as np
import pandas as pd

BASELINE, PROGRAMME = ("2018-08-06", "2018-09-30"), ("2018-10-01", "2018-12-02")


def tables(orders: pd.DataFrame) -> tuple[ibis.Table, ibis.Table]:
    """Orders and persons as engine tables; a person is the account."""
    persons = orders[["merchant", "account"]].dropna().drop_duplicates()
    persons = persons.assign(person=persons["account"]).astype("str")
    backend = ibis.duckdb.connect()
    return backend.create_table("orders", orders), backend.create_table("persons", persons)


def order_rows(rows: list[tuple[str, str, str | None, int]]) -> pd.DataFrame:
    """Orders from (merchant, day, account, net amount); paid at noon."""
    frame = pd.DataFrame(rows, columns=["merchant", "paid_on", "account", "net_amount"])
    frame["paid_at"] = pd.to_datetime(frame["paid_on"]) + pd.Timedelta(hours=12)
    frame["paid_on"] = pd.to_datetime(frame["paid_on"]).dt.date
    frame["order_id"] = [f"o{i}" for i in range(len(frame))]
    frame["gross_amount"] = frame["net_amount"].clip(lower=0)
    frame["refund_amount"] = frame["gross_amount"] - frame["net_amount"]
    frame["touchpoint"], frame["format"] = "shop", "shop"
    return frame


def daily_world(
    seed: int,
    donors: int = 8,
    start: str = "2017-07-03",
    end: str = PROGRAMME[1],
    effect: float = 0.0,
    noise: float = 0.12,
) -> pd.DataFrame:
    """Daily panel of merchant "m" and donors "d0"...: level, common factors, festivals, noise.

    ``effect`` is the programme's true effect in logs from PROGRAMME's first day on. Factor
    loadings differ by merchant; Double 11 multiplies a day by about e^1.2.
    """
    rng = np.random.default_rng(seed)
    days = pd.date_range(start, end)
    walk = np.cumsum(rng.normal(0, 0.01, (len(days), 2)), axis=0)
    festival = np.isin(days.strftime("%m-%d"), ["11-11", "12-12", "06-18"]) * 1.2
    frames = []
    for name in ["m", *(f"d{j}" for j in range(donors))]:
        loading = rng.normal(1, 0.3, 2)
        log = rng.normal(11, 1) + walk @ loading + festival * rng.normal(1, 0.15) + rng.normal(0, noise, len(days))
        log += 0.2 * (days.day_of_week >= 5)
        if name == "m":
            log += effect * ((days >= PROGRAMME[0]) & (days <= PROGRAMME[1]))
        frames.append(pd.DataFrame({"merchant": name, "day": days, "gmv": np.exp(log).round().astype("int64")}))
    panel = pd.concat(frames, ignore_index=True)
    panel["gross"], panel["refunds"], panel["orders"], panel["buyers"] = panel["gmv"], 0, 10, 10
    panel["unknown_orders"], panel["unknown_gmv"], panel["filled"], panel["partial"] = 0, 0, False, False
    return panel


def journey_orders(folder: Path) -> tuple[pd.DataFrame, list[str], list[str]]:
    """The 41 largest Complete Journey stores' baskets: orders, 17 merchants, 24 donors."""
    lines = pd.read_parquet(folder / "complete_journey" / "transactions.parquet")
    largest = lines.groupby("store_id")["sales_value"].sum().sort_values(ascending=False).index[:41]
    lines = lines[lines["store_id"].isin(largest)]
    baskets = lines.groupby("basket_id").agg(
        merchant=("store_id", "first"), household=("household_id", "first"), paid_at=("transaction_timestamp", "min"),
        sales=("sales_value", "sum"), coupons=("coupon_disc", "sum"),
    )  # fmt: skip
    local = baskets["paid_at"].dt.tz_localize("UTC").dt.tz_convert("America/New_York")
    net = ((baskets["sales"] - baskets["coupons"]) * 100).round().astype("int64")
    orders = pd.DataFrame(
        {
            "merchant": baskets["merchant"].astype("str"), "order_id": baskets.index.astype("str"),
            "account": "household:" + baskets["household"].astype("str"), "paid_at": baskets["paid_at"],
            "paid_on": local.dt.date, "net_amount": net, "gross_amount": net, "refund_amount": 0,
        }
    )  # fmt: skip
    names = [str(s) for s in largest]
    return orders.reset_index(drop=True), names[:17], names[17:]
