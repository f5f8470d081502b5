"""The operators of our graphs in PyTorch; what is not here is left to ONNX Runtime."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from trainers.quantisation.graph import Node

Operator = Callable[..., Any]


def _axes(node: Node, given: Tensor | None) -> tuple[int, ...]:
    return tuple(int(axis) for axis in (given if given is not None else node.attributes["axes"]))


def _convolve(node: Node, value: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    top, left, bottom, right = node.attributes.get("pads", [0] * 4)
    if (top, left) != (bottom, right):
        value, top, left = functional.pad(value, (left, right, top, bottom)), 0, 0
    return functional.conv2d(
        value,
        weight,
        bias,
        node.attributes.get("strides", [1, 1]),
        [top, left],
        node.attributes.get("dilations", [1, 1]),
        node.attributes.get("group", 1),
    )


def _pool(node: Node, value: Tensor) -> Tensor:
    pads = node.attributes.get("pads", [0] * 4)
    return functional.avg_pool2d(
        value,
        node.attributes["kernel_shape"],
        node.attributes.get("strides"),
        pads[:2],
        count_include_pad=bool(node.attributes.get("count_include_pad", 0)),
    )


def _highest(node: Node, value: Tensor) -> Tensor:
    pads = node.attributes.get("pads", [0] * 4)
    pooled: Tensor = functional.max_pool2d(
        value,
        node.attributes["kernel_shape"],
        node.attributes.get("strides"),
        pads[:2],
        ceil_mode=bool(node.attributes.get("ceil_mode", 0)),
    )
    return pooled


def _clip(node: Node, value: Tensor, low: Tensor | None = None, high: Tensor | None = None) -> Tensor:
    return torch.clamp(value, None if low is None else float(low), None if high is None else float(high))


def _gemm(node: Node, one: Tensor, other: Tensor, bias: Tensor | None = None) -> Tensor:
    one = one.T if node.attributes.get("transA") else one
    other = other.T if node.attributes.get("transB") else other
    product = one @ other
    return product if bias is None else product + bias


def _reshape(node: Node, value: Tensor, shape: Tensor) -> Tensor:
    sizes = [int(size) for size in shape]
    if not node.attributes.get("allowzero"):
        sizes = [size or value.shape[place] for place, size in enumerate(sizes)]
    return value.reshape(sizes)


def _slice(node: Node, value: Tensor, starts: Any, ends: Any, axes: Any, steps: Any = None) -> Tensor:
    for place, axis in enumerate(axes.tolist()):
        step = 1 if steps is None else int(steps[place])
        size = value.shape[axis]
        start, end, step = slice(_bound(int(starts[place])), _bound(int(ends[place])), step).indices(size)
        value = value.index_select(axis, torch.from_numpy(np.arange(start, end, step)))
    return value


def _bound(place: int) -> int | None:
    """A place of a slice; those far beyond any axis stand for its end."""
    return place if abs(place) < 1 << 40 else None


def _gather(node: Node, value: Tensor, places: Tensor) -> Tensor:
    axis = node.attributes.get("axis", 0)
    picked = value.index_select(axis, places.reshape(-1))
    return picked.squeeze(axis) if places.ndim == 0 else picked


def _expand(node: Node, value: Tensor, shape: Tensor) -> Tensor:
    return value * torch.ones([int(size) for size in shape], dtype=value.dtype)


def _resize(node: Node, value: Tensor, *sizes: Tensor | None) -> Tensor:
    scales = [float(scale) for scale in sizes[1]]  # type: ignore[union-attr]
    return functional.interpolate(value, scale_factor=scales[2:], mode="nearest")


def _split(node: Node, value: Tensor, sizes: Tensor | None = None) -> tuple[Tensor, ...]:
    axis = node.attributes.get("axis", 0)
    if sizes is not None:
        return torch.split(value, [int(size) for size in sizes], axis)
    return torch.chunk(value, len(node.outputs), axis)


def _cast(node: Node, value: Tensor) -> Tensor:
    return value.to({1: torch.float32, 2: torch.uint8, 6: torch.int32, 7: torch.int64}[node.attributes["to"]])


def _to_bytes(node: Node, value: Tensor, scale: Tensor, zero: Tensor) -> Tensor:
    return torch.clamp(torch.round(value / scale) + zero, 0, 255).to(torch.uint8)


def _batch_norm(node: Node, value: Tensor, *given: Tensor) -> Tensor:
    scale, bias, mean, variance = given
    return (value - mean) / torch.sqrt(variance + node.attributes.get("epsilon", 1e-5)) * scale + bias


def _pad(node: Node, value: Tensor, pads: Tensor, filling: Tensor | None = None) -> Tensor:
    half = len(pads) // 2
    around = [int(pads[place]) for axis in reversed(range(half)) for place in (axis, axis + half)]
    return functional.pad(value, around, value=0.0 if filling is None else float(filling))


OPERATORS: dict[str, Operator] = {
    "Conv": _convolve,
    "Clip": _clip,
    "Relu": lambda node, value: value.relu(),
    "Add": lambda node, one, other: one + other,
    "Sub": lambda node, one, other: one - other,
    "Mul": lambda node, one, other: one * other,
    "Div": lambda node, one, other: one / other,
    "Pow": lambda node, one, other: one**other,
    "Sqrt": lambda node, value: value.sqrt(),
    "Reciprocal": lambda node, value: value.reciprocal(),
    "Gemm": _gemm,
    "MatMul": lambda node, one, other: one @ other,
    "AveragePool": _pool,
    "MaxPool": _highest,
    "Resize": _resize,
    "ReduceMean": lambda node, value, axes=None: value.mean(
        _axes(node, axes), keepdim=bool(node.attributes.get("keepdims", 1))
    ),
    "ReduceSum": lambda node, value, axes=None: value.sum(
        _axes(node, axes), keepdim=bool(node.attributes.get("keepdims", 1))
    ),
    "ReduceMax": lambda node, value, axes=None: value.amax(
        _axes(node, axes), keepdim=bool(node.attributes.get("keepdims", 1))
    ),
    "Reshape": _reshape,
    "Transpose": lambda node, value: value.permute(node.attributes["perm"]),
    "Slice": _slice,
    "Gather": _gather,
    "Concat": lambda node, *values: torch.cat(values, node.attributes["axis"]),
    "Split": _split,
    "Unsqueeze": lambda node, value, axes: _unsqueeze(value, axes),
    "Squeeze": lambda node, value, axes: value.squeeze(tuple(int(axis) for axis in axes)),
    "Expand": _expand,
    "Shape": lambda node, value: torch.tensor(
        value.shape[node.attributes.get("start", 0) : node.attributes.get("end", value.ndim)]
    ),
    "Pad": _pad,
    "Cast": _cast,
    "BatchNormalization": _batch_norm,
    "Softmax": lambda node, value: value.softmax(node.attributes.get("axis", -1)),
    "Sigmoid": lambda node, value: value.sigmoid(),
    "DequantizeLinear": lambda node, value, scale, zero: (value.float() - zero.float()) * scale,
    "QuantizeLinear": _to_bytes,
}


def _unsqueeze(value: Tensor, axes: Tensor) -> Tensor:
    for axis in sorted(int(axis) for axis in axes):
        value = value.unsqueeze(axis)
    return value
