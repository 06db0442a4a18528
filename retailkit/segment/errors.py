"""What this room raises, in English and Chinese."""

from __future__ import annotations

from collections.abc import Iterable

from retailkit.spoken import said


class SaidError(ValueError):
    """What is wrong and what to do, in either language; the traceback shows both."""

    def __init__(self, english: str, chinese: str) -> None:
        super().__init__(english, chinese)
        self.add_note(chinese)

    def __str__(self) -> str:
        """Return the English message."""
        return str(self.args[0])

    def said(self, lang: str = "en") -> str:
        """Return the message in the language of the study."""
        return said(lang, *self.args)


class TooFewError(SaidError):
    """Too little data for an answer; says in either language what is there and what is needed."""


class NoColumnNamesError(SaidError):
    """An estimator that was fitted on an array is asked to score a table, whose columns it cannot find."""

    def __init__(self) -> None:
        super().__init__(
            "fitted on an array without column names: fit on a DataFrame to score a table",
            "模型是用没有列名的数组拟合的：要给表打分，请用DataFrame拟合",
        )

    def __reduce__(self) -> tuple:
        """Rebuild without arguments."""
        return type(self), ()


class SeveralMerchantsError(SaidError):
    """A table of several merchants where one is asked for: pooled, the answer would be nobody's."""


def refuse_words(X: object, usual: str) -> None:
    """Raise if a frame has columns that are no numbers: an estimator compares persons by numbers alone.

    ``usual``: columns that are usually taken, as the message is to name them.
    """
    from pandas import DataFrame
    from pandas.api.types import is_numeric_dtype

    words = [str(c) for c in X.columns if not is_numeric_dtype(X[c])] if isinstance(X, DataFrame) else []
    if words:
        raise SaidError(
            f"{', '.join(words)}: no numbers; take the columns by which persons are compared, as features[{usual}]",
            f"{'、'.join(words)}不是数值列；请只取用于比较的列，如features[{usual}]",
        )


def refuse_several(merchants: Iterable[str], english: str, chinese: str) -> None:
    """Raise if there are several merchants; the words say what belongs to one, as 'a churn model'."""
    names = sorted(set(merchants))
    if len(names) > 1:
        raise SeveralMerchantsError(
            f"{english} is one merchant's, these rows are of {', '.join(names)}: filter them by merchant",
            f"{chinese}只针对一家商户，这些行属于{'、'.join(names)}：请按merchant筛选",
        )


class UnknownNameError(SaidError, KeyError):
    """There is nothing of that name; the message lists what there is."""
