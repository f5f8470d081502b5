"""WebP; of an animation the first picture."""

from __future__ import annotations

from typing import TYPE_CHECKING, BinaryIO

from PIL.WebPImagePlugin import WebPImageFile

from photocli.decode.holes import check_webp
from photocli.decode.raster import to_frame

if TYPE_CHECKING:
    from photocli.decode import Reading
    from photocli.records import Frame


MOST_PIXELS = 110_000_000
"""libwebp decodes nothing but whole pictures: 16 bytes a pixel in all, 1.8 GB of so many."""


def read(file: BinaryIO, side: int, reading: Reading) -> Frame:
    """Decode a WebP; see `photocli.decode.decode`."""
    check_webp(file)
    file.seek(0)
    return to_frame(WebPImageFile(file), side, "webp", reading, most=MOST_PIXELS)
