"""A store with the rows of another taken several times, with ids of their own: a larger merchant without drawing it.

Run: python benchmarks/scale_copies.py STORE COPIES --times 2

Accounts, persons, orders, visits and whatever else hangs on an account are copied, linked as they are; guides,
groups, campaigns, goods, shops and daily counts are not. What a chapter of such a merchant costs is then measured
with ``benchmarks/chapter.py`` or ``retailkit run --no-load``. The rows of a month lie one copy behind the other.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

from retailkit.load.engine import Connection, connect_raw, files_select, quote, write_file
from retailkit.load.partitions import by_month
from retailkit.load.publish import write_tables
from retailkit.load.published import active_files, read_manifest
from retailkit.schema import Table, table

OWN = [
    *("account", "other", "unionid", "phone_key", "member_id", "person", "inviter", "sender"),
    *("order_id", "refund_id", "session_id", "push_id", "coupon_id", "packet_id"),
    *("share_node", "share_parent", "share_origin"),
]
"""Ids that tell one copy from another."""


def copies(contract: Table, files: list[str], times: int) -> str:
    """SQL of the files' rows, as often as they are taken."""
    own = set(OWN) & set(contract.names)
    times = times if own & {"account", "order_id", "session_id"} else 1
    rows = files_select(contract, files)
    changed = ("" if not i else ", ".join(f"{quote(c)} || '~{i}' AS {quote(c)}" for c in own) for i in range(times))
    return " UNION ALL ".join(f"SELECT *{f' REPLACE ({c})' if c else ''} FROM ({rows})" for c in changed)


def publish(con: Connection, source: Path, target: Path, name: str, times: int, scratch: Path) -> int:
    """Publish the copies of one table; the number of rows."""
    contract = table(name)
    found = active_files(source, name, read_manifest(source)["tables"][name])
    whole = copies(contract, [f["path"] for f in found], times)
    written = []
    if contract.time and by_month(sum(f["rows"] for f in found)):
        for f in found:  # month by month: they lie in files of their months already
            record = write_file(con, copies(contract, [f["path"]], times), scratch, name)
            written.append(record | {"partition_keys": {"merchant": f["merchant"], "month": f["month"]}})
    write_tables(con, target, {name: f"({whole})"}, replace=not written, written={name: written})
    return sum(f["rows"] for f in active_files(target, name, read_manifest(target)["tables"][name]))


def main() -> None:
    """Write the store and print the rows of each table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("store", type=Path)
    parser.add_argument("copies", type=Path)
    parser.add_argument("--times", type=int, default=2)
    args = parser.parse_args()
    con = connect_raw()
    args.copies.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=args.copies) as scratch:
        for name in read_manifest(args.store)["tables"]:
            print(
                f"{name:20} {publish(con, args.store, args.copies, name, args.times, Path(scratch)):>13,}", flush=True
            )


if __name__ == "__main__":
    main()
