"""The Chinese of what loading says when it refuses a file or drafts a layout.

Each sentence stands in ``chinese.toml`` beside its English, with ``{}`` for what varies; one that is not there
stays English. So the sentences stand once where they arise, and are turned where they are shown.
"""

from __future__ import annotations

from retailkit.load.words import in_words
from retailkit.refusals import turned


def in_chinese(text: str) -> str:
    """The Chinese of a sentence of loading; the sentence itself where there is none.

    >>> in_chinese("the spreadsheet cannot be opened (no such sheet)"), in_chinese("else")
    ('无法打开表格文件（no such sheet）', 'else')
    """
    return turned(text, "retailkit.load", lambda part: in_words(part, "zh"))
