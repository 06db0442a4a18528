"""Likely pairs among member records by probabilistic linkage (the ``fuzzy`` extra, splink)."""

from __future__ import annotations

import logging
from contextlib import suppress
from importlib.util import find_spec
from typing import Any

import ibis
import pandas as pd
from ibis.expr.types import Table

from retailkit.schema.given import given

NAMES = ("given_name", "surname")
PLACES = ("street_number", "address_1", "address_2", "suburb", "postcode", "state")
NUMBERS = ("date_of_birth", "soc_sec_id")
FIELDS = (*NAMES, *PLACES, *NUMBERS)

# Two records are compared only where one of these agrees, so that cost grows with the pairs that
# could be one person and not with all pairs. Several, because any field may carry the typing error.
AGREE = (
    ("soc_sec_id",),
    ("date_of_birth",),
    ("surname", "postcode"),
    ("given_name", "postcode"),
    ("given_name", "surname"),
    ("given_name", "suburb"),
    ("surname", "suburb"),
    ("address_1", "postcode"),
    ("address_1", "suburb"),
    ("address_1", "street_number"),
    ("address_2", "postcode"),
)
PAIR_COLUMNS = {
    "merchant": "string",
    "account": "string",
    "other": "string",
    "evidence": "string",
    "weight": "float64",
    "seen_at": "timestamp(6)",
}


def fuzzy_pairs(records: pd.DataFrame, *, min_weight: float = 0.9, seed: int = 1) -> Table:
    """One row per pair of records that are probably one person (canonical table ``account_pairs``).

    Parameters
    ----------
    records
        One row per member: ``merchant``, ``account`` and at least two of ``given_name, surname,
        street_number, address_1, address_2, suburb, postcode, state, date_of_birth,
        soc_sec_id`` as text. Personal data: they stay in memory and never reach the store.
    min_weight
        Smallest probability kept.
    seed
        For the sample from which chance agreement is estimated.

    Returns
    -------
    Table
        ``merchant, account, other, evidence, weight, seen_at``; evidence is ``fuzzy`` and weight
        the estimated probability. ``pairs.union(fuzzy_pairs(records))`` feeds ``link_accounts``.

    Raises
    ------
    ModuleNotFoundError
        Without the ``fuzzy`` extra.
    ValueError
        If ``merchant`` or ``account`` is missing or empty somewhere, an account stands in several rows or is a
        float, or fewer than two fields can be compared.

    Notes
    -----
    A Fellegi-Sunter model without labels: chance agreement from random pairs, agreement of true
    pairs by expectation maximisation. Records of different merchants are never compared.
    """
    if find_spec("splink") is None:
        raise _noted(
            ModuleNotFoundError(
                "fuzzy_pairs needs the package splink: install retailkit with its 'fuzzy' extra, or use link_accounts alone"
            ),
            "fuzzy_pairs需要splink：请安装retailkit的fuzzy附加依赖，或只用link_accounts",
        )
    missing = [name for name in ("merchant", "account") if name not in records]
    fields = [name for name in FIELDS if name in records and records[name].notna().any()]
    if missing or len(fields) < 2:
        raise _noted(
            ValueError(
                f"fuzzy_pairs: missing {', '.join(missing) or 'fields to compare'}; "
                f"expected merchant, account and at least two of {', '.join(FIELDS)}; found {', '.join(records.columns)}"
            ),
            f"fuzzy_pairs缺少{'、'.join(missing) or '可比较的字段'}；应有merchant、account及{'、'.join(FIELDS)}中的至少两列；"
            f"现有{'、'.join(records.columns)}",
        )
    given(records[["merchant", "account"]], "accounts")
    if len(records) < 2:
        return ibis.memtable([], schema=PAIR_COLUMNS)
    found = _predict(_clean(records, fields), fields, min_weight, seed)
    ends = found[["account_l", "account_r"]]
    pairs = pd.DataFrame(
        {
            "merchant": found["merchant_l"],
            "account": ends.min(axis=1),
            "other": ends.max(axis=1),
            "evidence": "fuzzy",
            "weight": found["match_probability"].clip(0, 1),
            "seen_at": pd.NaT,
        }
    )
    return ibis.memtable(pairs.sort_values(["merchant", "account", "other"], ignore_index=True), schema=PAIR_COLUMNS)


def _noted(problem: Exception, chinese: str) -> Exception:
    """The error with its Chinese below it in the traceback."""
    problem.add_note(chinese)
    return problem


def _clean(records: pd.DataFrame, fields: list[str]) -> pd.DataFrame:
    """Lower case, single blanks, empty as missing; a row number as the id splink works with."""
    clean = records[["merchant", "account", *fields]].astype("string").reset_index(drop=True)
    for name in fields:
        text = clean[name].str.lower().str.split().str.join(" ")
        clean[name] = text.mask(text == "")
    return clean.astype(object).where(clean.notna(), None).rename_axis("unique_id").reset_index()


def _comparison(name: str) -> Any:
    import splink.comparison_library as cl

    if name in NAMES:
        return cl.JaroWinklerAtThresholds(name, [0.92, 0.8]).configure(term_frequency_adjustments=True)
    if name in ("postcode", "street_number", "state"):
        return cl.DamerauLevenshteinAtThresholds(name, [1])
    if name in NUMBERS:
        return cl.DamerauLevenshteinAtThresholds(name, [1, 2])
    return cl.JaroWinklerAtThresholds(name, [0.92, 0.8])


def _predict(clean: pd.DataFrame, fields: list[str], min_weight: float, seed: int) -> pd.DataFrame:
    from splink import DuckDBAPI, Linker, SettingsCreator, block_on
    from splink.internals.exceptions import EMTrainingException

    rules = [rule for rule in AGREE if set(rule) < set(fields)] or [(name,) for name in fields]
    blocks: list[Any] = [block_on("merchant", *rule) for rule in rules]
    settings = SettingsCreator(
        link_type="dedupe_only",
        comparisons=[_comparison(name) for name in fields],
        blocking_rules_to_generate_predictions=blocks,
        additional_columns_to_retain=["merchant", "account"],
        # before looking, every fifth record has one other of the same person
        probability_two_random_records_match=0.2 / len(clean),
        retain_matching_columns=False,
    )
    linker = Linker(DuckDBAPI().register(clean), settings, log_level=logging.ERROR)
    linker.training.estimate_u_using_random_sampling(max_pairs=2e6, seed=seed)
    for block in blocks[:4]:
        with suppress(EMTrainingException):  # no two records agree here: nothing to learn from this block
            linker.training.estimate_parameters_using_expectation_maximisation(block)
    return linker.inference.predict(threshold_match_probability=min_weight).as_pandas_dataframe()
