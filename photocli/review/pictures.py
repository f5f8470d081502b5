"""Pictures of the chosen photos for the review page: thumbnails, previews, whole ones, and faces."""

from __future__ import annotations

import hashlib
import json
import os
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future, InvalidStateError, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from photocli.decode import DECODE_VERSION, MAX_PIXELS
from photocli.decode.memory import PackedImage
from photocli.display import printable
from photocli.errors import DecodeError, PictureError
from photocli.files.links import Roots
from photocli.review import renditions
from photocli.review.decoders import Decoders
from photocli.review.picture_cache import PictureCache, RecentPictures, key_of, pictures_folder
from photocli.review.requests import PictureRequest, PictureRequests
from photocli.review.requests import media_type as media_type
from photocli.scoring.cache import identity

if TYPE_CHECKING:
    from photocli.records import Photo, Record

KINDS = ("thumb", "preview", "full", "face", "exif")

FACE_SIZES = (160, 320, 640)
"""The sides in pixels that a face is made with; what is asked for is rounded up."""

LIMIT_BYTES = 2_000_000_000
"""Of the pictures that are kept on the disk, unless the user says otherwise."""

_IN_MEMORY = 64_000_000
_MOST_HELD = 200_000_000  # bytes of all photos that were dropped on the page
_LARGEST_THUMBNAIL = 1_000_000


class ShownPhoto(Protocol):
    """What is needed of an entry of the shoot."""

    @property
    def photo(self) -> Photo: ...

    @property
    def record(self) -> Record | None: ...

    @property
    def dropped(self) -> bool: ...


class ShownPhotos(Protocol):
    """What is needed of the shoot."""

    def entry(self, id: int) -> ShownPhoto:
        """Raises `LookupError` where there is no such photo."""


@dataclass(frozen=True, slots=True)
class _Source:
    """A photo as it is now: its name, where it lies, its identity; and its bytes, if it is no file."""

    name: str
    path: Path
    identity: str
    image: PackedImage | None = None


