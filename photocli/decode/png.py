"""PNG."""

from __future__ import annotations

from typing import TYPE_CHECKING, BinaryIO

from PIL.PngImagePlugin import PngImageFile

from photocli.decode.ends import check_png
from photocli.decode.raster import to_frame

if TYPE_CHECKING:
    from photocli.decode import Reading
    from photocli.records import Frame


def read(file: BinaryIO, side: int, reading: Reading) -> Frame:
    """Decode a PNG; see `photocli.decode.decode`."""
    check_png(file)
    file.seek(0)
    return to_frame(PngImageFile(file), side, "png", reading)
