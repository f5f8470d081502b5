"""One walk for all who ask what there is: how many photos, whether any, and the photos themselves."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from photocli.discover.walk import Walk

if TYPE_CHECKING:
    from photocli.discover.batch import FileBatch

MOST_AHEAD = 200_000
"""So many files are kept at most that nobody has taken yet; those take some 30 MB."""


class Listing:
    """What the given paths hold, listed when somebody asks for it, and once. Threads may share it.

    `batches` gives it out, to one caller; what others needed to know before waits for that. `total` is how
    many photos and other files there are, once all is listed.
    """

    def __init__(self, paths: Sequence[Path], *, follow_links: bool = False, hidden: bool = False) -> None:
        """Nothing is listed yet. Raises `UsageError` if a path does not exist."""
        self._walk = Walk(paths, follow_links=follow_links, hidden=hidden)
        self._ahead: deque[FileBatch] = deque()
        self._waiting = self._found = 0
        self._failed: BaseException | None = None
        self._lock = threading.Lock()
        self.total: int | None = None
        self._told: Callable[[FileBatch], object] | None = None

    def watch(self, told: Callable[[FileBatch], object]) -> None:
        """Have `told` called with each folder that is listed, in order, before `batches` gives it out."""
        with self._lock:
            self._told = told
            for batch in self._ahead:
                told(batch)

    def without_photos(self) -> dict[Path, str]:
        """The given folders without a photo, and what is there instead; see `Walk.without_photos`."""
        with self._lock:
            return self._walk.without_photos()

    def reaches(self, count: int) -> bool:
        """Whether there are so many photos and other files at least."""
        while self._found < count and self._list_more():
            pass
        return self._found >= count

    def list_all(self) -> int | None:
        """List what is left; how many there are, or None where they are too many to be kept meanwhile."""
        while self._waiting < MOST_AHEAD and self._list_more():
            pass
        return self.total

    def batches(self) -> Iterator[FileBatch]:
        """All there is, folder by folder."""
        while (batch := self._take()) is not None:
            yield batch

    def _take(self) -> FileBatch | None:
        with self._lock:
            if not self._ahead:
                return self._step()
            batch = self._ahead.popleft()
            self._waiting -= len(batch.entries)
            return batch

    def _list_more(self) -> bool:
        with self._lock:
            batch = self._step()
            if batch is not None:
                self._ahead.append(batch)
                self._waiting += len(batch.entries)
            return batch is not None

    def _step(self) -> FileBatch | None:
        if self._failed is not None:  # in another thread, and the walk cannot go on
            raise self._failed
        try:
            batch = self._walk.step()
        except BaseException as error:
            self._failed = error
            raise
        if batch is None:
            self.total = self._found
        else:
            self._found += len(batch.entries)
            if self._told is not None:
                self._told(batch)
        return batch
