"""Choosing the language of a sentence."""

from __future__ import annotations


def said(lang: str, english: str, chinese: str) -> str:
    """Return the sentence in the language of the study.

    Raises
    ------
    ValueError
        If the language is neither ``en`` nor ``zh``.

    >>> said("zh", "one person", "一人")
    '一人'
    """
    if lang not in ("en", "zh"):
        raise ValueError(f"no language '{lang}'; there are en, zh")
    return english if lang == "en" else chinese


class TooFewError(ValueError):
    """Too little data for an answer; says in either language what is there and what is needed."""

    def __init__(self, english: str, chinese: str = "") -> None:
        super().__init__(english, chinese or english)

    def __str__(self) -> str:
        """Return the English message."""
        return str(self.args[0])

    def said(self, lang: str = "en") -> str:
        """Return the message in the language of the study."""
        return said(lang, *self.args)
