"""Previews: the small pictures that cameras put into photos, taken for a first look where they show the same.

A preview is taken if its long side has `LEAST` pixels or more, if it has the photo's shape and lies as the
photo does, and if nothing says that somebody edited the photo after it was made (`edited`). The file is read
from its head and at the preview alone, so that faults of the photo's own data are not met.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from io import BytesIO
from typing import TYPE_CHECKING, BinaryIO

from photocli.decode import directories, edited, jpeg
from photocli.decode.raster import exif_orientation
from photocli.decode.segments import JpegHead, Segment, read_head
from photocli.errors import DecodeError

if TYPE_CHECKING:
    from photocli.decode import Reading
    from photocli.records import Frame

LEAST = 1000
"""Pixels of a preview's long side, at least."""

TOLERANCE = 0.01
"""By how much the ratio of a preview's sides may differ from the photo's."""

_LARGEST = 16 << 20  # bytes of a preview
_MOST = 16  # pictures of an index that are looked at
_COUNT, _ENTRIES = 0xB001, 0xB002
_KINDS = frozenset((0x010001, 0x010002, 0x010003, 0x010004))  # monitors' sizes; others show something else
_PLACE, _LENGTH = 0x0201, 0x0202
_SOI, _APP1 = b"\xff\xd8", 0xE1


@dataclass(frozen=True, slots=True)
class _Found:
    """A JPEG inside a file: the file, its place and length there, and its head."""

    file: BinaryIO
    at: int
    length: int
    head: JpegHead

    def data(self, exif: bytes, profile: tuple[Segment, ...]) -> bytes:
        """A JPEG of its own, with the photo's EXIF, and its profile if the preview has none.

        Raises `ValueError` where it ends early.
        """
        self.file.seek(self.head.end)
        rest = self.file.read(self.at + self.length - self.head.end)
        if self.head.end + len(rest) < self.at + self.length:
            raise ValueError("the preview ends beyond the file")
        needed = [segment for segment in self.head.segments if not segment.describes]
        kept = (Segment(_APP1, 0, b"Exif\0\0" + exif), *(self.head.profile or profile), *needed)
        return b"".join((_SOI, *(segment.stored for segment in kept), rest))


def read(file: BinaryIO, name: str, side: int, reading: Reading) -> Frame | None:
    """The frame of a preview in a file of the format `name`; None where none can be taken.

    It is as `photocli.decode.decode` gives it, of the preview's pixels, but with the size and the metadata of
    the photo. Raises nothing but `MemoryError`: what is wrong with a file is told when it is read whole.
    """
    finders = {"jpeg": _of_jpeg}
    try:
        return finders[name](file, side, reading) if name in finders else None
    except MemoryError:
        raise
    except Exception:  # whatever it is, the photo itself can do without its preview
        return None
    finally:
        file.seek(0)


def _of_jpeg(file: BinaryIO, side: int, reading: Reading) -> Frame | None:
    head = read_head(file)
    if head is None or head.exif is None or not edited.is_as_shot(head):
        return None
    reading.check(head.width, head.height)
    turn = exif_orientation(head.exif)
    found = [each for each in _pictures(file, head) if _shows(each.head, head, turn)]
    for each in sorted(found, key=lambda each: each.head.width):
        with suppress(ValueError, OSError, DecodeError, SyntaxError):  # of a damaged one; there may be others
            frame = jpeg.read(BytesIO(each.data(head.exif, head.profile)), side, reading)
            return _of_photo(frame, head.width, head.height, turn)
    return None


def _pictures(file: BinaryIO, head: JpegHead) -> Iterator[_Found]:
    """The previews that a JPEG's index and its EXIF name, whatever they show."""
    size = file.seek(0, 2)
    for at, length in _indexed(head):
        if at + length <= size and (inner := read_head(file, at)) is not None:
            yield _Found(file, at, length, inner)
    block = head.exif or b""
    first = directories.first(block)
    second = directories.read(block, first.following, first.order)
    at, length = second.number(_PLACE) or 0, second.number(_LENGTH) or 0
    if 0 < at < at + length <= len(block) and (inner := read_head(BytesIO(block), at)) is not None:
        yield _Found(BytesIO(block), at, length, inner)


def _indexed(head: JpegHead) -> Iterator[tuple[int, int]]:
    """The places and lengths in bytes of the pictures in the index that are previews of the first one."""
    base, block = head.index
    index = directories.first(block)
    entries = index.entries.get(_ENTRIES, (0, b""))[1]
    for start in range(0, min(len(entries), 16 * min(index.number(_COUNT) or 0, _MOST)) - 15, 16):
        kind, length, offset = struct.unpack_from(f"{index.order}III", entries, start)
        if kind & 0xFFFFFF in _KINDS and offset and 0 < length <= _LARGEST:
            yield base + offset, length


def _shows(preview: JpegHead, photo: JpegHead, turn: int) -> bool:
    """Whether a preview is large enough, has the photo's shape, and does not say that it lies otherwise."""
    own = exif_orientation(preview.exif) if preview.exif and _states_turn(preview.exif) else turn
    return (
        LEAST <= max(preview.width, preview.height) < max(photo.width, photo.height)
        and abs(preview.width * photo.height / (preview.height * photo.width) - 1) <= TOLERANCE
        and own == turn
    )


def _states_turn(exif: bytes) -> bool:
    return directories.first(exif).number(0x0112) is not None


def _of_photo(frame: Frame, width: int, height: int, turn: int) -> Frame:
    """The frame of a preview as that of its photo, whose size as stored is given."""
    if turn >= 5:
        width, height = height, width
    scale = min(1.0, frame.scale * max(frame.width, frame.height) / max(width, height))
    return replace(frame, width=width, height=height, decoded="preview", scale=scale)
