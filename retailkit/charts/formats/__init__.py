"""Figures of the formats chapter: sales by format, the way to payment, guides, groups, sharing, price."""

from retailkit.charts.formats.people import activation, generations, guide_bars, sizes, survival
from retailkit.charts.formats.trade import acquisition, format_sales, funnel, messages, returns

__all__ = [
    "acquisition",
    "activation",
    "format_sales",
    "funnel",
    "generations",
    "guide_bars",
    "messages",
    "returns",
    "sizes",
    "survival",
]
