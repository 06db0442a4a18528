"""Text on charts: choosing the language, measuring and wrapping lines, Latin and Chinese."""

from __future__ import annotations


def choose(lang: str, en: str, zh: str) -> str:
    """Return the English or the Chinese text.

    Raises
    ------
    ValueError
        If ``lang`` is neither "en" nor "zh".
    """
    if lang not in ("en", "zh"):
        raise ValueError(f"lang is {lang!r}; expected 'en' or 'zh'")
    return zh if lang == "zh" else en


def labelled(name: object, value: object, lang: str = "en") -> str:
    """Write a name and its value with the language's colon.

    >>> labelled("Guide", "12%"), labelled("导购", "12%", "zh")
    ('Guide: 12%', '导购：12%')
    """
    return f"{name}{choose(lang, ': ', '：')}{value}"


def aside(text: object, note: object, lang: str = "en") -> str:
    """Write a text and a note to it in the language's brackets.

    >>> aside("Guide", 12), aside("导购", 12, "zh")
    ('Guide (12)', '导购（12）')
    """
    return choose(lang, f"{text} ({note})", f"{text}（{note}）")


def listed(*parts: object, lang: str = "en") -> str:
    """Write parts of a phrase with the language's comma.

    >>> listed("mean daily GMV", "USD"), listed("日均 GMV", "CNY", lang="zh")
    ('mean daily GMV, USD', '日均 GMV，CNY')
    """
    return choose(lang, ", ", "，").join(map(str, parts))


def interval_name(level: float, lang: str = "en") -> str:
    """Write what an interval is called: no interval stands without its level.

    >>> interval_name(0.9), interval_name(0.975, "zh")
    ('90% interval', '97.5%区间')
    """
    return choose(lang, f"{100 * level:g}% interval", f"{100 * level:g}%区间")


def of_merchants(count: int, lang: str = "en") -> str:
    """What a median over merchants is called; of two it is their mean, and one has none.

    >>> of_merchants(17), of_merchants(2), of_merchants(2, "zh"), of_merchants(1)
    ('in the median merchant', 'as the mean of the two', '两家均值', '')
    """
    if count < 2:
        return ""
    if count == 2:
        return choose(lang, "as the mean of the two", "两家均值")
    return choose(lang, "in the median merchant", "中位商户")


def span(start: str, end: str = "", lang: str = "en") -> str:
    """Write a span of days: from start to end, or all before ``start`` where there is no end.

    >>> span("2018-11-01", "2018-11-30"), span("2018-12-01", lang="zh")
    ('2018-11-01 to 2018-11-30', '2018-12-01之前')
    """
    if not end:
        return choose(lang, f"before {start}", f"{start}之前")
    return choose(lang, f"{start} to {end}", f"{start}至{end}")


def days_from(start: str, days: int, lang: str = "en") -> str:
    """Write a number of days from a day on.

    >>> days_from("2018-12-01", 56), days_from("2018-12-01", 56, "zh")
    ('56 days from 2018-12-01', '2018-12-01起56天')
    """
    return choose(lang, f"{days} days from {start}", f"{start}起{days}天")


def text_width(text: str, size: float = 12) -> float:
    """Estimate the pixels a line of text takes: a CJK glyph is one em wide, others about half.

    >>> text_width("数据", 10) > text_width("ab", 10)
    True
    """
    return size * sum(
        1.0 if ord(c) > 0x2E80 else 0.3 if c in " .,·:il|'" else 0.68 if c.isupper() else 0.56 for c in text
    )


def shortened(text: str, width: float, size: float = 12) -> str:
    """Return a name as it is, or as much of it as fits into some pixels, with an ellipsis.

    >>> shortened("Guide", 100), shortened("Service message: weekly template message", 100)
    ('Guide', 'Service messag…')
    """
    if text_width(text, size) <= width:
        return text
    return next(
        text[:n].rstrip(" :：") + "…" for n in range(len(text), -1, -1) if text_width(text[:n] + "…", size) <= width
    )


def wrap(text: str, width: float, size: float) -> list[str]:
    """Break text into lines of at most ``width`` pixels, at spaces or between CJK glyphs.

    >>> wrap("Sales doubled in a year", 100, 12)
    ['Sales doubled in', 'a year']
    """
    lines: list[str] = []
    line = ""
    for word in _words(text):
        if line and text_width((line + word).rstrip(), size) > width:
            lines, line = [*lines, line.rstrip()], word.lstrip()
        else:
            line += word
    return [*lines, line.rstrip()] if line.strip() else lines


def _words(text: str) -> list[str]:
    words: list[str] = []
    for c in text:
        closing = c in "，。、；：！？）》」%·"
        joins = words and not words[-1].endswith(" ") and (closing or (ord(c) < 0x2E80 and ord(words[-1][-1]) < 0x2E80))
        if joins:
            words[-1] += c
        else:
            words.append(c)
    return words
