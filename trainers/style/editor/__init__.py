"""The same looks by another hand: as a photo editor makes them, on sRGB codes, in Lab and HSV, by OpenCV.

`trainers.style.looks` imitates camera and darkroom, in linear light. Here each look has other formulas,
curves and colours on purpose, and often several recipes of which one is drawn: a network taught by the first
is judged by what it says of the second, and its thresholds are set on both. Nothing is taken from there.

A look is a function (picture, strength, rng) -> picture over sRGB, uint8, (height, width, 3). Strength 0 is
the mildest that is plain to see, 1 strong.
"""

from __future__ import annotations

from collections.abc import Callable

from numpy.random import Generator

from trainers.common.frames import Picture
from trainers.style.editor import lens, tones

LOOKS: dict[str, Callable[[Picture, float, Generator], Picture]] = {
    "noir": tones.noir,
    "black and white": tones.black_and_white,
    "sepia": tones.sepia,
    "vintage": tones.vintage,
    "hdr": tones.hdr,
    "high key": tones.high_key,
    "low key": tones.low_key,
    "pastel": tones.pastel,
    "hazy": lens.hazy,
    "vivid": tones.vivid,
    "cross-processed": tones.cross_processed,
    "shallow depth of field": lens.shallow_depth_of_field,
    "radial motion": lens.radial_motion,
    "motion blur": lens.motion_blur,
    "vignette": lens.vignette,
    "film grain": lens.film_grain,
}
"""Every look by its name in records, in the order of `trainers.style.looks.NAMES`."""
