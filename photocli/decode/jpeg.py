"""JPEG, and the first picture of MPO, decoded by libjpeg-turbo at the DCT scale of the largest level."""

from __future__ import annotations

import io
import mmap
from typing import TYPE_CHECKING, BinaryIO

import numpy as np
from PIL.JpegImagePlugin import JpegImageFile

from photocli.decode import scans
from photocli.decode.levels import detail_factor, frame_factor
from photocli.decode.raster import bare_exif, exif_orientation, from_level
from photocli.errors import DecodeError

if TYPE_CHECKING:
    from PIL import Image

    from photocli.decode import Reading
    from photocli.decode.levels import Pixels
    from photocli.records import Frame

_LARGE = 1 << 26
"""Files of more bytes are not copied into memory: most of them is no picture, but a film behind it."""

_SPACES = {"RGB": "RGB", "L": "GRAY"}
"""What simplejpeg calls the modes that it decodes as Pillow does, to the bit."""


def read(file: BinaryIO, side: int, reading: Reading) -> Frame:
    """Decode a JPEG; see `photocli.decode.decode`."""
    data = _content(file)
    # Pillow reads the headers, and decodes what simplejpeg refuses.
    image = JpegImageFile(file if isinstance(data, mmap.mmap) else io.BytesIO(data))
    assert image.fp is not None
    begins = image.fp.tell()
    reading.check(*image.size)
    end = scans.check(data)
    exif = bare_exif(image.info.get("exif"))
    size, profile = image.size, image.info.get("icc_profile")
    level = detail_factor(size, side, reading.native)
    pixels = decoded(image, data, level)
    if "progressive" not in image.info:  # its rows are not in the order of the data
        _check_last_row(pixels, data, begins, end)
    factor, turn = frame_factor(max(size), side) // level, exif_orientation(exif)
    return from_level(pixels, factor, size, "jpeg", exif=exif, orientation=turn, profile=profile)


def decoded(image: JpegImageFile, data: bytes | mmap.mmap, factor: int) -> Image.Image | Pixels:
    """The picture of an opened JPEG, whose bytes are `data`, at 1/`factor` of its size: 1, 2, 4 or 8.

    Pixels (height, width[, 3]) of grey and RGB, a Pillow image of other modes. Damage that libjpeg warns of
    is not looked at: bytes too many are no damage, and for bytes too few there is `scans.check`. Raises what
    Pillow raises if it is damaged.
    """
    width, height = (-(-length // factor) for length in image.size)
    if image.mode in _SPACES:
        try:
            import simplejpeg

            pixels: Pixels = simplejpeg.decode_jpeg(
                data, _SPACES[image.mode], min_height=height, min_width=width, strict=False
            )
        except (ImportError, ValueError):  # there is none for this machine; rare kinds of JPEG, and damage
            pass
        else:
            if pixels.shape[:2] == (height, width):
                return pixels[:, :, 0] if image.mode == "L" else pixels
    # Only the long side counts; asking for one pixel of the other leaves the choice to it.
    long = max(image.size) // factor
    image.draft(None, (long, 1) if image.width >= image.height else (1, long))
    image.load()
    return np.asarray(image) if image.mode in _SPACES else image


def _content(file: BinaryIO) -> bytes | mmap.mmap:
    """All bytes of an opened file, read once, for the checks and the decoder."""
    if isinstance(file, io.BytesIO):
        return file.getvalue()
    size = file.seek(0, io.SEEK_END)
    file.seek(0)
    return file.read() if size <= _LARGE else mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)


def _check_last_row(pixels: Image.Image | Pixels, data: bytes | mmap.mmap, begins: int, end: int) -> None:
    """Refuse a JPEG whose picture data, from `begins` to `end` of the file, stops before the last row.

    libjpeg fills what is missing with the grey that no data means. A picture that ends in that very grey
    spells it by the same few bytes again and again.
    """
    if not isinstance(pixels, np.ndarray):
        pixels = np.asarray(pixels.crop((0, pixels.height - 1, *pixels.size)))
    if (pixels[-1] != 128).any():
        return
    tail = data[max(begins, end - 162) : end][:-2]  # the last bits are filled up with ones
    restarts = any(tail.count(bytes((0xFF, code))) for code in range(0xD0, 0xD8))  # they were counted
    if len(tail) == 160 and not restarts and not any(tail[n:] == tail[:-n] for n in range(1, 65)):
        raise DecodeError("truncated: the picture data ends early")
