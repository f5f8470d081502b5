"""Targets of a photo that was given looks: which hold, which do not, and which nobody can tell."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from trainers.common.frames import Picture
from trainers.style.looks import BLUR, COLOURED, NAMES, TONING, apply
from trainers.style.looks.natural import measure, natural_looks

Targets = NDArray[np.float32]
"""For each of `looks.NAMES` 1, it holds; 0, it does not; NaN, unknown."""

LENS_LOOKS = (*BLUR, "vignette", "film grain", "hdr", "cross-processed")
"""Looks that pictures which no camera made do not have; of tones and light, nothing is known of them."""

_LEAST_COLOUR = 0.12  # mean chroma with which vivid colours can be seen


def make_looks(picture: Picture, strengths: Mapping[str, float], rng: Generator) -> tuple[Picture, Targets]:
    """Makes looks of a photo, but for those that it cannot show; returns it with the targets.

    A look that was made holds. One that was not made, but that the rules of `natural` find in the finished
    photo, holds if the photo had it before, too, and is unknown otherwise; what was unknown before stays so.
    Of two tonings the later one counts: a black-and-white photo that is toned is sepia.
    """
    before = natural_looks(picture)
    made = {name: strength for name, strength in strengths.items() if possible(name, before)}
    finished = apply(picture, made, rng)
    after = natural_looks(finished) if made else before
    targets = np.zeros(len(NAMES), np.float32)
    for place, name in enumerate(NAMES):
        targets[place] = 1.0 if name in made else _natural_target(name, before, after)
        if name not in made and name in TONING and not set(TONING).isdisjoint(made):
            targets[place] = 0.0
        if name in made and not visible(name, before, finished):
            targets[place] = np.nan
    return finished, targets


def drawing_targets() -> Targets:
    """Returns the targets of a picture that no camera made: looks of the lens do not hold."""
    return np.array([0.0 if name in LENS_LOOKS else np.nan for name in NAMES], np.float32)


def _natural_target(name: str, before: Mapping[str, float], after: Mapping[str, float]) -> float:
    """Returns the target of a look that was not made, from its natural looks before and after."""
    if name not in before and name not in after:
        return 0.0
    return 1.0 if before.get(name) == 1.0 and after.get(name) == 1.0 else float("nan")


def possible(name: str, before: Mapping[str, float]) -> bool:
    """Returns whether a look can be made of a photo with these natural looks."""
    if name in COLOURED:
        return before.get("black and white") != 1.0
    if name in ("high key", "hazy"):
        return before.get("low key") != 1.0
    return name != "low key" or before.get("high key") != 1.0


def visible(name: str, before: Mapping[str, float], finished: Picture) -> bool:
    """Returns whether a look that was made can be seen.

    Strong colours need colours, blur needs detail, dark corners bright ones.
    """
    if name == "vivid":
        return measure(finished).chroma > _LEAST_COLOUR
    if name == "vignette":  # corners that were dark before
        return not {"vignette", "low key"} & before.keys()
    return name not in BLUR or "motion blur" not in before
