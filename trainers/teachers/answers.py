"""What teachers answer, from their features: marks by ridge regression, never of a photo that was learned."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from trainers.common.metrics import Floats
from trainers.common.ridge import ridge

Features = NDArray[np.floating]


def out_of_fold(features: Features, mean: Floats, fold: NDArray[np.intp]) -> Floats:
    """Returns for each rated photo (n,) the mark by those of other folds; `features` (n, width)."""
    found = np.full(len(mean), np.nan)
    for number in np.unique(fold):
        inside = fold == number
        direction, offset, _ = ridge(features[~inside].astype(np.float64), mean[~inside])
        found[inside] = features[inside] @ direction + offset
    return found


def marks(features: Features, mean: Floats, fold: NDArray[np.intp], held: int | None) -> Floats:
    """Returns a mark, 1-10, for every photo (n,), by a teacher to which the fold `held` was not shown.

    `mean` (n,) is NaN for photos that nobody rated. Photos that the teacher learned from are answered by one
    that learned from the other folds alone: its mistakes on them are those that it makes on new photos.
    """
    known = np.isfinite(mean) & (fold != (-2 if held is None else held))
    direction, offset, _ = ridge(features[known].astype(np.float64), mean[known])
    found = np.asarray(features @ direction + offset, np.float64)
    found[known] = out_of_fold(features[known], mean[known], fold[known])
    return np.clip(found, 1.0, 10.0)


def components(parts: Sequence[Features], count: int) -> NDArray[np.float32]:
    """Returns what is common to several teachers' features of n photos as `count` numbers, (n, count).

    Each teacher's features are standardised and count the same; the principal components are scaled by the
    root of their reach, between what they weigh and all the same, and each row to length 1.
    """
    from sklearn.utils.extmath import randomized_svd

    scaled = []
    for features in parts:
        centred = features.astype(np.float64) - features.mean(0)
        scaled.append(centred / (centred.std(0) + 1e-3) / np.sqrt(features.shape[1]))
    joined = np.concatenate(scaled, 1)
    left, reach, _ = randomized_svd(joined, min(count, *joined.shape), random_state=0)
    projected = left * np.sqrt(reach)
    padded = np.zeros((len(joined), count))
    padded[:, : projected.shape[1]] = projected
    length = np.linalg.norm(padded, axis=1, keepdims=True)
    return np.asarray(padded / np.maximum(length, 1e-9), np.float32)
