"""By how many degrees photos of the same scene are turned against each other, from their thumbnails."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Values = NDArray[np.floating]

DEGREES = tuple(range(-14, 15, 2))
_RADIUS = 0.82  # of the half side: what a turn leaves in the frame, nearly
_SHIFTS = tuple((down, across) for down in (-1, 0, 1) for across in (-1, 0, 1))


def rotations(thumbnails: Values, others: Values, aspect: float) -> tuple[Values, Values]:
    """Estimate the rotation of each of `others` against each of `thumbnails`, in steps of 2 degrees.

    Both have shape (n, side, side): photos warped to a square, whose width was `aspect` times their height.
    Gives arrays of shape (n, number of others): degrees, up to 14, and the correlation, 0 to 1, of the two
    when the one is turned by that. It holds for blurred and for dark frames, too.
    """
    import numpy as np

    inside = _disc(thumbnails.shape[1])
    rotated = _standard(_rotated(thumbnails, aspect)[:, :, inside])
    shifted = _standard(np.stack([np.roll(others, shift, (1, 2))[:, inside] for shift in _SHIFTS], axis=1))
    rows = rotated.reshape(-1, rotated.shape[-1]) @ shifted.reshape(-1, shifted.shape[-1]).T
    found = rows.reshape(len(thumbnails), len(DEGREES), len(others), len(_SHIFTS)).max(3)
    return np.asarray(DEGREES, np.float64)[found.argmax(1)], np.clip(found.max(1), 0, 1)


def _rotated(thumbnails: Values, aspect: float) -> Values:
    """Each thumbnail rotated by each of the degrees, shape (n, degrees, side, side)."""
    import numpy as np

    side = thumbnails.shape[1]
    middle, most = (side - 1) / 2, side - 1 - 1e-3
    down, across = np.mgrid[:side, :side] - middle
    result = []
    for angle in np.deg2rad(DEGREES):
        x = np.clip(across * np.cos(angle) - down * np.sin(angle) / aspect + middle, 0, most)
        y = np.clip(across * np.sin(angle) * aspect + down * np.cos(angle) + middle, 0, most)
        left, top = x.astype(int), y.astype(int)
        right_share, low_share = (x - left).astype(np.float32), (y - top).astype(np.float32)
        upper = thumbnails[:, top, left] * (1 - right_share) + thumbnails[:, top, left + 1] * right_share
        lower = thumbnails[:, top + 1, left] * (1 - right_share)
        lower += thumbnails[:, top + 1, left + 1] * right_share
        result.append(upper * (1 - low_share) + lower * low_share)
    return np.stack(result, axis=1)


def _disc(side: int) -> NDArray[np.bool_]:
    import numpy as np

    down, across = np.mgrid[:side, :side] - (side - 1) / 2
    return np.asarray(np.hypot(down, across) <= _RADIUS * side / 2)


def _standard(windows: Values) -> Values:
    """Each vector with mean 0 and length 1; flat ones stay near 0."""
    import numpy as np

    centred = windows - windows.mean(-1, keepdims=True)
    return np.asarray(centred / (np.linalg.norm(centred, axis=-1, keepdims=True) + 1))
