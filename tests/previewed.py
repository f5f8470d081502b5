"""Makers of photos that have a preview of something else inside, so that it shows which of both was read."""

from __future__ import annotations

import io
import struct
from functools import lru_cache
from typing import Any

from photos import STORED_AS, camera_exif, picture
from PIL import Image

from benchmarks.previews import FULL_HD, with_previews

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
