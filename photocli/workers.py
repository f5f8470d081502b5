"""The pool of worker processes: bounded, with a deadline per photo; a dead or late worker costs one photo."""

from __future__ import annotations

import os
import queue
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

from photocli.models.runtime import SILENCE
from photocli.records import Capture
from photocli.worker import receive, send

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from typing_extensions import Self

    from photocli.inputs import InputSpec

AHEAD = 2
"""Photos that a worker holds: the one it decodes, and the next, so that it never waits for the parent."""


PATIENCE_S = 0.2
"""How long to wait for a photo before looking after other things, such as workers that are late."""


@dataclass(frozen=True, slots=True)
class Task:
    """One photo to be decoded and cut to the inputs of some models."""

    number: int
    path: Path
    specs: tuple[InputSpec, ...]


@dataclass(frozen=True, slots=True)
class Prepared:
    """What came of a task: the inputs by `InputSpec.key` and the size of the upright photo, or why not.

    Inputs are uint8; but those of fit `contain` are faces, float32 (`finding.Finder`).

    `warning` tells of a photo whose pixels are good and whose metadata is lost; `orientation` is that of the
    `Frame`.
    """

    number: int
    failed: str | None = None
    width: int = 0
    height: int = 0
    inputs: dict[str, NDArray[Any]] = field(default_factory=dict)
    capture: Capture = field(default_factory=Capture)
    warning: str | None = None
    orientation: int | None = None


class _Worker:
    """One process, the tasks it holds, and the thread that listens to it."""

    def __init__(self, events: queue.Queue[tuple[_Worker, Any]]) -> None:
        self.tasks: deque[Task] = deque()
        self.pixels: Prepared | None = None
        self.since = time.monotonic()
        # The child finds modules where the parent does, not in the current folder, which may be anybody's.
        code = f"import sys; sys.path[:] = {sys.path!r}; from photocli.worker import serve; serve()"
        environment = {**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", **SILENCE}
        self.process = subprocess.Popen(
            [sys.executable, "-c", code],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=environment,
        )
        threading.Thread(target=self._listen, args=(events,), daemon=True).start()

    def _listen(self, events: queue.Queue[tuple[_Worker, Any]]) -> None:
        assert self.process.stdout is not None
        try:
            while (message := receive(self.process.stdout)) is not None:
                events.put((self, message))
        except (OSError, ValueError):  # a message that was cut off, as by the worker's death
            pass
        events.put((self, None))

    def give(self, task: Task, deadline: float) -> None:
        if not self.tasks:
            self.since = time.monotonic()
        self.tasks.append(task)
        header = {
            "number": task.number,
            "path": os.fsencode(task.path).hex(),
            "specs": [asdict(spec) for spec in task.specs],
            "deadline": deadline,
        }
        assert self.process.stdin is not None
        with suppress(OSError):  # it died; its listener says so
            send(self.process.stdin, header)

    def stop(self) -> None:
        self.process.kill()
        self.process.wait()
        for stream in (self.process.stdin, self.process.stdout):
            if stream is not None:
                with suppress(OSError):  # what was still to be written has no reader
                    stream.close()


class Workers:
    """A pool of processes that decode photos. Use it as a context manager: leaving it ends the processes."""

    def __init__(self, count: int, deadline: float) -> None:
        """`count` processes, started when they are first needed; `deadline` in seconds for each photo."""
        self.count = count
        self.deadline = deadline
        self._workers: list[_Worker] = []
        self._events: queue.Queue[tuple[_Worker, Any]] = queue.Queue()
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
        """Hand over one photo; it comes out of `results` in any order."""
        self._waiting.append(task)
        self._dispatch()

    def results(self, *, wait: bool) -> Iterator[Prepared]:
        """What is done by now; with `wait`, if that is nothing, the first to be done within `PATIENCE_S`."""
        until = time.monotonic() + PATIENCE_S if wait else 0.0
        while self.pending:
            left = until - time.monotonic()
            try:
                worker, message = self._events.get(left > 0, max(left, 0.0))
            except queue.Empty:
                yield from self._end_late()
                return
            prepared = self._take(worker, message)
            if prepared is not None:
                until = 0.0
                yield prepared

    def _dispatch(self) -> None:
        while self._waiting:
            free = min(self._workers, key=lambda worker: len(worker.tasks), default=None)
            if (free is None or free.tasks) and len(self._workers) < self.count:
                free = _Worker(self._events)
                self._workers.append(free)
            if free is None or len(free.tasks) >= AHEAD:
                return
            free.give(self._waiting.popleft(), self.deadline)

    def _take(self, worker: _Worker, message: Any) -> Prepared | None:
        if worker not in self._workers:  # its last words, after it was ended
            return None
        if message is None:
            return self._bury(worker, "the decoder crashed on this file")
        header, arrays = message
        if "capture" not in header and "failed" not in header:
            worker.pixels = Prepared(
                header["number"],
                width=header["width"],
                height=header["height"],
                inputs=arrays,
                orientation=header["orientation"],
            )
            return None
        pixels, worker.pixels = worker.pixels, None
        worker.tasks.popleft()
        worker.since = time.monotonic()
        self._dispatch()
        if pixels is None:
            return Prepared(header["number"], failed=header["failed"])
        return replace(pixels, capture=Capture(**header["capture"]))

    def _end_late(self) -> list[Prepared]:
        now = time.monotonic()
        late = [worker for worker in self._workers if worker.tasks and now - worker.since > self.deadline]
        reason = f"it took longer than {self.deadline:g} s"
        return [done for worker in late if (done := self._bury(worker, reason)) is not None]

    def _bury(self, worker: _Worker, reason: str) -> Prepared | None:
        """End a worker; its current photo is answered with the reason, its next one goes to another."""
        self._workers.remove(worker)
        worker.stop()
        if not worker.tasks:
            return None
        culprit = worker.tasks.popleft()
        self._waiting.extendleft(reversed(worker.tasks))
        self._dispatch()
        if worker.pixels is not None:
            return replace(worker.pixels, warning=f"its metadata could not be read: {reason}")
        return Prepared(culprit.number, failed=reason)


def default_workers() -> int:
    """One worker for every core that this process may use."""
    usable: Sequence[int] | set[int]
    usable = os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else range(os.cpu_count() or 1)
    return max(1, len(usable))
