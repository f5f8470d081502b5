"""The processes that make pictures: a few, started when they are needed, each with a thread that asks it.

The newest urgent wish is served first. A photo that kills its process, or takes too long, costs that photo.
"""

from __future__ import annotations

import os
import signal
import subprocess
import threading
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from photocli.errors import DecodeError, PhotocliError
from photocli.scoring.pool import START_S
from photocli.scoring.process import spawned
from photocli.scoring.worker import receive, send, widen

if TYPE_CHECKING:
    from photocli.decode.memory import PackedImage

_KILLED = -getattr(signal, "SIGKILL", 9)
_END_S = 2.0


@dataclass(frozen=True, slots=True)
class Made:
    """The pictures of one task, and whether they took so long that they should be kept on the disk."""

    pictures: list[bytes]
    keep: bool


@dataclass(eq=False, slots=True)
class PictureTask:
    """A wish as a process takes it: what to make of a file, or of an `image` in memory.

    `is_wanted` is asked before it begins, and `done` told what came of it: `Made`, or why nothing did.
    """

    path: Path
    kind: str
    details: dict[str, Any]
    is_wanted: Callable[[], bool]
    done: Callable[[Made | PhotocliError], None]
    image: PackedImage | None = None


class Decoders:
    """Serves tasks, by `count` processes at most, each task within `deadline_s` seconds."""

    def __init__(self, count: int, deadline_s: float, max_pixels: int) -> None:
        """Nothing is started yet."""
        self._count = max(1, count)
        self._manner = {"deadline": deadline_s, "max_pixels": max_pixels}
        self._urgent: deque[PictureTask] = deque()
        self._ahead: deque[PictureTask] = deque()
        self._changed = threading.Condition()
        self._threads: list[threading.Thread] = []
        self._decoders: list[_Decoder] = []
        self._idle = self._at_ahead = 0
        self._closed = False

    def add(self, task: PictureTask, *, urgent: bool) -> None:
        """Have a task done. Raises `PhotocliError` after `close`."""
        with self._changed:
            if self._closed:
                raise PhotocliError("the review has ended")
            (self._urgent if urgent else self._ahead).append(task)
            if self._idle == 0 and len(self._threads) < self._count:
                decoder = _Decoder(self._manner["deadline"])
                thread = threading.Thread(target=self._serve, args=(decoder,), daemon=True)
                self._threads.append(thread)
                self._decoders.append(decoder)
                thread.start()
            self._changed.notify()

    def hurry(self, task: PictureTask) -> None:
        """Have a task done next, if it has not begun."""
        with self._changed:
            for queue in (self._urgent, self._ahead):
                with suppress(ValueError):
                    queue.remove(task)
                    self._urgent.append(task)
                    self._changed.notify()
                    return

    def close(self) -> list[PictureTask]:
        """End the processes; gives the tasks that were not begun."""
        with self._changed:
            self._closed = True
            left = [*self._urgent, *self._ahead]
            self._urgent.clear()
            self._ahead.clear()
            self._changed.notify_all()
        for decoder in self._decoders:
            decoder.stop()
        for thread in self._threads:
            if thread is not threading.current_thread():
                thread.join(_END_S)
        return left

    def _serve(self, decoder: _Decoder) -> None:
        while (found := self._next()) is not None:
            task, urgent = found
            outcome: Made | PhotocliError
            try:
                outcome = decoder.make(_header(task) | self._manner, task.image)
            except PhotocliError as error:
                outcome = error
            except OSError as error:  # the system has no room for another process
                outcome = _unable(error.strerror or str(error))
            with self._changed:
                self._at_ahead -= not urgent
            task.done(outcome)
        decoder.stop()

    def _next(self) -> tuple[PictureTask, bool] | None:
        """The next task, and whether it is urgent; None at the end. One process is left to urgent ones."""
        with self._changed:
            self._idle += 1
            try:
                while not self._closed:
                    if self._urgent:
                        task, urgent = self._urgent.pop(), True
                    elif self._ahead and self._at_ahead < max(1, self._count - 1):
                        task, urgent = self._ahead.popleft(), False
                    else:
                        self._changed.wait()
                        continue
                    if task.is_wanted():
                        self._at_ahead += not urgent
                        return task, urgent
                return None
            finally:
                self._idle -= 1


