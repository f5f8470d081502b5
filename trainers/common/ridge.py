"""Ridge regression on features, with its strength chosen by the leave-one-out error."""

from __future__ import annotations

import numpy as np

from trainers.common.metrics import Floats


def ridge(features: Floats, mean: Floats) -> tuple[Floats, float, float]:
    """Direction (width,), offset and leave-one-out error of the best of a few ridge strengths."""
    centre, width = features.mean(axis=0), features.std(axis=0) + 1e-3
    inputs, target = (features - centre) / width, mean - mean.mean()
    values, vectors = np.linalg.eigh(inputs @ inputs.T)
    turned = vectors.T @ target
    best: tuple[float, Floats] | None = None
    for strength in (0.1, 0.3, 1.0, 3.0, 10.0, 30.0):
        shrunk = 1 / (np.maximum(values, 0) + strength * len(mean) * 1.0)
        dual = vectors @ (shrunk * turned)
        # For kernel ridge, the leave-one-out residual is dual / diagonal of the inverse.
        residual = dual / np.einsum("ij,j,ij->i", vectors, shrunk, vectors)
        error = float(np.sqrt(np.mean(residual**2)))
        if best is None or error < best[0]:
            best = (error, inputs.T @ dual)
    assert best is not None
    direction = best[1] / width
    return direction, float(mean.mean() - centre @ direction), best[0]
