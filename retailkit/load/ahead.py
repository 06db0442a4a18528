"""Imports that run beside the engine's reading, and that the garbage collector leaves alone."""

from __future__ import annotations

import gc
import sys
from importlib import import_module
from threading import Thread


def import_ahead(*names: str, midway: bool = False) -> Thread:
    """Start to import modules; join the returned thread before you use them.

    The collector would walk through their classes many times on the way and once more when the process
    ends, a third of the whole time, to find nothing: what a module makes stays until the end. So it rests
    meanwhile, and no longer looks at what is there afterwards. In a process that has one of the modules
    already, or is ``midway`` through its work, more than modules may lie in memory, which must be found when it is
    garbage (the engine complains of a connection that is not): nothing is kept from the collector.
    """
    thread = Thread(target=_import_all, args=(names, midway))
    thread.start()
    return thread


def _import_all(names: tuple[str, ...], midway: bool) -> None:
    collecting, fresh = gc.isenabled(), not midway and not any(name in sys.modules for name in names)
    gc.disable()
    try:
        for name in names:
            import_module(name)
        if fresh:
            gc.freeze()
    finally:
        if collecting:
            gc.enable()
