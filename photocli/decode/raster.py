"""What every format that Pillow reads goes through: checked, reduced, converted to sRGB, turned upright."""

from __future__ import annotations

import numpy as np
from PIL import Image

from photocli.decode import check_pixels
from photocli.decode.colour import reducible, to_srgb
from photocli.records import Frame

_EXIF_PREFIX = b"Exif\0\0"
_ORIENTATION = 0x0112
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
    *,
    size: tuple[int, int] | None = None,
    exif: bytes | None = None,
    orientation: int | None = None,
) -> Frame:
    """Decode an opened image into a frame whose long side is `side` pixels up to twice that, less one.

    `size` is the (width, height) of the original as stored, where the image was set up to be decoded smaller;
    a smaller original keeps its size. `exif` and `orientation` (1-8) replace
    what the image says. Raises `DecodeError` if it has too many pixels, whatever Pillow raises if damaged.
    """
    width, height = size or image.size
    check_pixels(width, height)
    image.load()
    # Only now: a PNG may have its EXIF behind its pixels.
    exif = bare_exif(image.info.get("exif")) if exif is None else exif
    turn = exif_orientation(exif) if orientation is None else orientation
    profile = image.info.get("icc_profile")
    reduced = _reduced(reducible(image), side)
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
    left to whoever cuts from the frame, so that no picture is resampled by odd factors twice.
    """
    factor = max(image.size) // side
    return image.reduce(factor) if factor > 1 else image
