"""Running the command line as users do: in a process of its own, with its output and what it cost."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

if sys.platform != "win32":
    import resource


@dataclass(frozen=True)
class Done:
    """A command that has ended: its exit code, what it printed, and its CPU time with that of its workers."""

    code: int
    out: str
    err: str
    cpu_s: float

    @property
    def lines(self) -> list[str]:
        """What it said on stderr, line by line."""
        return self.err.splitlines()

    @property
    def document(self) -> Any:
        """The JSON document that it printed; all of stdout must be that."""
        return json.loads(self.out)


def python(*arguments: str | Path | bytes, cwd: Path | None = None, **environment: str) -> Done:
    """Run Python in the folder `cwd` with more variables in its environment, and wait for its end."""
    before = _cpu_of_children()
    done = subprocess.run(
        [sys.executable, *arguments],
        cwd=cwd,
        # What is installed has been compiled; a variable that forbids it would have every run do it again.
        env={**os.environ, "PYTHONDONTWRITEBYTECODE": "", **environment},
        capture_output=True,
        stdin=subprocess.DEVNULL,
        timeout=120,
    )
    cpu = _cpu_of_children() - before
    out, err = (text.decode("utf-8", "surrogateescape") for text in (done.stdout, done.stderr))
    return Done(done.returncode, out, err, cpu)


def photocli(*arguments: str | Path | bytes, cwd: Path | None = None, **environment: str) -> Done:
    """Run `photocli` with these arguments."""
    return python("-m", "photocli", *arguments, cwd=cwd, **environment)


def start(
    *arguments: str | Path, options: tuple[str, ...] = (), ignored: tuple[str, ...] = (), **given: Any
) -> subprocess.Popen[str]:
    """Start `photocli` in a group of its own, with what it says in pipes; `options` are Python's.

    It heeds all signals but those that are to be `ignored`, also where the tests themselves were started in
    the background, or under nohup.
    """

    def set_signals() -> None:
        for name in ("SIGINT", "SIGTERM", "SIGHUP"):
            signal.signal(getattr(signal, name), signal.SIG_IGN if name in ignored else signal.SIG_DFL)

    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    return subprocess.Popen(
        [sys.executable, *options, "-m", "photocli", *arguments],
        text=True,
        start_new_session=True,
        preexec_fn=set_signals,
        **{**pipes, **given},
    )


def _cpu_of_children() -> float:
    """CPU seconds, user and system, of all processes waited for, and of those that they waited for."""
    if sys.platform == "win32":
        return 0.0
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
