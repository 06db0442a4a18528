"""The id of a person comes from the smallest account, however alike the accounts begin."""

import numpy as np
import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from retailkit.link.founders import may_found

NAMES = st.text("ab:9张é\x00", min_size=1, max_size=11)


@settings(max_examples=200, deadline=None)
@given(rows=st.lists(st.tuples(NAMES, st.integers(0, 4)), max_size=20), cut=st.integers(0, 20))
def test_the_smallest_account_is_never_passed_over(rows, cut):
    names, labels = [name for name, _ in rows], np.array([label for _, label in rows], dtype=np.int32)
    pieces = [pa.array(names[:cut], pa.string()), pa.array(["", *names[cut:]], pa.string()).slice(1)]
    kept = may_found(pa.chunked_array(pieces), labels)
    for label in set(labels.tolist()):
        mine = [name.encode() for name, at in rows if at == label]
        held = {name.encode() for (name, at), keep in zip(rows, kept, strict=True) if keep and at == label}
        assert held == {name for name in mine if name[:8].ljust(8, b"\0") == min(mine)[:8].ljust(8, b"\0")}


def test_a_card_and_its_mini_programs_leave_one_row_to_look_at():
    names = pa.chunked_array([["mini_program:1", "crm:77", "mini_program:2", "crm:8"]])
    assert may_found(names, np.array([0, 0, 0, 1])).tolist() == [False, True, False, True]
