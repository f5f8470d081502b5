"""Exporting a scorer: votes, probabilities or a mark, and the embedding."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import Tensor
from torch.fx.experimental.optimization import fuse

from export.graph import INPUT, Served, evaluated
from photocli.errors import UsageError
from photocli.inputs.views import FITS, InputSpec
from trainers.aesthetics.labels import BINS, CLASSES
from trainers.aesthetics.network import Scorer
from trainers.common.checkpoints import Model

ROUNDING = 0.02
"""Marks, 1-10."""

LOOSE = ("embedding",)

OUTPUTS = {
    "distribution": "votes",
    "binary": "probabilities",
    "three-way": "probabilities",
    "regression": "score",
}
"""The name of the first output by label mode; the second is always `embedding`."""

MEANINGS = {
    "distribution": "share of people who would give each mark",
    "binary": "probability of each class",
    "three-way": "probability of each class",
    "regression": "mean mark that people would give, 1-10",
}


class ServedScorer(Served):
    """Serves a scorer: uint8 (n, 3, size, size) -> outputs (n, k) and embedding (n, width).

    With `mirror` both are the means over the photo and its mirror image, at twice the cost.
    """

    def __init__(self, network: Scorer, mirror: bool = False) -> None:
        super().__init__()
        self.network = evaluated(network)
        # A network in evaluation has fixed statistics: batch norm becomes part of the convolution before it.
        self.network.backbone = fuse(self.network.backbone)
        self.mirror = mirror

    def forward(self, image: Tensor) -> tuple[Tensor, Tensor]:
        outputs, embedding = self._one_view(image)
        if not self.mirror:
            return outputs, embedding
        mirrored, other = self._one_view(image.flip(3))
        return (outputs + mirrored) / 2, (embedding + other) / 2

    def _one_view(self, image: Tensor) -> tuple[Tensor, Tensor]:
        embedding = self.network.embed(image)
        return self.network.outputs(self.network.head(embedding)), embedding


def serve(model: Model, flip: bool | None) -> ServedScorer:
    """See `kinds.Kind`."""
    assert isinstance(model.network, Scorer)
    return ServedScorer(model.network, bool(model.config.get("mirror")) if flip is None else flip)


def spec(config: Mapping[str, Any]) -> InputSpec:
    """See `kinds.Kind`."""
    if config["fit"] not in FITS:
        raise UsageError(f"photocli cannot cut inputs by '{config['fit']}', only {', '.join(FITS)}")
    return InputSpec(INPUT, config["size"], config["size"], config["fit"])


def outputs(model: Model) -> dict[str, dict[str, Any]]:
    """See `kinds.Kind`."""
    assert isinstance(model.network, Scorer)
    mode = model.config["labels"]
    labels = list(CLASSES[mode])
    return {
        OUTPUTS[mode]: {"shape": [len(labels)], "labels": labels, "meaning": MEANINGS[mode]},
        "embedding": {"shape": [model.network.head.in_features], "meaning": "the backbone's pooled features"},
    }


def answer(config: Mapping[str, Any], outputs: Mapping[str, NDArray[Any]]) -> NDArray[Any]:
    """Returns the mark, 1-10, that outputs (n, k) stand for; class probabilities are spread over 1-10."""
    mode = config["labels"]
    predictions = outputs[OUTPUTS[mode]]
    if mode == "distribution":
        return predictions @ BINS
    if mode == "regression":
        return predictions[:, 0]
    return 1 + 9 * predictions @ np.linspace(0, 1, predictions.shape[1])


def facts(config: Mapping[str, Any], measured: Mapping[str, Any]) -> dict[str, Any]:
    """See `kinds.Kind`."""
    return {"scale": [1, 10], "thresholds": {"middle": config["middle"], "delta": config["delta"]}}


def draw(model: Model, folder: Path, run: Path, photos: Path | None) -> list[Path]:
    """See `kinds.Kind`."""
    from trainers.aesthetics.plots import draw_all  # matplotlib takes a second; only plots need it

    return draw_all(model, folder, run, photos)
