"""A worker process as its parent sees it: the photos that it is given, and what comes of them."""

from __future__ import annotations

import os
import queue
import subprocess
import sys
import threading
import time
from collections import deque
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from photocli.records import Capture
from photocli.scoring.forked import ForkedProcess, is_possible
from photocli.scoring.worker import QUIET, receive, send, widen

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from photocli.decode import Reading
    from photocli.decode.memory import PackedImage
    from photocli.inputs.views import InputSpec

    Message = tuple[dict[str, Any], dict[str, NDArray[Any]]]


@dataclass(frozen=True, slots=True)
class Task:
    """One photo to be decoded and cut to the inputs of some models: a file, or an `image` in memory.

    `first` are the keys of the inputs that are cut where a preview is decoded in the photo's place.
    """

    number: int
    path: Path
    specs: tuple[InputSpec, ...]
    image: PackedImage | None = None
    first: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Prepared:
    """What came of a task: the inputs by `InputSpec.key` and the size of the upright photo, or why not.

    Inputs are uint8; but those of fit `contain` are faces, float32 (`detection.FaceDetection`).

    `warning` tells of a photo whose pixels are good and whose metadata is lost; `orientation`, `decoded` and
    `scale` are those of the `Frame`.
    """

    number: int
    failed: str | None = None
    width: int = 0
    height: int = 0
    inputs: dict[str, NDArray[Any]] = field(default_factory=dict)
    capture: Capture = field(default_factory=Capture)
    warning: str | None = None
    orientation: int | None = None
    decoded: str = "photo"
    scale: float = 1.0


class WorkerProcess:
    """One process, the tasks it holds, and the thread that listens to it."""

    def __init__(self, events: queue.Queue[tuple[WorkerProcess, Any]], *, fork: bool = False) -> None:
        """Start it. With `fork` it is a copy of this process, where one can be made.

        `listen` must be called before any message comes. Raises `OSError`.
        """
        self.tasks: deque[Task] = deque()
        self.ready = False
        self.answered = False
        self.pixels: Prepared | None = None
        self.since = time.monotonic()
        self._outbox: queue.SimpleQueue[Message | None] | None = None
        self._events = events
        self._listens = False
        self.process = ForkedProcess() if fork and is_possible() else spawned()
        assert self.process.stdout is not None
        widen(self.process.stdout)

    def listen(self) -> None:
        """Have a thread take its messages from now on: no other worker can be forked beside one."""
        if not self._listens:
            self._listens = True
            threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        assert self.process.stdout is not None
        try:
            while (message := receive(self.process.stdout)) is not None:
                self._events.put((self, message))
        except (OSError, ValueError):  # a message that was cut off, as by the worker's death
            pass
        self._events.put((self, None))

    def submit(self, task: Task, deadline: float, reading: Reading) -> None:
        if not self.tasks:
            self.since = time.monotonic()
        self.tasks.append(task)
        header: dict[str, Any] = {
            "number": task.number,
            "path": os.fsencode(task.path).hex(),
            "specs": [_as_dict(spec) for spec in task.specs],
            "first": task.first,
            "deadline": deadline,
            "reading": _as_dict(reading),
        }
        if task.image is not None:
            header["image"] = task.image.facts
            if self._outbox is None:
                self._outbox = queue.SimpleQueue()
                threading.Thread(target=self._deliver, args=(self._outbox,), daemon=True).start()
        message = (header, task.image.blocks if task.image is not None else {})
        if self._outbox is None:
            self._send(*message)
        else:  # in the order of the tasks
            self._outbox.put(message)

    def _deliver(self, outbox: queue.SimpleQueue[Message | None]) -> None:
        """Write what a pipe cannot hold: a worker that hangs would keep its parent waiting."""
        while (message := outbox.get()) is not None:
            self._send(*message)

    def _send(self, header: dict[str, Any], arrays: dict[str, NDArray[Any]]) -> None:
        assert self.process.stdin is not None
        with suppress(OSError, ValueError):  # it died; its listener says so
            send(self.process.stdin, header, arrays)

    def exit_code(self) -> int | None:
        """How the process ended, once its answers did; below zero by a signal, None if it has not."""
        with suppress(subprocess.TimeoutExpired):
            return self.process.wait(5)
        return None

    def stop(self) -> None:
        self.process.kill()
        self.process.wait()
        if self._outbox is not None:
            self._outbox.put(None)
        for stream in (self.process.stdin, self.process.stdout):
            if stream is not None:
                with suppress(OSError):  # what was still to be written has no reader
                    stream.close()


@lru_cache(maxsize=64)
def _as_dict(value: InputSpec | Reading) -> dict[str, Any]:
    """The fields of a value: the same for photo after photo, and making them takes 2 ms a photo."""
    return asdict(value)


def spawned(module: str = "photocli.scoring.worker") -> subprocess.Popen[bytes]:
    """Start a Python of its own that does what `serve` of a module does. Raises `OSError`."""
    # The child finds modules where the parent does, not in the current folder, which may be anybody's.
    code = f"import sys; sys.path[:] = {sys.path!r}; from {module} import serve; serve()"
    return subprocess.Popen(
        [sys.executable, "-c", code],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env={**os.environ, **QUIET},
    )
