"""Both engines for the tests: the same tables on Spark, and frames brought into one comparable form."""

from __future__ import annotations

import os
from typing import Any

import ibis
import pandas as pd

from retailkit.load.engine import connect

# on a few hundred rows Spark spends its time on plans: on writing Java and compiling it, on doing it well
QUICK = {
    "spark.sql.adaptive.enabled": "false",
    "spark.sql.constraintPropagation.enabled": "false",
    "spark.sql.codegen.wholeStage": "false",
    "spark.sql.codegen.factoryMode": "NO_CODEGEN",
    "spark.sql.shuffle.partitions": "1",
}
# read by Java when it starts: no second compiler, no collector with threads of its own
os.environ.setdefault("JDK_JAVA_OPTIONS", "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC")


def quick(backend: Any) -> Any:
    """The same backend, set for a few hundred rows if it is Spark."""
    for name, value in QUICK.items() if backend.name == "pyspark" else ():
        backend._session.conf.set(name, value)
    return backend


def on_spark(tables: dict[str, ibis.Table]) -> dict[str, ibis.Table]:
    """The same tables on Spark, started with the package's own settings if it is not running yet."""
    backend = quick(connect(threads=2, memory="2GB", engine="spark"))
    moved = {}
    for name, table in tables.items():
        backend._session.createDataFrame(table.to_pyarrow()).createOrReplaceTempView(name)
        moved[name] = backend.table(name)
    return moved


def plain(result: Any) -> pd.DataFrame:
    """A result as a frame with rows in one order, columns in their own: numbers stay, the rest is text."""
    frame = result.to_pandas() if isinstance(result, ibis.Table) else result
    if isinstance(frame, pd.Series):
        frame = frame.rename(frame.name or "value").reset_index()
    elif not isinstance(frame.index, pd.RangeIndex):
        frame = frame.reset_index()
    frame = frame.copy()
    for name in frame:
        if frame[name].isna().all():
            frame[name] = pd.Series("", index=frame.index, dtype=object)
        elif pd.api.types.is_numeric_dtype(frame[name]) and not pd.api.types.is_bool_dtype(frame[name]):
            frame[name] = frame[name].astype(float)
        elif pd.api.types.is_datetime64_any_dtype(frame[name]):
            frame[name] = frame[name].astype("datetime64[us]").astype(str)
        else:
            empty = frame[name].isna()
            frame[name] = frame[name].astype(str).mask(empty, "").astype(object)
    return frame.sort_values(sorted(frame, key=lambda c: frame[c].dtype != object), ignore_index=True)
