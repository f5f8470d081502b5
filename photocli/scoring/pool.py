"""The pool of worker processes: bounded, with a deadline per photo; a dead or late worker costs one photo."""

from __future__ import annotations

import queue
import signal
import time
from collections import deque
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from types import TracebackType
from typing import TYPE_CHECKING, Any

from photocli.decode import Reading
from photocli.errors import PhotocliError
from photocli.models import quota
from photocli.records import capture_of
from photocli.scoring.process import Prepared, Task, WorkerProcess

if TYPE_CHECKING:
    from typing_extensions import Self

AHEAD = 2
"""Photos that a worker holds: the one it decodes, and the next, so that it never waits for the parent."""

PATIENCE_S = 0.2
"""How long to wait for a photo before looking after other things, such as workers that are late."""

START_S = 120.0
"""How long a worker may take to start, whatever the deadline of a photo is."""

_STARTS = 2
"""How many workers in a row may fail to start before the run ends: a second one may have better luck."""

_FROM_OUTSIDE = tuple(-getattr(signal, name) for name in ("SIGKILL", "SIGXCPU") if hasattr(signal, name))
"""Exit codes of processes that were ended by somebody, or by a system short of memory; not by a fault."""


class Workers:
    """A pool of processes that decode photos. Use it as a context manager: leaving it ends the processes."""

    def __init__(
        self, count: int, deadline: float, reading: Reading | None = None, *, fork: bool = False
    ) -> None:
        """`count` processes, started when they are first needed; `deadline` in seconds for each photo.

        `reading` is how photos are decoded. With `fork`, processes may be copies of this one.
        """
        self._fork = fork
        self.count = count
        self.deadline = deadline
        self.reading = reading or Reading()
        self._failed_starts = 0
        self._tried: set[int] = set()
        self._workers: list[WorkerProcess] = []
        self._events: queue.Queue[tuple[WorkerProcess, Any]] = queue.Queue()
        self._waiting: deque[Task] = deque()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for worker in self._workers:
            worker.stop()
        self._workers.clear()

    @property
    def pending(self) -> int:
        """How many photos were submitted and have not come out yet."""
        return len(self._waiting) + sum(len(worker.tasks) for worker in self._workers)

    @property
    def room(self) -> int:
        """How many more photos can be submitted before one must come out."""
        return self.count * AHEAD - self.pending

    def submit(self, task: Task) -> None:
        """Hand over one photo; it comes out of `results` in any order. Raises `PhotocliError`, too."""
        self._waiting.append(task)
        self._dispatch()

    def results(self, *, wait: bool) -> Iterator[Prepared]:
        """What is done by now; with `wait`, if that is nothing, the first to be done within `PATIENCE_S`.

        Raises `PhotocliError` if workers cannot be started.
        """
        until = time.monotonic() + PATIENCE_S if wait else 0.0
        while self.pending:
            for each in self._workers:
                each.listen()
            left = until - time.monotonic()
            try:
                worker, message = self._events.get(left > 0, max(left, 0.0))
            except queue.Empty:
                yield from self._stop_late()
                return
            prepared = self._receive(worker, message)
            if prepared is not None:
                until = 0.0
                yield prepared

    def _dispatch(self) -> None:
        while self._waiting:
            free = min(self._workers, key=lambda worker: len(worker.tasks), default=None)
            if (free is None or free.tasks) and len(self._workers) < self.count:
                try:
                    free = WorkerProcess(self._events, fork=self._fork)
                except OSError as error:  # the system has no room for another process
                    raise _unable(error.strerror or str(error)) from error
                self._workers.append(free)
            if free is None or len(free.tasks) >= AHEAD:
                return
            free.submit(self._waiting.popleft(), self.deadline, self.reading)

    def _receive(self, worker: WorkerProcess, message: Any) -> Prepared | None:
        if worker not in self._workers:  # its last words, after it was ended
            return None
        if message is None:
            return self._after_exit(worker)
        header, arrays = message
        if "ready" in header:
            worker.ready, worker.since, self._failed_starts = True, time.monotonic(), 0
            return None
        if "unable" in header and not worker.answered:
            raise _unable(header["unable"])
        worker.answered = True
        if "capture" not in header and "failed" not in header:
            worker.pixels = Prepared(
                header["number"],
                width=header["width"],
                height=header["height"],
                inputs=arrays,
                orientation=header["orientation"],
                decoded=header["decoded"],
                scale=header["scale"],
            )
            return None
        pixels, worker.pixels = worker.pixels, None
        self._tried.discard(worker.tasks.popleft().number)
        worker.since = time.monotonic()
        self._dispatch()
        if pixels is None:
            return Prepared(header["number"], failed=header["failed"])
        return replace(pixels, capture=capture_of(header["capture"]))

    def _stop_late(self) -> list[Prepared]:
        now = time.monotonic()
        held = [worker for worker in self._workers if worker.tasks]
        if any(not worker.ready and now - worker.since > START_S for worker in held):
            raise _unable(f"it did not answer within {START_S:g} s")
        late = [worker for worker in held if worker.ready and now - worker.since > self.deadline]
        return [done for worker in late if (done := self._fail_current(worker, self._late)) is not None]

    @property
    def _late(self) -> str:
        return f"it took longer than {self.deadline:g} s"

    def _after_exit(self, worker: WorkerProcess) -> Prepared | None:
        """What a worker that ended by itself leaves behind: blame for its photo, or another try."""
        code = worker.exit_code()
        if not worker.ready:
            self._failed_starts += 1
            if self._failed_starts >= _STARTS:
                raise _unable(_ended(code))
            self._requeue(worker)
            return None
        if code in _FROM_OUTSIDE:
            if worker.tasks and worker.tasks[0].number in self._tried:
                return self._fail_current(
                    worker, "its worker was killed twice; the memory may be too little for it"
                )
            self._tried.update(task.number for task in list(worker.tasks)[:1])
            self._requeue(worker)
            return None
        by_alarm = hasattr(signal, "SIGALRM") and code == -signal.SIGALRM
        return self._fail_current(worker, self._late if by_alarm else "the decoder crashed on this file")

    def _requeue(self, worker: WorkerProcess) -> None:
        """End a worker that did nothing wrong; all its photos go to another."""
        self._workers.remove(worker)
        worker.stop()
        self._waiting.extendleft(reversed(worker.tasks))
        self._dispatch()

    def _fail_current(self, worker: WorkerProcess, reason: str) -> Prepared | None:
        """End a worker; its current photo is answered with the reason, its next one goes to another."""
        self._workers.remove(worker)
        worker.stop()
        if not worker.tasks:
            return None
        culprit = worker.tasks.popleft()
        self._tried.discard(culprit.number)
        self._waiting.extendleft(reversed(worker.tasks))
        self._dispatch()
        if worker.pixels is not None:
            return replace(worker.pixels, warning=f"its metadata could not be read: {reason}")
        return Prepared(culprit.number, failed=reason)


def _unable(why: str) -> PhotocliError:
    return PhotocliError(
        f"no process that decodes photos could start ({why}); raise the limits of memory and processes "
        "(ulimit -v, ulimit -u), or use --workers 1"
    )


def _ended(code: int | None) -> str:
    """How a process ended that said nothing, in words."""
    if code is None or code >= 0:
        return f"it ended with exit code {code}"
    with suppress(ValueError):
        return f"it was ended by {signal.Signals(-code).name}"
    return f"it was ended by signal {-code}"


def default_workers() -> int:
    """One worker for every core that this process may keep busy."""
    return quota.usable_cores()
