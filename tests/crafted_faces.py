"""Makers of a tiny detector and a tiny judge of faces, and of photos with faces for them.

A face, here, is a white square on the grid of the photo's eighths, or of its quarters.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from crafted import _constant, _model, _put
from onnx import helper, numpy_helper

EYES = (0.3, 0.4, 0.7, 0.4)
"""Where the eyes of such a face are in its square: x, y of the left one, x, y of the right one."""

_POINTS = (*EYES, 0.5, 0.6, 0.35, 0.8, 0.65, 0.8)


def write_detector(root: Path, name: str = "faces", *, side: int = 64, **changes: Any) -> Path:
    """Put a model of kind faces into `root/name` that finds white squares, large ones before small ones."""
    cells, levels = [], []
    nodes = [
        helper.make_node("Cast", ["image"], ["float"], to=1),
        helper.make_node("ReduceMean", ["float"], ["grey"], axes=[1], keepdims=1),
    ]
    for count in (4, 8):
        step, level = side // count, f"level_{count}"
        size = {"kernel_shape": [step, step], "strides": [step, step]}
        nodes += [
            helper.make_node("AveragePool", ["grey"], [f"mean_{count}"], **size),
            helper.make_node("Flatten", [f"mean_{count}"], [level]),
        ]
        levels.append(level)
        cells += [(x * step, y * step, step) for y in range(count) for x in range(count)]
    boxes = [(x, y, x + step, y + step) for x, y, step in cells]
    points = [
        [at + step * share for at, share in zip((x, y) * 5, _POINTS, strict=True)] for x, y, step in cells
    ]
    nodes += [
        helper.make_node("Concat", levels, ["all"], axis=1),
        helper.make_node("Mul", ["all", "share"], ["scores"]),
        helper.make_node("Unsqueeze", ["all", "last"], ["columns"]),
        helper.make_node("Mul", ["columns", "nothing"], ["zeros"]),
        helper.make_node("Add", ["zeros", "all_boxes"], ["boxes"]),
        helper.make_node("Add", ["zeros", "all_points"], ["points"]),
    ]
    constants = [
        _constant("share", [1 / 255] * 16 + [0.95 / 255] * 64),  # of a large one, its parts are no faces
        _constant("nothing", 0),
        _constant("all_boxes", [boxes]),
        _constant("all_points", [points]),
        numpy_helper.from_array(np.array([2], np.int64), "last"),
    ]
    shapes = {"scores": [len(cells)], "boxes": [len(cells), 4], "points": [len(cells), 10]}
    network = _model("squares", nodes, side, side, shapes, constants).SerializeToString()
    card = {
        "name": name,
        "kind": "faces",
        "version": "1.0",
        "description": "where white squares are",
        "input": {"name": "image", "size": [side, side], "fit": "contain"},
        "outputs": {key: {} for key in shapes},
        "thresholds": {"score": 0.8, "overlap": 0.2},
        **changes,
    }
    return _put(root / name, network, card)


def write_judge(root: Path, name: str = "selfie", *, side: int = 32, **changes: Any) -> Path:
    """Put a model of kind selfie into `root/name`: the more red there is in a face, the better."""
    nodes = [
        helper.make_node("Slice", ["image", "first", "second", "channels"], ["red"]),
        helper.make_node("Cast", ["red"], ["float"], to=1),
        helper.make_node("ReduceMean", ["float"], ["mean"], axes=[2, 3], keepdims=0),
        helper.make_node("Mul", ["mean", "share"], ["above"]),
        helper.make_node("Add", ["above", "least"], ["scores"]),
    ]
    ends = {"first": [0], "second": [1], "channels": [1]}
    constants = [
        *(numpy_helper.from_array(np.array(values, np.int64), key) for key, values in ends.items()),
        _constant("share", 9 / 255),
        _constant("least", 1),
    ]
    network = _model("redness", nodes, side, side, {"scores": [1]}, constants).SerializeToString()
    card = {
        "name": name,
        "kind": "selfie",
        "version": "1.0",
        "description": "how red a face is",
        "input": {
            "name": "image",
            "size": [side, side],
            "fit": "faces",
            "place": {"eyes_apart": 0.3, "eyes_height": 0.42},
        },
        "outputs": {"scores": {}},
        **changes,
    }
    return _put(root / name, network, card)


def squares(*faces: Sequence[int], side: int = 512) -> np.ndarray:
    """A dark photo, (side, side, 3), with faces: column, row and width of each, in eighths of the side."""
    pixels = np.full((side, side, 3), 40, np.uint8)
    pixels[::7, ::3] = 70  # some texture, which is no face
    step = side // 8
    for column, row, wide in faces:
        pixels[row * step : (row + wide) * step, column * step : (column + wide) * step] = 255
    return pixels


def write_yunet(path: Path, *, side: int | str = 64, extra: str | None = None) -> Path:
    """A network with the outputs of a YuNet, which finds nothing; one more output, if that is named."""
    count = {8: 64, 16: 16, 32: 4}
    widths = {"cls": 1, "obj": 1, "bbox": 4, "kps": 10}
    outputs = {
        f"{name}_{step}": [1, cells, wide] for name, wide in widths.items() for step, cells in count.items()
    }
    if extra:
        outputs[extra] = [1, 1, 1]
    nodes = [
        helper.make_node("ReduceMean", ["input"], ["mean"], axes=[1, 2, 3], keepdims=0),
        helper.make_node("Mul", ["mean", "nothing"], ["zero"]),
        *(helper.make_node("Add", ["zero", f"{name}_shape"], [name]) for name in outputs),
    ]
    constants = [_constant("nothing", 0)]
    constants += [_constant(f"{name}_shape", np.zeros(shape)) for name, shape in outputs.items()]
    graph = helper.make_graph(
        nodes,
        "nothing",
        [helper.make_tensor_value_info("input", 1, [1, 3, side, side])],
        [helper.make_tensor_value_info(name, 1, shape) for name, shape in outputs.items()],
        constants,
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    path.write_bytes(model.SerializeToString())
    return path
