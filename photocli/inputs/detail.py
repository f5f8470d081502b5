"""How much detail pixels have beyond their noise: the energy of differences, less what flat parts show of it.

Noise adds to the energy of a gradient what blur takes from it, so that a noisy frame would pass for a sharper
one. Energies of independent signals add up; what the flattest parts of a photo have is its noise (Immerkær
1996; Donoho 1995 takes the median of the finest scale, which in a photo full of detail is detail).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from photocli.inputs.tiles import GRID

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Values = NDArray[np.floating]

NAME = "detail"
"""The output that is kept beside those of a model that sees a sheet: `of_tiles`."""

FLAT = 10
"""Of a hundred blocks, so many are flat: the one at their end tells the noise."""

NOISE = 2.0
"""How much more noise than that block's is taken out: the flattest blocks have less than the others by
chance, and what cameras and JPEG leave of noise is stronger beside edges."""

_BLOCK = 5  # pixels; few enough for a flat place in most photos


def noise_energy(energy: Values, times: float = NOISE) -> float:
    """The noise's part of a local energy of shape (..., height, width), such as squared differences: `times`
    that of the flattest blocks."""
    import numpy as np

    rows, columns = (max(1, length // _BLOCK) for length in energy.shape[-2:])
    high, wide = (min(_BLOCK, length) for length in energy.shape[-2:])
    inner = energy[..., : rows * high, : columns * wide]
    bands = inner.reshape(*energy.shape[:-2], rows, high, columns * wide).sum(-2)
    sums = bands.reshape(-1, wide).sum(1)  # first along the rows: that is several times quicker
    flat = len(sums) * FLAT // 100
    noise: float = times * float(np.partition(sums, flat)[flat]) / (high * wide)
    return noise


def of_tiles(sheet: NDArray[np.uint8]) -> NDArray[np.float32]:
    """The detail of each tile of a sheet (3, 2 · side, side), row by row: the energy of its gradient, in
    squared grey levels, beyond that of the noise of them all; float32 of shape (GRID · GRID,).

    Pixels are smoothed by the weights 1, 2, 1 first, which takes most of the noise and little of the rest.
    """
    import numpy as np

    side = sheet.shape[2]
    tile = side // GRID
    green = sheet[1, side:].astype(np.float32)
    tiles = green.reshape(GRID, tile, GRID, tile).transpose(0, 2, 1, 3).reshape(-1, tile, tile)
    tiles = (tiles[:, :-2] + 2 * tiles[:, 1:-1] + tiles[:, 2:]) / 4
    tiles = (tiles[:, :, :-2] + 2 * tiles[:, :, 1:-1] + tiles[:, :, 2:]) / 4
    across, down = np.diff(tiles, axis=2)[:, :-1], np.diff(tiles, axis=1)[:, :, :-1]
    energy = across**2 + down**2
    return np.asarray(np.maximum(energy.mean((1, 2)) - noise_energy(energy), 0), np.float32)
