"""Running a command while the memory of its whole tree of processes is watched."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import IO

import psutil

EVERY_S = 0.05
"""Seconds between two looks at the processes: peaks that are shorter may be missed."""


@dataclass(frozen=True)
class Measured:
    """A command that has ended: its exit code, its wall time, and peaks of memory in MB (10**6 bytes).

    `peak_mb` is the largest sum, over all processes at one moment, of the memory that each one adds:
    proportional set size on Linux, where pages that processes share are counted once; unique set size
    elsewhere. `peak_rss_mb` is the same of resident set sizes, which counts shared pages in every process.
    """

    code: int
    seconds: float
    peak_mb: float
    peak_rss_mb: float
    processes: int


def run_measured(command: Sequence[str], *, output: IO[bytes] | None = None) -> Measured:
    """Run the command to its end, its output dropped unless `output` takes it, and measure its processes."""
    peak = peak_rss = 0.0
    most = 0
    started = time.monotonic()
    process = subprocess.Popen(command, stdout=output or subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    root = psutil.Process(process.pid)
    while process.poll() is None:
        own, rss, count = _memory([root, *_children(root)])
        peak, peak_rss, most = max(peak, own), max(peak_rss, rss), max(most, count)
        time.sleep(EVERY_S)
    return Measured(process.returncode, time.monotonic() - started, peak / 1e6, peak_rss / 1e6, most)


def _children(root: psutil.Process) -> list[psutil.Process]:
    try:
        return root.children(recursive=True)
    except psutil.NoSuchProcess:
        return []


def _memory(processes: list[psutil.Process]) -> tuple[float, float, int]:
    """The sums, in bytes, of what the processes add and of their resident sizes; and how many there are."""
    own = rss = 0.0
    count = 0
    for process in processes:
        try:
            full = process.memory_full_info()
        except psutil.Error:  # it has just ended
            continue
        own += full.pss if sys.platform == "linux" else full.uss
        rss += full.rss
        count += 1
    return own, rss, count
