"""Previews: the small pictures that cameras put into photos, taken for a first look where they show the same.

A preview is taken if its long side has `LEAST` pixels or more, if it has the photo's shape and lies as the
photo does, and if nothing says that somebody edited the photo after it was made (`edited`). The file is read
from its head and at the preview alone, so that faults of the photo's own data are not met.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from io import BytesIO
from mmap import ACCESS_READ, mmap
from typing import TYPE_CHECKING, BinaryIO

from photocli.decode import directories, edited, extents, jpeg, scans
from photocli.decode.raster import bare_exif, to_frame
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
_ORIENTATION = 0x0112
_COMPRESSION, _STRIPS, _STRIP_LENGTHS, _SUB = 259, 273, 279, 330
_JPEGS = (6, 7)  # the old and the new way of putting a JPEG into a TIFF
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
        rest = self.rest()
        needed = [segment for segment in self.head.segments if not segment.describes]
        kept = (Segment(_APP1, 0, b"Exif\0\0" + exif), *(self.head.profile or profile), *needed)
        return b"".join((_SOI, *(segment.stored for segment in kept), rest))

    def rest(self) -> bytes:
        """Its picture data, to its end. Raises `ValueError` where it ends early."""
        self.file.seek(self.head.end)
        rest = self.file.read(self.at + self.length - self.head.end)
        if self.head.end + len(rest) < self.at + self.length:
            raise ValueError("the preview ends beyond the file")
        return rest


def read(file: BinaryIO, name: str, side: int, reading: Reading, least: int = LEAST) -> Frame | None:
    """The frame of a preview in a file of the format `name`, with a long side of `least` pixels or more.

    None where none can be taken. It is as `photocli.decode.decode` gives it, of the preview's pixels, but
    with the size and the metadata of the photo. Raises nothing but `MemoryError`: what is wrong with a file
    is told when it is read whole.
    """
    finders = {"jpeg": _of_jpeg, "heif": _of_heif}
    with _or_none(file):
        return finders[name](file, side, reading, least) if name in finders else None
    return None


def stored(file: BinaryIO, least: int, most: int, reading: Reading) -> bytes | None:
    """The preview of a JPEG file as a JPEG of its own, which says how it lies, and has no other metadata.

    It is the smallest with a long side of `least` to `most` pixels that shows the same as the photo; None
    where there is none such. Raises nothing but `MemoryError`, as `read`.
    """
    with _or_none(file):
        for each, head, turn in _good(file, reading, least):
            if least <= max(each.head.width, each.head.height) <= most and each.head.is_usual:
                with suppress(ValueError, OSError, DecodeError):
                    rest = each.rest()
                    data = each.head.plain(rest, turn, each.head.profile or head.profile)
                    return data[: scans.check(data) + 2]
    return None


@contextmanager
def _or_none(file: BinaryIO) -> Iterator[None]:
    """Go on after anything but `MemoryError`, the file at its start: a photo can do without a preview."""
    try:
        yield
    except MemoryError:
        raise
    except Exception:  # noqa: S110 - whatever it is, it is told when the photo is read whole
        pass
    finally:
        file.seek(0)


def _of_jpeg(file: BinaryIO, side: int, reading: Reading, least: int) -> Frame | None:
    for each, head, turn in _good(file, reading, least):
        with suppress(ValueError, OSError, DecodeError, SyntaxError):  # of a damaged one; there may be others
            frame = jpeg.read(BytesIO(each.data(head.exif or b"", head.profile)), side, reading)
            return _of_photo(frame, head.width, head.height, turn)
    return None


def _good(file: BinaryIO, reading: Reading, least: int) -> Iterator[tuple[_Found, JpegHead, int]]:
    """The previews of a JPEG that show the same as it, the smallest first; its head, and how it lies."""
    head = read_head(file)
    if head is None or head.exif is None or not edited.is_jpeg_as_shot(head):
        return
    reading.check(head.width, head.height)
    turn = _turn(head.exif) or 1
    found = [each for each in _pictures(file, head) if _shows(each.head, head, turn, least)]
    for each in sorted(found, key=lambda each: each.head.width):
        yield each, head, turn


def _of_heif(file: BinaryIO, side: int, reading: Reading, least: int) -> Frame | None:
    """Of a HEIF, the smallest thumbnail that is large enough, as libheif finds it: one that lies as the photo
    does, and has its colour profile."""
    from pillow_heif.as_plugin import HeifImageFile

    extents.check_boxes(file)
    file.seek(0)
    image = HeifImageFile(file)  # type: ignore[no-untyped-call]
    width, height = image.size  # upright, and EXIF may state it as the sensor lay
    exif, packets = bare_exif(image.info.get("exif")), (image.info.get("xmp") or b"").replace(b"\0", b"")
    if not any(edited.is_as_shot(exif, packets, size) for size in ((width, height), (height, width))):
        return None
    reading.check(width, height)
    if image.draft(None, (least, 1) if width >= height else (1, least)) is None:
        return None
    if not _is_alike(image.size, (width, height), least):
        return None
    frame = to_frame(image, side, "heif", reading, exif=exif, orientation=1)
    return _of_photo(replace(frame, orientation=None), width, height, 1)


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


def _shows(preview: JpegHead, photo: JpegHead, turn: int, least: int) -> bool:
    """Whether a preview is large enough, has the photo's shape, and does not say that it lies otherwise."""
    own = (_turn(preview.exif) if preview.exif else None) or turn
    return _is_alike((preview.width, preview.height), (photo.width, photo.height), least) and own == turn


