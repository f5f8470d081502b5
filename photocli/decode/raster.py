"""What every format that Pillow reads goes through: checked, reduced, converted to sRGB, turned upright."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from photocli.decode.colour import is_reducible, reducible, to_srgb, white_of
from photocli.records import Frame

if TYPE_CHECKING:
    from photocli.decode import Reading

_EXIF_PREFIX = b"Exif\0\0"
_ORIENTATION = 0x0112
_BAND = 4_000_000  # pixels that are converted at a time
_UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


def to_frame(
    image: Image.Image,
    side: int,
    name: str,
    reading: Reading,
    *,
    most: int | None = None,
    size: tuple[int, int] | None = None,
    exif: bytes | None = None,
    orientation: int | None = None,
    profile: bytes | None = None,
) -> Frame:
    """Decode an opened image into a frame whose long side is `side` pixels up to twice that, less one.

    `size` is the (width, height) of the original as stored, where the image was set up to be decoded smaller;
    a smaller original keeps its size. `most` is as in `Reading.check`. `exif`, `orientation` (1-8) and
    `profile` (ICC) replace what the image says. Raises `DecodeError` if it has too many pixels, whatever
    Pillow raises if damaged.
    """
    width, height = size or image.size
    reading.check(width, height, name.upper(), most)
    image.load()
    # Only now: a PNG may have its EXIF behind its pixels.
    exif = bare_exif(image.info.get("exif")) if exif is None else exif
    turn = exif_orientation(exif) if orientation is None else orientation
    profile = image.info.get("icc_profile") if profile is None else profile
    reduced = _reduced(image, side)
    upright = _UPRIGHT.get(turn)
    rgb = to_srgb(reduced, profile if isinstance(profile, bytes) else None)
    if upright is not None:  # after the reduction, where there is less to turn
        rgb = rgb.transpose(upright)
    if turn in (5, 6, 7, 8):
        width, height = height, width
    return Frame(np.ascontiguousarray(np.asarray(rgb)), width, height, name, exif, turn)


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


def _reduced(image: Image.Image, side: int) -> Image.Image:
    """The picture reduced by the largest whole number that leaves its long side at `side` pixels or more.

    Averaging whole blocks is the cheapest reduction and the sharpest that is free of aliasing; the rest is
    left to whoever cuts from the frame, so that no picture is resampled by odd factors twice. What must be
    converted before is converted in bands: of a whole large picture there is no room for a second one.
    """
    factor, white = max(image.size) // side, white_of(image)
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
