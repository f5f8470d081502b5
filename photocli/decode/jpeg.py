"""JPEG, and the first picture of MPO, decoded at the smallest DCT scale that is large enough."""

from __future__ import annotations

from typing import TYPE_CHECKING, BinaryIO

from PIL.JpegImagePlugin import JpegImageFile

from photocli.decode import scans
from photocli.decode.raster import to_frame
from photocli.errors import DecodeError

if TYPE_CHECKING:
    from photocli.decode import Reading
    from photocli.records import Frame


def read(file: BinaryIO, side: int, reading: Reading) -> Frame:
    """Decode a JPEG; see `photocli.decode.decode`."""
    image = JpegImageFile(file)
    size, data = image.size, file.tell()
    reading.check(*size)
    end = scans.check(file)
    scale_down(image, side)
    image.load()
    _check_last_row(image, file, data, end)
    return to_frame(image, side, "jpeg", reading, size=size)


def scale_down(image: JpegImageFile, side: int) -> None:
    """Have the picture decoded at 1/2, 1/4 or 1/8, the smallest whose long side is still `side` pixels."""
    # Only the long side counts; asking for one pixel of the other leaves the choice to it.
    image.draft(None, (side, 1) if image.width >= image.height else (1, side))


def _check_last_row(image: JpegImageFile, file: BinaryIO, data: int, end: int) -> None:
    """Refuse a JPEG whose picture data, from `data` to `end` of the file, stops before the last row.

    libjpeg fills what is missing with the grey that no data means. A picture that ends in that very grey
    spells it by the same few bytes again and again.
    """
    if "progressive" in image.info:  # its rows are not in the order of the data
        return
    row = image.crop((0, image.height - 1, image.width, image.height))
    extrema = row.getextrema()
    if any(pair not in (128, (128, 128)) for pair in (extrema if len(row.getbands()) > 1 else (extrema,))):
        return
    file.seek(max(data, end - 162))
    tail = file.read(end - file.tell())[:-2]  # the last bits are filled up with ones
    restarts = any(tail.count(bytes((0xFF, code))) for code in range(0xD0, 0xD8))  # they were counted
    if len(tail) == 160 and not restarts and not any(tail[n:] == tail[:-n] for n in range(1, 65)):
        raise DecodeError("truncated: the picture data ends early")
