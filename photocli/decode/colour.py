"""Every colour mode that Pillow opens -> 8-bit sRGB."""

from __future__ import annotations

from functools import lru_cache
from io import BytesIO
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from photocli.decode.levels import Pixels

_PIECE = 4_000_000  # pixels that are looked at at a time
_READY = frozenset(("RGB", "L", "RGBA", "LA", "CMYK", "LAB", "YCbCr"))


def is_reducible(image: Image.Image) -> bool:
    """Whether the pixels of a picture can be averaged as they are."""
    return image.mode in _READY and not (image.mode in ("L", "RGB") and "transparency" in image.info)


def white_of(image: Image.Image) -> float:
    """The value that is white in a picture of 32 bits a pixel, whole or floating point; 0 of other modes.

    The files do not say: it is the smallest usual full scale that holds every value. In floating point it is
    1, and light sources somewhat above it are clipped.
    """
    mode = image.mode
    if mode not in ("I", "F"):
        return 0.0
    rows = max(1, _PIECE // image.width)
    pieces = (
        _numbers(np.asarray(image.crop((0, top, image.width, min(top + rows, image.height)))), mode)
        for top in range(0, image.height, rows)
    )
    peak = max(float(piece[np.isfinite(piece)].max(initial=0)) for piece in pieces)
    scales = (1.0, 255.0, 65535.0, 2.0**32 - 1) if mode == "F" else (255.0, 65535.0, 2.0**32 - 1)
    return 1.0 if mode == "F" and peak <= 16 else next((scale for scale in scales if peak <= scale), peak)


def reducible(image: Image.Image, white: float) -> Image.Image:
    """The picture in a mode whose pixels can be averaged: palettes resolved, 8 bits per channel.

    `white` is `white_of` the whole picture, of which this one may be a part.
    """
    mode = image.mode
    if mode in ("L", "RGB") and "transparency" in image.info:  # one colour is declared transparent
        return image.convert("LA" if mode == "L" else "RGBA")
    if mode in _READY:
        return image
    if mode == "1":
        return image.convert("L")
    if mode in ("P", "PA"):
        return image.convert("RGBA" if mode == "PA" or "transparency" in image.info else "RGB")
    if mode.startswith(("I", "F")):
        return Image.fromarray(_eight_bits(np.asarray(image), mode, white))
    if mode == "La":
        return image.convert("LA")
    return image.convert("RGBA" if mode == "RGBa" else "RGB")


def to_srgb(image: Image.Image, profile: bytes | None) -> Image.Image:
    """A reduced picture as mode RGB in sRGB, transparency laid over white.

    `profile` is the embedded ICC profile, if any; one that is damaged or meant for another kind of picture is
    ignored, as viewers do.
    """
    image = _over_white(image)
    if image.mode == "YCbCr":
        image = image.convert("RGB")
    if image.mode == "LAB":
        return _lab_to_srgb(image)
    if profile:
        converted = _through_profile(image, profile)
        if converted is not None:
            return converted
    return image if image.mode == "RGB" else image.convert("RGB")


def converted(picture: Image.Image | Pixels, profile: bytes | None) -> Pixels:
    """Pixels (height, width, 3) in sRGB of a reduced picture, see `to_srgb`.

    Or of pixels (height, width[, 3]) of grey or RGB, which are converted in bands: of a large level there is
    no room for a second one.
    """
    if not isinstance(picture, np.ndarray):
        return np.asarray(to_srgb(picture, profile))
    grey = picture.ndim == 2
    if profile is None or not (is_converted(profile) or grey):
        return _of_grey(picture) if grey else picture
    result = np.empty((*picture.shape[:2], 3), np.uint8)
    rows = max(1, _PIECE // picture.shape[1])
    for top in range(0, len(picture), rows):
        band = Image.fromarray(np.ascontiguousarray(picture[top : top + rows]))
        result[top : top + rows] = np.asarray(to_srgb(band, profile))
    return result


def is_converted(profile: bytes | None) -> bool:
    """Whether RGB pixels of this ICC profile become others in sRGB."""
    return profile is not None and _transform(profile)[0] is not None and _transform(profile)[1] == "RGB"


def _of_grey(picture: Pixels) -> Pixels:
    import cv2

    return np.asarray(cv2.cvtColor(picture, cv2.COLOR_GRAY2RGB), np.uint8)


def _over_white(image: Image.Image) -> Image.Image:
    if image.mode == "LA":
        opaque = "L"
    elif image.mode == "RGBA":
        opaque = "RGB"
    else:
        return image
    below = Image.new(opaque, image.size, "white")
    below.paste(image.convert(opaque), mask=image.getchannel("A"))
    return below


def _eight_bits(values: NDArray[Any], mode: str, white: float) -> NDArray[np.uint8]:
    """Grey of 16 or 32 bits, whole or floating point, scaled from its full range to 0-255."""
    if mode.startswith("I;16"):
        return ((values.astype(np.uint32) + 128) // 257).astype(np.uint8)
    levels: NDArray[np.uint8] = np.rint(np.clip(_numbers(values, mode) / white, 0, 1) * 255).astype(np.uint8)
    return levels


def _numbers(values: NDArray[Any], mode: str) -> NDArray[np.floating[Any]]:
    values = np.nan_to_num(values.astype(np.float32), nan=0.0, posinf=np.inf, neginf=0.0)
    if mode == "I" and values.min(initial=0) < 0:  # unsigned, which Pillow has no mode for
        return np.where(values < 0, values + 2.0**32, values)
    return values


def _through_profile(image: Image.Image, profile: bytes) -> Image.Image | None:
    transform, mode = _transform(profile)
    if transform is None:
        return image.convert("RGB") if mode == image.mode == "RGB" else None
    if image.mode == "L" and mode == "RGB":  # a colour profile on a grey picture: its tone curve still holds
        image = image.convert("RGB")
    if image.mode != mode:
        return None
    return transform.apply(image)  # type: ignore[no-any-return]


@lru_cache(maxsize=8)  # a shoot has one or two profiles, and building a transform costs more than using it
def _transform(profile: bytes) -> tuple[Any, str]:
    """The transform to sRGB and the image mode that it takes; no transform for sRGB itself and for damage."""
    from PIL import ImageCms

    try:
        source = ImageCms.ImageCmsProfile(BytesIO(profile))
        mode = {"RGB ": "RGB", "GRAY": "L", "CMYK": "CMYK"}.get(source.profile.xcolor_space)
        if mode is None or (mode == "RGB" and "srgb" in (source.profile.profile_description or "").lower()):
            return None, mode or ""
        intent = ImageCms.Intent.RELATIVE_COLORIMETRIC
        flags = ImageCms.Flags.BLACKPOINTCOMPENSATION
        target = ImageCms.createProfile("sRGB")
        return ImageCms.buildTransform(source, target, mode, "RGB", intent, flags), mode
    except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
        return None, ""


@lru_cache(maxsize=1)
def _lab_transform() -> Any:
    from PIL import ImageCms

    return ImageCms.buildTransform(
        ImageCms.createProfile("LAB"), ImageCms.createProfile("sRGB"), "LAB", "RGB"
    )


def _lab_to_srgb(image: Image.Image) -> Image.Image:
    return _lab_transform().apply(image)  # type: ignore[no-any-return]
