"""TIFF, its first page."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, BinaryIO

from PIL import Image
from PIL.TiffImagePlugin import TiffImageFile

from photocli.decode import check_pixels
from photocli.decode.raster import bare_exif, to_frame
from photocli.errors import DecodeError

if TYPE_CHECKING:
    from photocli.records import Frame

_COLOURS, _SUBSAMPLING = 262, 530  # tags
_YCBCR = 6

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
    _correct_colours(image)
    image.load()  # Pillow turns a TIFF upright itself when it loads it
    return replace(to_frame(image, side, "tiff", exif=exif, orientation=1), orientation=None)


def _correct_colours(image: TiffImageFile) -> None:
    """Have Pillow read uncompressed YCbCr as such; before version 13 it takes it for RGB and a spare byte."""
    whole = image.tag_v2.get(_SUBSAMPLING) == (1, 1) and image.tag_v2.get(_COLOURS) == _YCBCR
    tiles: list[Any] = image.tile
    if whole and tiles and all(tile[0] == "raw" and tile[3][0] == "RGBX" for tile in tiles):
        image._mode = "YCbCr"
        image.tile = [type(tile)(*tile[:3], ("YCbCr", *tile[3][1:])) for tile in tiles]


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
