"""The interval of a share: published values, exact ends, and that a room's own name for it changes no number."""

import numpy as np

from retailkit.formats.rates import share_of
from retailkit.segment.intervals import share_interval
from retailkit.shares import wilson


def test_wilson_gives_the_published_interval_of_7_of_17():
    low, high = wilson(7, 17, level=0.95)
    assert (round(low, 2), round(high, 2)) == (0.22, 0.64)
    assert np.isnan(wilson(0, 0)).all()


def test_of_one_merchant_the_share_of_all_ends_at_all():
    assert wilson(1, 1)[1] == 1.0
    assert wilson(0, 1)[0] == 0.0
    counts = np.arange(1, 400)
    assert (wilson(counts, counts)[1] == 1.0).all()
    assert (wilson(np.zeros(399), counts)[0] == 0.0).all()


def test_the_ends_solve_the_score_equation():
    """An end is the share q whose own error puts the seen share z errors away: (p - q)^2 = z^2 q (1 - q) / n."""
    hits, total = np.array([0, 1, 7, 16, 17]), 17
    for level, z in ((0.90, 1.6448536269514722), (0.95, 1.959963984540054)):
        for q in wilson(hits, total, level):
            np.testing.assert_allclose((hits / total - q) ** 2, z**2 * q * (1 - q) / total, atol=1e-12)


def test_rooms_differ_only_in_level_and_in_what_they_say_of_nothing():
    assert share_of(7, 17)[1:] == wilson(7, 17, 0.95)
    assert share_interval([7], [17])[0] == wilson(7, 17)[0]
    assert np.isnan(share_of(0, 0)).all()
    assert [float(end[0]) for end in share_interval([0], [0])] == [0.0, 1.0]
