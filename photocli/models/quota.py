"""How many cores this process may keep busy: those of its affinity, less what a container's quota leaves."""

from __future__ import annotations

import math
import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path, PurePosixPath

ROOT = Path("/")


def usable_cores(root: Path = ROOT) -> int:
    """Count the cores that this process may use, one at least; a quota of one and a half comes to two.

    `root` is the folder in which `proc` and `sys` are looked for.
    """
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    quota = cpu_quota(root)
    return cores if quota == math.inf else max(1, min(cores, math.ceil(quota)))


def session_threads(root: Path = ROOT) -> int:
    """Count the threads that a network should compute with: 0, which lets ONNX Runtime take one for each
    physical core, where this process may use all cores."""
    cores = usable_cores(root)
    return 0 if cores >= (os.cpu_count() or 1) else cores


def cpu_quota(root: Path = ROOT) -> float:
    """Read how many processors' time the control groups of this process allow; infinite without a limit.

    Those of version 1 (`cpu.cfs_quota_us`) and 2 (`cpu.max`) count, and each group above that of the process
    limits it, too.
    """
    allowed = math.inf
    for group, top in _groups(root):
        while True:
            allowed = min(allowed, _limit(group))
            if group == top:
                break
            group = group.parent
    return allowed


def _groups(root: Path) -> Iterator[tuple[Path, Path]]:
    """The folder of this process's group in each hierarchy that may limit it, and the top of that."""
    paths = dict(_memberships(root))
    for line in _lines(root / "proc/self/mountinfo"):
        before, _, after = line.partition(" - ")
        fields, kind = before.split(), after.split()
        if len(fields) < 5 or len(kind) < 3:
            continue
        versions = {"cgroup2": "", "cgroup": "cpu"}
        hierarchy = versions.get(kind[0])
        if hierarchy is None or hierarchy not in paths:
            continue
        if hierarchy and hierarchy not in kind[2].split(","):
            continue
        top = root / fields[4].lstrip("/")
        yield top / _below(paths[hierarchy], fields[3]), top


def _memberships(root: Path) -> Iterator[tuple[str, str]]:
    """The path of this process's group: of the controller `cpu` of version 1, and of version 2 by no name."""
    for line in _lines(root / "proc/self/cgroup"):
        number, _, rest = line.partition(":")
        controllers, _, path = rest.partition(":")
        if number == "0" and not controllers:
            yield "", path
        elif "cpu" in controllers.split(","):
            yield "cpu", path


def _below(path: str, mounted: str) -> PurePosixPath:
    """A group's path below the folder that is mounted; the top where it lies outside, as in a container."""
    group, top = PurePosixPath(path), PurePosixPath(mounted)
    if ".." in group.parts or not group.is_relative_to(top):
        return PurePosixPath()
    return group.relative_to(top)


def _limit(group: Path) -> float:
    """How many processors' time one group allows."""
    with suppress(OSError, ValueError, ZeroDivisionError):
        quota, period = (group / "cpu.max").read_text(encoding="ascii").split()
        return _processors(quota, period)
    with suppress(OSError, ValueError, ZeroDivisionError):
        quota = (group / "cpu.cfs_quota_us").read_text(encoding="ascii")
        return _processors(quota, (group / "cpu.cfs_period_us").read_text(encoding="ascii"))
    return math.inf


def _processors(quota: str, period: str) -> float:
    """Microseconds of computing in each period as a number of processors; infinite for `max` and -1."""
    if quota.strip() == "max" or int(quota) <= 0:
        return math.inf
    return int(quota) / int(period)


def _lines(file: Path) -> list[str]:
    try:
        return file.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return []
