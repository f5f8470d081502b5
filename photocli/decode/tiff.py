"""TIFF, its first page."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, BinaryIO

from PIL import Image
from PIL.TiffImagePlugin import TiffImageFile

from photocli.decode import check_pixels
from photocli.decode.raster import bare_exif, to_frame
from photocli.errors import DecodeError

if TYPE_CHECKING:
    from photocli.records import Frame

# The tags of a camera, and the pointer to the rest of its EXIF; the others describe the layout of the file.
_CAMERA_TAGS = (0x010F, 0x0110, 0x0132, 0x8769)


def read(file: BinaryIO, side: int) -> Frame:
    """Decode a TIFF; see `photocli.decode.decode`."""
    try:
        image = TiffImageFile(file)
    except SyntaxError as error:  # Pillow has one for both, and no modes for several channels of 32 bits
        raise DecodeError("damaged, or a kind of TIFF that is not supported") from error
    check_pixels(*image.size)
    exif = _exif(image)
    image.load()  # Pillow turns a TIFF upright itself when it loads it
    return replace(to_frame(image, side, "tiff", exif=exif, orientation=1), orientation=None)


def _exif(image: TiffImageFile) -> bytes | None:
    """The camera's part of the metadata as a block of its own; None if there is none that can be read."""
    try:
        found = image.getexif()
        kept = Image.Exif()
        for tag in _CAMERA_TAGS:
            if tag in found:
                kept[tag] = found.get_ifd(tag) if tag == 0x8769 else found[tag]
        return bare_exif(kept.tobytes()) if len(kept) else None
    except Exception:  # damaged metadata is no reason to refuse good pixels
        return None
