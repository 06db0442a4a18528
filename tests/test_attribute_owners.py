"""Who counts where a list of responsibilities names two whole owners: the newer entry, or nobody; money is never lost."""

import attribute_tables as tables
import pandas as pd
import pytest

from retailkit.attribute.owners import owners_sentence, settled_owners
from retailkit.attribute.rollup import owned_credit
from retailkit.attribute.rules import credit


@pytest.fixture(scope="module")
def book():
    """One order of 1,000 by a share on 2 March, one of 500 by a share on 20 March."""
    seen = tables.sessions(
        [
            ("a", "app:1", "2024-03-02 10:00:00", "1007", {"share_parent": "n1"}),
            ("b", "app:2", "2024-03-20 10:00:00", "1007", {"share_parent": "n1"}),
        ]
    )
    orders = tables.orders([("o1", "app:1", "2024-03-03", 1000), ("o2", "app:2", "2024-03-21", 500)])
    return credit(tables.walked(seen, orders), "last").cache()


def owners(*rows):
    frame = pd.DataFrame(rows, columns=["node", "owner", "share", "valid_from", "valid_to"]).assign(merchant="m")
    return frame.assign(**{c: pd.to_datetime(frame[c]) for c in ("valid_from", "valid_to")})


def by_owner(book, frame):
    table = owned_credit(book, settled_owners(frame)[0])
    assert table["credit"].sum() == 1500
    return table.set_index("owner")["credit"].to_dict()


def test_sound_owners_stay_as_they_are(book):
    held = owners(("sharing", "ann", 0.7, "2024-01-01", None), ("sharing", "bo", 0.3, "2024-01-01", None))
    settled, disputes = settled_owners(held)
    assert disputes.empty
    assert not owners_sentence(disputes)
    assert len(settled) == 2
    assert by_owner(book, held) == {"ann": 1050, "bo": 450}


def test_a_former_owner_who_was_never_closed_gives_way_on_the_day_the_next_begins(book):
    held = owners(("sharing", "ann", 1.0, "2024-01-01", None), ("sharing", "bo", None, "2024-03-10", None))
    assert by_owner(book, held) == {"ann": 1000, "bo": 500}
    disputes = settled_owners(held)[1]
    assert disputes[["kept", "left"]].to_numpy().tolist() == [["bo", "ann"]]
    assert owners_sentence(disputes) == (
        "From 2024-03-10 the owners of Sharing (share is the same) claim more than the whole: the newer entry counts "
        "(bo), not ann."
    )
    assert "以较新的一条为准（bo），不计ann" in owners_sentence(disputes, "zh")


def test_two_whole_owners_since_one_day_own_nothing_until_somebody_says_who(book):
    held = owners(("sharing", "ann", 1.0, "2024-01-01", None), ("sharing", "bo", 1.0, "2024-01-01", "2024-03-10"))
    assert by_owner(book, held) == {"(nobody)": 1000, "ann": 500}
    english, chinese = (owners_sentence(settled_owners(held)[1], lang) for lang in ("en", "zh"))
    assert "ann, bo each own Sharing" in english
    assert "ann、bo同时整体负责社交裂变" in chinese


def test_one_owner_under_both_names_is_no_dispute(book):
    held = owners(("sharing", "ann", 1.0, "2024-01-01", None), ("sharing", "ann", 1.0, "2024-03-10", None))
    assert settled_owners(held)[1].empty
    assert by_owner(book, held) == {"ann": 1500}


def test_no_owners_are_nobodys(book):
    assert by_owner(book, None) == {"(nobody)": 1500}
