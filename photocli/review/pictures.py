"""Pictures of the chosen photos for the review page: thumbnails, previews, whole ones, and faces."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Future
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from photocli.records import Photo, Record

THUMBNAIL_SIDE = 320
PREVIEW_SIDE = 2048


class ShownPhoto(Protocol):
    """What is needed of an entry of the shoot."""

    @property
    def photo(self) -> Photo: ...

    @property
    def record(self) -> Record | None: ...


class ShownPhotos(Protocol):
    """What is needed of the shoot."""

    def entry(self, id: int) -> ShownPhoto:
        """Raises `LookupError` where there is no such photo."""


class Pictures:
    """Makes and keeps the pictures of photos, by id. Threads may share it; `close` ends its processes.

    Every method that gives a picture waits for it, and raises `PictureError`, whose message is one sentence
    for the user, for a photo that is gone, that cannot be read, or that is none of the chosen ones. Pictures
    have no EXIF but their orientation, no XMP and no place. `begin` gives a future in their stead, for
    `asyncio.wrap_future`: it occupies no thread of the caller's, and cancelling it takes the wish back.
    """

    def __init__(
        self,
        shoot: ShownPhotos,
        folder: Path | None = None,
        limit_bytes: int = 2_000_000_000,
        *,
        roots: Sequence[Path] | None = None,
        processes: int = 1,
        deadline_s: float = 30.0,
        max_pixels: int = 250_000_000,
    ) -> None:
        """Nothing is started before the first wish.

        `folder` is where pictures are kept, in photocli's cache folder if None; with a `limit_bytes` of 0
        none are kept. Photos must lie in one of the `roots` (the paths that the user gave; give None only
        with --follow-links), whatever links say by now.
        """

    def begin(
        self, kind: str, id: int, face: int = 0, size: int = 0, *, urgent: bool = True
    ) -> Future[tuple[bytes, str]]:
        """Wish for a picture: its bytes and media type. `kind` is thumb, preview, full or face.

        The newest urgent wishes are served first, then the others in their order.
        """
        raise NotImplementedError

    def thumbnail(self, id: int) -> bytes:
        """A WebP or JPEG with a long side of 320 pixels at most."""
        raise NotImplementedError

    def preview(self, id: int) -> bytes:
        """A JPEG with a long side of 1,600 to 2,560 pixels, or of the photo's."""
        raise NotImplementedError

    def full(self, id: int) -> tuple[bytes, str]:
        """The photo at its own resolution, and the media type: a JPEG, that of the file where browsers can."""
        raise NotImplementedError

    def face(self, id: int, n: int, size: int = 320) -> bytes:
        """A square JPEG around face `n` (from 0) of the record, with a side of `size` pixels at most."""
        raise NotImplementedError

    def exif(self, id: int) -> list[list[str]]:
        """How the photo was taken, to be read: pairs of a name and a value."""
        raise NotImplementedError

    def prefetch(self, ids: Sequence[int], kind: str = "preview") -> None:
        """Have these pictures made when nothing else is wished for; earlier ones not begun are dropped."""
        raise NotImplementedError

    def keep_thumbnail(self, id: int, data: bytes) -> None:
        """Keep a thumbnail (WebP or JPEG, 320 pixels) that the pass has made, for the scoring thread."""
        raise NotImplementedError

    def hold(self, id: int, data: bytes, suffix: str) -> None:
        """Show the bytes of a photo that was dropped on the page, and that is no file; kept in memory."""
        raise NotImplementedError

    def version(self, id: int) -> str:
        """A short text that is another one once the photo's file is: for `v=` in URLs and ETags."""
        raise NotImplementedError

    def close(self) -> None:
        """End the processes; what waits raises `PictureError`."""
        raise NotImplementedError


def media_type(data: bytes) -> str:
    """The media type of a picture, by its first bytes: image/jpeg, image/webp or image/png."""
    if data[:4] == b"RIFF":
        return "image/webp"
    return "image/png" if data[:4] == b"\x89PNG" else "image/jpeg"
