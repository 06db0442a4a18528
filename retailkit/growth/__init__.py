"""Growth: what grew, and how much of it the programme caused.

The flow, one idea a file::

    calendar    festivals, and the same days of last year
    panel       orders -> one row per merchant and day -> one row per merchant and week
    headline    mean daily GMV in the programme against the period before
    donors      who may stand in for a merchant; who shares its customers
    did, sc, sdid, series   one estimator a file, on plain arrays
    effect      the estimator that the data allow, its interval and its label
    guards      what would overturn the claim
    bridge      headline = season x market x programme, exactly
    tree, cells what grew: factors, touchpoints, formats, new and returning
    steps       the staircase of the daily level
    festival    Double 12 against Double 11
    power, plan before the phase: what could be seen, and what was promised
    cohort      many merchants: multiplicity, pooling, staggered starts
    verdict     one plain sentence, and it may say "cannot tell"
"""
