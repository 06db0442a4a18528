"""How wrong attribution is where the truth is known. Run: python benchmarks/attribution_hazard.py [--full] [--seed 91]

All worlds are SIMULATED. Prints the share error (half the sum of absolute differences, touchpoints and organic) of the
hazard and of the best classic model: on the tests' plain world without and with confounding, and on four merchants
of the simulated cohort, which is confounded by activity; then how often the hazard's 90% intervals hold the truth.
Orders of unknown persons are left out on both sides: nobody can say who was touched. Behind the cohort's names stands
how many orders were organic but paid in a touchpoint's own visit: such a visit looks like one that sold, and no model of
these data can tell them apart, so organic is too low by about so much.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import ibis
import numpy as np

from retailkit.attribute.hazard import fit_hazard
from retailkit.attribute.hazard_ledger import hazard_credit, hazard_interval
from retailkit.attribute.models import ledgers
from retailkit.attribute.paths import paths
from retailkit.attribute.tables import TOUCH, shape
from retailkit.attribute.touches import touches
from retailkit.load.engine import connect
from retailkit.simulate import simulate

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))
import attribute_world as simulated

CLASSIC = ("first", "last", "linear", "position", "time_decay", "markov_1")
MERCHANTS = ("m01", "m02", "m05", "m06")
Case = tuple[str, Any, Any, dict[str, float], str]


def shares(book: Any) -> dict[str, float]:
    """Return touchpoint -> share of the orders of known persons; an order without a touch counts as organic."""
    known = book.filter(book.role != "unknown_person")
    line = (known.touchpoint == "unattributed").ifelse("organic", known.touchpoint)
    sums = known.group_by(touchpoint=line).aggregate(orders=known.share.sum()).execute()
    return (sums.set_index("touchpoint")["orders"] / sums["orders"].sum()).to_dict()


def error(book: Any, truth: dict[str, float]) -> float:
    """Return the share of orders that a ledger puts in the wrong place."""
    found = shares(book)
    return sum(abs(found.get(t, 0) - truth.get(t, 0)) for t in {*found, *truth}) / 2


def plain_worlds(seeds: list[int]) -> Iterator[Case]:
    """Yield the tests' world, without and with confounding."""
    for seed in seeds:
        for confounding in (0.0, 1.0):
            world = simulated.world(3000, 180, seed, confounding)
            touched = shape(ibis.memtable(world["touches"]), TOUCH).cache()
            walked = paths(touched, world["orders"], as_of=world["as_of"]).cache()
            yield f"plain world {seed}, confounding {confounding:.0f}", touched, walked, world["truth"], world["as_of"]


def cohort(seed: int, end: str = "2019-01-01") -> Iterator[Case]:
    """Yield merchants of the simulated cohort with true persons, as a study of that day would see them."""
    with tempfile.TemporaryDirectory() as place:
        folder = simulate("doubling_1", place, seed=seed, vendors=False, merchants=MERCHANTS)
        for merchant in MERCHANTS:
            con = connect(threads=2, memory="3GB")
            found = {
                name: con.read_parquet(str(folder / part / f"{name}.parquet")).filter(ibis._.merchant == merchant)
                for part, names in (
                    ("canonical", ("sessions", "pushes", "campaigns", "orders")),
                    ("truth", ("persons",)),
                )
                for name in names
            }
            causes = con.read_parquet(str(folder / "truth" / "order_causes.parquet")).filter(
                ibis._.merchant == merchant
            )
            persons = found["persons"].select("merchant", "account", "person").cache()
            orders = found["orders"].semi_join(causes, "order_id").filter(ibis._.paid_on < ibis.date(end)).cache()
            visits = found["sessions"].filter(ibis._.started_on < ibis.date(end))
            sent = (found["pushes"], found["campaigns"])
            touched = touches(visits, *sent, orders=orders, persons=persons).cache()
            walked = paths(touched, orders, persons, as_of=end).cache()
            known = walked.filter((walked.outcome == "order") & walked.person.notnull())
            truth = causes.semi_join(known, "order_id").cause.execute().value_counts(normalize=True).to_dict()
            ended = causes.semi_join(known, "order_id")
            doors = ended.filter(
                (ended.cause == "organic") & ended.last_touch.isin([t for t in truth if t != "organic"])
            )
            unseen = doors.count().execute() / ended.count().execute()
            yield f"cohort {seed}, {merchant} (organic through a touchpoint {unseen:.1%})", touched, walked, truth, end


def judged(cases: Iterator[Case]) -> None:
    """Print one line per world: errors of the hazard and of the best classic model, organic stated and true."""
    for name, touched, walked, truth, end in cases:
        book = hazard_credit(walked, fit_hazard(walked, touched, as_of=end)).cache()
        own = error(book, truth)
        best = min(error(b, truth) for b in ledgers(walked, CLASSIC).values())
        print(
            f"{name}: hazard {own:.1%} off, best classic model {best:.1%}, ratio {own / best:.2f}; "
            f"organic {shares(book)['organic']:.1%}, truly {truth['organic']:.1%}",
            flush=True,
        )


def coverage(worlds: int) -> None:
    """How often the hazard's 90% intervals hold the true shares of SIMULATED merchants, and its error."""
    caused = simulated.RATES * 120 * simulated.EFFECTS
    truth = dict(zip(simulated.TOUCHPOINTS, caused, strict=True)) | {"organic": simulated.ORGANIC * 120}
    truth = {name: orders / sum(truth.values()) for name, orders in truth.items()}
    held, error = [], []
    for seed in range(worlds):
        world = simulated.world(1000, 120, 1000 + seed)
        touched = shape(ibis.memtable(world["touches"]), TOUCH)
        walked = paths(touched, world["orders"], as_of=world["as_of"]).cache()
        model = fit_hazard(walked, touched, as_of=world["as_of"])
        found = hazard_interval(model, hazard_credit(walked, model).cache(), seed, 60).set_index("touchpoint")
        held.append([found.loc[t, "low"] <= share <= found.loc[t, "high"] for t, share in truth.items()])
        error.append(sum(abs(found.loc[t, "share"] - share) for t, share in truth.items()) / 2)
    print(
        f"hazard, {worlds} merchants: 90% intervals hold the truth {np.mean(held):.1%}, share error {np.mean(error):.1%}"
    )


if __name__ == "__main__":
    full = "--full" in sys.argv
    first = int(sys.argv[sys.argv.index("--seed") + 1]) if "--seed" in sys.argv else 91
    judged(plain_worlds([510 + first + i for i in range(5 if full else 1)]))
    for chosen in range(first, first + (3 if full else 1)):
        judged(cohort(chosen))
    coverage(200 if full else 10)
