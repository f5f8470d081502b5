"""Faults made on purpose: blur, exposure, noise, compression, tilt, clutter.

Each is a function (picture, severity, rng) -> picture. Pictures are sRGB, uint8, shape (height, width, 3);
the shape is kept. Severity runs from 0 (the same picture) to 1 (ruined). Light is added up in linear light
(inverse sRGB, IEC 61966-2-1), as lens and sensor do.
"""

from __future__ import annotations

import io
from collections.abc import Callable

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray
from PIL import Image, ImageFilter
from scipy.fft import irfft2, next_fast_len, rfft2

from trainers.common.frames import Picture

Light = NDArray[np.float32]
Degradation = Callable[[Picture, float, Generator], Picture]

_CODES = np.arange(256) / 255
_TO_LIGHT = np.where(_CODES <= 0.04045, _CODES / 12.92, ((_CODES + 0.055) / 1.055) ** 2.4).astype(np.float32)
_STEPS = 16384


def to_light(picture: Picture) -> Light:
    """sRGB codes 0-255 as linear light 0-1."""
    return _TO_LIGHT[picture]


def from_light(light: Light) -> Picture:
    """Linear light as sRGB codes; what is brighter than 1 clips to white."""
    return _FROM_LIGHT[(np.clip(light, 0, 1) * _STEPS + 0.5).astype(np.int32)]


def _encode(light: NDArray[np.floating]) -> Picture:
    code = np.where(light <= 0.0031308, light * 12.92, 1.055 * np.maximum(light, 1e-9) ** (1 / 2.4) - 0.055)
    return (code * 255 + 0.5).astype(np.uint8)


_FROM_LIGHT = _encode(np.arange(_STEPS + 1) / _STEPS)


def expose(picture: Picture, stops: float) -> Picture:
    """The photo as if exposed `stops` EV more (or less): linear light times 2^stops, clipped."""
    return _encode(np.clip(_TO_LIGHT.astype(np.float64) * 2.0**stops, 0, 1))[picture]


def gaussian_blur(picture: Picture, sigma: float) -> Picture:
    """Gaussian blur; `sigma` is a share of the long side."""
    radius = sigma * max(picture.shape)
    return np.asarray(Image.fromarray(picture).filter(ImageFilter.GaussianBlur(radius)))


def gaussian(picture: Picture, severity: float, rng: Generator) -> Picture:
    """Softness: sigma up to 2.5% of the long side."""
    return gaussian_blur(picture, 0.025 * severity) if severity > 0 else picture


def defocus(picture: Picture, severity: float, rng: Generator) -> Picture:
    """Missed focus: a disc of up to 2.5% of the long side in radius, in linear light."""
    radius = 0.025 * severity * max(picture.shape)
    reach = int(np.ceil(radius))
    if radius < 0.3:
        return picture
    across, down = np.meshgrid(np.arange(-reach, reach + 1), np.arange(-reach, reach + 1))
    # The edge pixels count by the share of them that the disc covers, roughly.
    disc = np.clip(radius + 0.5 - np.hypot(across, down), 0, 1)
    return _spread(picture, disc)


def motion(picture: Picture, severity: float, rng: Generator) -> Picture:
    """Camera shake: a slightly curved path of up to 7% of the long side, in linear light."""
    length = 0.07 * severity * max(picture.shape)
    if length < 1:
        return picture
    angle, bend = rng.uniform(0, np.pi), rng.uniform(-0.6, 0.6)
    time = np.linspace(-0.5, 0.5, max(9, 2 * int(length)))
    direction = angle + bend * time
    path = np.cumsum(np.stack([np.cos(direction), np.sin(direction)]), axis=1) * length / len(time)
    path -= path.mean(axis=1, keepdims=True)
    reach = int(np.ceil(np.abs(path).max()))
    kernel = np.zeros((2 * reach + 1, 2 * reach + 1))
    np.add.at(kernel, tuple(np.round(path[::-1]).astype(int) + reach), 1.0)
    return _spread(picture, kernel)


def underexpose(picture: Picture, severity: float, rng: Generator) -> Picture:
    """Up to 5 EV too dark."""
    return expose(picture, -5.0 * severity)


def overexpose(picture: Picture, severity: float, rng: Generator) -> Picture:
    """Up to 3.5 EV too bright."""
    return expose(picture, 3.5 * severity)


def noise(picture: Picture, severity: float, rng: Generator) -> Picture:
    """Shot noise (variance follows the light) and read noise, in linear light."""
    if severity <= 0:
        return picture
    light = to_light(picture)
    deviation = np.sqrt(0.12 * light * severity**2 + (0.05 * severity) ** 2)
    return from_light(light + deviation * rng.standard_normal(light.shape, dtype=np.float32))


