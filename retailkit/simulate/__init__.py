"""A simulated cohort with known truth, written as its vendors would export it.

`simulate` draws every merchant of a cohort and writes its tables and, beside them, the truth:
persons, causes of orders, effect of the programme, steps, K, group hazard, customer value.
Parameters and their sources: ``world.toml``. Everything here is simulated and says so.
"""

from typing import Any

from retailkit.simulate.world import COHORTS, parameters, profiles

__all__ = ["COHORTS", "parameters", "profiles", "simulate"]


def __getattr__(name: str) -> Any:
    if name == "simulate":
        from retailkit.simulate.write import simulate

        return simulate
    raise AttributeError(f"retailkit.simulate has no public name '{name}'")
