"""Puts technical faults of known severity into good photos, in the order in which a camera makes them.

Light passes the lens (defocus, shake), is measured (exposure, shot and read noise, in linear light), and is
stored (reduction, JPEG). Pictures are sRGB, uint8, (height, width, 3). Severity 0 is none, 0.5 is moderate:
plain to see at a glance; 1 is ruined.
"""

from __future__ import annotations

import io
from collections.abc import Mapping

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from photocli.scoring.profiles import FAULTS
from trainers.common.corruptions import convolve, disc_kernel, from_light, to_light
from trainers.common.frames import Picture

BLUR = 0.02
"""Standard deviation of the blur at severity 1, as a share of the long side; it goes with the square."""
SHAKE = 0.08
"""Length of the path of camera shake at severity 1, as a share of the long side; likewise."""
DARK_EV, BRIGHT_EV = 5.0, 3.5
"""Stops of under- and overexposure at severity 1."""

_PLAIN_QUALITY = 64  # JPEG quality at severity 0; better ones leave no trace worth a word
_LEAST = 0.08  # milder faults are not drawn: nobody could see them


def draw_severities(rng: Generator) -> dict[str, float]:
    """Draws the faults of one photo with their severities.

    Three photos of ten have none, five have one, the rest have two or three.
    """
    count = int(rng.choice([0, 1, 2, 3], p=[0.3, 0.48, 0.16, 0.06]))
    chosen = rng.permutation(len(FAULTS))[:count]
    severities = {FAULTS[i]: float(rng.uniform(_LEAST, 1.0)) for i in chosen}
    if "underexposed" in severities and "overexposed" in severities:
        del severities["overexposed"]
    return severities


def corrupt(
    picture: Picture,
    severities: Mapping[str, float],
    rng: Generator,
    spared: NDArray[np.float32] | None = None,
) -> Picture:
    """Returns the picture with faults of these severities (absent: 0).

    `spared`, shape (height, width), 0 to 1, says where defocus does not reach.
    """
    shaken, soft = severities.get("motion_blur", 0.0), severities.get("blur", 0.0)
    if soft > 0:
        picture = _mixed(_softened(picture, soft, rng), picture, spared)
    light = to_light(picture)
    if shaken > 0:
        light = convolve(light, shake_kernel(shaken, max(picture.shape), rng))
    stops = BRIGHT_EV * severities.get("overexposed", 0.0) - DARK_EV * severities.get("underexposed", 0.0)
    if stops:
        # Sensors clip hard; some cameras and raw converters roll off before.
        light = light * np.float32(2.0**stops)
    if grain := severities.get("noise", 0.0):
        light = np.clip(light, 0, 1) + _noise(light, grain, rng)
    picture = from_light(light) if shaken > 0 or stops or grain else picture
    return compressed(picture, severities.get("compression", 0.0), rng)


def _softened(picture: Picture, severity: float, rng: Generator) -> Picture:
    """Blurs by missed focus (a disc, in linear light), softness (Gaussian), or enlargement."""
    deviation = BLUR * severity**2 * max(picture.shape)
    kind = rng.choice(["disc", "gaussian", "enlarged"], p=[0.5, 0.3, 0.2])
    height, width = picture.shape[:2]
    if kind == "enlarged":
        # Averaging over f pixels and interpolating between them blurs about as much as 0.45 f.
        factor = max(1.0, deviation / 0.45)
        small = (max(2, round(width / factor)), max(2, round(height / factor)))
        by = rng.choice([Image.Resampling.BILINEAR, Image.Resampling.BICUBIC, Image.Resampling.LANCZOS])
        image = Image.fromarray(picture).resize(small, Image.Resampling.BOX)
        return np.asarray(image.resize((width, height), Image.Resampling(by)))
    if kind == "disc" and deviation > 0.4:
        return from_light(convolve(to_light(picture), disc_kernel(2 * deviation)))
    return np.asarray(Image.fromarray(picture).filter(ImageFilter.GaussianBlur(deviation)))


def shake_kernel(severity: float, side: int, rng: Generator) -> NDArray[np.float32]:
    """Draws a slightly curved path in a random direction, for a photo with a long side of `side` pixels."""
    length = max(1.5, SHAKE * severity**2 * side)
    angle, bend = rng.uniform(0, np.pi), rng.uniform(-0.8, 0.8)
    time = np.linspace(-0.5, 0.5, max(9, 4 * int(length)))
    direction = angle + bend * time
    path = np.cumsum(np.stack([np.sin(direction), np.cos(direction)]), axis=1) * length / len(time)
    path -= path.mean(axis=1, keepdims=True)
    reach = int(np.ceil(np.abs(path).max())) + 1
    kernel = np.zeros((2 * reach + 1, 2 * reach + 1), np.float32)
    low = np.floor(path).astype(int)
    part = path - low
    for down in (0, 1):  # each point of the path is shared by the four pixels around it
        for across in (0, 1):
            weight = np.abs(1 - down - part[0]) * np.abs(1 - across - part[1])
            np.add.at(kernel, (low[0] + down + reach, low[1] + across + reach), weight)
    return kernel / kernel.sum()


def _noise(light: NDArray[np.float32], severity: float, rng: Generator) -> NDArray[np.float32]:
    """Draws shot noise (its variance follows the light) and read noise, in grains of a pixel or more."""
    shape = light.shape if rng.random() < 0.7 else (*light.shape[:2], 1)  # in colour, or grey like film
    grains = rng.standard_normal(shape, dtype=np.float32)
    if rng.random() < 0.4:  # what demosaicing and noise reduction leave
        coarse = np.float32(rng.uniform(0.3, 1.0))
        moved = (np.roll(grains, 1, 0) + np.roll(grains, 1, 1) + np.roll(grains, (1, 1), (0, 1))) * coarse
        grains = (grains + moved) / np.sqrt(1 + 3 * coarse**2)
    return grains * np.sqrt(0.12 * np.clip(light, 0, 1) * severity**2 + np.float32(0.05 * severity) ** 2)


def quality(severity: float) -> int:
    """Returns the JPEG quality, 4 to 64, for a severity of compression."""
    return round(4 + (_PLAIN_QUALITY - 4) * (1 - severity) ** 2)


def compressed(picture: Picture, severity: float, rng: Generator) -> Picture:
    """Compresses the picture as a JPEG of low quality.

    Without the fault, two of three photos are compressed in some good quality, so that a trace of JPEG says
    nothing about the other faults.
    """
    if severity <= 0 and rng.random() < 0.35:
        return picture
    chosen = quality(severity) if severity > 0 else int(rng.integers(72, 98))
    file = io.BytesIO()
    sampling = int(rng.choice([0, 2]))
    Image.fromarray(picture).save(file, "JPEG", quality=chosen, subsampling=sampling)
    return np.asarray(Image.open(file).convert("RGB"))


def _mixed(changed: Picture, kept: Picture, share: NDArray[np.float32] | None) -> Picture:
    if share is None:
        return changed
    weight = share[:, :, None]
    return (changed * (1 - weight) + kept * weight + 0.5).astype(np.uint8)
