"""Exports a network of technical quality: severities of faults, in all and by tile, and turns."""

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
from photocli.inputs.tiles import GRID
from photocli.inputs.views import InputSpec
from photocli.scoring.profiles import FAULTS
from trainers.common.checkpoints import Model
from trainers.technical.network import TURNS, TechnicalNetwork

ROUNDING = 0.02
"""Severity, or probability of a turn, 0-1."""

LOOSE = ("tiles", "weights")


class ServedTechnicalNetwork(Served):
    """Maps uint8 sheets (n, 3, 2 · side, side) to severities (n, 6) and probabilities of turns (n, 4).

    Further outputs are for each of the 16 tiles its own severities (n, 16, 6), and how much it counts for
    each fault (n, 16, 6).
    """

    def __init__(self, network: TechnicalNetwork) -> None:
        super().__init__()
        self.network = evaluated(network)
        for part in ("near", "far", "stem", "tile"):  # batch norm becomes part of the convolution before it
            setattr(self.network, part, fuse(getattr(self.network, part)))

    def forward(self, image: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        output = self.network(image)
        return output.faults.sigmoid(), output.turns.softmax(1), output.tiles.sigmoid(), output.weights


def serve(model: Model, flip: bool | None) -> ServedTechnicalNetwork:
    """See `kinds.Kind`."""
    if flip:
        raise UsageError("a model of technical quality does not judge mirror images; leave out --flip")
    assert isinstance(model.network, TechnicalNetwork)
    return ServedTechnicalNetwork(model.network)


def spec(config: Mapping[str, Any]) -> InputSpec:
    """See `kinds.Kind`."""
    return InputSpec(INPUT, 2 * config["side"], config["side"], "sheet")


def outputs(model: Model) -> dict[str, dict[str, Any]]:
    """See `kinds.Kind`."""
    tiles, faults = GRID * GRID, list(FAULTS)
    turns = [str(90 * turn) for turn in range(TURNS)]
    return {
        "severities": {"shape": [len(faults)], "labels": faults, "meaning": "severity of each fault, 0-1"},
        "turns": {
            "shape": [TURNS],
            "labels": turns,
            "meaning": "probability that so many degrees clockwise make the photo upright",
        },
        "tiles": {
            "shape": [tiles, len(faults)],
            "labels": faults,
            "meaning": "severity of each fault by one tile alone, row by row",
        },
        "weights": {
            "shape": [tiles, len(faults)],
            "labels": faults,
            "meaning": "how much each tile counts for each fault; they add up to 1",
        },
    }


def answer(config: Mapping[str, Any], outputs: Mapping[str, NDArray[Any]]) -> NDArray[Any]:
    """Returns severities and probabilities of the turns, (n, 10)."""
    return np.concatenate([outputs["severities"], outputs["turns"]], axis=1)


def facts(config: Mapping[str, Any], measured: Mapping[str, Any]) -> dict[str, Any]:
    """Returns the thresholds of faults and of turning a photo; see `assessors.technical`."""
    return {"scale": [0, 1], "thresholds": measured.get("thresholds", {})}


def draw(model: Model, folder: Path, run: Path, photos: Path | None) -> list[Path]:
    """See `kinds.Kind`."""
    from trainers.technical.plots import draw_all  # matplotlib takes a second, and only plots need it

    return draw_all(model, folder, run, photos)
