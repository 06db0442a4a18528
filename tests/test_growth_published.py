"""Published numbers that nobody here wrote: Proposition 99 and the LMDI fixture."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from retailkit.growth.did import did
from retailkit.growth.sc import sc
from retailkit.growth.sdid import sdid
from retailkit.growth.tree import lmdi


def plain_sc(y, x, pre):
    return sc(y, x, pre, intercept=False)


@pytest.fixture(scope="module")
def cigarettes(real_data: Path):
    table = pd.read_csv(real_data / "prop99" / "california_prop99.csv")
    wide = table.pivot(index="year", columns="state", values="cigsale")
    x = wide.drop(columns="California").to_numpy()
    return wide["California"].to_numpy(), x, np.asarray(wide.index < 1989)


@pytest.mark.data
@pytest.mark.parametrize(
    ("estimator", "published", "allowed"),
    [(did, -27.349, 5e-4), (plain_sc, -19.514, 5e-4), (sc, -11.109, 5e-4), (sdid, -15.605, 5e-4)],
)
def test_estimators_give_the_published_effect_of_proposition_99(cigarettes, estimator, published, allowed):
    y, x, pre = cigarettes
    assert estimator(y, x, pre).gap[~pre].mean() == pytest.approx(published, abs=allowed)


@pytest.mark.data
@pytest.mark.parametrize(("estimator", "published"), [(did, 17.29), (plain_sc, 10.63), (sdid, 9.37)])
def test_placebo_spread_over_the_38_states_is_the_published_one(cigarettes, estimator, published):
    _, x, pre = cigarettes
    effects = [estimator(x[:, j], np.delete(x, j, axis=1), pre).gap[~pre].mean() for j in range(x.shape[1])]
    assert np.std(effects) == pytest.approx(published, abs=0.005)


@pytest.mark.data
def test_lmdi_splits_the_published_fixture(real_data: Path):
    table = pd.read_csv(real_data / "lmdi" / "lmdi.csv").set_index(["year", "segment"])
    split = lmdi(table.loc[1971], table.loc[1972]).sum(axis=0)
    assert split[:3] == pytest.approx([69.79006598, -9.455125793, 39.66505981], abs=5e-9)
    assert split.sum() == pytest.approx(100, abs=1e-9)
