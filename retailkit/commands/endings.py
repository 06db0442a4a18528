"""How a command ends that cannot go on: stopped in order, or with one message in its language and an exit code."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
from collections.abc import Iterator
from typing import Any

import click

from retailkit.spoken import said


class Terminated(KeyboardInterrupt):
    """A scheduler told the command to stop (SIGTERM): what Ctrl-C does, with that signal's exit code."""


@contextlib.contextmanager
def heeding_terminate() -> Iterator[None]:
    """End in order when told to: workers and kernels first, the index written, one line said."""

    def stop(*_: Any) -> None:
        raise Terminated

    before = signal.signal(signal.SIGTERM, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def speak(lang: str) -> str:
    """Let the command that runs say what goes wrong in a language, too; return the language."""
    click.get_current_context().meta["retailkit.lang"] = lang
    return lang


class Commands(click.Group):
    """Commands whose errors are one message; RETAILKIT_DEBUG=1 shows where they came from."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run a command; what goes wrong ends it with one message and an exit code."""
        try:
            return super().invoke(ctx)
        except (click.ClickException, click.exceptions.Exit, click.Abort):
            raise
        except KeyboardInterrupt as stop:
            click.echo("stopped; run the same command again to go on", err=True)
            sys.exit(143 if isinstance(stop, Terminated) else 130)
        except Exception as problem:
            if os.environ.get("RETAILKIT_DEBUG"):
                raise
            lang = ctx.meta.get("retailkit.lang", "en")
            click.echo(said(lang, "error: ", "错误：") + _said(problem, lang), err=True)
            sys.exit(_code(problem))


def _said(problem: Exception, lang: str) -> str:
    if hasattr(problem, "told"):
        return str(problem.told(lang))
    if isinstance(problem, OSError) and problem.strerror:
        return f"{problem.strerror}: {problem.filename or ''}".rstrip(": ")
    if isinstance(problem, ValueError | LookupError | OSError | ImportError) and str(problem):
        return str(problem.args[0]) if isinstance(problem, KeyError) else str(problem)
    return f"{type(problem).__name__}: {problem} (RETAILKIT_DEBUG=1 shows where; please report it)"


def _code(problem: Exception) -> int:
    usage = {"StudyError", "CohortError"}
    return 2 if usage & {cls.__name__ for cls in type(problem).__mro__} else 1
