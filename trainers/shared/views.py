"""Views of a photo: plain as served, and changed as the heads need it: turned, styled, spoiled.

Every random draw is a function of the generator that is given.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from photocli.inputs.canvas import canvas
from photocli.inputs.pyramid import Pyramid, planes
from trainers.common.corruptions import DEGRADATIONS
from trainers.common.frames import Picture
from trainers.shared.heads import FAULTS
from trainers.style.augmentation import random_recompression
from trainers.style.looks import BLUR, LIGHT, NAMES, random_looks
from trainers.style.looks.targets import Targets, drawing_targets, make_looks
from trainers.technical.corruptions import corrupt, draw_severities

_AREA, _ASPECT = 0.85, 0.08  # of a training view's box: least share of the photo, change of the aspect ratio
_CLUMSY = ("tilt", "clutter")  # spoils a photo, and is no fault of `FAULTS`
_SPOILED, _STYLED = 0.42, 0.35  # shares of the changed views; the rest are only turned


@dataclass(frozen=True)
class PhotoView:
    """What is shown of a photo, and what is true of it: NaN is unknown.

    `picture` (3, h, w); `turn` as in `heads.TURNS`; `looks` (16,) and `faults` (4,), 0-1; `plain` says that
    nothing was changed, `severity` by how much it was spoiled, where the photo is upright.
    """

    picture: Picture
    turn: int
    looks: Targets
    faults: NDArray[np.float32]
    plain: bool
    severity: float = 0.0


@dataclass(frozen=True)
class Subject:
    """A photo before it is shown: its pixels (height, width, 3), whether a camera made it, and whether it
    is good enough to say that it has no fault."""

    picture: Picture
    drawn: bool
    good: bool


def show(picture: Picture, pixels: int, turn: int = 0) -> Picture:
    """Returns the view that serving sees of a photo that needs `turn` quarters clockwise to be upright."""
    turned = np.ascontiguousarray(np.rot90(picture, turn))
    height, width = canvas(*turned.shape[:2], pixels)
    return np.ascontiguousarray(planes(Pyramid(turned).reduced(width, height)))


def training_views(subject: Subject, pixels: int, rng: Generator) -> tuple[PhotoView, PhotoView]:
    """Draws a plain view of a photo and a changed one; both show the same box of it."""
    part = _random_part(subject.picture, rng)
    plain = random_recompression(part, rng) if rng.random() < 0.3 else part
    first = PhotoView(show(plain, pixels), 0, _natural(plain, subject, rng), _unspoiled(subject), True)
    return first, _changed(part, subject, pixels, rng)


def _changed(part: Picture, subject: Subject, pixels: int, rng: Generator) -> PhotoView:
    kind = rng.random()
    if kind < _SPOILED:
        return spoiled_view(part, subject, pixels, rng)
    if kind < _SPOILED + _STYLED and not subject.drawn:
        return styled_view(part, subject, pixels, rng)
    turned = random_recompression(part, rng)
    turn = int(rng.integers(1, 4))
    return PhotoView(
        show(turned, pixels, turn), turn, _natural(turned, subject, rng), _unspoiled(subject), False
    )


def spoiled_view(part: Picture, subject: Subject, pixels: int, rng: Generator) -> PhotoView:
    """Returns the photo with faults of the technical trainer, or tilted or cluttered."""
    faults = _unspoiled(subject)
    if rng.random() < 0.15:
        severity = float(rng.uniform(0.3, 1.0))
        spoiled = DEGRADATIONS[_CLUMSY[int(rng.integers(len(_CLUMSY)))]](part, severity, rng)
    else:
        drawn: dict[str, float] = {}
        while not drawn:
            drawn = draw_severities(rng)
        spoiled = corrupt(part, drawn, rng)
        severity = max(drawn.values())
        given = np.array([drawn.get(name, 0.0) for name in FAULTS], np.float32)
        # What else is known of the photo stays: a fault that it may have had is unknown unless it was made.
        faults = np.where(given > 0, given, faults)
    turn = 0 if rng.random() < 0.7 else int(rng.integers(1, 4))
    looks = np.full(len(NAMES), np.nan, np.float32)
    return PhotoView(show(spoiled, pixels, turn), turn, looks, faults, False, severity if turn == 0 else 0.0)


def styled_view(part: Picture, subject: Subject, pixels: int, rng: Generator) -> PhotoView:
    """Returns the photo with looks; what they do on purpose is no fault, and nobody can tell it from one."""
    strengths: dict[str, float] = {}
    while not strengths:
        strengths = random_looks(rng)
    styled, looks = make_looks(part, strengths, rng)
    styled = random_recompression(styled, rng)
    faults = _unspoiled(subject)
    if set(strengths) & set(BLUR):
        faults[:2] = np.nan
    if set(strengths) & {*LIGHT, "noir", "pastel"}:
        faults[2:] = np.nan
    turn = 0 if rng.random() < 0.5 else int(rng.integers(1, 4))
    return PhotoView(show(styled, pixels, turn), turn, looks, faults, False)


def _natural(picture: Picture, subject: Subject, rng: Generator) -> Targets:
    return drawing_targets() if subject.drawn else make_looks(picture, {}, rng)[1]


def _unspoiled(subject: Subject) -> NDArray[np.float32]:
    known = 0.0 if subject.good and not subject.drawn else np.nan
    return np.full(len(FAULTS), known, np.float32)


def _random_part(picture: Picture, rng: Generator) -> Picture:
    """Cuts a random box of the photo, perhaps mirrored."""
    height, width = picture.shape[:2]
    root, stretch = np.sqrt(rng.uniform(_AREA, 1.0)), np.exp(rng.uniform(-_ASPECT, _ASPECT))
    across, down = (
        max(8, round(side * min(1.0, share)))
        for side, share in ((width, root * stretch), (height, root / stretch))
    )
    left, top = int(rng.integers(width - across + 1)), int(rng.integers(height - down + 1))
    part = picture[top : top + down, left : left + across]
    return np.ascontiguousarray(part[:, ::-1] if rng.random() < 0.5 else part)
