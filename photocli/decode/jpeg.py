"""JPEG, and the first picture of MPO, decoded at the smallest DCT scale that is large enough."""

from __future__ import annotations

from typing import TYPE_CHECKING, BinaryIO

from PIL.JpegImagePlugin import JpegImageFile

from photocli.decode.raster import to_frame
from photocli.errors import DecodeError

if TYPE_CHECKING:
    from photocli.records import Frame

_END_OF_IMAGE = b"\xff\xd9"


def read(file: BinaryIO, side: int) -> Frame:
    """Decode a JPEG; see `photocli.decode.decode`."""
    image = JpegImageFile(file)
    _check_end(file, file.tell())
    size = image.size
    scale_down(image, side)
    return to_frame(image, side, "jpeg", size=size)


def scale_down(image: JpegImageFile, side: int) -> None:
    """Have the picture decoded at 1/2, 1/4 or 1/8, the smallest whose long side is still `side` pixels."""
    # Only the long side counts; asking for one pixel of the other leaves the choice to it.
    image.draft(None, (side, 1) if image.width >= image.height else (1, side))


def _check_end(file: BinaryIO, start: int) -> None:
    """Refuse a JPEG without an end, such as one whose rest a broken copy filled with zeros.

    libjpeg takes such filling for picture data and reports success. `start` is where the picture data begins.
    """
    file.seek(-2, 2)
    if file.read(2) != _END_OF_IMAGE:  # else it is looked for: trailers may follow it
        file.seek(start)
        # Inside picture data 0xFF is always followed by 0 or a restart marker, so this can be nothing else.
        if _END_OF_IMAGE not in file.read():
            raise DecodeError("truncated: the picture data ends early")
    file.seek(start)
