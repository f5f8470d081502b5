"""Tones and colours by sliders, curves and matrices of an editor. See `trainers.style.editor`."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from trainers.common.frames import Picture

SEPIA = np.array([[0.393, 0.769, 0.189], [0.349, 0.686, 0.168], [0.272, 0.534, 0.131]], np.float32)
"""The matrix of most programs: red, green and blue of old paper, from those of the photo."""

FADES: Sequence[tuple[Sequence[float], Sequence[float]]] = (
    ((70, 38, 20), (255, 240, 190)),
    ((30, 50, 70), (250, 235, 200)),
    ((60, 25, 60), (250, 245, 205)),
    ((45, 55, 35), (245, 240, 190)),
)
"""What black and white become in an old print: (red, green, blue) of both, 0 to 255."""


def curve(picture: Picture, points: Sequence[tuple[float, float]]) -> Picture:
    """Applies a curve through points (from, to; 0 to 1) to all channels, as the tool of an editor does."""
    x, y = zip(*points, strict=True)
    table = np.interp(np.arange(256) / 255, x, y) * 255
    smooth = cv2.GaussianBlur(np.pad(table, 24, mode="reflect", reflect_type="odd")[None], (0, 0), 7)[
        0, 24:-24
    ]
    return cv2.LUT(picture, np.clip(smooth + 0.5, 0, 255).astype(np.uint8))


def gamma(picture: Picture, power: float) -> Picture:
    """Raises codes, 0 to 1, to a power."""
    return cv2.LUT(picture, ((np.arange(256) / 255) ** power * 255 + 0.5).astype(np.uint8))


def grey(picture: Picture) -> NDArray[np.uint8]:
    """Returns the luma of a picture (height, width)."""
    return np.asarray(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY))


def saturation(picture: Picture, factor: float) -> Picture:
    """Multiplies the saturation of HSV."""
    hsv = cv2.cvtColor(picture, cv2.COLOR_RGB2HSV).astype(np.float32)
    hsv[:, :, 1] = np.clip(hsv[:, :, 1] * factor, 0, 255)
    return np.asarray(cv2.cvtColor(hsv.astype(np.uint8), cv2.COLOR_HSV2RGB))


def mixed(one: Picture, other: Picture, share: float) -> Picture:
    """Lays `other` over `one` with an opacity."""
    return np.asarray(cv2.addWeighted(one, 1 - share, other, share, 0))


def _triple(plane: NDArray[np.uint8]) -> Picture:
    return np.repeat(plane[:, :, None], 3, axis=2)


def noir(picture: Picture, strength: float, rng: Generator) -> Picture:
    """Makes hard black and white by levels: black and white points lie within the photo's own tones."""
    plane = grey(picture)
    if rng.random() < 0.5:
        plane = cv2.equalizeHist(plane)
    black, white = np.quantile(plane, [0.25 + 0.15 * strength, 0.9 - 0.08 * strength])
    levels = np.clip((plane.astype(np.float32) - black) / max(float(white - black), 40.0), 0, 1)
    return _triple((levels ** rng.uniform(1.0, 1.5) * 255).astype(np.uint8))


def black_and_white(picture: Picture, strength: float, rng: Generator) -> Picture:
    """Takes the colour out: luma, one channel, the mean of all, or lightness of Lab; then a mild contrast."""
    ways = (
        lambda: grey(picture),
        lambda: picture[:, :, 1],
        lambda: picture.mean(2).astype(np.uint8),
        lambda: cv2.cvtColor(picture, cv2.COLOR_RGB2LAB)[:, :, 0],
    )
    plane = np.asarray(ways[int(rng.integers(len(ways)))](), np.float32)
    contrast = 0.9 + 0.3 * strength
    return _triple(np.clip((plane - 128) * contrast + 128, 0, 255).astype(np.uint8))


def sepia(picture: Picture, strength: float, rng: Generator) -> Picture:
    """Applies the usual matrix over the photo, or colours grey by one hue and saturation of HLS."""
    if rng.random() < 0.6:
        toned = np.clip(picture.astype(np.float32) @ SEPIA.T, 0, 255).astype(np.uint8)
        return mixed(picture, toned, 0.8 + 0.2 * strength)
    plane = grey(picture)
    hue = np.full_like(plane, int(rng.integers(12, 18)))  # of 180: 24 to 34 degrees
    tint = np.full_like(plane, int(55 + 55 * strength))
    return np.asarray(cv2.cvtColor(np.dstack([hue, plane, tint]), cv2.COLOR_HLS2RGB))


def vintage(picture: Picture, strength: float, rng: Generator) -> Picture:
    """Maps black and white to the colours of an old print, over paler colours; at times corners fall off."""
    dark, bright = (np.array(end, np.float32) for end in FADES[int(rng.integers(len(FADES)))])
    pale = saturation(picture, 0.8 - 0.3 * strength)
    plane = grey(pale).astype(np.float32)[:, :, None] / 255
    map_ = (dark + (bright - dark) * plane).astype(np.uint8)
    toned = mixed(pale, map_, 0.45 + 0.25 * strength)
    return curve(toned, ((0, 0.1 + 0.08 * strength), (0.3, 0.34), (0.7, 0.7), (1, 0.92)))


