"""The Chinese of what loading says when it refuses a file or drafts a layout.

Each sentence stands in ``chinese.toml`` beside its English, with ``{}`` for what varies; one that is not there
stays English. So the sentences stand once where they arise, and are turned where they are shown.
"""

from __future__ import annotations

import re
import tomllib
from functools import cache
from importlib.resources import files

from retailkit.load.words import in_words


def in_chinese(text: str) -> str:
    """The Chinese of a sentence of loading; the sentence itself where there is none.

    >>> in_chinese("the spreadsheet cannot be opened (no such sheet)"), in_chinese("else")
    ('无法打开表格文件（no such sheet）', 'else')
    """
    for pattern, chinese in _sentences():
        if found := pattern.fullmatch(text):
            return chinese.format(*map(in_chinese, found.groups()))
    return in_words(text, "zh")


@cache
def _sentences() -> tuple[tuple[re.Pattern[str], str], ...]:
    """Patterns and their Chinese, those with the most fixed letters first: a short one must not take a longer one's place."""
    page = tomllib.loads(files("retailkit.load").joinpath("chinese.toml").read_text(encoding="utf-8"))
    longest = sorted(page.items(), key=lambda pair: -len(pair[0].replace("{}", "")))
    return tuple((re.compile(re.escape(e).replace(r"\{\}", "(.*)"), re.DOTALL), z) for e, z in longest)
