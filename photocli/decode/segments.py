"""What stands before the picture data of a JPEG: its size, and the blocks of metadata, read without it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import BinaryIO

_SOI, _SOS, _EOI = 0xD8, 0xDA, 0xD9
_APP0, _APP1, _APP2, _APP13, _APP14, _COM = 0xE0, 0xE1, 0xE2, 0xED, 0xEE, 0xFE
_SIZES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_WITHOUT_LENGTH = frozenset((0x01, *range(0xD0, 0xD8)))
_EXIF, _PROFILE, _MPF = b"Exif\0\0", b"ICC_PROFILE\0", b"MPF\0"
_XMP, _MORE_XMP = b"http://ns.adobe.com/xap/1.0/\0", b"http://ns.adobe.com/xmp/extension/\0"
_PHOTOSHOP, _ADOBE = b"Photoshop 3.0\0", b"Adobe"

_MOST = 1024
"""Segments; a profile and a long packet of metadata take a few dozen."""

_LARGEST = 8 << 20
"""Bytes of all segments before the picture data."""

_USUAL = frozenset((0xC0, 0xC1, 0xC2))
"""Baseline, extended and progressive JPEGs by Huffman's codes: what browsers show."""


@dataclass(frozen=True, slots=True)
class Segment:
    """One segment: its marker, where it begins in the file, and its content."""

    marker: int
    at: int
    body: bytes

    @property
    def stored(self) -> bytes:
        """The segment as it stands in a file."""
        return bytes((0xFF, self.marker)) + (len(self.body) + 2).to_bytes(2, "big") + self.body

    @property
    def describes(self) -> bool:
        """Whether it holds metadata, which is of no use to who decodes the picture."""
        is_needed = self.marker == _APP0 or (self.marker == _APP14 and self.body.startswith(_ADOBE))
        return (_APP0 <= self.marker <= 0xEF or self.marker == _COM) and not is_needed


@dataclass(frozen=True, slots=True)
class JpegHead:
    """The segments of a JPEG up to its picture data, which begin at `end`; its size in pixels as stored."""

    width: int
    height: int
    segments: tuple[Segment, ...]
    end: int

    @property
    def exif(self) -> bytes | None:
        """The bare EXIF block; None without one."""
        return next((found.body[len(_EXIF) :] for found in self._of(_APP1, _EXIF)), None)

    @property
    def index(self) -> tuple[int, bytes]:
        """Where the index of further pictures (MPF) lies in the file, and it; empty without one.

        Places in it count from its own.
        """
        for found in self._of(_APP2, _MPF):
            return found.at + 4 + len(_MPF), found.body[len(_MPF) :]
        return 0, b""

    @property
    def packets(self) -> bytes:
        """All that there is of XMP, one behind the other; characters of two bytes have become one."""
        found = [*self._of(_APP1, _XMP), *self._of(_APP1, _MORE_XMP)]
        return b"\n".join(segment.body.replace(b"\0", b"") for segment in found)

    @property
    def profile(self) -> tuple[Segment, ...]:
        """The segments of the colour profile (ICC); none without one."""
        return self._of(_APP2, _PROFILE)

    @property
    def photoshop(self) -> tuple[bytes, ...]:
        """The blocks of Photoshop's resources."""
        return tuple(found.body[len(_PHOTOSHOP) :] for found in self._of(_APP13, _PHOTOSHOP))

    @property
    def is_of_adobe(self) -> bool:
        """Whether it has Adobe's mark, which programs write and cameras do not."""
        return bool(self._of(_APP14, _ADOBE))

    @property
    def is_usual(self) -> bool:
        """Whether browsers show it: with 8 bits a channel, grey or of three colours, and nothing rare."""
        frames = [found for found in self.segments if found.marker in _SIZES]
        return len(frames) == 1 and all(
            found.marker in _USUAL and len(found.body) >= 6 and found.body[0] == 8 and found.body[5] in (1, 3)
            for found in frames
        )

    def plain(self, rest: bytes, turn: int, profile: tuple[Segment, ...] | None = None) -> bytes:
        """The JPEG without its metadata: `rest` is the picture data, with what ends it.

        It says how it lies (`turn`, EXIF 1-8) and has its colour profile, or the one that is given.
        """
        needed = [segment for segment in self.segments if not segment.describes]
        lies = [] if turn == 1 else [Segment(_APP1, 0, _EXIF + _turned(turn))]
        kept = (*lies, *(self.profile if profile is None else profile), *needed)
        return b"".join((bytes((0xFF, _SOI)), *(segment.stored for segment in kept), rest))

    def _of(self, marker: int, head: bytes) -> tuple[Segment, ...]:
        return tuple(
            found for found in self.segments if found.marker == marker and found.body[: len(head)] == head
        )


def read_head(file: BinaryIO, at: int = 0) -> JpegHead | None:
    """The head of the JPEG that begins at a place of a file; None where there is none that can be read."""
    file.seek(at)
    if file.read(2) != b"\xff\xd8":
        return None
    place, size, segments = at + 2, (0, 0), list[Segment]()
    for _ in range(_MOST):
        head = file.read(4)
        if len(head) < 4 or head[0] != 0xFF or head[1] in (_SOI, _EOI) or place - at > _LARGEST:
            return None
        marker, length = head[1], int.from_bytes(head[2:], "big")
        if marker == 0xFF or marker in _WITHOUT_LENGTH:  # filling, or a marker that is nothing but itself
            place += 1 if marker == 0xFF else 2
            file.seek(place)
            continue
        if marker == _SOS:
            return JpegHead(*size, tuple(segments), place) if all(size) else None
        body = file.read(length - 2) if length >= 2 else b""
        if length < 2 or len(body) < length - 2:
            return None
        if marker in _SIZES and len(body) >= 5:
            size = (int.from_bytes(body[3:5], "big"), int.from_bytes(body[1:3], "big"))
        segments.append(Segment(marker, place, body))
        place += 2 + length
    return None


def _turned(turn: int) -> bytes:
    """The smallest bare EXIF block that says how a picture lies."""
    return b"MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01" + bytes((0, turn)) + bytes(6)
