"""Drawn exports, as odd as vendors make them, load to what an independent parser of the same bytes finds."""

from __future__ import annotations

import csv
import io
import re
import tempfile
from collections import Counter
from contextlib import ExitStack, suppress
from datetime import datetime, timedelta
from decimal import Decimal, InvalidOperation
from pathlib import Path
from unittest.mock import patch

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from load_files import layout

from retailkit.load import LoadError, load_file, open_store, passing, pieces

NAMES = ["订单号", "会员", "付款时间", "实付"]
TIMES = ("%Y-%m-%d %H:%M:%S", "%Y/%m/%d %H:%M", "%Y年%m月%d日")

digits = st.integers(10**4, 10**24).map(str)
ids = st.one_of(
    digits,
    st.builds(
        lambda form, number: form.format(number), st.sampled_from(['="{}"', "`{}", "'{}", "\t{}", " {} "]), digits
    ),
    st.sampled_from(["1.23E+15", "", "4e10", "00012", "13047.0", "90072000000000000.0", "1234567890123456.0"]),
)
names = st.text("abcXYZ\"',;\n ", min_size=1, max_size=8) | st.text("会员甲乙丙", min_size=1, max_size=4)
times = st.builds(
    lambda minutes, form: (datetime(2017, 12, 30) + timedelta(minutes=minutes)).strftime(form),
    st.integers(0, 600_000),
    st.sampled_from(TIMES),
) | st.sampled_from(["never", "", "2999-01-01", "2018-02-30"])
cents = st.integers(0, 10**9).map(lambda n: Decimal(n) / 100)
amounts = st.one_of(
    cents.map(str), cents.map("¥{:,.2f}".format), cents.map("{:,.2f}元".format), cents.map(" {} ".format),
    st.sampled_from(["", "n/a", "-5", "1,23", "1.2.3", "12E3x", "1 or 2"]),
)  # fmt: skip
exports = st.lists(st.tuples(ids, names.filter(str.strip), times, amounts), max_size=30)


def number(cell: str) -> Decimal | None:
    """Read an amount of at least nothing as a person would."""
    text = re.sub(r"[¥元\s]", "", cell)
    if "," in text and not re.fullmatch(r"[0-9]{1,3}(,[0-9]{3})+(\.[0-9]+)?", text):
        return None
    try:
        value = Decimal(text.replace(",", ""))
    except InvalidOperation:
        return None
    return value if value >= 0 else None


def instant(cell: str) -> datetime | None:
    """Read a Shanghai time and give it in UTC."""
    for form in TIMES:
        try:
            found = datetime.strptime(cell.strip(), form)
        except ValueError:
            continue
        return found - timedelta(hours=8)
    return None


def plain_id(cell: str) -> str | None:
    """Take spreadsheets' wrappings off; an id that went through a float is lost."""
    text = cell.strip()
    text = text[2:-1] if text.startswith('="') else text.removeprefix("`").removeprefix("'")
    if not text or re.fullmatch(r"[0-9](\.[0-9]+)?[eE]\+?[0-9]{2,}", text):
        return None
    whole = text.removesuffix(".0")
    return text if whole == text or not whole.isdigit() else whole if len(whole) <= 15 else None


def expected(data: bytes, encoding: str, delimiter: str) -> tuple[int, dict[str, tuple[int, datetime]]]:
    """Return how many rows there are and, by order, the amount in cents and the time of its last good row."""
    rows = list(csv.reader(io.StringIO(data.decode(encoding), newline=""), delimiter=delimiter))[1:]
    good = {}
    for cells in rows:
        order, amount, paid = plain_id(cells[0]), number(cells[3]), instant(cells[2])
        if order is not None and amount is not None and paid is not None and paid.year < 2900:
            good[order] = (int(amount * 100), paid)
    return len(rows), good


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    rows=exports,
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "gb18030", "utf-16"]),
    delimiter=st.sampled_from(",;\t"),
    ends=st.sampled_from(["\n", "\r\n"]),
    quoting=st.sampled_from([csv.QUOTE_ALL, csv.QUOTE_MINIMAL]),
    run=st.sampled_from([None, 0, 1 << 40]),
)
def test_rows_sums_and_ids_are_those_of_an_independent_parser(rows, encoding, delimiter, ends, quoting, run):
    rows = [r for r in rows if delimiter != "\t" or "\t" not in "".join(r)]
    written = io.StringIO(newline="")
    writer = csv.writer(written, delimiter=delimiter, lineterminator=ends, quoting=quoting)
    writer.writerows([NAMES, *rows])
    data = written.getvalue().encode(encoding)
    count, good = expected(data, encoding, delimiter)
    with tempfile.TemporaryDirectory() as name, ExitStack() as small:
        folder = Path(name)
        if run is not None:  # in pieces, with and without a file for each month
            for module, limit, value in (passing, "PASSING", 0), (passing, "RUN", run), (pieces, "PIECE", 99):
                small.enter_context(patch.object(module, limit, value))
        (folder / "drawn.csv").write_bytes(data)
        if not good:
            with suppress(LoadError):  # no row can be read: refused, or all rows set aside
                assert load_file(folder / "drawn.csv", layout(folder), "m", folder / "store")["rows_kept"][0] == 0
            return
        report = load_file(folder / "drawn.csv", layout(folder), "m", folder / "store")
        store = open_store(folder / "store", "m")
        orders, aside = store.orders.to_pandas(), store.quarantine.to_pandas()
    fates = report.loc[0, ["rows_kept", "rows_duplicate", "rows_quarantined", "rows_skipped"]]
    assert report.loc[0, "rows_read"] == count == fates.sum()
    assert dict(zip(orders["order_id"], orders["gross_amount"], strict=True)) == {k: v for k, (v, _) in good.items()}
    assert dict(zip(orders["order_id"], orders["paid_at"], strict=True)) == {k: at for k, (_, at) in good.items()}
    assert fates["rows_kept"] == len(good)
    assert fates["rows_quarantined"] == aside.loc[aside["whole_row"].astype(bool), "source_row"].nunique()
    assert max(Counter(orders["order_id"]).values(), default=1) == 1
