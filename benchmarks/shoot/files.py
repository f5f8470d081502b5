"""The files of the shoot: JPEGs with or without a preview behind them, HEIC, PNG, and RAW-like DNG."""

from __future__ import annotations

import importlib.util
import io
import struct
from pathlib import Path
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
from PIL import Image

from benchmarks.shoot.camera import develop, make_exif, sense
from benchmarks.shoot.scenes import FRAMES, make_scene

if TYPE_CHECKING:
    from numpy.typing import NDArray

ROOT = Path(__file__).parents[2]

QUALITY = 92
PREVIEW_SIDE = 1620
"""The long side of the preview that cameras put behind the picture of a JPEG, and into RAW files."""

PORTRAIT_EVERY = 5
"""Each fifth burst is taken with the camera on its side."""

_LARGE_THUMBNAIL, _DEPENDENT, _PRIMARY = 0x010002, 0x40000000, 0x20030000
_ORIENTATION = 0x0112


def write_photo(path: Path, number: int, width: int, height: int, *, preview: bool = False) -> Path:
    """Write photo `number` of this size in pixels, as its sensor lies, in the format of the path's suffix.

    Its pixels depend on the number and the size alone. `preview` puts a second picture into a JPEG; a DNG
    always has one.
    """
    portrait = (number // FRAMES) % PORTRAIT_EVERY == PORTRAIT_EVERY - 1
    if portrait:  # turned as the sensor is
        scene = np.ascontiguousarray(np.rot90(make_scene(number, height, width)))
    else:
        scene = make_scene(number, width, height)
    picture, exif = develop(sense(scene, number)), make_exif(number, 6 if portrait else 1)
    del scene
    suffix = path.suffix.lower()
    if suffix == ".jpg":
        path.write_bytes(_jpeg(picture, exif, number, preview=preview))
    elif suffix == ".dng":
        _write_dng(path, picture, exif)
    else:
        _write_other(path, picture, exif)
    return path


def _jpeg(picture: NDArray[np.uint8], exif: Image.Exif, number: int, *, preview: bool) -> bytes:
    """Returns a JPEG as cameras write them: half of the colour across, of every third burst down, too."""
    subsampling = "4:2:0" if number // FRAMES % 3 == 2 else "4:2:2"
    main = _encoded(picture, exif=exif, quality=QUALITY, subsampling=subsampling)
    return with_preview(main, _encoded(_small(picture), quality=85)) if preview else main


def _encoded(picture: NDArray[np.uint8], **options: Any) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(picture).save(buffer, "JPEG", **options)
    jpeg = buffer.getvalue()
    return jpeg[:2] + jpeg[20:]  # cameras put no JFIF header before their EXIF


def _small(picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
    height, width = picture.shape[:2]
    scale = min(1.0, PREVIEW_SIDE / max(width, height))
    size = (round(width * scale), round(height * scale))
    return np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), np.uint8)


def with_preview(main: bytes, preview: bytes) -> bytes:
    """Returns a JPEG with a preview behind its picture, and an index in APP2 that says so (CIPA DC-007).

    Pillow's writer of such files names the second picture by no type.
    """
    at = 4 + int.from_bytes(main[4:6], "big")  # behind the first segment, which holds EXIF
    header = b"\xff\xe2" + struct.pack(">H", 2 + 4 + _INDEX) + b"MPF\0"
    size = len(main) + len(header) + _INDEX
    index = _mpf_index(size, len(preview), size - (at + len(header)))  # it counts from its own beginning
    return main[:at] + header + index + main[at:] + preview


_INDEX = 8 + 2 + 3 * 12 + 4 + 2 * 16


def _mpf_index(main_size: int, preview_size: int, preview_at: int) -> bytes:
    pictures = (
        struct.pack("<IIIHH", _PRIMARY, main_size, 0, 2, 0),
        struct.pack("<IIIHH", _DEPENDENT | _LARGE_THUMBNAIL, preview_size, preview_at, 0, 0),
    )
    directory = struct.pack("<H", 3)
    directory += struct.pack("<HHI4s", 0xB000, 7, 4, b"0100")
    directory += struct.pack("<HHII", 0xB001, 4, 1, len(pictures))
    directory += struct.pack("<HHII", 0xB002, 7, 16 * len(pictures), 8 + 2 + 3 * 12 + 4)
    return b"II*\0\x08\0\0\0" + directory + b"\0\0\0\0" + b"".join(pictures)


def _write_other(path: Path, picture: NDArray[np.uint8], exif: Image.Exif) -> None:
    image, suffix = Image.fromarray(picture), path.suffix.lower()
    if suffix == ".heic":
        import pillow_heif

        pillow_heif.register_heif_opener()
        image.save(path, "HEIF", quality=80, exif=exif.tobytes(), enc_params={"preset": "ultrafast"})
    elif suffix == ".png":
        image.save(path, "PNG", compress_level=1, exif=exif.tobytes())
    else:
        raise ValueError(f"no photos are made as {suffix}")


def _write_dng(path: Path, picture: NDArray[np.uint8], exif: Image.Exif) -> None:
    """Write an uncompressed DNG with a preview, as the tests' maker does it."""
    spec = importlib.util.spec_from_file_location("dng", ROOT / "tests" / "dng.py")
    assert spec is not None and spec.loader is not None
    maker = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(maker)
    preview = Image.fromarray(_small(picture))
    options = {"quality": 85, "exif": exif.tobytes()}
    orientation = exif[_ORIENTATION]
    maker.write_dng(
        path, Image.fromarray(picture), orientation=orientation, preview=preview, preview_options=options
    )
