"""Makers of test photos: real pictures in every format, with the EXIF of a camera, right side up or not."""

from __future__ import annotations

import struct
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from PIL import Image
from PIL.TiffImagePlugin import IFDRational

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Picture = NDArray[np.uint8]

SHARED_DATA = Path(__file__).resolve().parents[2] / "shared" / "data"

_PILLOW_NAMES = {
    ".jpg": "JPEG",
    ".jpeg": "JPEG",
    ".tif": "TIFF",
    ".tiff": "TIFF",
    ".heic": "HEIF",
    ".heif": "HEIF",
}
_LOSSLESS: dict[str, dict[str, Any]] = {"WEBP": {"lossless": True}}

# What a stored picture must be turned by, so that a viewer who obeys EXIF orientation 1-8 shows it upright.
STORED_AS: dict[int, Image.Transpose | None] = {
    1: None,
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_90,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_270,
}


def shared_data(*parts: str) -> Path:
    """A path of the training data beside the checkout; skips the test where it is not there."""
    path = SHARED_DATA.joinpath(*parts)
    if not path.exists():
        pytest.skip(f"needs the data beside the checkout: {'/'.join(parts)}")
    return path


@lru_cache(maxsize=1)
def sample_pictures() -> dict[str, Picture]:
    """Real pictures as RGB arrays of shape (height, width, 3), uint8, read-only."""
    from skimage import data
    from sklearn.datasets import load_sample_images

    china, flower = load_sample_images().images
    pictures = {
        "astronaut": data.astronaut(),
        "chelsea": data.chelsea(),
        "coffee": data.coffee(),
        "rocket": data.rocket(),
        "china": china,
        "flower": flower,
    }
    for picture in pictures.values():
        picture.setflags(write=False)
    return pictures


def picture(name: str = "chelsea", size: tuple[int, int] | None = None) -> Image.Image:
    """A sample picture as an RGB image, resized to (width, height) if that is given."""
    image = Image.fromarray(sample_pictures()[name])
    return image if size is None else image.resize(size, Image.Resampling.LANCZOS)


def write_photo(
    path: Path,
    picture_of: str | Image.Image | Picture = "chelsea",
    *,
    size: tuple[int, int] | None = None,
    quality: int = 92,
    exif: bytes | None = None,
    orientation: int | None = None,
    **options: Any,
) -> Path:
    """Write a photo in the format of the path's suffix and return the path.

    `picture_of` is the name of a sample picture, an image or an RGB array; `size` is (width, height) as seen
    upright. With `orientation` (1-8) the pixels are stored turned and the EXIF says so. `exif` is a bare
    block, such as `camera_exif` makes. Further options go to Pillow.
    """
    if isinstance(picture_of, str):
        image = picture(picture_of)
    else:
        image = picture_of if isinstance(picture_of, Image.Image) else Image.fromarray(picture_of)
    if size is not None:
        image = image.resize(size, Image.Resampling.LANCZOS)
    if orientation is not None:
        turn = STORED_AS[orientation]
        image = image if turn is None else image.transpose(turn)
        exif = camera_exif(orientation=orientation) if exif is None else exif
    name = _PILLOW_NAMES.get(path.suffix.lower(), path.suffix[1:].upper())
    if name == "HEIF":
        import pillow_heif

        pillow_heif.register_heif_opener()
    if exif is not None:
        options["exif"] = exif if name == "TIFF" else b"Exif\0\0" + exif
    if name == "TIFF" and exif is not None:
        tags = Image.Exif()
        tags.load(exif)
        options["exif"] = tags
    path.parent.mkdir(parents=True, exist_ok=True)
    if name != "TIFF" or options.get("compression") == "jpeg":  # of TIFFs, only JPEG inside has a quality
        options = {"quality": quality, **_LOSSLESS.get(name, {}), **options}
    image.save(path, name, **options)
    return path


def camera_exif(
    *,
    make: str = "Canon",
    model: str = "Canon EOS R5",
    lens: str | None = "RF24-70mm F2.8 L IS USM",
    captured: str | None = "2024:05:01 10:20:30",
    subsec: str | None = None,
    offset: str | None = None,
    iso: int | None = 200,
    exposure: tuple[int, int] | None = (1, 250),
    f_number: tuple[int, int] | None = (28, 10),
    focal: tuple[int, int] | None = (50, 1),
    bias: float | None = None,
    orientation: int | None = None,
) -> bytes:
    """A bare EXIF block (from the TIFF header on) as a camera writes it; None leaves a field out.

    Fractions are (numerator, denominator); the time is in EXIF's own spelling.
    """
    exif = Image.Exif()
    exif[0x010F] = make
    exif[0x0110] = model
    if orientation is not None:
        exif[0x0112] = orientation
    fields: dict[int, Any] = {
        0x829A: exposure,
        0x829D: f_number,
        0x8827: iso,
        0x9003: captured,
        0x9011: offset,
        0x9291: subsec,
        0x9204: None if bias is None else (round(100 * bias), 100),
        0x920A: focal,
        0xA434: lens,
    }
    inner = exif.get_ifd(0x8769)
    for tag, value in fields.items():
        if value is not None:
            inner[tag] = IFDRational(*value) if isinstance(value, tuple) else value
    exif[0x8769] = inner
    return exif.tobytes().removeprefix(b"Exif\0\0")


def png_header(width: int, height: int) -> bytes:
    """The start of a valid PNG that claims any size and has hardly any pixels."""
    import zlib

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", zlib.compress(b"\0" * 64)) + chunk(b"IEND", b"")
