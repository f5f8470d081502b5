"""What every format that Pillow reads goes through: checked, reduced, converted to sRGB, turned upright."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from photocli.decode.colour import converted, is_converted, is_reducible, reducible, white_of
from photocli.decode.levels import detail_factor, frame_factor, reduced, upright, upright_view
from photocli.records import Frame

if TYPE_CHECKING:
    from photocli.decode import Reading
    from photocli.decode.levels import Pixels

_EXIF_PREFIX = b"Exif\0\0"
_ORIENTATION = 0x0112
_BAND = 4_000_000  # pixels that are converted at a time


def to_frame(
    image: Image.Image,
    side: int,
    name: str,
    reading: Reading,
    *,
    most: int | None = None,
    exif: bytes | None = None,
    orientation: int | None = None,
    profile: bytes | None = None,
) -> Frame:
    """Decode an opened image into a frame whose long side is `side` pixels up to twice that, less one.

    A smaller original keeps its size. `most` is as in `Reading.check`. `exif`, `orientation` (1-8) and
    `profile` (ICC) replace what the image says. Raises `DecodeError` if it has too many pixels, whatever
    Pillow raises if damaged.
    """
    reading.check(*image.size, name.upper(), most)
    image.load()
    # Only now: a PNG may have its EXIF behind its pixels.
    exif = bare_exif(image.info.get("exif")) if exif is None else exif
    turn = exif_orientation(exif) if orientation is None else orientation
    profile = image.info.get("icc_profile") if profile is None else profile
    size, level = image.size, detail_factor(image.size, side, reading.native)
    factor, picture = frame_factor(max(size), side) // level, _reduced(image, level)
    return from_level(picture, factor, size, name, exif=exif, orientation=turn, profile=profile)


def from_level(
    level: Image.Image | Pixels,
    factor: int,
    size: tuple[int, int],
    name: str,
    *,
    exif: bytes | None,
    orientation: int,
    profile: object,
) -> Frame:
    """The frame, `factor` times smaller than the largest level that was decoded, which is its detail.

    `level` is as it is stored: a Pillow image whose pixels can be averaged, or pixels (height, width[, 3]) of
    grey or RGB. `size` is the (width, height) of the original as stored; `profile` is ICC, if it is bytes.
    """
    icc = profile if isinstance(profile, bytes) else None
    if isinstance(level, np.ndarray):
        small: Image.Image | Pixels = reduced(level, factor)
        long, is_rgb = max(level.shape[:2]), level.ndim == 3
    else:
        small = level.reduce(factor)
        long, is_rgb = max(level.size), level.mode == "RGB"
    frame = upright(converted(small, icc), orientation)
    detail = rest = None
    if factor > 1:
        # Of RGB in other colours little is needed, and converting all of it would take longer than decoding.
        rest = icc if is_rgb and is_converted(icc) else None
        detail = upright_view(converted(level, None if rest else icc), orientation)
    width, height = size[::-1] if orientation >= 5 else size
    scale = 1 / round(max(size) / long)
    return Frame(
        np.ascontiguousarray(frame), width, height, name, exif, orientation, detail, scale, "photo", rest
    )


def bare_exif(block: object) -> bytes | None:
    """An EXIF block without the prefix that JPEG puts before it; None where it is no block at all."""
    if not isinstance(block, bytes):
        return None
    while block.startswith(_EXIF_PREFIX):
        block = block[len(_EXIF_PREFIX) :]
    return block if block[:2] in (b"II", b"MM") else None


def exif_orientation(block: bytes | None) -> int:
    """The orientation 1-8 that a bare EXIF block gives; 1 where it gives none that is valid."""
    if block is None:
        return 1
    exif = Image.Exif()
    try:
        exif.load(block)
        value = exif.get(_ORIENTATION)
    except Exception:  # damaged metadata is no reason to refuse good pixels
        return 1
    return value if isinstance(value, int) and 1 <= value <= 8 else 1


def _reduced(image: Image.Image, factor: int) -> Image.Image:
    """The picture reduced by a whole number, in a mode whose pixels can be averaged.

    What must be converted before is converted in bands: of a whole large picture there is no room for a
    second one.
    """
    white = white_of(image)
    if factor <= 1:
        return reducible(image, white)
    if is_reducible(image):
        return image.reduce(factor)
    rows = factor * max(1, _BAND // (image.width * factor))
    bands = [
        reducible(band, white).reduce(factor)
        for top in range(0, image.height, rows)
        for band in (image.crop((0, top, image.width, min(top + rows, image.height))),)
    ]
    size = (bands[0].width, sum(band.height for band in bands))
    reduced, top = Image.new(bands[0].mode, size), 0
    for band in bands:
        reduced.paste(band, (0, top))
        top += band.height
    return reduced
