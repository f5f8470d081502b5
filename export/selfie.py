"""Export of a network that scores faces: aligned squares in, people's mean mark out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import astuple
from pathlib import Path
from typing import Any

from numpy.typing import NDArray
from torch import Tensor
from torch.fx.experimental.optimization import fuse

from export.graph import INPUT, Served, evaluated
from photocli.inputs.views import InputSpec
from trainers.common.checkpoints import Model
from trainers.selfie.config import place_of
from trainers.selfie.network import LOWEST, FaceScorer
from trainers.selfie.tiny_darknet import TinyDarknet

ROUNDING = 0.05
"""Marks, 1-10."""

LOOSE: tuple[str, ...] = ()

HIGHEST = 10.0


class ServedFaceScorer(Served):
    """uint8 aligned faces (n, 3, side, side) -> scores (n, 1), 1-10; of the face and its mirror image."""

    def __init__(self, network: FaceScorer, flip: bool) -> None:
        super().__init__()
        self.network, self.flip = evaluated(network), flip
        del self.network.other, self.network.pair  # what taught it beside the score
        if not isinstance(self.network.backbone, TinyDarknet):  # batch norm goes into the layer before
            self.network.backbone = fuse(self.network.backbone)

    def score(self, image: Tensor) -> Tensor:
        """The score of the faces as they are, (n, 1)."""
        score: Tensor = self.network.head(self.network.embed(image))
        return score

    def forward(self, image: Tensor) -> tuple[Tensor]:
        score = self.score(image)
        if self.flip:
            score = (score + self.score(image.flip(3))) / 2
        return ((score + LOWEST).clamp(LOWEST, HIGHEST),)


def serve(model: Model, flip: bool | None) -> ServedFaceScorer:
    """See `kinds.Kind`; metrics are those of the face and its mirror image, so that is what is served."""
    assert isinstance(model.network, FaceScorer)
    return ServedFaceScorer(model.network, flip is not False)


def spec(config: Mapping[str, Any]) -> InputSpec:
    """See `kinds.Kind`."""
    place = astuple(place_of(dict(config)))
    return InputSpec(INPUT, config["side"], config["side"], "faces", place=place)


def outputs(model: Model) -> dict[str, dict[str, Any]]:
    """See `kinds.Kind`."""
    return {"scores": {"shape": [1], "meaning": "the mean mark that people would give the face, 1-10"}}


def answer(config: Mapping[str, Any], outputs: Mapping[str, NDArray[Any]]) -> NDArray[Any]:
    """The scores, (n, 1)."""
    return outputs["scores"]


def facts(config: Mapping[str, Any], measured: Mapping[str, Any]) -> dict[str, Any]:
    """The scale, and what each stage of the training is worth."""
    return {"scale": [1, 10], "ablation": measured.get("ablation", {})}


def draw(model: Model, folder: Path, run: Path, photos: Path | None) -> list[Path]:
    """The filters of the first layer."""
    from trainers.common.plots import filters

    assert isinstance(model.network, FaceScorer)
    return [filters(model.network, folder / "filters.png")]