def hdr(picture: Picture, strength: float, rng: Generator) -> Picture:
    """Equalises lightness in tiles (CLAHE), or lifts detail by OpenCV's filter; adds clarity and colour."""
    if rng.random() < 0.6:
        lab = cv2.cvtColor(picture, cv2.COLOR_RGB2LAB)
        tiles = int(rng.integers(4, 9))
        equal = cv2.createCLAHE(2.0 + 2.0 * strength, (tiles, tiles)).apply(lab[:, :, 0])
        toned = cv2.cvtColor(np.dstack([equal, lab[:, :, 1:]]), cv2.COLOR_LAB2RGB)
    else:
        toned = cv2.detailEnhance(picture, sigma_s=float(rng.uniform(10, 40)), sigma_r=0.3 + 0.3 * strength)
    wide = cv2.GaussianBlur(toned, (0, 0), max(picture.shape) * 0.02)
    crisp = cv2.addWeighted(toned, 1.3 + 0.3 * strength, wide, -0.3 - 0.3 * strength, 0)
    return saturation(np.asarray(crisp), 1.2 + 0.3 * strength)


def high_key(picture: Picture, strength: float, rng: Generator) -> Picture:
    """Brightens by a curve, or by gamma and gain, until the mean luma is where such photos have it."""
    target, bright = 178 + 30 * strength, picture
    curved = rng.random() < 0.5
    for lift in np.arange(0.06, 0.96, 0.06):
        bright = _lifted(picture, float(lift)) if curved else _gained(picture, float(lift))
        if grey(bright).mean() >= target:
            break
    return saturation(bright, float(rng.uniform(0.7, 1.0)))


def _gained(picture: Picture, lift: float) -> Picture:
    gained = np.asarray(cv2.convertScaleAbs(picture, alpha=1 + 0.25 * lift, beta=25 * lift))
    return gamma(gained, 1 - 0.75 * lift)


def _lifted(picture: Picture, lift: float) -> Picture:
    """Pulls the middle of the curve up by `lift` of the way to white, its foot by half as much."""
    points = [
        (at, at + (1 - at) * lift * share) for at, share in ((0.0, 0.4), (0.3, 1.0), (0.7, 1.1), (1.0, 0.0))
    ]
    return curve(picture, [(at, min(to, 1.0)) for at, to in points])


def low_key(picture: Picture, strength: float, rng: Generator) -> Picture:
    """Lowers exposure by a factor and a curve until the photo is dark; what is brightest is kept."""
    target, dark = 50 - 16 * strength, picture
    for power in np.arange(1.0, 4.2, 0.2):
        dark = curve(gamma(picture, float(power)), ((0, 0), (0.5, 0.32), (0.85, 0.72), (1, 1)))
        if grey(dark).mean() <= target:
            break
    return saturation(dark, float(rng.uniform(0.5, 0.9)))


def pastel(picture: Picture, strength: float, rng: Generator) -> Picture:
    """Lays white over a paler, brighter photo; or lifts the lightness of Lab."""
    share = 0.34 + 0.16 * strength
    if rng.random() < 0.5:
        bright = gamma(picture, 0.7)
        return mixed(saturation(bright, 0.95), np.full_like(picture, 255), share)
    lab = cv2.cvtColor(picture, cv2.COLOR_RGB2LAB).astype(np.float32)
    lab[:, :, 0] = 255 - (255 - lab[:, :, 0]) * (0.62 - 0.18 * strength)
    lab[:, :, 1:] = 128 + (lab[:, :, 1:] - 128) * 0.8
    return np.asarray(cv2.cvtColor(lab.astype(np.uint8), cv2.COLOR_LAB2RGB))


def vivid(picture: Picture, strength: float, rng: Generator) -> Picture:
    """Drives up saturation, of HSV or of Lab, and contrast by a curve."""
    if rng.random() < 0.5:
        strong = saturation(picture, 1.6 + 0.7 * strength)
    else:
        lab = cv2.cvtColor(picture, cv2.COLOR_RGB2LAB).astype(np.float32)
        lab[:, :, 1:] = np.clip(128 + (lab[:, :, 1:] - 128) * (1.55 + 0.6 * strength), 0, 255)
        strong = np.asarray(cv2.cvtColor(lab.astype(np.uint8), cv2.COLOR_LAB2RGB))
    return curve(strong, ((0, 0), (0.25, 0.2), (0.75, 0.82), (1, 1)))


def cross_processed(picture: Picture, strength: float, rng: Generator) -> Picture:
    """Bends each channel by a curve: blue loses its ends, red and green gain contrast; or the reverse."""
    force = 0.6 + 0.4 * strength
    hard = ((0, 0), (0.25, 0.25 - 0.13 * force), (0.75, 0.75 + 0.14 * force), (1, 1))
    flat = ((0, 0.22 * force), (0.5, 0.5), (1, 1 - 0.25 * force))
    green = ((0, 0), (0.3, 0.3 - 0.06 * force), (0.7, 0.7 + 0.14 * force), (1, 1))
    curves = (hard, green, flat) if rng.random() < 0.7 else (flat, green, hard)
    planes = [curve(picture[:, :, at : at + 1].repeat(3, 2), curves[at])[:, :, 0] for at in range(3)]
    return saturation(np.dstack(planes), 1.1)
