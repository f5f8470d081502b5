"""What a network of crops answers on samples, beside what is true of them."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from trainers.common.metrics import Floats
from trainers.crop.data import CropSample
from trainers.crop.network import CropNetwork


class CropPredictions(NamedTuple):
    """Holds the answers of a network on n samples, and what is true.

    Both have rectangles (n, 4), factors (n,) and cells (n, 16); `logit` (n,) and `doubt` (n,) are answers,
    `cropped` (n,) is true. `rows` (n,) tells which samples are of one photo.
    """

    rectangle: Floats
    factor: Floats
    logit: Floats
    doubt: Floats
    cells: NDArray[np.int64]
    true_rectangle: Floats
    true_factor: Floats
    cropped: NDArray[np.bool_]
    true_cells: NDArray[np.int64]
    rows: NDArray[np.int64]


def predict(network: CropNetwork, samples: Iterable[CropSample], batch: int = 32) -> CropPredictions:
    """Runs the network over samples, `batch` at a time."""
    device, was_training = network.cell.weight.device, network.training
    network.eval()
    parts: list[tuple[Any, ...]] = []
    rest = iter(samples)
    with torch.inference_mode():
        while chunk := list(islice(rest, batch)):
            output = network(torch.from_numpy(np.stack([sample.sheet for sample in chunk])).to(device))
            numbers = [value.float().cpu().numpy() for value in output[:4]]
            truth = [np.stack(values) for values in list(zip(*chunk, strict=True))[1:]]
            parts.append((*numbers, output.cells.argmax(2).cpu().numpy(), *truth))
    network.train(was_training)
    values = [np.concatenate(columns) for columns in zip(*parts, strict=True)]
    rectangle, factor, logit, doubt = (value.astype(np.float64) for value in values[:4])
    rectangles, factors, cropped, cells, rows = values[5:]
    true = (rectangles.astype(np.float64), factors.astype(np.float64), cropped > 0.5, cells, rows)
    return CropPredictions(rectangle, factor, logit, doubt, values[4], *true)
