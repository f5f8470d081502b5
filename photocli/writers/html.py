"""HTML: one page that holds everything, with thumbnails, and needs no network."""

from __future__ import annotations

import base64
import hashlib
import io
import json
from collections import deque
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

from photocli.files.output import open_output
from photocli.inputs.views import InputSpec
from photocli.records import RECORD_FIELDS, VERSION
from photocli.scoring.pool import Workers, default_workers
from photocli.scoring.process import Task
from photocli.scoring.profiles import GENERAL
from photocli.scoring.ratings import breakdown, in_words
from photocli.writers import FileWriter, tidy_field

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from photocli.decode import Reading
    from photocli.records import Record
    from photocli.scoring.profiles import Profile

THUMBNAIL = 240
"""The long side of a thumbnail, in pixels."""

QUALITY = 78
WINDOW = 64
"""Records that wait at most for a thumbnail before them."""

_CUT = InputSpec("thumbnail", 360, 360)  # more than is shown, as it is squashed and has to be stretched again
_HERE = Path(__file__).parent


@dataclass(slots=True)
class _Waiting:
    record: Record
    number: int | None
    thumbnail: str | None = None


class HtmlWriter(FileWriter):
    """Writes a page with all records, to a file, or to standard output for `-`.

    Thumbnails are made by worker processes of its own, with a deadline each, and go into the page at once,
    so that memory stays flat. The page allows itself its own style and script, by their hashes, and pictures
    inside it; nothing else can run or load. Names and other texts go in as data.
    """

    def __init__(
        self,
        path: str | PathLike[str],
        *,
        workers: int = 0,
        deadline_s: float = 30.0,
        reading: Reading | None = None,
        profile: Profile = GENERAL,
    ) -> None:
        """`workers` processes make thumbnails, 0 for one per core; `reading` says how, and `profile` is what
        the scores follow.
        """
        self._output = open_output(path)
        self._stack = ExitStack()
        self._workers = self._stack.enter_context(Workers(workers or default_workers(), deadline_s, reading))
        self._profile = profile
        self._queue: deque[_Waiting] = deque()
        self._number = 0
        self._first = True
        self._closed = False
        self._models: set[str] = set()
        self._head, self._tail = _template()
        self._put(self._head + '{"photos": [')

    def write(self, record: Record) -> None:
        """Take one record; its thumbnail is made while others are written."""
        if record.status == "ok":
            while self._workers.room <= 0:
                self._collect(wait=True)
            self._number += 1
            self._workers.submit(Task(self._number, Path(record.path), (_CUT,)))
        self._queue.append(_Waiting(record, self._number if record.status == "ok" else None))
        self._collect(wait=len(self._queue) >= WINDOW)

    def close(self, summary: Mapping[str, Any] | None = None) -> None:
        """Wait for the last thumbnails, end the page and put it in place."""
        if self._closed:
            return
        self._closed = True
        while self._queue:
            self._collect(wait=True)
        counts = {"photos": 0, "failed": 0, "skipped": 0, **(summary or {})}
        end = {"summary": counts, "models": sorted(self._models)}
        self._put("\n], " + _data(end)[1:] + self._tail)
        self._output.commit()

    def discard(self) -> None:
        """Drop what is not in place yet."""
        self._closed = True
        self._stack.close()
        self._output.discard()

    def _collect(self, *, wait: bool) -> None:
        """Take the thumbnails that are done, and write the records whose turn it is."""
        waiting = {entry.number: entry for entry in self._queue}
        for prepared in self._workers.results(wait=wait and self._queue[0].number is not None):
            entry = waiting[prepared.number]
            entry.number = None
            if prepared.failed is None:
                pixels = prepared.inputs[_CUT.key]
                entry.thumbnail = _thumbnail(pixels, prepared.width, prepared.height)
        while self._queue and self._queue[0].number is None:
            self._write(self._queue.popleft())

    def _write(self, entry: _Waiting) -> None:
        record = entry.record
        self._models.update(record.models)
        values = {name: tidy_field(name, getattr(record, name)) for name in RECORD_FIELDS}
        for answer in values["answers"]:
            del answer["probabilities"]  # of a thousand classes, they would be most of the page
        parts = breakdown(record, self._profile)
        values["made_of"] = in_words(parts, most=len(parts), named=record.faults) if len(parts) > 1 else None
        self._put(("\n" if self._first else ",\n") + _data({**values, "thumbnail": entry.thumbnail}))
        self._first = False

    def _put(self, text: str) -> None:
        self._output.write(text.encode())


def _thumbnail(pixels: NDArray[np.uint8], width: int, height: int) -> str:
    """A small JPEG in base64, of the right shape again."""
    from PIL import Image

    scale = min(1.0, THUMBNAIL / max(width, height))
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    image = Image.fromarray(pixels.transpose(1, 2, 0)).resize(size, Image.Resampling.LANCZOS)
    file = io.BytesIO()
    image.save(file, "JPEG", quality=QUALITY, optimize=True)
    return base64.b64encode(file.getvalue()).decode()


def _template() -> tuple[str, str]:
    """The page before and after its data, with style and script put in and named by their hashes."""
    page, style, script = (
        (_HERE / name).read_text(encoding="utf-8") for name in ("report.html", "report.css", "report.js")
    )
    for mark, text in (("STYLE", style), ("SCRIPT", script)):
        page = page.replace(
            f"@{mark}_HASH@", base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        )
        page = page.replace(f"@{mark}@", text)
    head, _, tail = page.replace("@VERSION@", VERSION).partition("@DATA@")
    return head, tail


def _data(value: Any) -> str:
    """JSON that can stand in a script element: nothing in it can end the element, or begin a comment."""
    text = json.dumps(value, allow_nan=False)  # ASCII alone, so no line separators either
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")
