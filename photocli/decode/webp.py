"""WebP; of an animation the first picture."""

from __future__ import annotations

from typing import TYPE_CHECKING, BinaryIO

from PIL.WebPImagePlugin import WebPImageFile

from photocli.decode.raster import to_frame

if TYPE_CHECKING:
    from photocli.decode import Reading
    from photocli.records import Frame


def read(file: BinaryIO, side: int, reading: Reading) -> Frame:
    """Decode a WebP; see `photocli.decode.decode`."""
    return to_frame(WebPImageFile(file), side, "webp", reading)
