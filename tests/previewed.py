"""Makers of photos that have a preview of something else inside, so that it shows which of both was read."""

from __future__ import annotations

import io
import struct
from functools import lru_cache
from typing import Any

from photos import STORED_AS, camera_exif, picture
from PIL import Image

FULL_HD, GAIN_MAP = 0x010002, 0x050000
"""Kinds of pictures of an index (CIPA DC-007)."""

SIZE, SMALL = (1800, 1200), (1020, 680)
TAKEN = "2024:05:01 10:20:30"


def block(orientation: int | None = None, changed: str | None = TAKEN, **tags: Any) -> bytes:
    """A camera's EXIF; `tags` are further ones of its first directory, as `t0131="..."`."""
    exif = Image.Exif()
    exif.load(camera_exif(orientation=orientation))
    if changed is not None:
        exif[0x0132] = changed
    for name, value in tags.items():
        exif[int(name[1:], 16)] = value
    return exif.tobytes().removeprefix(b"Exif\0\0")


def jpeg(image: Image.Image, **options: Any) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=85, **options)
    return buffer.getvalue()


def stored(image: Image.Image, orientation: int) -> Image.Image:
    turn = STORED_AS[orientation]
    return image if turn is None else image.transpose(turn)


@lru_cache
def of(name: str, size: tuple[int, int], orientation: int = 1) -> bytes:
    """A picture as a JPEG, stored as `orientation` says."""
    return jpeg(stored(picture(name, size), orientation))


def segment(marker: int, body: bytes) -> bytes:
    return struct.pack(">BBH", 0xFF, marker, len(body) + 2) + body


def photo(
    exif: bytes | None = None,
    *,
    preview: bytes | None = None,
    kind: int = FULL_HD,
    orientation: int = 1,
    size: tuple[int, int] = SMALL,
    **options: Any,
) -> bytes:
    """A photo of a cat with a preview of a flower, so that it shows which of them was read."""
    own = of("flower", size, orientation) if preview is None else preview
    cat = of("chelsea", SIZE, orientation)
    turned = orientation if orientation > 1 else None
    return with_previews(cat, [(kind, own)], exif=block(turned) if exif is None else exif, **options)


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
    block = b"" if exif is None else segment(0xE1, b"Exif\0\0" + exif)
    start = b"\xff\xd8" + block + more
    base = len(start) + 4 + 4  # the marker and length, and the name of the segment
    index_size = len(segment(0xE2, b"MPF\0" + _index([(0, 0, 0)] * (1 + len(previews)))))
    first = len(start) + index_size + len(photo) - 2
    entries, at = [(0x20030000, first, 0)], first
    for kind, data in previews:
        entries.append((kind, len(data), at - base + shift & 0xFFFFFFFF))
        at += len(data)
    index = segment(0xE2, b"MPF\0" + _index(entries))
    return start + index + photo[2:] + b"".join(data for _, data in previews)


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
