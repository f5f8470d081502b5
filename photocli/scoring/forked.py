"""Worker processes that begin as copies of their parent, which saves Python's start; on Linux alone.

A copy of a process with several threads may find locks taken for ever, so there must be one alone. And what a
hostile file took over could read in it whatever the parent held: only the command line forks, which holds
nothing that its user's files do not.
"""

from __future__ import annotations

import gc
import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import NoReturn

from photocli.models.runtime import load_runtime
from photocli.scoring.stopping import SIGNALS

_THREADS, _OPEN_FILES = Path("/proc/self/task"), Path("/proc/self/fd")
_AGAIN_S = 0.01


def is_possible() -> bool:
    """Whether this process can be copied: it runs on Linux, and in a single thread."""
    if sys.platform != "linux":
        return False
    try:
        return len(list(_THREADS.iterdir())) == 1
    except OSError:  # without /proc nobody knows
        return False


class ForkedProcess:
    """A copy of this process that serves as a worker: what a pool needs of `subprocess.Popen`."""

    def __init__(self) -> None:
        """Start it. Raises `OSError` if the system has no room for it."""
        load_runtime()  # both will need it; it starts threads with its first session
        ends = [*os.pipe(), *os.pipe()]
        tasks, self_in, self_out, answers = ends
        # A Ctrl-C inside of what Python does after a fork would be told on standard error, and be lost.
        blocked = signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)
        try:
            self.pid = os.fork()
            if self.pid == 0:
                _become_worker(tasks, answers)
        except OSError:
            for end in ends:
                os.close(end)
            raise
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, blocked)
        os.close(tasks)
        os.close(answers)
        self.stdin, self.stdout = os.fdopen(self_in, "wb"), os.fdopen(self_out, "rb")
        self._code: int | None = None

    def kill(self) -> None:
        """End it, if it has not ended yet."""
        if self._ended(os.WNOHANG) is None:
            with suppress(ProcessLookupError):
                os.kill(self.pid, signal.SIGKILL)

    def wait(self, timeout: float | None = None) -> int:
        """Wait for its end: its exit code, below zero by a signal. Raises `subprocess.TimeoutExpired`."""
        until = None if timeout is None else time.monotonic() + timeout
        while (code := self._ended(0 if until is None else os.WNOHANG)) is None:
            if until is not None and time.monotonic() > until:
                raise subprocess.TimeoutExpired("worker", timeout or 0.0)
            time.sleep(_AGAIN_S)
        return code

    def _ended(self, how: int) -> int | None:
        if self._code is None:
            try:
                pid, status = os.waitpid(self.pid, how)
            except ChildProcessError:  # where children are not waited for, nobody knows how they ended
                self._code = 0
            else:
                self._code = os.waitstatus_to_exitcode(status) if pid else None
        return self._code


def _become_worker(tasks: int, answers: int) -> NoReturn:
    """Serve in the place of the parent whose copy this is, with none of its files, and never return."""
    try:
        gc.freeze()  # what the parent made is not ours to put away
        os.dup2(tasks, 0)
        os.dup2(answers, 1)
        for number in [int(entry.name) for entry in _OPEN_FILES.iterdir()]:
            if number > 2:
                with suppress(OSError):  # the list itself was one
                    os.close(number)
        from photocli.scoring.worker import QUIET, serve

        os.environ.update(QUIET)
        serve()
        os._exit(0)
    finally:
        os._exit(1)
