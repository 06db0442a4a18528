"""In a container it is the container that tells how much there is: a study that believes the machine is killed."""

import os

import pytest

from retailkit import machine
from retailkit.commands.study import default_workers

WHOLE = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
MINE = len(os.sched_getaffinity(0))
MB = 1 << 20


@pytest.fixture
def container(tmp_path, monkeypatch):
    """Say of which groups the process is, and what files at the mount hold."""

    def put(groups: str, files: dict[str, str]) -> None:
        (tmp_path / "cgroup").write_bytes(os.fsencode(groups))
        for name, text in files.items():
            (tmp_path / "fs" / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / "fs" / name).write_text(text + "\n")
        monkeypatch.setattr(machine, "GROUPS", tmp_path / "cgroup")
        monkeypatch.setattr(machine, "MOUNT", tmp_path / "fs")

    return put


@pytest.mark.parametrize(
    ("groups", "files"),
    [
        # version 2, seen from inside and from outside; the pod allows less than the container says
        ("0::/\n", {"memory.max": f"{64 * MB}"}),
        ("0::/pod/box\n", {"pod/box/memory.max": f"{64 * MB}", "pod/memory.max": "max"}),
        ("0::/pod/box\n", {"pod/box/memory.max": "max", "pod/memory.max": f"{64 * MB}"}),
        # the host's path, which the container does not see
        ("0::/docker/1f\n", {"memory.max": f"{64 * MB}"}),
        # version 1
        ("3:cpu,cpuacct:/\n2:memory:/box\n", {"memory/box/memory.limit_in_bytes": f"{64 * MB}"}),
        ("2:memory:/docker/1f\n", {"memory/memory.limit_in_bytes": f"{64 * MB}"}),
        # both at once
        ("1:name=systemd:/\n0::/box\n", {"unified/box/memory.max": f"{64 * MB}"}),
        # what is no number, or no line of a group, says nothing
        ("nonsense\n\n0::/box\n", {"box/memory.max": "", "memory.max": f"{64 * MB}"}),
        ("0::/box\n", {"box/memory.max": "0", "memory.max": f"{64 * MB}"}),
        ("0::/b\udcff\n", {"b\udcff/memory.max": f"{64 * MB}"}),
    ],
)
def test_memory_is_what_the_container_allows(container, groups, files):
    container(groups, files)
    assert machine.memory() == 64 * MB


@pytest.mark.parametrize(
    ("groups", "files"),
    [
        ("0::/\n", {"memory.max": "max", "cpu.max": "max 100000"}),
        ("2:memory:/\n3:cpu:/\n", {"memory/memory.limit_in_bytes": "9223372036854771712", "cpu/cpu.cfs_quota_us": "-1",
                                   "cpu/cpu.cfs_period_us": "100000"}),
        ("0::/\n", {}),
        ("", {}),
        ("0::/\n", {"memory.max": "٦٤", "cpu.max": ""}),
        ("0::/\n", {"memory.max/x": "1", "cpu.max": "50000"}),
        ("0::/\n", {"memory.max": "²", "cpu.max": "100000 0"}),
    ],
)  # fmt: skip
def test_without_limits_it_is_the_machine(container, groups, files):
    container(groups, files)
    assert (machine.memory(), machine.cores()) == (WHOLE, MINE)


@pytest.mark.parametrize(
    ("groups", "files", "cores"),
    [
        ("0::/box\n", {"box/cpu.max": "100000 100000"}, 1),
        ("0::/box\n", {"box/cpu.max": "50000 100000"}, 1),  # half a core still works
        ("0::/\n", {"cpu.max": "200000 100000"}, min(2, MINE)),
        (
            "4:cpu,cpuacct:/box\n",
            {"cpu,cpuacct/box/cpu.cfs_quota_us": "100000", "cpu,cpuacct/box/cpu.cfs_period_us": "100000"},
            1,
        ),
        ("4:cpu,cpuacct:/box\n", {"cpu/box/cpu.cfs_quota_us": "100000", "cpu/box/cpu.cfs_period_us": "100000"}, 1),
    ],
)
def test_cores_are_what_the_container_allows(container, groups, files, cores):
    container(groups, files)
    assert machine.cores() == cores


@pytest.mark.parametrize(
    ("memory", "cores", "workers"), [(64, 2, 2), (1.5, 4, 1), (3.9, 4, 3), (0.5, 4, 1), (64, 64, 8)]
)
def test_chapters_run_at_a_time_as_cores_and_memory_allow(monkeypatch, memory, cores, workers):
    monkeypatch.setattr(machine, "memory", lambda: int(memory * 1e9))
    monkeypatch.setattr(machine, "cores", lambda: cores)
    assert default_workers() == workers


def test_a_machine_without_control_groups_is_taken_whole(tmp_path, monkeypatch):
    monkeypatch.setattr(machine, "GROUPS", tmp_path / "nowhere")
    assert (machine.memory(), machine.cores()) == (WHOLE, MINE)
