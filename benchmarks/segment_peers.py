"""The other packages' share of ``segment.py``: the same tasks on the same files, in an environment of their own.

Run by ``segment.py`` as ``python segment_peers.py TASK FOLDER``; prints CPU seconds, elapsed seconds and peak memory.
"""

from __future__ import annotations

import importlib.metadata
import resource
import sys
import time
import warnings
from collections.abc import Callable
from typing import Any

AS_OF = "2024-01-01"
HISTORY = ["repeat_days", "days_to_last", "age_days"]


def rfm(folder: str) -> Callable[[], Any]:
    """Scores by OpenRetailScience (Ibis on DuckDB); its customer is the account, nobody is linked."""
    import ibis
    from openretailscience.segmentation.rfm import RFMSegmentation

    lines = ibis.duckdb.connect(threads=2, memory_limit="2GB").read_parquet(f"{folder}/lines.parquet")
    lines = lines.rename(
        customer_id="account", transaction_date="paid_on", unit_spend="net_amount", transaction_id="order_id"
    )
    return lambda: RFMSegmentation(lines, AS_OF, 5, 5, 5).df


def _lines(folder: str) -> Any:
    """Order lines as lifetimes wants them, with days read as times: as dates they cost it 1.5 s more."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    lines = pq.read_table(f"{folder}/lines.parquet", columns=["account", "paid_on", "net_amount"])
    return lines.set_column(1, "paid_on", lines["paid_on"].cast(pa.timestamp("ms"))).to_pandas()


def _histories(lines: Any) -> Any:
    from lifetimes.utils import summary_data_from_transaction_data

    return summary_data_from_transaction_data(
        lines, "account", "paid_on", "net_amount", observation_period_end="2023-12-31"
    )


def summary(folder: str) -> Callable[[], Any]:
    """The table of histories by lifetimes, from the file of order lines; nobody is linked."""
    import lifetimes.utils  # noqa: F401
    import pyarrow.parquet  # noqa: F401 as on our side, imports stand before the clock

    return lambda: _histories(_lines(folder))


def summary_memory(folder: str) -> Callable[[], Any]:
    """The same from a frame in memory."""
    import lifetimes.utils  # noqa: F401 before the clock

    lines = _lines(folder)
    return lambda: _histories(lines)


def fit(folder: str) -> Callable[[], Any]:
    """BG/NBD by lifetimes: parameters with standard errors."""
    import pandas as pd
    from lifetimes import BetaGeoFitter

    people = pd.read_parquet(f"{folder}/customers.parquet")
    return lambda: BetaGeoFitter().fit(*(people[c] for c in HISTORY)).summary


def fit_clvkit(folder: str) -> Callable[[], Any]:
    """BG/NBD by clvkit: parameters without standard errors, which it would get from refits."""
    import pandas as pd
    from clvkit.clv.bgnbd import BGNBD
    from clvkit.customer_base import CustomerBase

    people = pd.read_parquet(f"{folder}/customers.parquet")[HISTORY].set_axis(["frequency", "recency", "T"], axis=1)
    base = CustomerBase(
        people, time_unit="D", observation_period_end=pd.Timestamp(AS_OF), has_monetary=False, on_negative="net"
    )
    return lambda: BGNBD().fit(base).params_


def value(folder: str) -> Callable[[], Any]:
    """Twelve-month value by lifetimes, its models fitted before; it gives no interval."""
    import pandas as pd
    from lifetimes import BetaGeoFitter, GammaGammaFitter

    people = pd.read_parquet(f"{folder}/customers.parquet")
    some = people.sample(20_000, random_state=1)
    often = BetaGeoFitter().fit(*(some[c] for c in HISTORY))
    back = some[some["repeat_days"] > 0]
    spend = GammaGammaFitter().fit(back["repeat_days"], back["repeat_day_amount"])
    columns = [people[c] for c in (*HISTORY, "repeat_day_amount")]
    return lambda: spend.customer_lifetime_value(often, *columns, time=12, discount_rate=0, freq="D")


def prototypes(folder: str) -> Callable[[], Any]:
    """K-prototypes by kmodes, one start."""
    import pandas as pd
    from kmodes.kprototypes import KPrototypes

    rows = pd.read_parquet(f"{folder}/mixed.parquet").to_numpy(object)
    return lambda: KPrototypes(4, n_init=1, random_state=1).fit(rows, categorical=[3, 4])


TASKS = {f.__name__: f for f in (rfm, summary, summary_memory, fit, fit_clvkit, value, prototypes)}
PACKAGES = {"rfm": "openretailscience", "fit_clvkit": "clvkit", "prototypes": "kmodes"}


def main() -> None:
    warnings.simplefilter("ignore")
    task, folder = sys.argv[1:]
    run = TASKS[task](folder)
    start, clock = time.process_time(), time.perf_counter()
    run()
    seconds, elapsed = time.process_time() - start, time.perf_counter() - clock
    package = PACKAGES.get(task, "lifetimes")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"{seconds} {elapsed} {peak} {package}-{importlib.metadata.version(package)}")


if __name__ == "__main__":
    main()
