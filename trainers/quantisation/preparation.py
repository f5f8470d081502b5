"""Rewrites a graph so that its first convolutions read the bytes of the picture, not numbers made of them."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from trainers.quantisation.graph import SHAPING, Graph, Node

_FLOAT = 1  # onnx.TensorProto.FLOAT
_ALONG = ("Clip", "Relu", "Add", "Resize")


class Bytes(NamedTuple):
    """Values that are `by · bytes + plus`, with a number of each for all channels or for each of them."""

    name: str
    by: NDArray[np.float64]
    plus: NDArray[np.float64]


def read_bytes(graph: Graph) -> None:
    """Has each convolution of a picture read its bytes, less one number that stands for zero.

    What was done to the channels moves into the weights. At the edge, where the convolution pads with zero,
    that number stands for the mean of the channels' own, by which edges differ a little from before.
    """
    for conv in [node for node in graph.nodes if node.op == "Conv"]:
        found = _Origin(graph).of(conv.inputs[0])
        if found is not None:
            _read(graph, conv, found)
    graph.prune()


def _read(graph: Graph, conv: Node, found: Bytes) -> None:
    channels = graph.constants[conv.inputs[1]].shape[1]
    by = np.broadcast_to(found.by.reshape(-1), channels)
    plus = np.broadcast_to(found.plus.reshape(-1), channels)
    zero = int(np.clip(np.round(np.mean(-plus / by)), 0, 255))
    others = [node for node in graph.users()[conv.inputs[0]] if node is not conv]
    if others:
        _keep_floats(graph, conv.inputs[0], found, others)
    weight = graph.constants[conv.inputs[1]].astype(np.float64)
    bias = graph.constants[conv.inputs[2]] + (weight.sum((2, 3)) * (by * zero + plus)).sum(1)
    scaled = (weight * by[None, :, None, None]).astype(np.float32)
    picture = graph.fresh(f"{found.name}_less_zero")
    scale = graph.constant("picture_scale", np.array(1, np.float32))
    point = graph.constant("picture_zero", np.array(zero, np.uint8))
    graph.nodes.insert(
        graph.nodes.index(conv), Node("DequantizeLinear", [found.name, scale, point], [picture])
    )
    weights = graph.constant(conv.inputs[1], scaled), graph.constant(conv.inputs[2], bias.astype(np.float32))
    conv.inputs = [picture, *weights]


def _keep_floats(graph: Graph, name: str, found: Bytes, others: list[Node]) -> None:
    """Whoever else reads the picture in floating point gets it from the bytes, once they are in place."""
    at = min(graph.nodes.index(node) for node in others)
    names = [graph.fresh(f"{name}_{part}") for part in ("cast", "scaled", "moved")]
    by = graph.constant(f"{name}_by", found.by.reshape(1, -1, 1, 1).astype(np.float32))
    plus = graph.constant(f"{name}_plus", found.plus.reshape(1, -1, 1, 1).astype(np.float32))
    graph.nodes[at:at] = [
        Node("Cast", [found.name], [names[0]], {"to": _FLOAT}),
        Node("Mul", [names[0], by], [names[1]]),
        Node("Add", [names[1], plus], [names[2]]),
    ]
    for node in others:
        node.inputs = [names[2] if each == name else each for each in node.inputs]


class _Origin:
    """Follows values back to the bytes of the picture; the steps that move them are done on bytes instead."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.made_by = graph.makers()
        self.pools: dict[str, str] = {}

    def of(self, name: str) -> Bytes | None:
        """The bytes that values come from; None if they come from anything else."""
        if name == self.graph.image:
            return Bytes(name, np.ones(1), np.zeros(1))
        node = self.made_by.get(name)
        if node is None:
            return None
        if node.op in ("Add", "Sub", "Mul", "Div"):
            return self._affine(node)
        if node.op == "Concat":
            return self._together(node)
        is_pool = node.op == "AveragePool" and not any(node.attributes.get("pads", ()))
        is_move = node.op in SHAPING and all(other in self.graph.constants for other in node.inputs[1:])
        found = self.of(node.inputs[0]) if is_pool or is_move or node.op == "Cast" else None
        if found is None or node.op == "Cast":
            return found
        if is_pool:
            return self._pooled(node, found)
        return found._replace(name=self._again(node, [found.name, *node.inputs[1:]]))

    def _affine(self, node: Node) -> Bytes | None:
        found = self.of(node.inputs[0])
        number = self.graph.constants.get(node.inputs[1])
        if found is None or number is None:
            return None
        value = number.astype(np.float64).reshape(-1)
        by, plus = {
            "Add": (found.by, found.plus + value),
            "Sub": (found.by, found.plus - value),
            "Mul": (found.by * value, found.plus * value),
            "Div": (found.by / value, found.plus / value),
        }[node.op]
        by, plus = np.broadcast_arrays(by, plus)
        return Bytes(found.name, by, plus)

    def _pooled(self, node: Node, found: Bytes) -> Bytes:
        """Means of bytes, rounded to bytes again; once, however many read them."""
        if node.output in self.pools:
            return found._replace(name=self.pools[node.output])
        scale = self.graph.constant("byte_scale", np.array(1, np.float32))
        point = self.graph.constant("byte_zero", np.array(0, np.uint8))
        names = [self.graph.fresh(f"{node.output}_{part}") for part in ("of", "mean", "bytes")]
        self._put(node, Node("DequantizeLinear", [found.name, scale, point], [names[0]]))
        self._put(node, Node("AveragePool", [names[0]], [names[1]], dict(node.attributes)))
        self._put(node, Node("QuantizeLinear", [names[1], scale, point], [names[2]]))
        self.pools[node.output] = names[2]
        return found._replace(name=names[2])

    def _together(self, node: Node) -> Bytes | None:
        """A concatenation of pictures that were treated alike, or of a picture and constant planes."""
        parts = [self.of(name) for name in node.inputs]
        known = [part for part in parts if part is not None]
        if not known:
            return None
        first = known[0]
        if any(not np.array_equal(part.by, first.by) for part in known):
            return None
        if len(known) == len(parts):
            return first._replace(name=self._again(node, [part.name for part in known]))
        if len(known) > 1 or node.attributes["axis"] != 1:
            return None
        return self._with_planes(node, first)

    def _with_planes(self, node: Node, found: Bytes) -> Bytes | None:
        """A picture with constant planes as further channels: they become bytes about the same zero."""
        by, plus = (np.broadcast_to(values, 3) for values in (found.by, found.plus))
        zero = int(np.round(np.mean(-plus / by)))
        names, scales, moves = [], [by], [plus]
        for name in node.inputs:
            maker = self.made_by.get(name)
            if maker is not None and maker.op == "Expand" and maker.inputs[0] in self.graph.constants:
                planes = self.graph.constants[maker.inputs[0]]
                step = float(np.abs(planes).max()) / min(zero, 255 - zero)
                codes = np.clip(np.round(planes / step + zero), 0, 255).astype(np.uint8)
                source = self.graph.constant(f"{maker.inputs[0]}_bytes", codes)
                names.append(self._again(maker, [source, *maker.inputs[1:]]))
                scales.append(np.full(planes.shape[1], step))
                moves.append(np.full(planes.shape[1], -step * zero))
            elif maker is None or self.of(name) is None:
                return None
            else:
                names.append(found.name)
        return Bytes(self._again(node, names), np.concatenate(scales), np.concatenate(moves))

    def _again(self, node: Node, inputs: list[str]) -> str:
        """The same step on bytes, done once."""
        for other in self.graph.nodes:
            if (other.op, other.inputs, other.attributes) == (node.op, inputs, node.attributes):
                return other.output
        name = self.graph.fresh(f"{node.output}_bytes")
        self._put(node, Node(node.op, inputs, [name], dict(node.attributes)))
        return name

    def _put(self, before: Node, node: Node) -> None:
        self.graph.nodes.insert(self.graph.nodes.index(before), node)
        self.made_by[node.output] = node


def is_head(graph: Graph, conv: Node, widest: int = 32) -> bool:
    """Whether a convolution gives a few answers, which no other convolution reads directly."""
    if len(graph.constants[conv.inputs[1]]) > widest:
        return False
    users = graph.users()
    reached, left = set[str](), [conv.output]
    while left:
        for node in users.get(left.pop(), []):
            if node.op == "Conv":
                return False
            if node.op in _ALONG and node.output not in reached:
                reached.update(node.outputs)
                left += node.outputs
    return True
