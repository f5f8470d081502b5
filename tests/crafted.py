"""Makers of tiny models that look at parts of a photo: what must be found in it can be foretold."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from photocli.inputs.patches import HEIGHT, WIDTH
from photocli.scoring.profiles import FAULTS


def write_inspector(
    root: Path,
    name: str = "technical",
    *,
    side: int = 128,
    severities: Sequence[float] = (0.1, 0.05, 0.02, 0.7, 0.2, 0.0),
    turns: Sequence[float] = (0.97, 0.01, 0.01, 0.01),
    **changes: Any,
) -> Path:
    """Put a model of kind technical into `root/name`, which says the same of every photo.

    Its sixteen tiles are the more blurred the later they come, and the first of them counts most for blur.
    """
    tiles = np.tile(np.linspace(0, 1, 16)[:, None], (1, 6))
    weights = np.tile((0.5 ** np.arange(1, 17))[:, None], (1, 6))
    answers = {
        "severities": severities,
        "turns": turns,
        "tiles": tiles,
        "weights": weights / weights[:, 0].sum(),
    }
    network = _constant_network(side, answers).SerializeToString()
    return _put(
        root / name,
        network,
        {
            "name": name,
            "kind": "technical",
            "version": "1.0",
            "description": "the same of every photo",
            "input": {"name": "image", "size": [2 * side, side], "fit": "sheet"},
            "outputs": {name: {} for name in answers},
            "thresholds": {**dict.fromkeys(FAULTS, 0.3), "rotate": 0.9},
            **changes,
        },
    )


def write_softness(root: Path, name: str = "technical", *, side: int = 64) -> Path:
    """Put a model of kind technical into `root/name`, which looks at the tiles of a sheet alone.

    Its blur is 1 less a 32nd of the mean step between pixels beside each other, in levels; at least 0.
    """
    answers = {"severities": [6], "turns": [4]}
    ends = {
        "tiles_from": [side],
        "tiles_to": [2 * side],
        "down": [2],
        "left": [0],
        "last": [side - 1],
        "right": [1],
        "all": [side],
        "across": [3],
    }
    nodes = [
        helper.make_node("Cast", ["image"], ["float"], to=TensorProto.FLOAT),
        helper.make_node("Slice", ["float", "tiles_from", "tiles_to", "down"], ["tiles"]),
        helper.make_node("Slice", ["tiles", "left", "last", "across"], ["here"]),
        helper.make_node("Slice", ["tiles", "right", "all", "across"], ["beside"]),
        helper.make_node("Sub", ["here", "beside"], ["difference"]),
        helper.make_node("Abs", ["difference"], ["steps"]),
        helper.make_node("ReduceMean", ["steps"], ["step"], axes=[2, 3], keepdims=0),
        helper.make_node("ReduceMean", ["step"], ["sharp"], axes=[1], keepdims=1),
        helper.make_node("Mul", ["sharp", "share"], ["less"]),
        helper.make_node("Sub", ["blurred", "less"], ["signed"]),
        helper.make_node("Relu", ["signed"], ["severities"]),
        helper.make_node("Mul", ["sharp", "nothing"], ["none"]),
        helper.make_node("Add", ["none", "upright"], ["turns"]),
    ]
    constants = [
        *(numpy_helper.from_array(np.asarray(values, np.int64), key) for key, values in ends.items()),
        _constant("share", 1 / 32),
        _constant("blurred", [[fault == "blur" for fault in FAULTS]]),
        _constant("nothing", 0),
        _constant("upright", [[0.97, 0.01, 0.01, 0.01]]),
    ]
    network = _model("softness", nodes, 2 * side, side, answers, constants).SerializeToString()
    return _put(
        root / name,
        network,
        {
            "name": name,
            "kind": "technical",
            "version": "1.0",
            "description": "how soft the tiles are",
            "input": {"name": "image", "size": [2 * side, side], "fit": "sheet"},
            "outputs": {key: {} for key in answers},
            "thresholds": {**dict.fromkeys(FAULTS, 0.3), "rotate": 0.9},
        },
    )


def write_cropper(
    root: Path,
    name: str = "crop",
    *,
    cropped: float = 3.0,
    rectangle: Sequence[float] = (0.5, 1.0, 0.25, 0.75),
    factor: float = 0.5,
    doubt: float = 0.05,
) -> Path:
    """Put a model of kind crop into `root/name`, which says the same of every photo.

    Each of its pieces lies in the cell of its own number; `rectangle` is left, right, top, bottom.
    """
    answers = {
        "cropped": [cropped],
        "rectangle": rectangle,
        "factor": [factor],
        "doubt": [doubt],
        "cells": np.eye(16),
    }
    network = _constant_network(WIDTH, answers, HEIGHT).SerializeToString()
    return _put(
        root / name,
        network,
        {
            "name": name,
            "kind": "crop",
            "version": "1.0",
            "description": "the same of every photo",
            "input": {"name": "image", "size": [HEIGHT, WIDTH], "fit": "crop"},
            "outputs": {name: {} for name in answers},
            "calibration": {"cropped": {"slope": 1.0, "intercept": 0.0}},
            "thresholds": {"doubt": 0.2},
        },
    )


def write_corner(root: Path, name: str = "corner", *, side: int = 32) -> Path:
    """Put a model of kind aesthetics into `root/name` that sees the upper left quarter alone.

    All its votes are for 1 and for 10; its score is 1 + 9 times the mean level of that quarter, of 0 to 1.
    """
    ends = np.eye(10)[[0, 9]]
    half = [np.asarray(values, np.int64) for values in ([0, 0], [side // 2] * 2, [2, 3])]
    nodes = [
        helper.make_node("Slice", ["image", "start", "end", "axes"], ["quarter"]),
        helper.make_node("Cast", ["quarter"], ["float"], to=TensorProto.FLOAT),
        helper.make_node("ReduceMean", ["float"], ["levels"], axes=[2, 3], keepdims=0),
        helper.make_node("ReduceMean", ["levels"], ["level"], axes=[1], keepdims=1),
        helper.make_node("Mul", ["level", "gain"], ["bright"]),
        helper.make_node("Add", ["bright", "none"], ["votes"]),
    ]
    constants = [
        *(numpy_helper.from_array(v, n) for v, n in zip(half, ("start", "end", "axes"), strict=True)),
        _constant("gain", (ends[1:] - ends[:1]) / 255),
        _constant("none", ends[:1]),
    ]
    network = _model("corner", nodes, side, side, {"votes": [10]}, constants).SerializeToString()
    return _put(
        root / name,
        network,
        {
            "name": name,
            "kind": "aesthetics",
            "version": "1.0",
            "description": "how bright the upper left quarter is",
            "input": {"name": "image", "size": [side, side], "fit": "squash"},
            "outputs": {"votes": {}},
            "calibration": {"good": {"slope": 1.5, "intercept": -8}},
            "thresholds": {"middle": 5.5, "delta": 1.0},
        },
    )


def _put(folder: Path, network: bytes, card: Mapping[str, Any]) -> Path:
    """Write a model's two files; the card gets the network's name and checksum."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "model.onnx").write_bytes(network)
    facts = {"file": "model.onnx", "sha256": hashlib.sha256(network).hexdigest(), **card}
    (folder / "card.json").write_text(json.dumps(facts))
    return folder


