"""AVIF, by Pillow's own decoder."""

from __future__ import annotations

from typing import TYPE_CHECKING, BinaryIO

from PIL import AvifImagePlugin

from photocli.decode.extents import check_boxes
from photocli.decode.holes import check_items
from photocli.decode.raster import to_frame
from photocli.errors import DecodeError

if TYPE_CHECKING:
    from photocli.decode import Reading
    from photocli.records import Frame


MOST_PIXELS = 180_000_000
"""Pillow decodes nothing but whole pictures: 9.4 bytes a pixel in all, 1.7 GB of so many."""


def read(file: BinaryIO, side: int, reading: Reading) -> Frame:
    """Decode an AVIF; see `photocli.decode.decode`.

    The container turns its picture by properties of its own. Pillow leaves the pixels as they are stored and
    states those properties as the EXIF orientation (whatever the EXIF block said), so one turn is enough.
    """
    if not AvifImagePlugin.SUPPORTED:
        raise DecodeError("this build of Pillow cannot read AVIF")
    check_boxes(file)
    check_items(file)
    file.seek(0)
    return to_frame(AvifImagePlugin.AvifImageFile(file), side, "avif", reading, most=MOST_PIXELS)
