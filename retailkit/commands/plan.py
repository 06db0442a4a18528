"""Record a cohort's analysis plan, so that the study can show that it was fixed before the phase."""

from __future__ import annotations


def recorded(cohort: str, on: str) -> str:
    """Write the plan beside the cohort file, once; say where it lies.

    Raises
    ------
    ValueError
        If a plan is recorded already: a plan that could be replaced would promise nothing.
    """
    from retailkit import growth
    from retailkit.cohort import read_cohort

    study = read_cohort(cohort)
    plan = growth.study_plan(study, growth.later_invited(study.donors, study.programme))
    target = growth.plan_file(study)
    if target.exists():
        raise ValueError(f"{target}: {growth.check_plan(plan, target)} A plan is recorded once.")
    digest = growth.record_plan(plan, target, on)
    return f"recorded on {on} (sha256 {digest[:12]}): {target}\n{growth.check_plan(plan, target)}"
