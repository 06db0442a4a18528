"""Small tables for the segment tests: random orders and the published data sets."""

from pathlib import Path

import ibis
import numpy as np
import pandas as pd


def random_orders(seed: int, persons: int = 60, merchant: str = "m", start: str = "2024-01-01") -> pd.DataFrame:
    """One order of one of ``persons`` accounts per row over a year; some accounts are unknown."""
    draw = np.random.default_rng(seed)
    n = persons * 5
    account = pd.Series([f"crm:{i:03d}" for i in draw.integers(0, persons, n)], dtype=object)
    account[draw.random(n) < 0.05] = None
    gross = draw.integers(1, 40, n) * 250
    refund = np.where(draw.random(n) < 0.1, gross, 0)
    return pd.DataFrame(
        {
            "merchant": merchant,
            "order_id": [f"{merchant}{i}" for i in range(n)],
            "account": account,
            "paid_on": pd.Timestamp(start) + pd.to_timedelta(draw.integers(0, 366, n), unit="D"),
            "items": draw.integers(1, 5, n),
            "gross_amount": gross,
            "refund_amount": refund,
            "net_amount": gross - refund,
            "shop_id": draw.choice(["s1", "s2", "s3"], n),
            "format": draw.choice(["shop", "guide", "community"], n),
        }
    )


def tables(orders: pd.DataFrame) -> tuple[ibis.Table, ibis.Table]:
    """Orders and persons as engine tables; two accounts in seven are one person."""
    known = orders[["merchant", "account"]].dropna().drop_duplicates()
    number = known["account"].str[-3:].astype(int)
    persons = known.assign(person="p" + (number - (number % 7 == 1)).astype(str))
    typed = orders.assign(account=orders["account"].astype("string"))
    return ibis.memtable(typed).mutate(paid_on=ibis._.paid_on.cast("date")), ibis.memtable(persons.astype("string"))


def online_retail(folder: Path) -> tuple[ibis.Table, ibis.Table]:
    """Sales invoices of Online Retail as orders, in thousandths of a pound: some prices have three decimals."""
    lines = pd.read_parquet(folder / "online_retail_2010_2011" / "online_retail.parquet").dropna()
    lines = lines[~lines["InvoiceNo"].str.startswith("C")]
    lines["gross_amount"] = lines["Quantity"] * (lines["UnitPrice"] * 1000).round().astype("int64")
    orders = lines.groupby(["InvoiceNo", "CustomerID"], as_index=False).agg(
        gross_amount=("gross_amount", "sum"), paid_on=("InvoiceDate", "max"), items=("Quantity", "sum")
    )
    return _plain(orders.rename(columns={"InvoiceNo": "order_id"}), orders["CustomerID"].astype(int).astype(str))


def rfm_orders(folder: Path) -> tuple[ibis.Table, ibis.Table]:
    """Sample orders of the R package rfm; the customer's name is the account."""
    orders = pd.read_csv(folder / "rfm_orders" / "rfm_data_orders.csv.gz", parse_dates=["order_date"])
    orders = orders.rename(columns={"order_date": "paid_on", "revenue": "gross_amount"})
    orders = orders.assign(order_id=orders.index.astype(str), items=1)
    return _plain(orders, orders["customer_id"])


def _plain(orders: pd.DataFrame, account: pd.Series) -> tuple[ibis.Table, ibis.Table]:
    orders = orders.assign(merchant="m", account="shop:" + account, refund_amount=0)
    wanted = ["merchant", "order_id", "account", "paid_on", "items", "gross_amount", "refund_amount"]
    persons = orders[["merchant", "account"]].drop_duplicates().assign(person=lambda t: t["account"].str[5:])
    table = ibis.memtable(orders[wanted]).mutate(paid_on=ibis._.paid_on.cast("date"), net_amount=ibis._.gross_amount)
    return table, ibis.memtable(persons)
