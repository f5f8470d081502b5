"""Photos that are dropped on the page: scored in memory, shown, and forgotten at the end."""

from __future__ import annotations

import os
import threading
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from starlette.formparsers import MultiPartException, MultiPartParser

from photocli.errors import UsageError
from photocli.scoring.pipeline import Run
from photocli.scoring.sources import Picture

if TYPE_CHECKING:
    from starlette.requests import Request

    from photocli.review.pictures import Pictures
    from photocli.review.shoot import Shoot
    from photocli.scoring.options import Options

LARGEST = 200 << 20
"""How many bytes may be dropped at once."""

MOST = 200
"""How many photos may be dropped at once."""

_WORKERS = 2
_LONGEST_NAME = 200

DroppedFile = tuple[str, bytes]


class InMemoryParser(MultiPartParser):
    """Reads a form whose files stay in memory: nothing of what is dropped is written anywhere."""

    spool_max_size = LARGEST + 1


class Drops:
    """Scores what is dropped, one lot after the other, and adds it to the shoot."""

    def __init__(self, shoot: Shoot, pictures: Pictures, options: Options) -> None:
        self._shoot, self._pictures = shoot, pictures
        workers = min(options.workers or _WORKERS, _WORKERS)
        self._options = replace(options, outputs=(), cache=False, workers=workers)
        self._lock = threading.Lock()

    def take(self, files: Sequence[DroppedFile]) -> list[int]:
        """Score files, given by name and content; their numbers. Raises `PhotocliError`."""
        if not files:
            raise UsageError("drop at least one photo")
        with self._lock:
            pictures = [Picture(data, name[-_LONGEST_NAME:] or "photo") for name, data in files]
            ids = []
            for (name, data), result in zip(files, Run(pictures, self._options).results(), strict=True):
                id = self._shoot.drop(result.record)
                self._pictures.hold(id, data, os.path.splitext(name)[1].lower())  # noqa: PTH122 - no path
                ids.append(id)
            return ids


async def files_of(request: Request) -> list[DroppedFile]:
    """The files of a form, by name and content. Raises `UsageError` if it is none."""
    if not request.headers.get("content-type", "").startswith("multipart/form-data"):
        raise UsageError("photos are sent as a form")
    parser = InMemoryParser(request.headers, request.stream(), max_files=MOST, max_fields=10)
    try:
        form = await parser.parse()
    except MultiPartException as error:
        raise UsageError(f"the photos cannot be taken: {error.message}") from None
    except KeyError:  # without a boundary
        raise UsageError("the photos cannot be taken: the form has no boundary") from None
    try:
        found = []
        for _, value in form.multi_items():
            if not isinstance(value, str):
                name = os.path.basename((value.filename or "photo").replace("\\", "/"))  # noqa: PTH119
                found.append((name, await value.read()))
        return found
    finally:
        await form.close()