def _is_alike(preview: tuple[int, int], photo: tuple[int, int], least: int = LEAST) -> bool:
    """Whether a preview of this size (width, height) is large enough, and a smaller one of the same shape."""
    aspect = preview[0] * photo[1] / (preview[1] * photo[0])
    return least <= max(preview) < max(photo) and abs(aspect - 1) <= TOLERANCE


def _turn(exif: bytes) -> int | None:
    """The orientation (1-8) that a bare EXIF block states; None where it states none."""
    stated = directories.first(exif).number(_ORIENTATION)
    return stated if stated in range(1, 9) else None


def of_raw(file: BinaryIO, size: tuple[int, int]) -> Iterator[bytes]:
    """The previews that the directories of a RAW file name, if it is a TIFF: whole JPEGs, the smallest first.

    They are large enough, and have the shape of the photo of this size (width, height), which may be turned.
    """
    file.seek(0)
    if file.read(4) not in (b"II*\0", b"MM\0*"):
        return
    length = file.seek(0, 2)
    found = []
    for at, count in _named(file, length):
        if 0 < at < at + count <= length and count <= _LARGEST and (head := read_head(file, at)) is not None:
            shape = (head.width, head.height)
            if _is_alike(shape, size) or _is_alike(shape, size[::-1]):
                found.append((head.width, at, count))
    for _, at, count in sorted(found):
        file.seek(at)
        data = file.read(count)
        with suppress(DecodeError):
            scans.check(data)
            yield data


def _named(file: BinaryIO, length: int) -> set[tuple[int, int]]:
    """The places and lengths of what may be JPEGs, by the directories of a TIFF."""
    with _bytes_of(file) as block:
        top = directories.first(block)
        waiting, seen = [int.from_bytes(block[4:8], "little" if top.order == "<" else "big")], set[int]()
        places = set()
        while waiting and len(seen) < _MOST:
            at = waiting.pop(0)
            if at in seen or not 0 < at < length:
                continue
            seen.add(at)
            found = directories.read(block, at, top.order)
            waiting += [*found.numbers(_SUB), found.following][:_MOST]
            places.add((found.number(_PLACE) or 0, found.number(_LENGTH) or 0))
            if found.number(_COMPRESSION) in _JPEGS and len(found.numbers(_STRIPS)) == 1:
                places.add((found.number(_STRIPS) or 0, found.number(_STRIP_LENGTHS) or 0))
        return places


@contextmanager
def _bytes_of(file: BinaryIO) -> Iterator[bytes | mmap]:
    """All of a file, without reading it."""
    if isinstance(file, BytesIO):
        yield file.getvalue()
    else:
        with mmap(file.fileno(), 0, access=ACCESS_READ) as mapped:
            yield mapped


def _of_photo(frame: Frame, width: int, height: int, turn: int) -> Frame:
    """The frame of a preview as that of its photo, whose size as stored is given."""
    if turn >= 5:
        width, height = height, width
    scale = min(1.0, frame.scale * max(frame.width, frame.height) / max(width, height))
    return replace(frame, width=width, height=height, decoded="preview", scale=scale)
