"""Photos with previews inside, as cameras write them: JPEGs behind the first one, named by an index (MPF)."""

from __future__ import annotations

import io
import struct

from PIL import Image

FULL_HD, VGA, GAIN_MAP = 0x010002, 0x010001, 0x050000
"""Kinds of pictures of an index (CIPA DC-007)."""


def preview_of(photo: bytes, size: tuple[int, int], quality: int = 85) -> bytes:
    """A JPEG of this size (width, height) of a photo's picture, as it is stored."""
    image = Image.open(io.BytesIO(photo))
    image.draft("RGB", size)
    buffer = io.BytesIO()
    image.convert("RGB").resize(size, Image.Resampling.BICUBIC, reducing_gap=2).save(
        buffer, "JPEG", quality=quality
    )
    return buffer.getvalue()


def with_previews(
    photo: bytes,
    previews: list[tuple[int, bytes]],
    *,
    exif: bytes | None = None,
    more: bytes = b"",
    shift: int = 0,
) -> bytes:
    """A JPEG with others behind it, each with its kind, and an index of them all.

    `exif` is a bare block; `more` are segments that stand before the index. `shift` is added to the places
    that the index names, to make ones that are wrong.
    """
    block = b"" if exif is None else _segment(0xE1, b"Exif\0\0" + exif)
    start = b"\xff\xd8" + block + more
    base = len(start) + 4 + 4  # the marker and length, and the name of the segment
    index_size = len(_segment(0xE2, b"MPF\0" + _index([(0, 0, 0)] * (1 + len(previews)))))
    first = len(start) + index_size + len(photo) - 2
    entries, at = [(0x20030000, first, 0)], first
    for kind, data in previews:
        entries.append((kind, len(data), at - base + shift & 0xFFFFFFFF))
        at += len(data)
    index = _segment(0xE2, b"MPF\0" + _index(entries))
    return start + index + photo[2:] + b"".join(data for _, data in previews)


def _segment(marker: int, body: bytes) -> bytes:
    return struct.pack(">BBH", 0xFF, marker, len(body) + 2) + body


def _index(entries: list[tuple[int, int, int]]) -> bytes:
    """The directory with the number of pictures, and the kind, length and place of each."""
    table = b"".join(struct.pack("<IIIHH", *entry, 0, 0) for entry in entries)
    begins = 8 + 2 + 3 * 12 + 4
    return (
        b"II*\0"
        + struct.pack("<IH", 8, 3)
        + struct.pack("<HHI4s", 0xB000, 7, 4, b"0100")
        + struct.pack("<HHII", 0xB001, 4, 1, len(entries))
        + struct.pack("<HHII", 0xB002, 7, len(table), begins)
        + struct.pack("<I", 0)
        + table
    )
