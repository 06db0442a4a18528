"""The one error that loading raises: what is wrong, where, what was expected, what to do."""

from __future__ import annotations


class LoadError(ValueError):
    """A file or store cannot be used; the message says what, where, what was expected, what to do.

    Examples
    --------
    >>> print(LoadError("the file is empty", where="orders.csv", expected="a header line", do="export it again"))
    orders.csv: the file is empty.
      expected: a header line
      do: export it again
    """

    def __init__(self, what: str, where: str = "", expected: str = "", do: str = "") -> None:
        self.what, self.where, self.expected, self.do = what, where, expected, do
        head = f"{where}: {what}." if where else f"{what}."
        rest = "".join(f"\n  {label}: {text}" for label, text in (("expected", expected), ("do", do)) if text)
        super().__init__(head + rest)