def compress(picture: Picture, severity: float, rng: Generator) -> Picture:
    """JPEG with a quality from 64 down to 4."""
    if severity <= 0:
        return picture
    file = io.BytesIO()
    Image.fromarray(picture).save(file, "JPEG", quality=round(4 + 60 * (1 - severity) ** 2))
    return np.asarray(Image.open(file).convert("RGB"))


def tilt(picture: Picture, severity: float, rng: Generator) -> Picture:
    """Turned by up to 15°, enlarged so that no corner is empty."""
    if severity <= 0:
        return picture
    degrees = 15 * severity * (1 if rng.random() < 0.5 else -1)
    height, width = picture.shape[:2]
    turn = np.deg2rad(abs(degrees))
    # The largest box of the same shape that fits into the turned picture.
    scale = min(
        width / (width * np.cos(turn) + height * np.sin(turn)),
        height / (width * np.sin(turn) + height * np.cos(turn)),
    )
    turned = Image.fromarray(picture).rotate(degrees, Image.Resampling.BILINEAR)
    # A pixel and a half less: the turned edge itself is a mixture with black.
    across, down = (max(0.5, side * scale / 2 - 1.5) for side in (width, height))
    box = (width / 2 - across, height / 2 - down, width / 2 + across, height / 2 + down)
    return np.asarray(turned.resize((width, height), Image.Resampling.BILINEAR, box=box))


def clutter(picture: Picture, severity: float, rng: Generator) -> Picture:
    """Up to eight pieces of the photo, turned and recoloured, pasted where they do not belong."""
    result = picture.copy()
    height, width = picture.shape[:2]
    for _ in range(round(8 * severity)):
        down, across = (rng.uniform(0.08, 0.25, size=2) * (height, width)).astype(int) + 1
        top, left, to_top, to_left = (
            rng.uniform(0, 1, 4) * (height - down, width - across, height - down, width - across)
        ).astype(int)
        piece = picture[top : top + down, left : left + across, rng.permutation(3)]
        piece = piece[::-1] if rng.random() < 0.5 else piece[:, ::-1]
        result[to_top : to_top + down, to_left : to_left + across] = piece
    return result


def _spread(picture: Picture, kernel: NDArray[np.float64]) -> Picture:
    """The picture convolved with a kernel (odd size) in linear light; edges are mirrored."""
    from scipy.signal import fftconvolve

    reach = min(kernel.shape[0] // 2, min(picture.shape[:2]) - 1)
    middle = kernel.shape[0] // 2
    kernel = kernel[middle - reach : middle + reach + 1, middle - reach : middle + reach + 1]
    weights = (kernel / kernel.sum()).astype(np.float32)[:, :, None]
    padded = np.pad(to_light(picture), ((reach, reach), (reach, reach), (0, 0)), mode="reflect")
    return from_light(fftconvolve(padded, weights, mode="valid", axes=(0, 1)))


DEGRADATIONS: dict[str, Degradation] = {
    "gaussian": gaussian,
    "defocus": defocus,
    "motion": motion,
    "underexposure": underexpose,
    "overexposure": overexpose,
    "noise": noise,
    "compression": compress,
    "tilt": tilt,
    "clutter": clutter,
}


def disc_kernel(radius: float) -> NDArray[np.float32]:
    """Returns a disc of `radius` pixels that sums to 1; its deviation along a line is half the radius."""
    reach = int(np.ceil(radius))
    across, down = np.meshgrid(np.arange(-reach, reach + 1), np.arange(-reach, reach + 1))
    disc = np.clip(radius + 0.5 - np.hypot(across, down), 0, 1)
    return (disc / disc.sum()).astype(np.float32)


def convolve(light: NDArray[np.float32], kernel: NDArray[np.float32]) -> NDArray[np.float32]:
    """Convolves light (height, width, 3) with a kernel of odd size; the edges are mirrored."""
    reach = min(kernel.shape[0] // 2, min(light.shape[:2]) - 1)
    middle = kernel.shape[0] // 2
    kernel = kernel[middle - reach : middle + reach + 1, middle - reach : middle + reach + 1]
    padded = np.pad(light, ((reach, reach), (reach, reach), (0, 0)), mode="reflect").transpose(2, 0, 1)
    shape = [next_fast_len(length, real=True) for length in padded.shape[1:]]
    product = rfft2(padded, shape) * rfft2(kernel / kernel.sum(), shape)
    height, width = light.shape[:2]
    spread = irfft2(product, shape)[:, 2 * reach : 2 * reach + height, 2 * reach : 2 * reach + width]
    return np.ascontiguousarray(spread.transpose(1, 2, 0))
