"""The second engine: Spark, in this machine's cores or where ``RETAILKIT_SPARK_MASTER`` says."""

from __future__ import annotations

import os
import re
from importlib.util import find_spec
from typing import Any

from retailkit.load.errors import LoadError

JAVA = "default-jre-headless"


def spark_backend(given: dict[str, Any]) -> Any:
    """Return an Ibis backend over a Spark session of its own, in the one Spark of this process.

    Parameters
    ----------
    given : of `engine.settings`

    Raises
    ------
    LoadError
        If Spark or Java is not installed.
    """
    if find_spec("pyspark") is None:
        raise LoadError("Spark is not installed", "RETAILKIT_ENGINE", do="pip install 'retailkit[cluster]'")
    import ibis
    from pyspark.errors import PySparkRuntimeError
    from pyspark.sql import SparkSession

    master = os.environ.get("RETAILKIT_SPARK_MASTER") or f"local[{given['threads']}]"
    chosen = {
        # Spark wants 512m at the least, and its sizes without the B
        "spark.driver.memory": re.sub(r"i?b$", "", given["memory_limit"].strip().lower()).replace(" ", ""),
        "spark.sql.shuffle.partitions": given["threads"] if master.startswith("local") else 200,
        "spark.local.dir": given["temp_directory"],
        "spark.sql.warehouse.dir": f"{given['temp_directory']}/warehouse",
        "spark.sql.timestampType": "TIMESTAMP_NTZ",
        "spark.sql.session.timeZone": "UTC",
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
        "spark.log.level": "ERROR",
        **({"spark.driver.host": "127.0.0.1"} if master.startswith("local") else {}),
    }
    builder = SparkSession.builder.master(master).appName("retailkit")
    for name, value in chosen.items():
        builder = builder.config(name, str(value))
    try:
        session = builder.getOrCreate().newSession()  # views of two open stores never meet
    except PySparkRuntimeError as error:
        raise LoadError(
            "Spark does not start", "RETAILKIT_ENGINE", "a Java runtime", f"install one (Debian: {JAVA}); {error}"
        ) from error
    of_session = {name: str(value) for name, value in chosen.items() if name.startswith("spark.sql.")}
    del of_session["spark.sql.warehouse.dir"]  # belongs to the process
    backend = ibis.pyspark.connect(session, **of_session)
    cached, dropped = backend._create_cached_table, backend._drop_cached_table

    def kept(name: str, expression: Any) -> Any:
        # Ibis forgets to hand over in-memory tables before it caches an expression with Spark
        backend._run_pre_execute_hooks(expression)
        if not master.startswith("local"):
            return cached(name, expression)
        # Spark plans all that led to a cached table again in each query; rows that no lost machine can take need no past
        session.sql(backend.compile(expression)).localCheckpoint(eager=False).createTempView(name)
        return backend.table(name)

    def released(name: str) -> None:
        # rows without a past are let go by Spark itself once no view names them
        dropped(name) if name in backend._cached_dataframes else session.catalog.dropTempView(name)

    backend._create_cached_table, backend._drop_cached_table = kept, released
    return backend
