"""Export of a style network: the medium, the looks, the paintings, and where they come from."""

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
from photocli.inputs.views import InputSpec
from trainers.common.checkpoints import Model
from trainers.style.network import GROUPS, StyleNetwork

ROUNDING = 0.03
"""Probability, 0-1."""

LOOSE = ("maps",)

_STRIDE = 32  # pixels of the input for each place of the maps


class ServedStyleNetwork(Served):
    """Maps uint8 (n, 3, side, side) to probabilities and class activation maps.

    Probabilities of the medium (n, m), which add up to 1, of the looks (n, l), each by itself, and of the
    paintings (n, p + 1), which add up to 1; maps (n, k, rows, columns) of all of these in this order: what
    each place adds to the logit, which with the bias is their sum.
    """

    def __init__(self, network: StyleNetwork) -> None:
        super().__init__()
        self.network = evaluated(network)
        # Batch norm becomes part of the convolution before it.
        self.network.backbone = fuse(self.network.backbone)

    def forward(self, image: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        features = self.network.features(image)
        logits = self.network.by_group(self.network.head(features.mean((2, 3))))
        maps = self.network.maps(features)
        return logits.medium.softmax(1), logits.looks.sigmoid(), logits.paintings.softmax(1), maps


def serve(model: Model, flip: bool | None) -> ServedStyleNetwork:
    """See `kinds.Kind`."""
    if flip:
        raise UsageError("a model of styles does not judge mirror images; leave out --flip")
    assert isinstance(model.network, StyleNetwork)
    return ServedStyleNetwork(model.network)


def spec(config: Mapping[str, Any]) -> InputSpec:
    """See `kinds.Kind`."""
    return InputSpec(INPUT, config["side"], config["side"], "squash")


def outputs(model: Model) -> dict[str, dict[str, Any]]:
    """See `kinds.Kind`."""
    assert isinstance(model.network, StyleNetwork)
    names = {group: list(model.network.classes[group]) for group in GROUPS}
    meanings = (
        "probability of each medium",
        "probability of each look, of which several may hold",
        "probability of each painting's style, the first one none",
    )
    found: dict[str, dict[str, Any]] = {
        group: {"shape": [len(names[group])], "labels": names[group], "meaning": meaning}
        for group, meaning in zip(GROUPS, meanings, strict=True)
    }
    places = model.config["side"] // _STRIDE
    labels = [name for group in GROUPS for name in names[group]]
    found["maps"] = {
        "shape": [len(labels), places, places],
        "labels": labels,
        "meaning": "what each place adds to the logit of each class; with the bias, their sum is the logit",
    }
    return found


def answer(config: Mapping[str, Any], outputs: Mapping[str, NDArray[Any]]) -> NDArray[Any]:
    """Returns the probabilities, (n, k)."""
    return np.concatenate([outputs[group] for group in GROUPS], axis=1)


def facts(config: Mapping[str, Any], measured: Mapping[str, Any]) -> dict[str, Any]:
    """Returns the classes, and the calibrated probabilities above which looks hold."""
    classes = {group: list(config["classes"][group]) for group in GROUPS}
    known = measured.get("thresholds") or {}
    return {"classes": classes, "thresholds": {name: known.get(name, 0.5) for name in classes["looks"]}}


def draw(model: Model, folder: Path, run: Path, photos: Path | None) -> list[Path]:
    """See `kinds.Kind`."""
    from trainers.style.plots import draw_all  # matplotlib takes a second, only pictures need it

    return draw_all(model, folder, run, photos)
