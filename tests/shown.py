"""Photos as the review page knows them, for tests of what is shown of each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from photocli.records import Photo, Record


@dataclass
class ShownFile:
    """A photo of the page, by its place in a list."""

    photo: Photo
    record: Record | None = None
    dropped: bool = False


class ShownFiles:
    """Some photos, numbered from 0."""

    def __init__(self, paths: Sequence[Path]) -> None:
        self.photos = [ShownFile(Photo(path)) for path in paths]

    def entry(self, id: int) -> ShownFile:
        if not 0 <= id < len(self.photos):
            raise IndexError(id)
        return self.photos[id]
