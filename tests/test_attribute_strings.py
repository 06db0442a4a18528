"""Path strings of other tools: the same touches whatever the separator, the spaces and the way they are kept."""

from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from retailkit.attribute.journeys import aggregated
from retailkit.attribute.markov import removal_effects
from retailkit.attribute.strings import split_paths

NAMES = ["导购", "mailing: Type A", "é", "a", "an official account with a rather long name"]
some_paths = st.lists(st.lists(st.sampled_from(NAMES), min_size=1, max_size=5), max_size=8)


def _steps(split):
    names, codes, offsets = split
    return [[names[c] for c in codes[i:j]] for i, j in pairwise(offsets)]


@given(some_paths, st.sampled_from([">", " > ", "|", "->", "→"]))
def test_strings_hold_the_touches_that_were_joined(paths, separator):
    strings = [separator.join(p) for p in paths]
    names, codes, offsets = split_paths(strings, separator.strip())
    assert _steps((names, codes, offsets)) == paths
    assert list(names) == sorted({name for p in paths for name in p})
    assert len(offsets) == len(paths) + 1
    assert codes.dtype == np.int32


def test_a_column_a_part_of_a_column_and_a_list_are_the_same_paths():
    rows = pd.DataFrame({"path": ["x", "b > a", "b>a>b", " a "]})
    for kept in (rows["path"], rows["path"].astype(object), rows["path"].tolist()):
        assert _steps(split_paths(kept)) == [["x"], ["b", "a"], ["b", "a", "b"], ["a"]]
    assert _steps(split_paths(rows["path"].iloc[1:3])) == [["b", "a"], ["b", "a", "b"]]


def test_strings_and_lists_give_the_same_effects():
    strings, bought, left = ["b > a", "b", "a > a > b"], [3, 1, 2], [5, 9, 1]
    whole = removal_effects(aggregated(pd.Series(strings), bought, [30, 5, 8], left), 2)
    lists = removal_effects(aggregated([s.split(" > ") for s in strings], bought, [30, 5, 8], left), 2)
    pd.testing.assert_frame_equal(whole, lists)


@pytest.mark.parametrize(
    ("paths", "said"),
    [
        (["a", None], "path 1 is missing"),
        (["a", "b", ""], "path 2 is empty"),
        (["a", "b >  > a"], "path 1 has a touchpoint without a name: 'b >  > a'"),
        (["a", "b >"], "path 1 has a touchpoint without a name"),
    ],
)
def test_a_broken_path_is_named(paths, said):
    with pytest.raises(ValueError, match=said):
        aggregated(paths, [1] * len(paths))
