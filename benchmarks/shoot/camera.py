"""The camera: from light to a sensor's mosaic with its noise, and on to the picture that it stores."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import cv2
import numpy as np
from PIL import Image
from PIL.TiffImagePlugin import IFDRational

from benchmarks.shoot.scenes import FRAMES

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from benchmarks.shoot.scenes import Light

WHITE = 60_000
"""What a pixel of the mosaic says where it is full; 16 bits."""

ISOS = (100, 400, 1600, 3200)
"""Sensitivities of the bursts, in turn."""

START = datetime(2024, 5, 1, 10, 0, 0)
BURSTS_APART_S, FRAMES_APART_S = 40.0, 0.25

_NOISE_OF_LIGHT = 2.5e-6  # variance for each ISO, as a share of the light
_NOISE_OF_READING = 2.0e-9
_CAMERAS = (("Canon", "Canon EOS R6m2", "RF24-105mm F4 L IS USM"), ("SONY", "ILCE-7M4", "FE 35mm F1.8"))


def iso_of(number: int) -> int:
    """Returns the sensitivity at which photo `number` is taken."""
    return ISOS[number // FRAMES % len(ISOS)]


def sense(light: Light, number: int) -> NDArray[np.uint16]:
    """Returns what a sensor behind a red-green-green-blue filter measures: shape (height, width).

    Its noise grows with the light, as that of photons does, and with the sensitivity.
    """
    mosaic = np.ascontiguousarray(light[:, :, 1])
    mosaic[::2, ::2] = light[::2, ::2, 0]
    mosaic[1::2, 1::2] = light[1::2, 1::2, 2]
    iso = iso_of(number)
    noise = np.random.default_rng([number, 2]).standard_normal(mosaic.shape, np.float32)
    noise *= np.sqrt(_NOISE_OF_LIGHT * iso * mosaic + _NOISE_OF_READING * iso**1.5)
    mosaic += noise
    np.clip(mosaic, 0, 1, out=mosaic)
    return np.rint(mosaic * WHITE).astype(np.uint16)


def develop(mosaic: NDArray[np.uint16]) -> NDArray[np.uint8]:
    """Returns the picture of a mosaic as cameras make it: 8-bit sRGB, (height, width, 3).

    It is demosaiced, its colour noise is smoothed, and its edges are sharpened.
    """
    linear = cv2.cvtColor(mosaic, cv2.COLOR_BayerRGGB2RGB_EA)
    levels = np.minimum(np.arange(1 << 16) / WHITE, 1)
    curve = np.where(levels <= 0.0031308, 12.92 * levels, 1.055 * levels ** (1 / 2.4) - 0.055)
    picture = np.rint(255 * curve).astype(np.uint8)[linear]
    luma, red, blue = cv2.split(cv2.cvtColor(picture, cv2.COLOR_RGB2YCrCb))
    smooth = cv2.GaussianBlur(luma, (0, 0), 0.7)
    sharp = cv2.addWeighted(smooth, 1.7, cv2.GaussianBlur(luma, (0, 0), 1.6), -0.7, 0)
    colours = [cv2.GaussianBlur(colour, (0, 0), 2.5) for colour in (red, blue)]
    return np.asarray(cv2.cvtColor(cv2.merge([sharp, *colours]), cv2.COLOR_YCrCb2RGB))


def make_exif(number: int, orientation: int = 1) -> Image.Exif:
    """Returns what a camera writes about photo `number`: its time, camera, lens and exposure."""
    burst, frame = divmod(number, FRAMES)
    maker, model, lens = _CAMERAS[burst % len(_CAMERAS)]
    time = START + timedelta(seconds=BURSTS_APART_S * burst + FRAMES_APART_S * frame)
    exif = Image.Exif()
    exif[0x010F], exif[0x0110], exif[0x0112] = maker, model, orientation
    exif[0x0132] = f"{time:%Y:%m:%d %H:%M:%S}"
    inner = exif.get_ifd(0x8769)
    inner[0x829A] = IFDRational(1, 250)
    inner[0x829D] = IFDRational(40, 10)
    inner[0x8827] = iso_of(number)
    inner[0x9003] = inner[0x9004] = f"{time:%Y:%m:%d %H:%M:%S}"
    inner[0x9011] = "+02:00"
    inner[0x9291] = f"{time.microsecond // 10_000:02}"
    inner[0x920A] = IFDRational(50, 1)
    inner[0xA434] = lens
    exif[0x8769] = inner
    return exif
