"""TIFF, its first page."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, BinaryIO

from PIL import Image
from PIL.TiffImagePlugin import TiffImageFile

from photocli.decode.extents import check_directories
from photocli.decode.raster import bare_exif, to_frame
from photocli.errors import DecodeError

if TYPE_CHECKING:
    from photocli.decode import Reading
    from photocli.records import Frame

_COLOURS, _SUBSAMPLING = 262, 530  # tags
_YCBCR = 6

# The tags of a camera, and the pointer to the rest of its EXIF; the others describe the layout of the file.
_CAMERA_TAGS = (0x010F, 0x0110, 0x0132, 0x8769)


_BITS, _COMPRESSION, _ORIENTATION, _PLANES = 0x0102, 0x0103, 0x0112, 0x011C
_QUARTER_TURNS = (5, 6, 7, 8)


class _Stored(TiffImageFile):
    """A TIFF whose pixels stay as they are stored: Pillow would turn all of them, in twice the memory."""

    def load_end(self) -> None:
        """Leave it at that."""


def read(file: BinaryIO, side: int, reading: Reading) -> Frame:
    """Decode a TIFF; see `photocli.decode.decode`."""
    try:
        image = _Stored(file)
    except SyntaxError as error:  # Pillow has one for both, and no modes for several channels of 32 bits
        raise DecodeError("damaged, or a kind of TIFF that is not supported") from error
    reading.check(*image.size)
    bits = image.tag_v2.get(_BITS)
    if image.tag_v2.get(_PLANES) == 2 and image.tag_v2.get(_COMPRESSION) == 1 and bits and max(bits) > 8:
        raise DecodeError("a kind of TIFF that is not supported: its colours are apart, in 16 bits")
    file.seek(0)
    if file.read(4) in (b"II*\0", b"MM\0*"):
        check_directories(file, parts=False)
    exif, turn = camera_block(image), image.tag_v2.get(_ORIENTATION)
    correct_colours(image)
    width, height = image.size[::-1] if turn in _QUARTER_TURNS else image.size
    image.im = Image.new(image.mode, (width, height)).im  # else Pillow would apply a limit of its own
    image.load()
    image._size = (width, height)
    stored: Image.Image = image
    if bits == (12,):  # Pillow leaves the upper four bits of sixteen empty
        stored = image.point(lambda value: value * 16)
    turn = turn if isinstance(turn, int) and 1 <= turn <= 8 else 1
    return replace(to_frame(stored, side, "tiff", reading, exif=exif, orientation=turn), orientation=None)


def correct_colours(image: TiffImageFile) -> None:
    """Have Pillow read uncompressed YCbCr as such; before version 13 it takes it for RGB and a spare byte."""
    whole = image.tag_v2.get(_SUBSAMPLING) == (1, 1) and image.tag_v2.get(_COLOURS) == _YCBCR
    tiles: list[Any] = image.tile
    if whole and tiles and all(tile[0] == "raw" and tile[3][0] == "RGBX" for tile in tiles):
        image._mode = "YCbCr"
        image.tile = [type(tile)(*tile[:3], ("YCbCr", *tile[3][1:])) for tile in tiles]


def camera_block(image: Image.Image) -> bytes | None:
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
