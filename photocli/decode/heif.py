"""HEIC and HEIF, by libheif."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, BinaryIO

from pillow_heif.as_plugin import HeifImageFile

from photocli.decode.extents import check_boxes
from photocli.decode.holes import check_items
from photocli.decode.raster import to_frame

if TYPE_CHECKING:
    from photocli.decode import Reading
    from photocli.records import Frame


def read(file: BinaryIO, side: int, reading: Reading) -> Frame:
    """Decode a HEIF; see `photocli.decode.decode`.

    libheif turns the picture as the container says; the EXIF orientation, which repeats it, is not looked at.
    It says how the sensor lay.
    """
    check_boxes(file)
    check_items(file)
    file.seek(0)
    image = HeifImageFile(file)  # type: ignore[no-untyped-call]
    lay = image.info.get("original_orientation") or 1  # pillow-heif takes it out of the EXIF
    return replace(to_frame(image, side, "heif", reading, orientation=1), orientation=lay)
