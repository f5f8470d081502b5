"""Export of a face detector: scores, boxes and points of every cell, decoded inside the graph."""

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
from trainers.faces.network import STRIDE, FaceDetector

ROUNDING = 0.03
"""A score, or a side of a face's box as a share of the canvas."""

LOOSE = ("boxes", "points")  # in pixels, and most are those of cells where there is no face


class ServedDetector(Served):
    """uint8 canvases (n, 3, side, side) -> scores (n, cells) 0-1, boxes (n, cells, 4) and points
    (n, cells, 10) in pixels of the canvas."""

    def __init__(self, network: FaceDetector) -> None:
        super().__init__()
        self.network = evaluated(network)
        for part in ("near", "far", "deep", "middle", "tell", "where"):
            setattr(self.network, part, fuse(getattr(self.network, part)))
        if self.network.landmarks is not None:
            for part in ("see", "around", "tell"):
                setattr(self.network.landmarks, part, fuse(getattr(self.network.landmarks, part)))

    def forward(self, image: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        output = self.network(image)
        return output.logits.sigmoid(), output.boxes, self.network.points(output, image)


def serve(model: Model, flip: bool | None) -> ServedDetector:
    """See `kinds.Kind`."""
    if flip:
        raise UsageError("a detector of faces does not judge mirror images; leave out --flip")
    assert isinstance(model.network, FaceDetector)
    return ServedDetector(model.network)


def spec(config: Mapping[str, Any]) -> InputSpec:
    """See `kinds.Kind`."""
    side = side_of(config)
    return InputSpec(INPUT, side, side, "contain")


def side_of(config: Mapping[str, Any]) -> int:
    """The side of the canvas when the network serves."""
    return int(config.get("serve_side") or config["side"])


def outputs(model: Model) -> dict[str, dict[str, Any]]:
    """See `kinds.Kind`."""
    cells = (side_of(model.config) // STRIDE) ** 2
    points = [
        f"{part} {axis}"
        for part in ("left eye", "right eye", "nose", "left of mouth", "right of mouth")
        for axis in "xy"
    ]
    return {
        "scores": {"shape": [cells], "meaning": "how sure each cell is that it is in the middle of a face"},
        "boxes": {
            "shape": [cells, 4],
            "labels": ["left", "top", "right", "bottom"],
            "meaning": "the face around each cell, in pixels of the input",
        },
        "points": {
            "shape": [cells, 10],
            "labels": points,
            "meaning": "its points, in pixels of the input; left and right as in the picture",
        },
    }


def answer(config: Mapping[str, Any], outputs: Mapping[str, NDArray[Any]]) -> NDArray[Any]:
    """The scores, and the boxes as shares of the canvas, which count as much as their scores."""
    scores = outputs["scores"]
    boxes = outputs["boxes"] / side_of(config) * scores[..., None]
    return np.concatenate([scores, boxes.reshape(len(scores), -1)], axis=1)


def facts(config: Mapping[str, Any], measured: Mapping[str, Any]) -> dict[str, Any]:
    """The score from which there is a face, and the overlap from which two are one; see
    `photocli.faces.detectors.detector`."""
    return {"thresholds": measured.get("thresholds", {"score": 0.5, "overlap": config["overlap"]})}


def draw(model: Model, folder: Path, run: Path, photos: Path | None) -> list[Path]:
    """See `kinds.Kind`."""
    from trainers.faces.plots import draw_all

    return draw_all(model, folder, run, photos)
