"""A tiny model of kind technical, whose severities a test can foretell from how bright a photo is."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from photocli.scoring.profiles import FAULTS


def write_exposure(root: Path, name: str = "technical", *, side: int = 32, **changes: Any) -> Path:
    """Put a model of kind technical into `root/name`: bright photos are overexposed, all have noise of 0.1.

    A photo of mean level 255 has severity 1. `changes` go into the card.
    """
    folder = root / name
    folder.mkdir(parents=True, exist_ok=True)
    network = _technical_network(side).SerializeToString()
    (folder / "model.onnx").write_bytes(network)
    card: Mapping[str, Any] = {
        "name": name,
        "kind": "technical",
        "version": "1.0",
        "file": "model.onnx",
        "sha256": hashlib.sha256(network).hexdigest(),
        "description": "how overexposed a photo is",
        "input": {"name": "image", "size": [side, side], "fit": "squash"},
        "outputs": {"severities": {}, "turns": {}},
        "thresholds": {**dict.fromkeys(FAULTS, 0.3), "rotate": 0.9},
        **changes,
    }
    (folder / "card.json").write_text(json.dumps(card))
    return folder


def _constant(name: str, values: Any) -> onnx.TensorProto:
    return numpy_helper.from_array(np.asarray(values, np.float32), name)


def _technical_network(side: int) -> onnx.ModelProto:
    nodes = [
        helper.make_node("Cast", ["image"], ["float"], to=TensorProto.FLOAT),
        helper.make_node("ReduceMean", ["float"], ["means"], axes=[2, 3], keepdims=0),
        helper.make_node("ReduceMean", ["means"], ["level"], axes=[1], keepdims=1),
        helper.make_node("Mul", ["level", "overexposed"], ["exposure"]),
        helper.make_node("Add", ["exposure", "noise"], ["severities"]),
        helper.make_node("Mul", ["level", "nothing"], ["none"]),
        helper.make_node("Add", ["none", "upright"], ["turns"]),
    ]
    graph = helper.make_graph(
        nodes,
        "overexposure",
        [helper.make_tensor_value_info("image", TensorProto.UINT8, ["n", 3, side, side])],
        [
            helper.make_tensor_value_info("severities", TensorProto.FLOAT, ["n", 6]),
            helper.make_tensor_value_info("turns", TensorProto.FLOAT, ["n", 4]),
        ],
        [
            _constant("overexposed", [[(fault == "overexposed") / 255 for fault in FAULTS]]),
            _constant("noise", [[0.1 * (fault == "noise") for fault in FAULTS]]),
            _constant("nothing", [[0.0] * 4]),
            _constant("upright", [[0.97, 0.01, 0.01, 0.01]]),
        ],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.checker.check_model(model)
    return model
