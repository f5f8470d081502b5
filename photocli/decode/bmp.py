"""Windows bitmap."""

from __future__ import annotations

from typing import TYPE_CHECKING, BinaryIO

from PIL.BmpImagePlugin import BmpImageFile

from photocli.decode.raster import to_frame

if TYPE_CHECKING:
    from photocli.decode import Reading
    from photocli.records import Frame


def read(file: BinaryIO, side: int, reading: Reading) -> Frame:
    """Decode a bitmap; see `photocli.decode.decode`."""
    return to_frame(BmpImageFile(file), side, "bmp", reading)