class _Decoder:
    """One process, and a new one where it died. `make` is for one thread, `stop` for any."""

    def __init__(self, deadline_s: float) -> None:
        self._deadline_s = deadline_s
        self._process: subprocess.Popen[bytes] | None = None
        self._lock = threading.Lock()
        self._stopped = False

    def make(self, header: dict[str, Any], image: PackedImage | None) -> Made:
        """Raises `DecodeError` for what is the photo's fault, `PhotocliError` for the rest, `OSError`."""
        for is_last in (False, True):
            process = self._started()
            answer, late = self._ask(process, header, image)
            if answer is not None:
                facts, arrays = answer
                if "failed" in facts:
                    raise DecodeError(str(facts["failed"])[:500])
                return Made([array.tobytes() for array in arrays.values()], bool(facts.get("keep")))
            code = self._end(process)
            if self._stopped:
                raise PhotocliError("the review has ended")
            if late:
                raise DecodeError(f"it took longer than {self._deadline_s:g} s")
            if code != _KILLED:
                raise DecodeError("the decoder crashed on this file")
            if is_last:
                raise DecodeError("its process was killed twice; the memory may be too little for it")
        raise AssertionError

    def _started(self) -> subprocess.Popen[bytes]:
        """The process, ready to be asked."""
        with self._lock:
            if self._process is not None:
                return self._process
            if self._stopped:
                raise PhotocliError("the review has ended")
            process = self._process = spawned("photocli.review.renditions")
        assert process.stdout is not None
        widen(process.stdout)
        answer, _ = self._within(process, START_S, lambda: receive(process.stdout))  # type: ignore[arg-type]
        if answer is None or "ready" not in answer[0]:
            code = self._end(process)
            raise _unable(f"exit code {code}" if answer is None else str(answer[0].get("unable"))[:200])
        return process

    def _ask(
        self, process: subprocess.Popen[bytes], header: dict[str, Any], image: PackedImage | None
    ) -> Any:
        """The answer, None if there is none, and whether that is for lack of time."""
        assert process.stdin is not None
        assert process.stdout is not None
        stdin, stdout = process.stdin, process.stdout

        def ask() -> Any:
            facts = header if image is None else {**header, "image": image.facts}
            send(stdin, facts, {} if image is None else image.blocks)
            return receive(stdout)

        return self._within(process, self._deadline_s, ask)

    def _within(self, process: subprocess.Popen[bytes], seconds: float, act: Callable[[], Any]) -> Any:
        """What comes of talking to the process; None, and whether it was late, if it ended meanwhile."""
        late, over = False, False

        def end() -> None:
            nonlocal late
            with self._lock:
                if not over:
                    late = True
                    process.kill()

        timer = threading.Timer(seconds, end)
        timer.daemon = True
        timer.start()
        answer = None
        try:
            with suppress(OSError, ValueError, KeyError):  # it died, or what it says is no message
                answer = act()
        finally:
            timer.cancel()
            with self._lock:
                over = True
        return None if late else answer, late

    def _end(self, process: subprocess.Popen[bytes]) -> int | None:
        """End the process; how it had ended by itself, if it had."""
        code = None
        with suppress(subprocess.TimeoutExpired):
            code = process.wait(_END_S if process.poll() is None else 0)
        process.kill()
        process.wait()
        for stream in (process.stdin, process.stdout):
            if stream is not None:
                with suppress(OSError):
                    stream.close()
        with self._lock:
            if self._process is process:
                self._process = None
        return code

    def stop(self) -> None:
        with self._lock:
            self._stopped = True
            process = self._process
        if process is not None:
            process.kill()
            process.wait()


def _header(task: PictureTask) -> dict[str, Any]:
    return {"kind": task.kind, "path": os.fsencode(task.path).hex(), "image": None, **task.details}


def _unable(why: str) -> PhotocliError:
    return PhotocliError(
        f"no process that decodes photos could start ({why}); raise the limits of memory and processes"
    )
