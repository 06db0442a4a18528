"""Claims about draws of parameters: they are as lopsided as what they are drawn from."""

import numpy as np
import pytest
from scipy.stats import gamma, norm

from retailkit.segment.draws import weighed_draws


def log_gamma_density(shape: float):
    """Density of the logarithm of a gamma variable: a rate of which ``shape`` events are known, with its optimum."""
    return np.array([np.log(shape)]), np.array([[1 / shape]]), lambda t: shape * t[0] - np.exp(t[0])


@pytest.mark.parametrize("shape", [2.0, 10.0])
def test_draws_follow_a_lopsided_density_and_not_its_curvature(shape):
    centre, covariance, density = log_gamma_density(shape)
    found = weighed_draws(centre, covariance, density, 20_000, np.random.default_rng(1))[:, 0]
    for share in (0.05, 0.5, 0.95):
        assert gamma.cdf(np.exp(np.quantile(found, share)), shape) == pytest.approx(share, abs=0.01)
    normal = norm.ppf(0.05, centre[0], covariance[0, 0] ** 0.5)
    assert shape > 5 or np.log(gamma.ppf(0.05, shape)) < normal - 0.15, "the normal distribution would miss it"


def test_proposals_move_to_where_the_weight_is():
    far = lambda t: -0.5 * float((t - 5) @ (t - 5)) / 4  # noqa: E731 a density that the optimum and curvature misplace
    found = weighed_draws(np.zeros(2), 0.3 * np.eye(2), far, 2_000, np.random.default_rng(2))
    np.testing.assert_allclose(found.mean(axis=0), 5, atol=0.2)
    np.testing.assert_allclose(found.std(axis=0), 2, atol=0.2)


def test_what_is_held_is_not_drawn_and_what_cannot_be_weighed_is_normal():
    covariance = np.diag([1.0, 0.0])
    held = weighed_draws(np.array([0.0, 3.0]), covariance, lambda t: -0.5 * t[0] ** 2, 500, np.random.default_rng(3))
    assert (held[:, 1] == 3).all()
    assert held[:, 0].std() == pytest.approx(1, abs=0.15)
    nowhere = weighed_draws(np.zeros(2), np.eye(2), lambda _: -np.inf, 4_000, np.random.default_rng(4))
    np.testing.assert_allclose(np.cov(nowhere.T), np.eye(2), atol=0.1)
