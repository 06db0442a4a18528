"""One cohort file: which merchants, which dates, where their exports lie.

A cohort file is a small TOML page in ``data/cohorts``. `read_cohort` turns it into frozen
records and says, in one message, everything that is wrong with it.
"""

from __future__ import annotations

from retailkit.cohort.page import COHORTS, cohort_path, read_cohort
from retailkit.cohort.record import Cohort, CohortError, Merchant, Source, Window

__all__ = ["COHORTS", "Cohort", "CohortError", "Merchant", "Source", "Window", "cohort_path", "read_cohort"]
