"""What comes out of a pass: a result for each photo, and a summary of all."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from photocli.records import Record

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


@dataclass(slots=True)
class Summary:
    """What a run did, so far: counts of paths, where the models ran, and for how long in seconds.

    `previews` counts the photos that a first look saw by their previews (`Options.decode`). `warning` says,
    in a sentence, that the cache could not be used, or had to be begun anew; the records are the same without
    it.
    """

    photos: int = 0
    failed: int = 0
    skipped: int = 0
    cached: int = 0
    previews: int = 0
    provider: str | None = None
    seconds: float = 0.0
    warning: str | None = None

    @property
    def rate(self) -> float:
        """Photos per second."""
        return self.photos / self.seconds if self.seconds else 0.0


@dataclass(frozen=True, slots=True)
class Result:
    """A record, with those outputs of the networks that `Options.outputs` asks for, by the model's name.

    `thumbnail` is a WebP file, if `Options.outputs` asks for it and the photo could be decoded. `in_memory`
    says that the record is of an image in memory: `record.path` is a name then, and no path.
    """

    record: Record
    outputs: dict[str, dict[str, NDArray[np.float32]]]
    thumbnail: bytes | None = None
    in_memory: bool = False
