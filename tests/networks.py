"""Makers of tiny models: a folder with a network and its card, whose scores a test can foretell."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper


def brightness_votes(level: float) -> np.ndarray:
    """What the network of `write_model` says of a picture of this mean level (0-255): shares of votes."""
    middle = 1 + 9 * level / 255
    shares = np.exp(-((np.arange(1, 11) - middle) ** 2))
    return shares / shares.sum()


def levels(*values: int) -> np.ndarray:
    """A batch of pictures for the network of `write_model`, each of one level."""
    return np.stack([np.full((3, 32, 32), value, np.uint8) for value in values])


def write_model(
    root: Path, name: str = "aesthetics", *, side: int = 32, version: str = "1.0", **changes: Any
) -> Path:
    """Put a model of kind aesthetics into `root/name` and return that folder: brighter photos score higher.

    It has `votes` and an `embedding` (the means of the channels). `changes` go into the card.
    """
    folder = root / name
    folder.mkdir(parents=True, exist_ok=True)
    network = _network(side, version).SerializeToString()
    (folder / "model.onnx").write_bytes(network)
    card: Mapping[str, Any] = {
        "name": name,
        "kind": "aesthetics",
        "version": version,
        "file": "model.onnx",
        "sha256": hashlib.sha256(network).hexdigest(),
        "description": "how bright a photo is",
        "input": {"name": "image", "size": [side, side], "fit": "squash"},
        "outputs": {"votes": {}, "embedding": {}},
        "calibration": {"good": {"slope": 1.5, "intercept": -8}},
        "thresholds": {"middle": 5.5, "delta": 1.0},
        **changes,
    }
    (folder / "card.json").write_text(json.dumps(card))
    return folder


def _network(side: int, version: str) -> onnx.ModelProto:
    def constant(name: str, values: Any) -> onnx.TensorProto:
        return numpy_helper.from_array(np.asarray(values, np.float32), name)

    nodes = [
        helper.make_node("Cast", ["image"], ["float"], to=TensorProto.FLOAT),
        helper.make_node("ReduceMean", ["float"], ["embedding"], axes=[2, 3], keepdims=0),
        helper.make_node("ReduceMean", ["embedding"], ["level"], axes=[1], keepdims=1),
        helper.make_node("Mul", ["level", "slope"], ["above"]),
        helper.make_node("Sub", ["votes_less_one", "above"], ["distance"]),
        helper.make_node("Mul", ["distance", "distance"], ["square"]),
        helper.make_node("Neg", ["square"], ["logits"]),
        helper.make_node("Softmax", ["logits"], ["votes"], axis=1),
    ]
    graph = helper.make_graph(
        nodes,
        "brightness",
        [helper.make_tensor_value_info("image", TensorProto.UINT8, ["n", 3, side, side])],
        [
            helper.make_tensor_value_info("votes", TensorProto.FLOAT, ["n", 10]),
            helper.make_tensor_value_info("embedding", TensorProto.FLOAT, ["n", 3]),
        ],
        [constant("slope", 9 / 255), constant("votes_less_one", [np.arange(10)])],
    )
    model = helper.make_model(
        graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8, producer_version=version
    )
    onnx.checker.check_model(model)
    return model
