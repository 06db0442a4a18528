"""Claims about fuzzy linking, on published duplicates (FEBRL set 1: 500 true pairs)."""

import ibis
import pandas as pd
import pytest

from retailkit.link import fuzzy_pairs, link_accounts, link_quality

splink = pytest.importorskip("splink", reason="the 'fuzzy' extra is not installed")


@pytest.fixture(scope="module")
def febrl(real_data):
    file = real_data / "identity_febrl1" / "febrl_dataset1.csv.gz"
    records = pd.read_csv(file, sep=", ", engine="python", dtype=str)
    return records.rename(columns={"rec_id": "account"}).assign(merchant="m")


@pytest.mark.data
def test_febrl_duplicates_become_persons(febrl):
    """The promise is a precision of .97 and a recall of .93 over persons, not over pairs alone."""
    names = febrl[["merchant", "account"]]
    accounts = ibis.memtable(
        names.assign(system="febrl", unionid=None, phone_key=None),
        schema=dict.fromkeys(("merchant", "account", "system", "unionid", "phone_key"), "string"),
    )
    none = accounts.limit(0)
    persons = link_accounts(accounts, none.mutate(member_id=none.account), none, fuzzy_pairs(febrl))
    truth = ibis.memtable(names.assign(person=febrl["account"].str.split("-").str[1]))
    quality = link_quality(persons, truth).iloc[0]
    assert quality["pairs_true"] == 500
    assert quality["precision"] >= 0.97
    assert quality["recall"] >= 0.93


@pytest.mark.data
def test_fuzzy_pairs_ignore_row_order_and_merchants_stay_apart(febrl):
    some = febrl.head(400)
    twice = pd.concat([some, some.assign(merchant="n")])
    pairs = fuzzy_pairs(twice.sample(frac=1, random_state=3)).execute()
    of_m, of_n = (pairs.loc[pairs["merchant"] == name, "account"].tolist() for name in "mn")
    assert of_m == of_n
    assert (pairs["account"] < pairs["other"]).all()
    assert pairs["weight"].between(0.9, 1).all()


def test_one_record_has_no_pair():
    one = pd.DataFrame([{"merchant": "m", "account": "a:1", "given_name": "li", "surname": "na"}])
    assert fuzzy_pairs(one).count().execute() == 0


def test_records_that_cannot_be_compared_are_refused_with_the_fields_there_are():
    with pytest.raises(ValueError, match="at least two of given_name, surname"):
        fuzzy_pairs(pd.DataFrame({"merchant": ["m"], "account": ["a:1"], "name": ["li"]}))


@pytest.mark.parametrize(
    ("accounts", "said"),
    [
        (["a:1", None, "a:3"], "account is empty in 1 of 3 rows"),
        (["a:1", "a:2", "a:1"], r"account stands again in 1 of 3 rows \(first: row 2, 'a:1'\)"),
        ([1.0, 2.0, 3.0], "write ids as text"),
    ],
)
def test_records_whose_account_is_not_their_own_are_refused(accounts, said):
    """A pair of such a record would name nobody, or an account and itself."""
    records = pd.DataFrame({"merchant": "m", "account": accounts, "given_name": "li", "surname": "na"})
    with pytest.raises(ValueError, match=said):
        fuzzy_pairs(records)
