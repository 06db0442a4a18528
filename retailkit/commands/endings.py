"""How a command ends that cannot go on: stopped in order, or with one message in its language and an exit code."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import click

from retailkit.refusals import turned
from retailkit.spoken import said

HOME = "retailkit.commands"


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

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Note a language asked for before anything else: what is typed wrong is told in it."""
        if "--lang=zh" in args or ("--lang", "zh") in pairwise(args):
            ctx.meta["retailkit.lang"] = "zh"
        return super().parse_args(ctx, args)

    def invoke(self, ctx: click.Context) -> Any:
        """Run a command; what goes wrong ends it with one message and an exit code."""
        try:
            return super().invoke(ctx)
        except click.UsageError as problem:
            if _lang(ctx) != "zh":
                raise
            used = problem.ctx.get_usage().replace("Usage: ", "用法：", 1) + "\n\n" if problem.ctx else ""
            click.echo(f"{used}错误：{turned(problem.format_message(), HOME)}", err=True)
            sys.exit(problem.exit_code)
        except (click.ClickException, click.exceptions.Exit, click.Abort):
            raise
        except KeyboardInterrupt as stop:
            again = said(_lang(ctx), "stopped; run the same command again to go on", "已停止；再次运行同一命令即可继续")
            click.echo(again, err=True)
            sys.exit(143 if isinstance(stop, Terminated) else 130)
        except Exception as problem:
            if os.environ.get("RETAILKIT_DEBUG"):
                raise
            lang = _lang(ctx)
            click.echo(said(lang, "error: ", "错误：") + _said(problem, lang), err=True)
            sys.exit(_code(problem))


def _lang(ctx: click.Context) -> str:
    return str(ctx.meta.get("retailkit.lang", "en"))


def _said(problem: Exception, lang: str) -> str:
    if hasattr(problem, "told"):
        return str(problem.told(lang))
    if isinstance(problem, OSError) and problem.strerror:
        return f"{problem.strerror}: {problem.filename or ''}".rstrip(": ")
    if isinstance(problem, ValueError | LookupError | OSError | ImportError) and str(problem):
        return str(problem.args[0]) if isinstance(problem, KeyError) else str(problem)
    return f"{type(problem).__name__}: {problem} " + said(
        lang, "(RETAILKIT_DEBUG=1 shows where; please report it)", "（RETAILKIT_DEBUG=1可显示出处；请报告此问题）"
    )


def _code(problem: Exception) -> int:
    usage = {"StudyError", "CohortError"}
    return 2 if usage & {cls.__name__ for cls in type(problem).__mro__} else 1
