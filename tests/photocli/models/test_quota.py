"""How many cores a process may use: files of control groups as Linux has them, in trees made here."""

from __future__ import annotations

import math
import os
import sys
from pathlib import Path

import pytest
from commands import python

from photocli.models.quota import cpu_quota, session_threads, usable_cores
from photocli.scoring.pool import default_workers

V2 = "30 24 0:26 {mounted} {place} rw,nosuid shared:4 - cgroup2 cgroup2 rw\n"
V1 = "31 24 0:27 {mounted} {place} rw,relatime - cgroup cgroup rw,{controllers}\n"


def tree(root: Path, groups: str, mounts: str, **limits: str) -> Path:
    """A root folder with the files of a process; `limits` by their places, __ for / and _dot_ for '.'."""
    (root / "proc/self").mkdir(parents=True)
    (root / "proc/self/cgroup").write_text(groups)
    (root / "proc/self/mountinfo").write_text("22 1 8:1 / / rw - ext4 /dev/sda1 rw\n" + mounts)
    for place, text in limits.items():
        file = root / "sys/fs/cgroup" / place.replace("__", "/").replace("_dot_", ".")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    return root


def test_version_2_in_a_container_of_its_own(tmp_path: Path) -> None:
    mounts = V2.format(mounted="/", place="/sys/fs/cgroup")
    root = tree(tmp_path, "0::/\n", mounts, cpu_dot_max="150000 100000\n")
    assert cpu_quota(root) == 1.5
    assert usable_cores(root) == min(2, usable_cores(tmp_path / "nothing"))


def test_a_group_above_limits_those_in_it(tmp_path: Path) -> None:
    mounts = V2.format(mounted="/", place="/sys/fs/cgroup")
    limits = {
        "cpu_dot_max": "max 100000\n",
        "user__cpu_dot_max": "50000 100000\n",
        "user__shell__cpu_dot_max": "400000 100000\n",
    }
    root = tree(tmp_path, "0::/user/shell\n", mounts, **limits)
    assert cpu_quota(root) == 0.5
    assert usable_cores(root) == 1


def test_no_limit_leaves_all_cores(tmp_path: Path) -> None:
    mounts = V2.format(mounted="/", place="/sys/fs/cgroup")
    root = tree(tmp_path, "0::/user\n", mounts, user__cpu_dot_max="max 100000\n")
    assert cpu_quota(root) == math.inf
    assert usable_cores(root) == usable_cores(tmp_path / "nothing") >= 1


def test_version_1_beside_version_2(tmp_path: Path) -> None:
    groups = "5:memory:/pods\n4:cpu,cpuacct:/pods/one\n0::/pods/one\n"
    mounts = V1.format(mounted="/", place="/sys/fs/cgroup/cpu,cpuacct", controllers="cpu,cpuacct")
    mounts += V1.format(mounted="/", place="/sys/fs/cgroup/memory", controllers="memory")
    mounts += V2.format(mounted="/", place="/sys/fs/cgroup/unified")
    limits = {
        "cpu,cpuacct__pods__one__cpu_dot_cfs_quota_us": "210000\n",
        "cpu,cpuacct__pods__one__cpu_dot_cfs_period_us": "100000\n",
        "cpu,cpuacct__pods__cpu_dot_cfs_quota_us": "-1\n",
        "cpu,cpuacct__pods__cpu_dot_cfs_period_us": "100000\n",
    }
    assert cpu_quota(tree(tmp_path, groups, mounts, **limits)) == 2.1


@pytest.mark.parametrize("mounted", ["/docker/abc", "/elsewhere"])
def test_a_container_sees_its_group_as_the_top(mounted: str, tmp_path: Path) -> None:
    mounts = V1.format(mounted=mounted, place="/sys/fs/cgroup/cpu", controllers="cpu")
    limits = {"cpu__cpu_dot_cfs_quota_us": "50000\n", "cpu__cpu_dot_cfs_period_us": "100000\n"}
    assert cpu_quota(tree(tmp_path, "1:cpu:/docker/abc\n", mounts, **limits)) == 0.5


def test_a_group_outside_of_what_is_seen_is_the_top(tmp_path: Path) -> None:
    mounts = V2.format(mounted="/", place="/sys/fs/cgroup")
    root = tree(tmp_path, "0::/../../other\n", mounts, cpu_dot_max="20000 10000\n")
    assert cpu_quota(root) == 2


@pytest.mark.parametrize("text", ["", "max", "x y", "100000 0", "-1 100000", "\0", "1e9 100000"])
def test_files_that_say_nothing_limit_nothing(text: str, tmp_path: Path) -> None:
    mounts = V2.format(mounted="/", place="/sys/fs/cgroup")
    root = tree(tmp_path, "0::/\nnonsense\n::\n", mounts + "short line\n", cpu_dot_max=text)
    assert cpu_quota(root) == math.inf


def test_sessions_take_no_more_threads_than_the_quota(tmp_path: Path) -> None:
    mounts = V2.format(mounted="/", place="/sys/fs/cgroup")
    root = tree(tmp_path, "0::/\n", mounts, cpu_dot_max="10000 100000\n")
    assert session_threads(root) == (1 if (os.cpu_count() or 1) > 1 else 0)


@pytest.mark.skipif(sys.platform != "linux", reason="affinity as Linux has it")
def test_workers_and_threads_keep_to_the_affinity() -> None:
    code = (
        "import os; os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})\n"
        "from photocli.models.quota import session_threads\n"
        "from photocli.scoring.pool import default_workers\n"
        "print(default_workers(), session_threads())"
    )
    assert python("-c", code).out.split() == ["1", "1" if (os.cpu_count() or 1) > 1 else "0"]
    assert default_workers() == usable_cores()
