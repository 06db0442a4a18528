"""Claims about numbering texts: equal ones get one number, in however many pieces the engine hands them over."""

import time

import pandas as pd
import pyarrow as pa

from retailkit.link.edges import codes

WORDS = pa.array([f"mini_program:{n * 7919 % 100_003}" for n in range(100_000)])


def pieces(rows):
    """The words of one array, or of many arrays of so many rows."""
    return pa.chunked_array([WORDS[start : start + rows] for start in range(0, len(WORDS), rows)])


def test_texts_get_the_number_of_their_first_place_whatever_the_pieces():
    text = pa.chunked_array([["b", None, "a"], ["a", "c"], [None, "b"]])
    first = pd.factorize(text.to_pandas())[0].tolist()
    assert codes(text).tolist() == first == [0, -1, 1, 1, 2, -1, 0]


def test_pieces_with_words_of_their_own_are_numbered_together():
    text = pa.chunked_array([pa.array(part).dictionary_encode() for part in (["b", "a"], ["a", None, "b"])])
    assert codes(text).tolist() == [0, 1, 1, -1, 0]


def test_a_hundred_pieces_cost_what_one_costs():
    """A large merchant's ids come in hundreds of pieces: a cost per piece of all words would grow as rows squared."""

    def seconds(text):
        spent = []
        for _ in range(3):
            start = time.process_time()
            codes(text)
            spent.append(time.process_time() - start)
        return min(spent)

    assert seconds(pieces(1_000)) < 10 * seconds(pieces(len(WORDS)))