def _constant_network(side: int, answers: Mapping[str, Any], height: int | None = None) -> onnx.ModelProto:
    """A network for sheets of this side, or inputs of this height, that gives the same answers for each."""
    shapes = {name: list(np.shape(values)) for name, values in answers.items()}
    nodes = [
        helper.make_node("Cast", ["image"], ["float"], to=TensorProto.FLOAT),
        helper.make_node("ReduceMean", ["float"], ["level"], axes=[1, 2, 3], keepdims=0),
        helper.make_node("Mul", ["level", "nothing"], ["zero"]),
    ]
    constants = [_constant("nothing", 0)]
    for name, values in answers.items():
        ones = np.asarray([-1] + [1] * np.ndim(values), np.int64)
        constants += [numpy_helper.from_array(ones, f"{name}_shape"), _constant(f"{name}_said", [values])]
        nodes += [
            helper.make_node("Reshape", ["zero", f"{name}_shape"], [f"{name}_zero"]),
            helper.make_node("Add", [f"{name}_zero", f"{name}_said"], [name]),
        ]
    return _model("constant", nodes, height or 2 * side, side, shapes, constants)


def _constant(name: str, values: Any) -> onnx.TensorProto:
    return numpy_helper.from_array(np.asarray(values, np.float32), name)


def _model(
    name: str,
    nodes: Sequence[onnx.NodeProto],
    height: int,
    width: int,
    outputs: Mapping[str, Sequence[int]],
    constants: Sequence[onnx.TensorProto],
) -> onnx.ModelProto:
    """A checked network from `image` to outputs of these shapes, without the batch."""
    graph = helper.make_graph(
        nodes,
        name,
        [helper.make_tensor_value_info("image", TensorProto.UINT8, ["n", 3, height, width])],
        [
            helper.make_tensor_value_info(key, TensorProto.FLOAT, ["n", *shape])
            for key, shape in outputs.items()
        ],
        constants,
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.checker.check_model(model)
    return model
