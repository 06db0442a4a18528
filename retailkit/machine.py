"""What this process may use: the machine's cores and memory, or those of the container that it runs in."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

GROUPS, MOUNT = Path("/proc/self/cgroup"), Path("/sys/fs/cgroup")
"""Where Linux says to which control groups the process belongs, and what they may use."""


def memory() -> int:
    """Return the bytes of memory that the process may use: the machine's, or less where a container allows less."""
    machine = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    allowed = [*_told("", "memory.max"), *_told("memory", "memory.limit_in_bytes")]
    return min([machine, *(_number(text) for text in allowed if _number(text))])


def cores() -> int:
    """Return how many cores the process may keep busy, at least one."""
    mine = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    quotas = [[*text.split(), "", ""] for text in _told("", "cpu.max")]
    periods = _told("cpu", "cpu.cfs_period_us")
    quotas += [[quota, period] for quota, period in zip(_told("cpu", "cpu.cfs_quota_us"), periods, strict=False)]
    shares = [_number(quota) // _number(period) for quota, period, *_ in quotas if _number(quota) and _number(period)]
    return max(1, min([mine, *shares]))


def _number(text: str) -> int:
    """Return a limit, 0 for what is none: ``max``, -1, nothing."""
    return int(text) if text.isascii() and text.isdigit() else 0


def _told(controller: str, file: str) -> list[str]:
    """Return what a file says in each control group around the process, the machine's own last.

    Version 2 names no controller. A container may see its own groups at the mount, under another path.
    """
    return [text.strip() for folder in _groups(controller) for text in _text(folder / file)]


def _groups(controller: str) -> Iterator[Path]:
    for line in "".join(_text(GROUPS)).splitlines():
        number, _, rest = line.partition(":")
        names, _, path = rest.partition(":")
        if (controller not in names.split(",")) if controller else (number != "0" or bool(names)):
            continue
        # both versions at once have the second under a folder of its own; cpu may lie under cpu,cpuacct
        for root in dict.fromkeys((MOUNT / controller, MOUNT / (names or "unified"))):
            group = root / path.strip("/")
            yield group
            yield from (p for p in group.parents if p.is_relative_to(root))


def _text(path: Path) -> list[str]:
    with suppress(OSError):
        return [path.read_text(encoding="utf-8", errors="surrogateescape")]
    return []
