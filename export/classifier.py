"""Exporting a classifier of a user's own classes: their probabilities, and where they come from."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from numpy.typing import NDArray
from torch import Tensor, nn
from torch.fx.experimental.optimization import fuse

from export.graph import INPUT, Served, evaluated
from photocli.inputs.views import InputSpec
from trainers.classes.network import Classifier, spatial_backbone
from trainers.common.checkpoints import Model

ROUNDING = 0.02
"""Probability, 0-1."""

LOOSE = ("maps",)


class ServedClassifier(Served):
    """Serves a classifier: uint8 (n, 3, size, size) -> probabilities (n, k), and maps where it has them.

    Where the network ends in a mean over places and a linear layer, maps (n, k, rows, columns) are what each
    place adds to the logit of the class, which with the layer's bias is their sum (class activation maps,
    Zhou et al. 2016). With `mirror` both are the means over the photo and its mirror image, at twice the
    cost.
    """

    def __init__(self, network: Classifier, mirror: bool = False) -> None:
        super().__init__()
        self.network, self.mirror = evaluated(network), mirror
        spatial = spatial_backbone(self.network.backbone)
        self.mapped = spatial is not None
        backbone = spatial if spatial is not None else self.network.backbone
        try:  # batch norm becomes part of the convolution before it
            self.network.backbone = fuse(backbone)
        except Exception:  # networks that cannot be traced are served as they are
            self.network.backbone = backbone

    def forward(self, image: Tensor) -> tuple[Tensor, ...]:
        outputs = self._one_view(image)
        if not self.mirror:
            return outputs
        mirrored = self._one_view(image.flip(3))
        probabilities = (outputs[0] + mirrored[0]) / 2
        if not self.mapped:
            return (probabilities,)
        return probabilities, (outputs[1] + mirrored[1].flip(3)) / 2

    def _one_view(self, image: Tensor) -> tuple[Tensor, ...]:
        network = self.network
        features = network.backbone(network.scaled(image))
        if not self.mapped:
            return (network.probabilities(network.head(features.flatten(1))),)
        logits = network.head(features.mean((2, 3)))
        weight = network.head.weight[:, :, None, None]
        maps = nn.functional.conv2d(features, weight) / (features.shape[2] * features.shape[3])
        return network.probabilities(logits), maps


def serve(model: Model, flip: bool | None) -> ServedClassifier:
    """See `kinds.Kind`."""
    assert isinstance(model.network, Classifier)
    return ServedClassifier(model.network, bool(flip))


def spec(config: Mapping[str, Any]) -> InputSpec:
    """See `kinds.Kind`."""
    return InputSpec(INPUT, config["size"], config["size"], "squash")


def outputs(model: Model) -> dict[str, dict[str, Any]]:
    """See `kinds.Kind`."""
    assert isinstance(model.network, Classifier)
    labels = list(model.config["classes"])
    meaning = "probability of each class" + (", of which several may hold" if model.config["several"] else "")
    found: dict[str, dict[str, Any]] = {
        "probabilities": {"shape": [len(labels)], "labels": labels, "meaning": meaning}
    }
    if spatial_backbone(evaluated(model.network).backbone) is not None:
        found["maps"] = {
            "shape": [len(labels), "rows", "columns"],
            "labels": labels,
            "meaning": "what each place adds to the logit of each class",
        }
    return found


def answer(config: Mapping[str, Any], outputs: Mapping[str, NDArray[Any]]) -> NDArray[Any]:
    """Returns the probabilities, (n, k)."""
    return outputs["probabilities"]


def facts(config: Mapping[str, Any], measured: Mapping[str, Any]) -> dict[str, Any]:
    """Returns the classes, whether several may hold, and the probabilities above which they do."""
    limits = measured.get("thresholds") or {}
    if config["several"]:
        limits = {name: limits.get(name, 0.5) for name in config["classes"]}
    return {"classes": list(config["classes"]), "several": config["several"], "thresholds": limits}


def draw(model: Model, folder: Path, run: Path, photos: Path | None) -> list[Path]:
    """See `kinds.Kind`."""
    from trainers.classes.plots import draw_all  # matplotlib takes a second; only plots need it

    return draw_all(model, folder, run, photos)
