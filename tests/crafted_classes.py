"""Makers of tiny classifiers, which tell colours apart and have maps of what each place adds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from crafted import _constant, _model, _put
from onnx import TensorProto, helper, numpy_helper

GRID = 4
COLOURS = ("red", "green", "blue")
GAIN = 12.0


class Group(NamedTuple):
    """One output: its classes, what each makes of the mean red, green and blue (0-1), and how they add up."""

    names: Sequence[str]
    weights: Sequence[Sequence[float]]
    bias: Sequence[float]
    several: bool = False


def colours(names: Sequence[str] = COLOURS, *, several: bool = False, gain: float = GAIN) -> Group:
    """The classes are the three colours, each against the mean of the others."""
    weights = gain * (1.5 * np.eye(3) - 0.5)
    return Group(names, weights.tolist(), [0.0] * 3, several)


def foretold(group: Group, image: np.ndarray) -> np.ndarray:
    """The probabilities that the network gives to an input (3, height, width)."""
    means = image.reshape(3, -1).mean(axis=1) / 255
    logits = np.asarray(group.weights) @ means + group.bias
    if group.several:
        return np.asarray(1 / (1 + np.exp(-logits)))
    return np.asarray(np.exp(logits) / np.exp(logits).sum())


def write_classifier(
    root: Path,
    name: str = "rooms",
    group: Group | None = None,
    *,
    side: int = 32,
    maps: bool = True,
    **changes: Any,
) -> Path:
    """Put a model of kind classifier into `root/name`; `changes` go into the card."""
    group = group or colours()
    facts = {"classes": list(group.names), "several": group.several, **changes}
    return _write(root / name, name, "classifier", {"probabilities": group}, side, maps, facts)


LOOKS = ("noir", "sepia", "vivid")
PAINTINGS = ("none", "scream", "wave")
STYLE = {
    "medium": Group(
        ("photograph", "painting", "cartoon", "sketch"),
        [[6.0, 0, 0], [0, 6.0, 0], [0, 0, 6.0], [-9.0, 0, 0]],
        [0.0, 0, 0, 0],
    ),
    "looks": Group(LOOKS, [[-9.0, -9, -9], [9.0, 0, -9], [0, 0, 9.0]], [3.0, -1, -5], several=True),
    "paintings": Group(PAINTINGS, [[0.0, 0, 0], [0, 9.0, -9], [-9.0, 0, 9]], [1.0, 0, 0]),
}


def write_style(
    root: Path,
    name: str = "style",
    groups: Mapping[str, Group] | None = None,
    *,
    side: int = 32,
    maps: bool = True,
    **changes: Any,
) -> Path:
    """Put a model of kind style into `root/name`; `groups` take the place of those in `STYLE`."""
    chosen = {**STYLE, **(groups or {})}
    facts = {"classes": {key: list(group.names) for key, group in chosen.items()}, **changes}
    return _write(root / name, name, "style", chosen, side, maps, facts)


def _write(
    folder: Path, name: str, kind: str, groups: Mapping[str, Group], side: int, maps: bool, facts: Any
) -> Path:
    outputs = {key: [len(group.names)] for key, group in groups.items()}
    if maps:
        outputs["maps"] = [sum(len(group.names) for group in groups.values()), GRID, GRID]
    nodes, constants = _body(side)
    for key, group in groups.items():
        nodes += _head(key, group, constants)
    parts = [f"{key}_maps" for key in groups]
    nodes.append(helper.make_node("Concat", parts, ["maps"], axis=1))
    network = _model("colours", nodes, side, side, outputs, constants).SerializeToString()
    card = {
        "name": name,
        "kind": kind,
        "version": "1.0",
        "description": "which colour a photo has",
        "input": {"name": "image", "size": [side, side], "fit": "squash"},
        "outputs": {key: {} for key in outputs},
        **facts,
    }
    return _put(folder, network, card)


def _body(side: int) -> tuple[list[Any], list[Any]]:
    """Nodes to the mean colours of the places, as shares of all of the photo; and their constants."""
    cell = side // GRID
    nodes = [
        helper.make_node("Cast", ["image"], ["float"], to=TensorProto.FLOAT),
        helper.make_node("Mul", ["float", "scale"], ["levels"]),
        helper.make_node("AveragePool", ["levels"], ["places"], kernel_shape=[cell] * 2, strides=[cell] * 2),
    ]
    spatial = numpy_helper.from_array(np.asarray([2, 3], np.int64), "spatial")
    return nodes, [_constant("scale", 1 / 255 / GRID**2), spatial]


def _head(key: str, group: Group, constants: list[Any]) -> list[Any]:
    weights = np.asarray(group.weights, np.float32)[:, :, None, None]
    constants += [_constant(f"{key}_weights", weights), _constant(f"{key}_bias", [group.bias])]
    last = {} if group.several else {"axis": 1}
    return [
        helper.make_node("Conv", ["places", f"{key}_weights"], [f"{key}_maps"]),
        helper.make_node("ReduceSum", [f"{key}_maps", "spatial"], [f"{key}_sums"], keepdims=0),
        helper.make_node("Add", [f"{key}_sums", f"{key}_bias"], [f"{key}_logits"]),
        helper.make_node("Sigmoid" if group.several else "Softmax", [f"{key}_logits"], [key], **last),
    ]
