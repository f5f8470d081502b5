"""Predictions of a style network on held-out pictures, beside what is true of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch.utils.data import DataLoader

from trainers.common.metrics import Floats
from trainers.style.config import StyleConfig
from trainers.style.data import MEDIA, StyleDataset, StylePictures, StyleSampleIndex, halves, held_out_indices
from trainers.style.network import StyleNetwork

_BATCH = 64


@dataclass(frozen=True)
class StylePredictions:
    """Holds logits (n, k) and truth of n held-out pictures, by group.

    A medium of -1 and a look of NaN are unknown. `names` are of the photos that the pictures show, `half`
    (0 or 1) follows from them, and `indices` address the samples.
    """

    indices: list[StyleSampleIndex]
    names: list[str]
    half: NDArray[np.intp]
    medium: Floats
    looks: Floats
    paintings: Floats
    true_medium: NDArray[np.intp]
    true_looks: Floats
    true_painting: NDArray[np.intp]
    made: NDArray[np.bool_]
    """Whether it is a photo that looks were made of."""
    of_media: NDArray[np.bool_]
    """Whether it is one of the pictures of media, whose medium people told."""
    classes: dict[str, tuple[str, ...]]

    @property
    def photos(self) -> NDArray[np.bool_]:
        """Whether each picture is a photo, with looks or without."""
        return (self.true_medium == 0) & (self.true_painting == 0)

    @property
    def as_taken(self) -> NDArray[np.bool_]:
        """Whether each picture is a photo of which no look was made."""
        return self.photos & ~self.made

    @property
    def plain(self) -> NDArray[np.bool_]:
        """Whether each picture is a photo as taken that has no look of its own, as far as rules can tell."""
        return self.as_taken & ~(self.true_looks == 1).any(1)

    def known(self, look: int) -> NDArray[np.bool_]:
        """Whether each picture is a photo of which it is known whether it has the look."""
        return self.photos & np.isfinite(self.true_looks[:, look])


def predict(
    network: StyleNetwork, held: StylePictures, config: StyleConfig, every: int = 1
) -> StylePredictions:
    """Returns the network's predictions on held-out pictures, or on one of `every`."""
    indices = held_out_indices(held, config.turns, every)
    samples = StyleDataset(held, config.side, config.seed)
    batches = [indices[at : at + _BATCH] for at in range(0, len(indices), _BATCH)]
    loader: DataLoader[Any] = DataLoader(samples, batch_sampler=batches, num_workers=config.workers)
    device = next(network.parameters()).device
    logits, truth = [], []
    network.eval()
    with torch.inference_mode():
        for images, *targets in loader:
            logits.append(network(images.to(device)).float().cpu())
            truth.append(targets)
    medium, looks, paintings = (part.double().numpy() for part in network.by_group(torch.cat(logits)))
    true_medium, true_looks, true_painting = (torch.cat(part).numpy() for part in zip(*truth, strict=True))
    names = [held.names[index.row] for index in indices]
    return StylePredictions(
        indices,
        names,
        halves(names),
        *(medium, looks, paintings, true_medium, true_looks.astype(np.float64), true_painting),
        np.array([index.turn > 0 for index in indices]),
        np.array([held.origins[index.row] in MEDIA.values() and index.turn == 0 for index in indices]),
        held.classes,
    )
