"""Decoding: a photo file -> one upright 8-bit sRGB frame of the asked size.

One module per format stands beside this one, named as `signature.sniff` names the format; it is imported
when the first file of its format is met. Importing this package loads neither numpy nor Pillow.
"""

from __future__ import annotations

import errno
import io
import pkgutil
import stat
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, Protocol, cast

from photocli.decode.signature import HEAD, describe, sniff
from photocli.errors import DecodeError, UsageError

if TYPE_CHECKING:
    from photocli.records import Frame

DECODE_VERSION: int = 6
"""Part of the cache key: it grows whenever the same file would give other pixels, measures, or metadata."""

MAX_PIXELS = 250_000_000
"""Photos of more pixels are refused, from their header, before any of them is decoded."""

MAX_BYTES = 4_294_967_296
"""Files of more bytes are refused before they are read: no photo of `MAX_PIXELS` needs as many."""

RAW = ("preview", "develop")
"""How RAW files are read: by their preview where it is large enough, or always developed, at half size."""

PREVIEWS = ("off", "fast")
"""Whether photos of other formats are read by their previews, too, where one shows the same: `previews`."""

_SHARED = frozenset(
    ("colour", "ends", "extents", "holes", "levels", "memory", "raster", "scans", "signature")
)
_SHARED |= {"directories", "edited", "previews", "segments"}


@dataclass(frozen=True, slots=True)
class Reading:
    """How photos are read: of how many pixels at most, by what of a RAW file (`RAW`), and how large.

    `native` has a photo decoded at its own resolution, unless that would take too much memory
    (`levels.MOST_NATIVE`); else the largest level is twice as large as the frame. `previews` (`PREVIEWS`)
    says whether an embedded preview may be decoded in the photo's place.
    """

    max_pixels: int = MAX_PIXELS
    raw: str = "preview"
    native: bool = False
    previews: str = "off"

    def __post_init__(self) -> None:
        if self.max_pixels < 1:
            raise UsageError("the limit of pixels must be above zero")
        if self.raw not in RAW:
            raise UsageError(f"RAW files cannot be read by '{self.raw}'; choose one of {', '.join(RAW)}")
        if self.previews not in PREVIEWS:
            raise UsageError(f"previews cannot be '{self.previews}'; choose one of {', '.join(PREVIEWS)}")

    def check(self, width: int, height: int, kind: str = "", most: int | None = None) -> None:
        """Raise `DecodeError` if a picture of this size in pixels is too large to be decoded.

        `most` pixels are those of which a format, named `kind`, can be decoded in a worker's memory.
        """
        limit = self.max_pixels if most is None else min(self.max_pixels, most)
        if width * height <= limit:
            return
        mega = f"{width * height / 1e6:{'.0f' if width * height >= 1e7 else '.2g'}}"
        if limit == self.max_pixels:
            raise DecodeError(f"too large: {mega} megapixels, the limit is {limit / 1e6:g} (--max-pixels)")
        raise DecodeError(f"too large: {mega} megapixels, the limit for {kind} is {limit / 1e6:g}")


class Format(Protocol):
    """What a module of this package offers that reads one format."""

    def read(self, file: BinaryIO, side: int, reading: Reading) -> Frame:
        """Decode an opened file, positioned at its start; may raise anything, `decode` translates it."""


def names() -> tuple[str, ...]:
    """The formats that can be read, sorted; nothing is imported to know them."""
    return tuple(
        sorted(module.name for module in pkgutil.iter_modules(__path__) if module.name not in _SHARED)
    )


def load(name: str) -> Format:
    """The module that reads the format; `name` is one of `names()`."""
    return cast("Format", import_module(f"{__name__}.{name}"))


def decode(path: Path, side: int, reading: Reading | None = None) -> Frame:
    """Decode a photo, upright, 8-bit sRGB, with transparency laid over white.

    `side` is the long side in pixels that is wanted: the frame's is that or more, but less than twice that;
    a smaller photo is left as it is. The frame's `detail` is a larger level, see `levels.detail_factor`. RAW
    files are read by their embedded preview, which may be smaller, if
    it is large enough to judge; failing that, or if `reading` says so, they are developed at half size. Of
    several pictures in a file the first one is taken. If `reading` says so, an embedded preview is taken that
    shows the same (`previews`); it may be smaller than `side`, and `Frame.decoded` says so.

    Raises `DecodeError`, with one short reason, whatever is wrong with the file.
    """
    if side < 1:
        raise ValueError(f"side must be at least 1 pixel, not {side}")
    with _reasons():
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):  # opening a pipe would wait for ever
            raise DecodeError("not a regular file")
        if status.st_size > MAX_BYTES:
            size, limit = status.st_size / 1e9, MAX_BYTES / 1e9
            raise DecodeError(f"too large: the file has {size:.3g} GB, the limit is {limit:.2g}")
        with path.open("rb") as file:
            return _decode(file, path.suffix, side, reading or Reading())


def decode_bytes(data: bytes, suffix: str, side: int, reading: Reading | None = None) -> Frame:
    """Decode the bytes of a photo file, as `decode` does; `suffix` (with its dot) tells some RAW files."""
    if side < 1:
        raise ValueError(f"side must be at least 1 pixel, not {side}")
    with _reasons():
        return _decode(io.BytesIO(data), suffix, side, reading or Reading())


def _decode(file: BinaryIO, suffix: str, side: int, reading: Reading) -> Frame:
    """Decode an opened file, positioned at its start; raises anything."""
    head = file.read(HEAD)
    if not head:
        raise DecodeError("the file is empty")
    name = sniff(head, suffix)
    if name is None:
        raise DecodeError(f"not a photo: {describe(head)}")
    file.seek(0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about metadata mostly; what matters is raised
        if reading.previews == "fast":
            previews: Any = import_module(f"{__name__}.previews")
            if (frame := previews.read(file, name, side, reading)) is not None:
                return cast("Frame", frame)
        return load(name).read(file, side, reading)


@contextmanager
def _reasons() -> Iterator[None]:
    """Make a `DecodeError` of whatever a library or the system raises inside the block."""
    try:
        yield
    except DecodeError:
        raise
    except Exception as error:
        raise DecodeError(_reason(error)) from error


_ERRNO = {
    errno.ENOENT: "the file is gone",
    errno.EACCES: "permission denied",
    errno.EPERM: "permission denied",
    errno.EIO: "the disk could not be read",
}
_TRUNCATED = ("truncated", "end of file", "premature", "unexpected eof", "end of data", "not enough data")


def _reason(error: Exception) -> str:
    """One short line for what a library or the system raised."""
    if isinstance(error, MemoryError):
        return "not enough memory for this photo"
    if isinstance(error, OSError) and error.errno is not None:
        return _ERRNO.get(error.errno, (error.strerror or "it cannot be read").lower())
    words = " ".join(str(error).split())
    if isinstance(error, EOFError) or any(sign in words.lower() for sign in _TRUNCATED):
        return "truncated: the picture data ends early"
    if isinstance(error, ImportError):
        return f"support for this format is not installed: {words}"
    return f"damaged: {words[:120]}" if words else f"damaged ({type(error).__name__})"
