"""By how many degrees photos of the same scene are turned against each other, from their thumbnails."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Values = NDArray[np.floating]

DEGREES = tuple(range(-14, 15, 2))
_RADIUS = 0.82  # of the half side: what a turn leaves in the frame, nearly
_SHIFTS = tuple((down, across) for down in (-1, 0, 1) for across in (-1, 0, 1))
_AT_ONCE = 48  # photos: what is made of so many stays in a processor's cache


def rotations(thumbnails: Values, others: Values, aspect: float) -> tuple[Values, Values]:
    """Estimate the rotation of each of `others` against each of `thumbnails`, in steps of 2 degrees.

    Both have shape (..., n, side, side): photos warped to a square, whose width was `aspect` times their
    height; with more dimensions, those of each group against their own others. Gives arrays of shape
    (..., n, number of others): degrees, up to 14, and the correlation, 0 to 1, of the two when the one is
    turned by that. It holds for blurred and for dark frames, too.
    """
    import numpy as np

    before, side = thumbnails.shape[:-3], thumbnails.shape[-1]
    ours = np.asarray(thumbnails, np.float32).reshape(-1, *thumbnails.shape[-3:])
    theirs = np.asarray(others, np.float32).reshape(-1, *others.shape[-3:])
    n, most = ours.shape[1], theirs.shape[1]
    degrees = np.empty((len(ours), n, most))
    surety = np.empty((len(ours), n, most), np.float32)
    groups, rows = max(1, _AT_ONCE // n), min(n, _AT_ONCE)
    for group in range(0, len(ours), groups):
        shifted = _shifted(theirs[group : group + groups])
        for row in range(0, n, rows):
            part = np.s_[group : group + groups, row : row + rows]
            found = _correlations(ours[part], shifted, side, aspect)
            degrees[part] = np.asarray(DEGREES, np.float64)[found.argmax(1)]
            surety[part] = np.clip(found.max(1), 0, 1)
    return degrees.reshape(*before, n, most), surety.reshape(*before, n, most)


def _correlations(ours: Values, shifted: Values, side: int, aspect: float) -> Values:
    """The correlations of photos (g, n, side, side), turned by each of the degrees, with others at their best
    shift: `shifted` (g, inside, shifts x others) as standard vectors; shape (g, degrees, n, others)."""
    import numpy as np

    groups, n = ours.shape[:2]
    turned = _turned(ours.reshape(groups * n, side * side), side, aspect)
    # The others have a mean of 0, so that these need not have it, too.
    total = turned.sum(1, dtype=np.float64)
    energy = np.einsum("dpn,dpn->dn", turned, turned).astype(np.float64)
    length = np.sqrt(np.maximum(energy - total**2 / turned.shape[1], 0)).astype(np.float32) + 1
    vectors = np.ascontiguousarray(turned.reshape(*turned.shape[:2], groups, n).transpose(2, 0, 3, 1))
    found = np.matmul(vectors, shifted[:, None])
    best = found.reshape(groups, len(DEGREES), n, len(_SHIFTS), -1).max(3)
    return np.asarray(best / length.reshape(-1, groups, n).transpose(1, 0, 2)[..., None])


def _turned(photos: Values, side: int, aspect: float) -> Values:
    """What each photo (n, side x side) shows in the disc when it is turned: shape (degrees, inside, n).

    Photos are the last axis, so that a pixel of all of them lies together.
    """
    import numpy as np

    at, right, low = _places(side, aspect)
    pixels = np.ascontiguousarray((photos - photos.mean(1, keepdims=True)).T)
    across, down, both = (np.zeros_like(pixels) for _ in range(3))
    np.subtract(pixels[1:], pixels[:-1], across[:-1])
    np.subtract(pixels[side:], pixels[:-side], down[:-side])
    np.subtract(across[side:], across[:-side], both[:-side])
    result = np.empty((*at.shape, len(photos)), np.float32)
    part = np.empty(result.shape[1:], np.float32)
    for turn, here in enumerate(at):
        np.take(pixels, here, 0, out=result[turn], mode="clip")
        for slope, share in (
            (across, right[turn]),
            (down, low[turn]),
            (both, right[turn] * low[turn]),
        ):
            np.take(slope, here, 0, out=part, mode="clip")
            part *= share
            result[turn] += part
    return result


def _shifted(photos: Values) -> Values:
    """What photos (g, n, side, side) show in the disc at each shift: standard vectors, (g, inside, ...)."""
    import numpy as np

    groups, n, side = photos.shape[:3]
    places = np.arange(side * side).reshape(side, side)
    inside = _disc(side)
    at = np.stack([np.roll(places, shift, (0, 1))[inside] for shift in _SHIFTS])
    windows = np.ascontiguousarray(photos.reshape(groups * n, -1).T)[at]
    windows -= windows.mean(1, keepdims=True)
    windows /= np.sqrt(np.einsum("spn,spn->sn", windows, windows))[:, None] + 1
    parted = windows.reshape(*at.shape, groups, n).transpose(2, 1, 0, 3)
    return np.ascontiguousarray(parted).reshape(groups, at.shape[1], -1)


@lru_cache(maxsize=16)
def _places(side: int, aspect: float) -> tuple[NDArray[np.intp], Values, Values]:
    """Where the pixels of the disc come from at each turn: the place of the upper left one of four, and what
    share those to the right and below have; the shares with a last axis of 1."""
    import numpy as np

    middle, most = (side - 1) / 2, side - 1 - 1e-3
    down, across = np.mgrid[:side, :side] - middle
    inside = _disc(side)
    at, right, low = [], [], []
    for angle in np.deg2rad(DEGREES):
        x = np.clip(across * np.cos(angle) - down * np.sin(angle) / aspect + middle, 0, most)[inside]
        y = np.clip(across * np.sin(angle) * aspect + down * np.cos(angle) + middle, 0, most)[inside]
        at.append(y.astype(np.intp) * side + x.astype(np.intp))
        right.append((x % 1).astype(np.float32))
        low.append((y % 1).astype(np.float32))
    return np.stack(at), np.stack(right)[..., None], np.stack(low)[..., None]


def _disc(side: int) -> NDArray[np.bool_]:
    import numpy as np

    down, across = np.mgrid[:side, :side] - (side - 1) / 2
    return np.asarray(np.hypot(down, across) <= _RADIUS * side / 2)
