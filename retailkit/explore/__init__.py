"""Explorers for the desk: choose and look. A study never reads a value from a widget."""

from importlib import import_module
from typing import Any

_HOMES = {"people": "segments", "segment_explorer": "segments", "segment_tables": "segments"}
_HOMES |= {"credit": "touchpoints", "touchpoint_explorer": "touchpoints", "touchpoint_view": "touchpoints"}
_HOMES |= {"effect": "growth", "growth_explorer": "growth", "growth_view": "growth"}

__all__ = list(_HOMES)


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(import_module(f"retailkit.explore.{_HOMES[name]}"), name)
    raise AttributeError(f"retailkit.explore has no public name '{name}'; it has {', '.join(_HOMES)}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
