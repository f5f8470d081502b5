"""The first picture of a GIF."""

from __future__ import annotations

from typing import TYPE_CHECKING, BinaryIO

from PIL.GifImagePlugin import GifImageFile

from photocli.decode.ends import check_gif
from photocli.decode.raster import to_frame

if TYPE_CHECKING:
    from photocli.decode import Reading
    from photocli.records import Frame


def read(file: BinaryIO, side: int, reading: Reading) -> Frame:
    """Decode a GIF; see `photocli.decode.decode`."""
    check_gif(file)
    file.seek(0)
    return to_frame(GifImageFile(file), side, "gif", reading)
