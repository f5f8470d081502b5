"""Running a command: the time that it takes, that of its processors, and the memory of its processes."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
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
    Both are 0 where memory was not looked at. `cpu_s` is the CPU time of the process and of all that it
    waited for; 0 on Windows, which does not add it up.
    """

    code: int
    seconds: float
    peak_mb: float
    peak_rss_mb: float
    processes: int
    cpu_s: float = 0.0


def run_measured(
    command: Sequence[str],
    *,
    output: IO[bytes] | None = None,
    every_s: float | None = EVERY_S,
    environment: Mapping[str, str] | None = None,
    folder: Path | None = None,
) -> Measured:
    """Run the command to its end, its output dropped unless `output` takes it, and measure its processes.

    Memory is looked at each `every_s` seconds; without that not at all, as looking takes time, too.
    """
    peak = peak_rss = 0.0
    most = 0
    started = time.perf_counter()
    process = subprocess.Popen(
        command, stdout=output or subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=environment, cwd=folder
    )
    root = psutil.Process(process.pid)
    while (used := _ended(process, wait=every_s is None)) is None:
        own, rss, count = _memory([root, *_children(root)])
        peak, peak_rss, most = max(peak, own), max(peak_rss, rss), max(most, count)
        time.sleep(every_s or 0)
    seconds = time.perf_counter() - started
    return Measured(process.returncode, seconds, peak / 1e6, peak_rss / 1e6, most, used)


def _ended(process: subprocess.Popen[bytes], *, wait: bool) -> float | None:
    """The CPU seconds of a process that has ended, with all that it waited for; None while it runs."""
    if sys.platform == "win32":
        ended = process.wait() if wait else process.poll()
        return None if ended is None else 0.0
    number, status, used = os.wait4(process.pid, 0 if wait else os.WNOHANG)
    if number == 0:
        return None
    process.returncode = os.waitstatus_to_exitcode(status)
    return used.ru_utime + used.ru_stime


def _children(root: psutil.Process) -> list[psutil.Process]:
    try:
        found: list[psutil.Process] = root.children(recursive=True)
        return found
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
