"""Predictions of a network for photos, without augmentation."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from trainers.aesthetics.network import Scorer
from trainers.common.augmentation import plain_view
from trainers.common.frames import Picture


class ScorerPredictions(NamedTuple):
    """Holds for n photos `score` (n,), `outputs` (n, k) and `embedding` (n, width); see `Scorer`."""

    score: NDArray[np.float64]
    outputs: NDArray[np.float64]
    embedding: NDArray[np.float32]


def predict(
    network: Scorer,
    pictures: Iterable[Picture],
    size: int,
    fit: str,
    *,
    mirror: bool = False,
    change: Callable[[Picture], Picture] | None = None,
    batch: int = 32,
) -> ScorerPredictions:
    """Runs `network` over pictures; `change` is done to each frame first, `mirror` averages two views."""
    device = network.head.weight.device
    was_training = network.training
    network.eval()
    parts: tuple[list[NDArray[np.float32]], ...] = ([], [], [])
    with torch.inference_mode():
        for views in _batches(pictures, size, fit, change, batch):
            images = torch.from_numpy(views).to(device)
            passes = [_one_pass(network, images)]
            if mirror:
                passes.append(_one_pass(network, images.flip(3)))
            for part, values in zip(parts, zip(*passes, strict=True), strict=True):
                part.append(torch.stack(values).mean(0).float().cpu().numpy())
    network.train(was_training)
    score, outputs, embedding = (np.concatenate(part) for part in parts)
    return ScorerPredictions(score.astype(np.float64), outputs.astype(np.float64), embedding)


def _one_pass(network: Scorer, images: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    embedding = network.embed(images)
    raw = network.head(embedding)
    return network.score(raw), network.outputs(raw), embedding


def _batches(
    pictures: Iterable[Picture], size: int, fit: str, change: Callable[[Picture], Picture] | None, batch: int
) -> Iterator[NDArray[np.uint8]]:
    rest = iter(pictures)
    while chunk := list(islice(rest, batch)):
        changed = chunk if change is None else [change(picture) for picture in chunk]
        yield np.stack([plain_view(picture, size, fit) for picture in changed])
