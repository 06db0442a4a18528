"""The one error that loading raises: what is wrong, where, what was expected, what to do; in English or in Chinese."""

from __future__ import annotations

from collections.abc import Sequence

from retailkit.load.chinese import in_chinese


class LoadError(ValueError):
    """A file or store cannot be used; the message says what, where, what was expected, what to do.

    ``causes`` are the errors of single files, each with all its parts.

    Examples
    --------
    >>> problem = LoadError("the file is empty (0 bytes)", "orders.csv", "a header and rows", "export it again")
    >>> print(problem)
    orders.csv: the file is empty (0 bytes).
      expected: a header and rows
      do: export it again
    >>> print(problem.told("zh"))
    orders.csv：文件为空（0字节）。
      应为：表头和数据行
      处理：请重新导出
    """

    def __init__(
        self, what: str, where: str = "", expected: str = "", do: str = "", causes: Sequence[LoadError] = ()
    ) -> None:
        self.what, self.where, self.expected, self.do, self.causes = what, where, expected, do, tuple(causes)
        super().__init__(self.told())

    def told(self, lang: str = "en") -> str:
        """The whole message in a language."""
        chinese = lang == "zh"
        colon, stop, labels = ("：", "。", ("应为", "处理")) if chinese else (": ", ".", ("expected", "do"))
        what, expected, do = (in_chinese(t) if chinese else t for t in (self.what, self.expected, self.do))
        where = in_chinese(self.where) if chinese and self.where.startswith("layout ") else self.where
        head = (f"{where}{colon}" if where else "") + what + stop
        rest = "".join(f"\n  {label}{colon}{text}" for label, text in zip(labels, (expected, do), strict=True) if text)
        below = "".join("\n  " + cause.told(lang).replace("\n", "\n  ") for cause in self.causes)
        return head + rest + below
