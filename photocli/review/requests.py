"""Requests for pictures: answered from what was made before, and shared where several ask for the same."""

from __future__ import annotations

import threading
from collections import OrderedDict
from concurrent.futures import Future, InvalidStateError
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from photocli.errors import DecodeError, PhotocliError, PictureError
from photocli.review.decoders import Made, PictureTask

if TYPE_CHECKING:
    from photocli.decode.memory import PackedImage
    from photocli.review.decoders import Decoders
    from photocli.review.picture_cache import PictureCache, RecentPictures

    Answer = Future[tuple[bytes, str]]

_MOST_FAILURES = 5_000
_DATA = "application/json"


@dataclass(frozen=True, slots=True)
class PictureRequest:
    """One picture of a photo that is called `name`: the one at place `at` of those that are made together.

    `keys` are theirs, `details` what their maker needs to know. The photo is a file at `path`, or an `image`
    in memory, of which nothing goes to the disk.
    """

    name: str
    path: Path
    kind: str
    keys: tuple[str, ...]
    at: int = 0
    details: dict[str, Any] = field(default_factory=dict)
    image: PackedImage | None = None


@dataclass(eq=False, slots=True)
class _Job:
    """A task, and who waits for which of its pictures."""

    request: PictureRequest
    waiting: list[tuple[Answer, int]]
    task: PictureTask | None = None


class PictureRequests:
    """Answers each request with a picture and its media type, or `PictureError`. Threads may share it."""

    def __init__(self, decoders: Decoders, disk: PictureCache, memory: RecentPictures) -> None:
        self._decoders = decoders
        self._disk = disk
        self._memory = memory
        self._jobs: dict[str, _Job] = {}
        self._failures: OrderedDict[str, str] = OrderedDict()
        self._lock = threading.Lock()

    def serve(self, request: PictureRequest, answer: Answer, *, urgent: bool) -> None:
        """Give an answer now, if the picture is there, else when it was made."""
        picture = self.find(request.keys[request.at], on_disk=request.image is None)
        if picture is not None:
            _give(answer, picture)
            return
        with self._lock:
            failure = self._failures.get(request.keys[0])
        if failure is not None:
            _fail(answer, PictureError(failure))
        else:
            self._join(request, answer, urgent=urgent)

    def find(self, key: str, *, on_disk: bool) -> bytes | None:
        """A picture that was made before; None where there is none."""
        picture = self._memory.get(key)
        if picture is None and on_disk and (picture := self._disk.get(key)) is not None:
            self._memory.put(key, picture)
        return picture

    def keep(self, key: str, picture: bytes, *, on_disk: bool) -> None:
        """Keep a picture that was made elsewhere."""
        self._memory.put(key, picture)
        if on_disk:
            self._disk.put(key, picture)

    def close(self) -> None:
        """End the processes, and refuse what waits."""
        self._decoders.close()
        with self._lock:
            jobs = list(self._jobs.values())
            self._jobs.clear()
        for job in jobs:
            for answer, _ in job.waiting:
                _fail(answer, PictureError("the review has ended"))

    def _join(self, request: PictureRequest, answer: Answer, *, urgent: bool) -> None:
        """Wait for a task that is under way, or begin one."""
        with self._lock:
            job = self._jobs.get(request.keys[0])
            if job is not None:
                job.waiting.append((answer, request.at))
            else:
                job = self._jobs[request.keys[0]] = _Job(request, [(answer, request.at)])
        # Not under the lock: the processes' threads hold theirs when they ask for it.
        if job.task is not None:
            if urgent:
                self._decoders.hurry(job.task)
            return
        mine = job
        job.task = PictureTask(
            request.path,
            request.kind,
            request.details,
            lambda: self._is_wanted(mine),
            lambda outcome: self._finish(mine, outcome),
            request.image,
        )
        try:
            self._decoders.add(job.task, urgent=urgent)
        except PhotocliError as error:
            self._finish(job, error)

    def _is_wanted(self, job: _Job) -> bool:
        with self._lock:
            wanted = any(not answer.cancelled() for answer, _ in job.waiting)
            if not wanted:
                self._remove(job)
            return wanted

    def _remove(self, job: _Job) -> None:
        if self._jobs.get(job.request.keys[0]) is job:
            del self._jobs[job.request.keys[0]]

    def _finish(self, job: _Job, outcome: Made | PhotocliError) -> None:
        """Answer all who wait, then keep what was made."""
        request, error = job.request, None
        if isinstance(outcome, Made) and not _is_sound(outcome, request):
            outcome = DecodeError("what came of it is no picture")
        if isinstance(outcome, Made):
            for key, picture in zip(request.keys, outcome.pictures, strict=True):
                self._memory.put(key, picture)
        else:
            error = PictureError(f"{request.name} cannot be shown: {outcome}")
        with self._lock:  # from here on nobody joins
            self._remove(job)
            if isinstance(outcome, DecodeError):
                self._failures[request.keys[0]] = str(error)
                if len(self._failures) > _MOST_FAILURES:
                    self._failures.popitem(last=False)
        for answer, at in job.waiting:
            if isinstance(outcome, Made):
                _give(answer, outcome.pictures[at])
            elif error is not None:
                _fail(answer, error)
        if isinstance(outcome, Made) and outcome.keep and request.image is None:
            for key, picture in zip(request.keys, outcome.pictures, strict=True):
                self._disk.put(key, picture)


def media_type(data: bytes) -> str | None:
    """The media type of a picture, by its first bytes; None where it is none of those that are shown."""
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "image/webp"
    if data[:8] == b"\x89PNG\r\n\x1a\n":
        return "image/png"
    return "image/jpeg" if data[:3] == b"\xff\xd8\xff" else None


def _is_sound(made: Made, request: PictureRequest) -> bool:
    """Whether a process, which a hostile file may have taken over, gave what it was asked for."""
    if len(made.pictures) != len(request.keys):
        return False
    return request.kind == "exif" or all(media_type(picture) is not None for picture in made.pictures)


def _give(answer: Answer, picture: bytes) -> None:
    with suppress(InvalidStateError):  # it was cancelled
        answer.set_result((picture, media_type(picture) or _DATA))


def _fail(answer: Answer, error: BaseException) -> None:
    with suppress(InvalidStateError):
        answer.set_exception(error)
