"""What the package says when it refuses: one message, in English where it arises and in Chinese where it is shown.

A folder's ``chinese.toml`` holds each English sentence beside its Chinese, with ``{}`` for what varies; the one of the
package holds what several folders say. A sentence that stands in neither stays English.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Collection
from difflib import get_close_matches
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:  # whoever reads a page has imported it; a command line that is told its usage need not
    from pydantic import ValidationError

SHARED = "retailkit"


SHAPES = {
    r"^[^/\\\s]+$": "ids, and a cohort file's name, hold no blank and no slash",
    r"^[A-Z]{3}$": "a currency is three capitals such as CNY",
    r"^[A-Z]{2}$": "a country is two capitals such as CN",
}
"""What a pattern of a record's text asks for, in words."""


class Refusal(ValueError):
    """Something cannot be done as asked; the message says what, where and what to do. ``home`` holds its Chinese."""

    home = SHARED

    def told(self, lang: str = "en") -> str:
        """The whole message in a language."""
        return turned(str(self), self.home) if lang == "zh" else str(self)


def turned(text: str, home: str, rest: Callable[[str], str] = str) -> str:
    """The Chinese of a sentence, of lines of them, or of several with ``;`` between.

    Parameters
    ----------
    home : the folder of the package whose ``chinese.toml`` is looked at first.
    rest : what becomes of a part that no page knows.

    >>> turned("  merchants.0.zone: unknown key: did you mean 'zone'?", "retailkit.cohort")
    '  merchants.0.zone：没有这个键：是否为“zone”？'
    """
    known = (*sentences(home), *sentences(SHARED))
    parts = text.split("; ")
    if (
        len(parts) > 1
        and "\n" not in text
        and all(any(pattern.fullmatch(part) for pattern, _ in known) for part in parts)
    ):
        return "；".join(turned(part, home, rest) for part in parts)
    for pattern, chinese in known:
        if found := pattern.fullmatch(text):
            return chinese.format(*(turned(group, home, rest) for group in found.groups()))
    if "\n" in text:
        return "\n".join(turned(line, home, rest) for line in text.split("\n"))
    place, colon, problem = text.partition(": ")
    if text.startswith("  ") and colon and " " not in place.strip():
        return f"{place}：{turned(problem, home, rest)}"
    if text.startswith("  "):
        return "  " + turned(text[2:], home, rest)
    return rest(text)


@cache
def sentences(home: str) -> tuple[tuple[re.Pattern[str], str], ...]:
    """Patterns and their Chinese, those with the most fixed letters first: a short one must not take a longer one's place."""
    page = tomllib.loads(files(home).joinpath("chinese.toml").read_text(encoding="utf-8"))
    longest = sorted(page.items(), key=lambda pair: -len(pair[0].replace("{}", "")))
    return tuple((re.compile(re.escape(e).replace(r"\{\}", "(.*)"), re.DOTALL), z) for e, z in longest)


def wrong_places(problem: ValidationError, known: Collection[str]) -> list[str]:
    """Return what is wrong with a TOML page, a line for each place; ``known`` are the keys that it may have."""
    errors = problem.errors()
    places = [e["loc"] for e in errors]
    # of a list whose entries are wrong pydantic says too that nothing is left of it
    told = [
        e
        for e in errors
        if e["type"] != "too_short" or all(p == e["loc"] or p[: len(e["loc"])] != e["loc"] for p in places)
    ]
    return [f"  {'.'.join(map(str, e['loc'])) or 'file'}: {_plain(e, known)}" for e in told]


def _plain(error: Any, known: Collection[str]) -> str:
    if error["type"] == "extra_forbidden":
        near = get_close_matches(str(error["loc"][-1]), known, 1)
        return "unknown key" + (f": did you mean '{near[0]}'?" if near else "")
    if error["type"] == "missing":
        return "missing"
    if error["type"] == "string_pattern_mismatch":
        shape = SHAPES[error["ctx"]["pattern"]]
        return f"'{error['input']}' does not do: {shape}"
    return str(error["msg"]).removeprefix("Value error, ")