class Pictures:
    """Makes and keeps the pictures of photos, by id. Threads may share it; `close` ends its processes.

    Every method that gives a picture waits for it, and raises `PictureError`, whose message is one sentence
    for the user, for a photo that is gone, that cannot be read, or that is none of the chosen ones. Pictures
    have no metadata but their orientation and colour profile. `begin` gives a future in their stead, for
    `asyncio.wrap_future`: it occupies no thread of the caller's, and cancelling it takes the wish back.
    """

    def __init__(
        self,
        shoot: ShownPhotos,
        folder: Path | None = None,
        limit_bytes: int = LIMIT_BYTES,
        *,
        roots: Sequence[Path] | None = None,
        processes: int = 2,
        deadline_s: float = 30.0,
        max_pixels: int = MAX_PIXELS,
    ) -> None:
        """Nothing is started before the first wish.

        `folder` is where pictures are kept, in photocli's cache folder if None; with a `limit_bytes` of 0
        none are kept. Photos must lie in one of the `roots` (the paths that the user gave; give None only
        with --follow-links), whatever links say by now. A photo fails that takes longer than `deadline_s`,
        or has more than `max_pixels`.
        """
        self._shoot = shoot
        self._roots = None if roots is None else Roots(roots)
        self._requests = PictureRequests(
            Decoders(processes, deadline_s, max_pixels),
            PictureCache(pictures_folder() if folder is None else folder, limit_bytes),
            RecentPictures(_IN_MEMORY),
        )
        self._lookups = ThreadPoolExecutor(2, "pictures")
        self._lock = threading.Lock()
        self._held: dict[int, _Source] = {}
        self._prefetched: list[Future[tuple[bytes, str]]] = []

    def begin(
        self, kind: str, id: int, face: int = 0, size: int = 320, *, urgent: bool = True
    ) -> Future[tuple[bytes, str]]:
        """Wish for a picture: its bytes and media type. `kind` is one of `KINDS`; `exif` is JSON.

        The newest urgent wishes are served first, then the others in their order.
        """
        future: Future[tuple[bytes, str]] = Future()
        try:
            self._lookups.submit(self._look_up, future, kind, id, face, size, urgent)
        except RuntimeError:  # it was closed
            future.set_exception(PictureError("the review has ended"))
        return future

    def thumbnail(self, id: int) -> bytes:
        """A WebP (of another program's cache: JPEG) with a long side of 320 pixels at most."""
        return self.begin("thumb", id).result()[0]

    def preview(self, id: int) -> bytes:
        """A JPEG with a long side of 1,600 to 2,560 pixels, or of the photo's."""
        return self.begin("preview", id).result()[0]

    def full(self, id: int) -> tuple[bytes, str]:
        """The photo at its own resolution (above 65 megapixels: less), and the media type, that of a JPEG.

        It is the file's own picture data, without the metadata, where browsers show that; else made anew.
        """
        return self.begin("full", id).result()

    def face(self, id: int, n: int, size: int = 320) -> bytes:
        """A square JPEG around face `n` (from 0) of the record, with a side of `size` pixels at most.

        `size` is rounded up to one of `FACE_SIZES`. All faces of a photo are made together.
        """
        return self.begin("face", id, n, size).result()[0]

    def exif(self, id: int) -> list[list[str]]:
        """How the photo was taken, to be read: pairs of a name and a value."""
        rows: list[list[str]] = json.loads(self.begin("exif", id).result()[0])
        return rows

    def prefetch(self, ids: Sequence[int], kind: str = "preview") -> None:
        """Have these pictures made when nothing else is wished for; earlier ones not begun are dropped."""
        before, self._prefetched = self._prefetched, []
        for future in before:
            future.cancel()
        self._prefetched = [self.begin(kind, id, urgent=False) for id in ids]

    def keep_thumbnail(self, id: int, data: bytes) -> None:
        """Keep a thumbnail (WebP or JPEG, 320 pixels) that the pass has made. Raises nothing."""
        with suppress(PictureError):
            source = self._source(id)
            if media_type(data) is not None and len(data) <= _LARGEST_THUMBNAIL:
                self._requests.keep(_key(source, "thumb"), data, on_disk=source.image is None)

    def hold(self, id: int, data: bytes, suffix: str) -> None:
        """Show the bytes of a photo that was dropped on the page, and that is no file; kept in memory.

        Raises `PictureError` where there is no room for it.
        """
        image = PackedImage(data, suffix)
        with self._lock:
            held = sum(len(each.image.data) for each in self._held.values() if each.image is not None)
            if held + len(data) > _MOST_HELD:
                raise PictureError("too many photos were dropped on the page; reload it to begin anew")
            self._held[id] = _Source(f"dropped{suffix}", Path(), hashlib.sha256(data).hexdigest(), image)

    def known(self, id: int, kind: tuple[str, ...], make: Callable[[Path | bytes], bytes]) -> bytes:
        """What was made of a photo and kept before, else what `make` makes of its file, or of its bytes.

        Raises `PictureError`, also where `make` raises `DecodeError`.
        """
        source = self._source(id)
        key, on_disk = _key(source, *kind), source.image is None
        found = self._requests.find(key, on_disk=on_disk)
        if found is None:
            try:
                found = make(source.path if source.image is None else bytes(source.image.data))
            except DecodeError as error:
                raise PictureError(f"{source.name} cannot be shown: {error}") from error
            self._requests.keep(key, found, on_disk=on_disk)
        return found

    def version(self, id: int) -> str:
        """A short text that is another one once the photo's file is: for `v=` in URLs and ETags."""
        try:
            return key_of(self._source(id).identity, str(renditions.VERSION))[:12]
        except PictureError:
            return "gone"

    def close(self) -> None:
        """End the processes; what waits raises `PictureError`."""
        self._lookups.shutdown(wait=False)
        self._requests.close()

    def _source(self, id: int) -> _Source:
        """The photo as it is now. Raises `PictureError`."""
        with self._lock:
            if id in self._held:
                return self._held[id]
        try:
            entry = self._shoot.entry(id)
        except LookupError:
            raise PictureError("there is no such photo on this page") from None
        path = entry.photo.path
        name = printable(path.name)
        if entry.dropped:  # its path is a name only, that a file may have by chance
            raise PictureError(f"{name} was dropped on the page, and is not there any more")
        if self._roots is not None and self._roots.below(os.path.realpath(path)) is None:
            raise PictureError(f"{name} leads out of the chosen folders by now, so it is not shown")
        try:
            return _Source(name, path, f"{path}:{identity(path, DECODE_VERSION)}")
        except FileNotFoundError:
            raise PictureError(f"{name} is gone: it was moved or deleted meanwhile") from None
        except OSError as error:
            raise PictureError(f"{name} cannot be read: {error.strerror or error}") from None

    def _look_up(
        self, answer: Future[tuple[bytes, str]], kind: str, id: int, face: int, size: int, urgent: bool
    ) -> None:
        """Find the photo, and hand the request on."""
        try:
            if not answer.cancelled():
                self._requests.serve(self._request(kind, id, face, size), answer, urgent=urgent)
        except Exception as error:  # whatever it is: its waiter would wait for ever
            with suppress(InvalidStateError):
                answer.set_exception(error)

    def _request(self, kind: str, id: int, face: int, size: int) -> PictureRequest:
        """What is asked for. Raises `PictureError`."""
        source = self._source(id)
        if kind not in KINDS:
            raise PictureError(f"there are no pictures of kind '{kind}'")
        if kind != "face":
            return PictureRequest(source.name, source.path, kind, (_key(source, kind),), image=source.image)
        try:
            record = self._shoot.entry(id).record
        except LookupError:
            record = None
        boxes = [] if record is None else [list(each.box) for each in record.each_face]
        if record is None or not record.width or not record.height or not 0 <= face < len(boxes):
            raise PictureError(f"{source.name} has no such face")
        side = next((each for each in FACE_SIZES if each >= size), FACE_SIZES[-1])
        keys = tuple(_key(source, kind, str(side), str(boxes), str(n)) for n in range(len(boxes)))
        details = {"boxes": boxes, "size": side, "shape": [record.width, record.height]}
        return PictureRequest(source.name, source.path, kind, keys, face, details, source.image)


def _key(source: _Source, *kind: str) -> str:
    return key_of(source.identity, str(renditions.VERSION), *kind)
