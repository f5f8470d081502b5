"""By how far one thumbnail shows what lies beside another one, as the frames of a panorama do."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Values = NDArray[np.floating]

AT_ONCE = 128
"""Pairs that are compared at once: what is made of so many stays in a processor's cache."""

_LEAST_STEP, _LEAST_OVERLAP = 5, 8  # of the 32 columns of a thumbnail
_STILL = 2  # columns by which frames may be shifted that lie still
_DOWNS = range(-2, 3)


def halved(frames: Values, axis: int) -> Values:
    """Thumbnails, shape (n, side, side), with half their rows for a search along the columns (`axis` 1); for
    `axis` 0 their columns are the rows."""
    if axis == 0:
        frames = frames.transpose(0, 2, 1)
    return (frames[:, ::2] + frames[:, 1::2]) / 2


def correlations(first: Values, second: Values) -> Values:
    """How the frames of each pair, shape (n, rows, columns), agree as they lie, from -1 to 1."""
    import numpy as np

    vectors = []
    for frames in (first, second):
        flat = frames.reshape(len(frames), -1)
        flat = flat - flat.mean(1, keepdims=True)
        vectors.append((flat, np.sqrt(np.einsum("nk,nk->n", flat, flat)) + 1))
    (a, long), (b, wide) = vectors
    return np.asarray(np.einsum("nk,nk->n", a, b) / (long * wide))


def best_shifts(first: Values, second: Values) -> tuple[Values, Values, Values]:
    """The shift along the columns at which the frames of each pair agree best, as a share; how well; and how
    much better than as they lie. Frames have the shape (n, rows, columns)."""
    import numpy as np

    width = first.shape[2]
    steps = np.arange(_LEAST_OVERLAP - width, width - _LEAST_OVERLAP + 1)
    # What all pixels have in common would cost the sums their last digits.
    first, second = (frames - frames.mean((1, 2), keepdims=True) for frames in (first, second))
    found = _agreements(first, second, steps)
    still = np.maximum(found[:, :, np.abs(steps) <= _STILL].max((1, 2)), 0)
    far = np.abs(steps) >= _LEAST_STEP
    best = found[:, :, far].max(1)
    at = best.argmax(1)
    agreement = best[np.arange(len(best)), at]
    return steps[far][at] / width, agreement, agreement - still


def _agreements(first: Values, second: Values, steps: NDArray[np.intp]) -> Values:
    """The correlation of what both frames of a pair show, (n, downs, steps), at each shift."""
    import numpy as np

    rows, width = first.shape[1:]
    products = _products(first, second)[:, :, width - 1 - steps]
    spreads = []
    sums = []
    for frames, way in ((first, 1), (second, -1)):
        from_, to = np.maximum(way * steps, 0), width + np.minimum(way * steps, 0)
        pair = []
        for values in (frames, frames * frames):
            columns = np.stack(
                [values[:, max(way * d, 0) : rows + min(way * d, 0)].sum(1) for d in _DOWNS], axis=1
            )
            before = np.zeros((*columns.shape[:2], width + 1), np.float64)
            np.cumsum(columns, axis=2, dtype=np.float64, out=before[:, :, 1:])
            pair.append(before[:, :, to] - before[:, :, from_])
        count = (width - np.abs(steps)) * (rows - np.abs(np.asarray(_DOWNS)))[:, None]
        sums.append(pair[0])
        spreads.append(np.sqrt(np.maximum(pair[1] - pair[0] ** 2 / count, 0)) + 1)
    return np.asarray((products - sums[0] * sums[1] / count) / (spreads[0] * spreads[1]))


def _products(first: Values, second: Values) -> Values:
    """The sums of the products of pixels that lie on each other, by the shift: (n, downs, columns).

    A step of s columns to the right is at place `width` - 1 - s.
    """
    import numpy as np

    n, rows, width = first.shape
    moved = np.zeros((n, rows, len(_DOWNS), width), np.float32)
    for at, down in enumerate(_DOWNS):
        moved[:, max(down, 0) : rows + min(down, 0), at] = second[:, max(-down, 0) : rows + min(-down, 0)]
    backwards = np.ascontiguousarray(first[:, :, ::-1].transpose(0, 2, 1))
    every = np.matmul(backwards, moved.reshape(n, rows, -1)).reshape(n, width, len(_DOWNS), width)
    # Rows that are one shorter than they lie apart put what belongs to one step below each other.
    apart = np.zeros((n, len(_DOWNS), width, 2 * width), np.float32)
    apart[..., :width] = every.transpose(0, 2, 1, 3)
    skewed = apart.reshape(n, len(_DOWNS), -1)[..., :-width].reshape(n, len(_DOWNS), width, -1)
    return np.asarray(skewed.sum(2))
