"""A photo on its way through the pass, from its path to its record."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from photocli.records import Record

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from photocli.decode.memory import PackedImage
    from photocli.scoring.cache import Known
    from photocli.scoring.process import Prepared
    from photocli.scoring.sources import LoadedImage


@dataclass(slots=True)
class PendingPhoto:
    """A path on its way through the pass; it leaves, in its turn, when it has a record.

    `file` and `twin` are its paths; an `image` in memory has none. `folder` is where it lies, if it may have
    a place among the finished records there, `base` its name there, and `place` its real path. `finished` is
    its record, where only something else is missing.
    """

    name: str
    file: str | None = None
    twin: str | None = None
    record: Record | None = None
    identity: str | None = None
    folder: bytes | None = None
    base: str = ""
    place: bytes = b""
    finished: Record | None = None
    known: Known | None = None
    full: Known | None = None
    is_first: bool = False
    missing: tuple[str, ...] = ()
    prepared: Prepared | None = None
    outputs: dict[str, dict[str, NDArray[np.float32]]] | None = None
    thumbnail: bytes | None = None
    image: PackedImage | None = None

    @property
    def path(self) -> Path:
        """The file, as a path; the current folder for an image in memory."""
        return Path(self.file or "")


def of_image(image: LoadedImage) -> PendingPhoto:
    """An image in memory; with a record already where it cannot be used."""
    failed = Record(image.name, "failed", image.failed) if image.failed else None
    return PendingPhoto(image.name, record=failed, image=image.image)
