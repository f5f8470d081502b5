"""A photo on its way through the pass, from its path to its record."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from photocli.records import Photo, Record, Skipped
from photocli.scoring.sources import LoadedImage

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from photocli.scoring.cache import Known
    from photocli.scoring.process import Prepared


@dataclass(slots=True)
class PendingPhoto:
    """A path on its way through the pass; it leaves, in its turn, when it has a record."""

    name: str
    path: Path | None = None
    twin: Path | None = None
    identity: str | None = None
    known: Known | None = None
    full: Known | None = None
    is_first: bool = False
    missing: tuple[str, ...] = ()
    prepared: Prepared | None = None
    record: Record | None = None
    outputs: dict[str, dict[str, NDArray[np.float32]]] = field(default_factory=dict)
    thumbnail: bytes | None = None


def pending(item: Photo | LoadedImage | Skipped) -> PendingPhoto:
    """What was discovered; with a record already where there is nothing to decode."""
    if isinstance(item, LoadedImage):
        failed = item.failed and Record(item.name, "failed", item.failed)
        return PendingPhoto(item.name, record=failed or None)
    name = str(item.path)
    if isinstance(item, Skipped):
        return PendingPhoto(name, item.path, record=Record(name, status="skipped", error=item.reason))
    return PendingPhoto(name, item.path, item.twin)
