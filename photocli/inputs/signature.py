"""A photo's signature: what tells it from its neighbours in a burst, in 1,314 bytes.

Networks see a photo as a whole; whether two frames overlap, which is the sharper one, and whether one is
turned against the other must be measured. Values of one photo mean little, differences within a group much.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from photocli.inputs.detail import noise_energy

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

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

_LUMA = (0.299, 0.587, 0.114)
_RMS = 0.6  # of a Laplacian's root mean square its mean is about this share
_FAINTEST = 0.25  # of a cell's energy at least so much stays: flat cells must not swing with the noise
_DETAIL_STEPS = 24  # codes for each doubling of the local detail
_FAINT = 4.0  # gradients below this many grey levels are noise, and have no direction


def take(pixels: Codes) -> Codes:
    """The signature of upright RGB pixels, shape (height, width, 3): uint8 of shape (SIZE,)."""
    import numpy as np
    from PIL import Image

    image = Image.fromarray(pixels)
    scale = min(1.0, SIDE / max(image.size))
    size = (max(CELLS + 2, round(image.width * scale)), max(CELLS + 2, round(image.height * scale)))
    if size != image.size:
        image = image.resize(size, Image.Resampling.BOX)
    luma = np.asarray(image, np.float32) @ np.asarray(_LUMA, np.float32)
    small = Image.fromarray(luma).resize((THUMBNAIL, THUMBNAIL), Image.Resampling.BOX)
    parts = (
        np.asarray(small),
        _DETAIL_STEPS * np.log2(1 + _detail(luma)),
        _shares(_directions(luma)),
        _shares(np.histogram(luma, LEVELS, (0, 256))[0]),
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


def _detail(luma: Values) -> Values:
    """The Laplacian of each cell of a grid of 12 by 12, about its mean, without what noise adds to it."""
    import numpy as np

    centre = luma[1:-1, 1:-1]
    laplacian = 4 * centre - luma[:-2, 1:-1] - luma[2:, 1:-1] - luma[1:-1, :-2] - luma[1:-1, 2:]
    energy = laplacian**2
    rows, columns = (np.linspace(0, length, CELLS + 1).astype(int)[:-1] for length in energy.shape)
    sums = np.add.reduceat(np.add.reduceat(energy, rows, axis=0), columns, axis=1)
    whole = sums / (energy.size / CELLS**2)
    clear = np.maximum(whole - noise_energy(energy), _FAINTEST * whole)
    return np.asarray(_RMS * np.sqrt(clear))


def _directions(luma: Values) -> Values:
    """The strength of edges by direction: 90 bins of 2 degrees, the first one around upright edges."""
    import numpy as np

    # Scharr's weights: with others, slanting edges seem to run in other directions than they do.
    columns = (3 * luma[:-2] + 10 * luma[1:-1] + 3 * luma[2:]) / 16
    rows = (3 * luma[:, :-2] + 10 * luma[:, 1:-1] + 3 * luma[:, 2:]) / 16
    across, down = columns[:, 2:] - columns[:, :-2], rows[2:] - rows[:-2]
    strength = np.hypot(across, down)
    clear = strength >= _FAINT
    angle = np.arctan2(down[clear], across[clear]) * (DIRECTIONS / np.pi)
    bins = np.rint(angle).astype(np.int64) % DIRECTIONS
    return np.asarray(np.bincount(bins, strength[clear], DIRECTIONS), np.float64)


def _shares(amounts: Values) -> Values:
    """Shares of the whole as codes from 0 to 255; square roots keep the small ones apart."""
    import numpy as np

    return np.asarray(255 * np.sqrt(amounts / max(float(amounts.sum()), 1e-6)))
