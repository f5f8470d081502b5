"""Exports a network of crops: whether a photo was cropped, from where, how sure that is, and cells."""

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
from photocli.inputs.patches import GRID, HEIGHT, WIDTH
from photocli.inputs.views import InputSpec
from trainers.common.checkpoints import Model
from trainers.crop.network import CropNetwork, PieceNetwork, ThumbnailNetwork, turned_back

ROUNDING = 0.05
"""Side of the rectangle and crop factor, as a share of the frame, or a probability, 0-1."""

LOOSE = ("cells",)


class ServedCropNetwork(Served):
    """Maps uint8 inputs (n, 3, HEIGHT, WIDTH) to the answers about n photos.

    They are the logit of being cropped (n, 1), the rectangle in the upright frame (n, 4), the factor (n, 1),
    the doubt (n, 1), and the chances of each piece's cell (n, 16, 16), in the turned photo.
    """

    def __init__(self, network: CropNetwork) -> None:
        super().__init__()
        self.network = evaluated(network)
        whole, piece = self.network.whole, self.network.piece
        if isinstance(whole, ThumbnailNetwork):  # batch norm becomes part of the convolution before it
            assert isinstance(piece, PieceNetwork)
            whole.backbone, whole.top = fuse(whole.backbone), fuse(whole.top)
            piece.backbone = fuse(piece.backbone)  # type: ignore[assignment]
        else:
            self.network.piece = fuse(self.network.piece)

    def forward(self, image: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor]:
        output = self.network(image)
        rectangle = turned_back(output.rectangle, image)
        numbers = (output.factor[:, None], output.doubt[:, None], output.cells.softmax(2))
        return output.cropped[:, None], rectangle, *numbers


def serve(model: Model, flip: bool | None) -> ServedCropNetwork:
    """See `kinds.Kind`."""
    if flip:
        raise UsageError("a model of crops does not judge mirror images; leave out --flip")
    assert isinstance(model.network, CropNetwork)
    if model.network.stage == "patches":
        raise UsageError("a network of pieces alone knows no rectangle; train a further stage")
    return ServedCropNetwork(model.network)


def spec(config: Mapping[str, Any]) -> InputSpec:
    """See `kinds.Kind`."""
    return InputSpec(INPUT, HEIGHT, WIDTH, "crop")


def outputs(model: Model) -> dict[str, dict[str, Any]]:
    """See `kinds.Kind`."""
    tiles = GRID * GRID
    return {
        "cropped": {"shape": [1], "meaning": "logit of having been cropped, to be calibrated"},
        "rectangle": {
            "shape": [4],
            "labels": ["left", "right", "top", "bottom"],
            "meaning": "where the photo lies in the camera's frame, if it was cropped; fractions, upright",
        },
        "factor": {"shape": [1], "meaning": "linear size that was kept; 1 is the whole frame"},
        "doubt": {"shape": [1], "meaning": "expected error of a side of the rectangle"},
        "cells": {
            "shape": [tiles, tiles],
            "meaning": "chances of the cell in the frame of each piece, row by row of the landscape photo",
        },
    }


def answer(config: Mapping[str, Any], outputs: Mapping[str, NDArray[Any]]) -> NDArray[Any]:
    """Returns rectangle, factor, and probability of having been cropped before calibration, (n, 6)."""
    chance = 1 / (1 + np.exp(-outputs["cropped"]))
    return np.concatenate([outputs["rectangle"], outputs["factor"], chance], axis=1)


def facts(config: Mapping[str, Any], measured: Mapping[str, Any]) -> dict[str, Any]:
    """Returns the doubt above which the rectangle is left empty; see `assessors.crop`."""
    return {"scale": [0, 1], "thresholds": measured.get("thresholds", {})}


def draw(model: Model, folder: Path, run: Path, photos: Path | None) -> list[Path]:
    """Draws the filters alone: `python -m trainers.crop evaluate` draws what needs the held-out photos."""
    from trainers.common.plots import filters

    assert isinstance(model.network, CropNetwork)
    return [filters(model.network, folder / "filters.png")]
