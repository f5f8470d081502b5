"""A photo's signature: what tells it from its neighbours in a burst, in 1,314 bytes.

Networks see a photo as a whole; whether two frames overlap, which is the sharper one, and whether one is
turned against the other must be measured. Values of one photo mean little, differences within a group much.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from photocli.inputs import pyramid
from photocli.inputs.detail import noise_energy

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from photocli.inputs.pyramid import Pyramid

    Codes = NDArray[np.uint8]
    Values = NDArray[np.floating]

SIDE = 384
"""The long side in pixels at which all is measured."""

THUMBNAIL = 32
CELLS = 12
DIRECTIONS = 90
LEVELS = 56
SIZE = THUMBNAIL**2 + CELLS**2 + DIRECTIONS + LEVELS
"""The parts lie one behind the other, as bytes: see `split`."""

_RMS = 0.6  # of a Laplacian's root mean square its mean is about this share
_FAINTEST = 0.25  # of a cell's energy at least so much stays: flat cells must not swing with the noise
_DETAIL_STEPS = 24  # codes for each doubling of the local detail
_FAINT = 4.0  # gradients below this many grey levels are noise, and have no direction


def take(photo: Codes | Pyramid) -> Codes:
    """The signature of upright RGB pixels, shape (height, width, 3), or of their levels: uint8 (SIZE,)."""
    import cv2
    import numpy as np

    luma = _luma(pyramid.of(photo))
    parts = (
        cv2.resize(luma, (THUMBNAIL, THUMBNAIL), interpolation=cv2.INTER_AREA),
        _DETAIL_STEPS * np.log2(1 + _detail(luma)),
        _shares(_directions(luma)),
        _shares(_levels(luma)),
    )
    return np.concatenate([np.clip(part + 0.5, 0, 255).astype(np.uint8).ravel() for part in parts])


def split(signatures: Values) -> tuple[Values, Values, Values, Values]:
    """Signatures of shape (n, SIZE) as four arrays with n rows.

    `thumbnail` (n, 32, 32): grey levels of the whole photo, warped to a square. `detail` (n, 12, 12): how
    sharp each part is, in doublings (base-2 logarithm of the Laplacian without its noise). `directions`
    (n, 90): how much of the edges runs in each direction, 2 degrees each, beginning with upright ones.
    `levels` (n, 56): how much of the photo has each brightness. The last two are square roots of shares.
    """
    import numpy as np

    ends = np.cumsum([THUMBNAIL**2, CELLS**2, DIRECTIONS])
    thumbnail, detail, directions, levels = np.split(np.asarray(signatures, np.float32), ends, axis=1)
    return (
        thumbnail.reshape(-1, THUMBNAIL, THUMBNAIL),
        detail.reshape(-1, CELLS, CELLS) / _DETAIL_STEPS,
        directions / 255,
        levels / 255,
    )


def _luma(levels: Pyramid) -> Values:
    """The luma, 0 to 255, of a photo with a long side of `SIDE` pixels, or less.

    It comes from the nearest level without more blur, so that it is as sharp as it can be.
    """
    import cv2
    import numpy as np

    height, width = levels.pixels.shape[:2]
    scale = min(1.0, SIDE / max(height, width))
    size = (max(CELLS + 2, round(width * scale)), max(CELLS + 2, round(height * scale)))
    small = cv2.resize(levels.level(*size), size, interpolation=cv2.INTER_LINEAR)
    return np.asarray(cv2.cvtColor(small.astype(np.float32), cv2.COLOR_RGB2GRAY))


def _levels(luma: Values) -> Values:
    """How many pixels have each of `LEVELS` brightnesses."""
    import cv2
    import numpy as np

    codes = (luma * (LEVELS / 256)).astype(np.uint8)
    return np.asarray(cv2.calcHist([codes], [0], None, [LEVELS], [0, LEVELS]), np.float32).ravel()


def _detail(luma: Values) -> Values:
    """The Laplacian of each cell of a grid of 12 by 12, about its mean, without what noise adds to it."""
    import cv2
    import numpy as np

    laplacian = cv2.Laplacian(luma, cv2.CV_32F)[1:-1, 1:-1]
    energy = laplacian * laplacian
    rows, columns = (np.linspace(0, length, CELLS + 1).astype(int)[:-1] for length in energy.shape)
    sums = np.add.reduceat(np.add.reduceat(energy, rows, axis=0), columns, axis=1)
    whole = sums / (energy.size / CELLS**2)
    clear = np.maximum(whole - noise_energy(energy), _FAINTEST * whole)
    return np.asarray(_RMS * np.sqrt(clear))


def _directions(luma: Values) -> Values:
    """The strength of edges by direction: 90 bins of 2 degrees, the first one around upright edges."""
    import cv2
    import numpy as np

    # Scharr's weights: with others, slanting edges seem to run in other directions than they do.
    across, down = (
        cv2.Scharr(luma, cv2.CV_32F, *axis, scale=1 / 16)[1:-1, 1:-1] for axis in ((1, 0), (0, 1))
    )
    strength, angle = cv2.cartToPolar(across, down)  # 0 to 2π: twice all directions
    strength[strength < _FAINT] = 0
    bins = np.rint(angle * (DIRECTIONS / np.pi)).astype(np.intp)
    turn = np.bincount(bins.ravel(), strength.ravel(), 2 * DIRECTIONS + 1)
    turn[0] += turn[-1]
    return np.asarray(turn[:DIRECTIONS] + turn[DIRECTIONS:-1])


def _shares(amounts: Values) -> Values:
    """Shares of the whole as codes from 0 to 255; square roots keep the small ones apart."""
    import numpy as np

    return np.asarray(255 * np.sqrt(amounts / max(float(amounts.sum()), 1e-6)))
