"""A maker of small DNG files: a sample picture behind a Bayer filter, with or without a preview."""

from __future__ import annotations

import struct
from io import BytesIO
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray
    from PIL import Image

_WHITE = 60_000
_BYTE, _TEXT, _SHORT, _LONG, _RATIONAL, _SIGNED = 1, 2, 3, 4, 5, 10
_FORMS = {_BYTE: "B", _SHORT: "H", _LONG: "I", _RATIONAL: "II", _SIGNED: "ii"}
# A camera whose own colours are those of linear sRGB.
_XYZ_TO_SRGB = (32406, -15372, -4986, -9689, 18758, 415, 557, -2040, 10570)

Field = tuple[int, int, tuple[int, ...] | bytes]


def write_dng(
    path: Path,
    image: Image.Image,
    *,
    orientation: int = 1,
    preview: Image.Image | None = None,
    preview_options: dict[str, Any] | None = None,
) -> Path:
    """Write a DNG of an RGB image as the sensor saw it: stored as it is, to be turned by `orientation` (1-8).

    `preview` is put in as JPEG, as it is; `preview_options` go to Pillow with it. The picture data comes
    last, as in most cameras' files.
    """
    jpeg = b"" if preview is None else _jpeg(preview, preview_options or {})
    mosaic = _mosaic(image).tobytes()

    def head(mosaic_at: int) -> bytes:
        body = bytearray(b"II*\0\0\0\0\0")
        raw_fields = _raw_fields(image, mosaic_at)
        if preview is None:
            first = _directory(body, [*raw_fields, *_camera_fields(orientation)])
        else:
            jpeg_at = _append(body, jpeg)
            fields = _preview_fields(preview, jpeg_at, len(jpeg), _directory(body, raw_fields))
            first = _directory(body, [*fields, *_camera_fields(orientation)])
        body[4:8] = struct.pack("<I", first)
        return bytes(body)

    path.write_bytes(head(len(head(0))) + mosaic)
    return path


def _raw_fields(image: Image.Image, mosaic_at: int) -> list[Field]:
    return [
        (254, _LONG, (0,)),
        (256, _LONG, (image.width,)),
        (257, _LONG, (image.height,)),
        (258, _SHORT, (16,)),
        (259, _SHORT, (1,)),
        (262, _SHORT, (32803,)),
        (273, _LONG, (mosaic_at,)),
        (277, _SHORT, (1,)),
        (278, _LONG, (image.height,)),
        (279, _LONG, (image.width * image.height * 2,)),
        (33421, _SHORT, (2, 2)),
        (33422, _BYTE, (0, 1, 1, 2)),
        (50714, _LONG, (0,)),
        (50717, _LONG, (_WHITE,)),
    ]


def _camera_fields(orientation: int) -> list[Field]:
    return [
        (271, _TEXT, b"Test\0"),
        (272, _TEXT, b"Bayer\0"),
        (274, _SHORT, (orientation,)),
        (50706, _BYTE, (1, 4, 0, 0)),
        (50708, _TEXT, b"Test Bayer\0"),
        (50721, _SIGNED, tuple(part for value in _XYZ_TO_SRGB for part in (value, 10_000))),
        (50728, _RATIONAL, (1, 1) * 3),
        (50778, _SHORT, (21,)),
    ]


def _preview_fields(preview: Image.Image, at: int, length: int, raw_directory: int) -> list[Field]:
    return [
        (254, _LONG, (1,)),
        (256, _LONG, (preview.width,)),
        (257, _LONG, (preview.height,)),
        (258, _SHORT, (8, 8, 8)),
        (259, _SHORT, (7,)),
        (262, _SHORT, (6,)),
        (273, _LONG, (at,)),
        (277, _SHORT, (3,)),
        (278, _LONG, (preview.height,)),
        (279, _LONG, (length,)),
        (330, _LONG, (raw_directory,)),
    ]


def _mosaic(image: Image.Image) -> NDArray[np.uint16]:
    """What a sensor behind a red-green-green-blue filter measures: one linear value per pixel."""
    srgb = np.asarray(image.convert("RGB")) / 255
    linear = np.where(srgb <= 0.04045, srgb / 12.92, ((srgb + 0.055) / 1.055) ** 2.4)
    mosaic = linear[..., 1].copy()
    mosaic[::2, ::2] = linear[::2, ::2, 0]
    mosaic[1::2, 1::2] = linear[1::2, 1::2, 2]
    return np.rint(mosaic * _WHITE).astype("<u2")


def _jpeg(image: Image.Image, options: dict[str, Any]) -> bytes:
    file = BytesIO()
    image.save(file, "JPEG", **{"quality": 95, **options})
    jpeg = file.getvalue()
    # Cameras put no JFIF header before the EXIF, and LibRaw looks for EXIF only at the start.
    return jpeg[:2] + jpeg[20:] if "exif" in options else jpeg


def _append(body: bytearray, content: bytes) -> int:
    body.extend(b"\0" * (len(body) % 2))
    at = len(body)
    body.extend(content)
    return at


def _directory(body: bytearray, entries: list[Field]) -> int:
    packed = b""
    for tag, kind, values in sorted(entries, key=lambda entry: entry[0]):
        if isinstance(values, bytes):
            count, content = len(values), values
        else:
            count = len(values) // len(_FORMS[kind])
            content = struct.pack("<" + _FORMS[kind] * count, *values)
        where = content.ljust(4, b"\0") if len(content) <= 4 else struct.pack("<I", _append(body, content))
        packed += struct.pack("<HHI", tag, kind, count) + where
    return _append(body, struct.pack("<H", len(entries)) + packed + b"\0\0\0\0")
