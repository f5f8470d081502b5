"""A network's graph as plain nodes and arrays, and the rewriting that makes it ready for eight bits."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import helper, numpy_helper

Array = NDArray[Any]

SHAPING = ("Slice", "Reshape", "Transpose", "Concat", "Unsqueeze", "Squeeze", "Gather")
"""Operators that move numbers and change none."""


@dataclass
class Node:
    """An operator with the names of what it reads and of what it makes."""

    op: str
    inputs: list[str]
    outputs: list[str]
    attributes: dict[str, Any] = field(default_factory=dict)

    @property
    def output(self) -> str:
        """The first of what it makes."""
        return self.outputs[0]


@dataclass
class Graph:
    """Nodes in the order in which they run, and constants by name; `image` is the one input, of uint8."""

    nodes: list[Node]
    constants: dict[str, Array]
    image: str
    outputs: list[str]
    model: onnx.ModelProto

    def makers(self) -> dict[str, Node]:
        """The node that makes each value."""
        return {name: node for node in self.nodes for name in node.outputs}

    def users(self) -> dict[str, list[Node]]:
        """The nodes that read each value."""
        found: dict[str, list[Node]] = {}
        for node in self.nodes:
            for name in dict.fromkeys(node.inputs):
                found.setdefault(name, []).append(node)
        return found

    def fresh(self, name: str) -> str:
        """A name that nothing has yet."""
        taken = {*self.constants, *(output for node in self.nodes for output in node.outputs)}
        number = 1
        while f"{name}_{number}" in taken:
            number += 1
        return f"{name}_{number}"

    def constant(self, name: str, value: Array) -> str:
        """Adds a constant, and returns the name that it got."""
        name = self.fresh(name)
        self.constants[name] = value
        return name

    def prune(self) -> None:
        """Drops nodes and constants of which nothing comes."""
        wanted, kept = set(self.outputs), []
        for node in reversed(self.nodes):
            if wanted.intersection(node.outputs):
                wanted.update(node.inputs)
                kept.append(node)
        self.nodes = kept[::-1]
        self.constants = {name: value for name, value in self.constants.items() if name in wanted}


def read_graph(network: bytes) -> Graph:
    """Reads a network, with weights in float32, no detours of the exporter, one pass for two views."""
    model = onnx.load_model_from_string(network)
    (image,) = (value.name for value in model.graph.input)
    constants = {each.name: numpy_helper.to_array(each) for each in model.graph.initializer}
    nodes = [
        Node(
            node.op_type,
            list(node.input),
            list(node.output),
            {each.name: _value(each) for each in node.attribute},
        )
        for node in model.graph.node
    ]
    graph = Graph(nodes, constants, image, [value.name for value in model.graph.output], model)
    _fold(graph)
    _drop_detours(graph)
    _join_pads(graph)
    graph.prune()
    _join_mirrored(graph)
    graph.prune()
    return graph


def write_graph(graph: Graph) -> bytes:
    """The network as an ONNX file with the inputs and outputs that it was read with."""
    model = onnx.ModelProto()
    model.CopyFrom(graph.model)
    del model.graph.node[:]
    del model.graph.initializer[:]
    # Names of their own: ONNX Runtime 1.21 names what it fuses after nodes, and refuses two of one name.
    model.graph.node.extend(
        helper.make_node(node.op, node.inputs, node.outputs, f"{node.op}_{place}", **node.attributes)
        for place, node in enumerate(graph.nodes)
    )
    model.graph.initializer.extend(
        numpy_helper.from_array(np.asarray(value, order="C"), name) for name, value in graph.constants.items()
    )
    onnx.checker.check_model(model, full_check=True)
    return bytes(model.SerializeToString())


def _value(attribute: Any) -> Any:
    value = helper.get_attribute_value(attribute)
    return value.decode() if isinstance(value, bytes) else value


def _fold(graph: Graph) -> None:
    """Computes what depends on constants alone: casts of float16 weights, and their shapes."""
    kept = []
    for node in graph.nodes:
        known = [graph.constants.get(name) for name in node.inputs]
        if node.op == "Cast" and known[0] is not None:
            kind = helper.tensor_dtype_to_np_dtype(node.attributes["to"])
            graph.constants[node.output] = known[0].astype(kind)
        elif node.op == "Unsqueeze" and known[0] is not None and known[1] is not None:
            graph.constants[node.output] = np.expand_dims(known[0], tuple(int(axis) for axis in known[1]))
        else:
            kept.append(node)
    graph.nodes = kept


def _drop_detours(graph: Graph) -> None:
    """Makes one reshaping of those that flatten, gather all in its order, and reshape (`as_strided`)."""
    makers = graph.makers()
    for node in graph.nodes:
        before = makers.get(node.inputs[0])
        if node.op != "Gather" or before is None or before.op != "Reshape":
            continue
        flat = graph.constants.get(before.inputs[1])
        if flat is not None and flat.tolist() == [-1] and node.inputs[1] not in graph.constants:
            node.op, node.inputs, node.attributes = "Identity", [node.inputs[0]], {}
    _skip(graph, [node for node in graph.nodes if node.op == "Identity"])


def _join_pads(graph: Graph) -> None:
    """Has convolutions pad their input themselves, with more zeros on one side than on the other."""
    makers, users = graph.makers(), graph.users()
    for conv in [node for node in graph.nodes if node.op == "Conv"]:
        pad = makers.get(conv.inputs[0])
        if pad is None or pad.op != "Pad" or len(users[pad.output]) > 1 or pad.output in graph.outputs:
            continue
        around = graph.constants.get(pad.inputs[1])
        filling = graph.constants.get(pad.inputs[2]) if len(pad.inputs) > 2 and pad.inputs[2] else np.zeros(1)
        plain = pad.attributes.get("mode", "constant") == "constant" and filling is not None
        if around is None or len(around) != 8 or not plain or np.any(filling):
            continue
        before, after = around[:4].tolist(), around[4:].tolist()
        if any(before[:2] + after[:2]):
            continue
        own = conv.attributes.get("pads", [0] * 4)
        conv.attributes["pads"] = [
            have + more for have, more in zip(own, before[2:] + after[2:], strict=True)
        ]
        conv.inputs[0] = pad.inputs[0]


def _skip(graph: Graph, nodes: Iterable[Node]) -> None:
    """Takes nodes out; whoever read what they made reads what they read."""
    for node in list(nodes):
        graph.nodes.remove(node)
        rename(graph.nodes, node.output, node.inputs[0])


def rename(nodes: Iterable[Node], old: str, new: str) -> None:
    """Has nodes read `new` where they read `old`."""
    for node in nodes:
        node.inputs = [new if name == old else name for name in node.inputs]


def _join_mirrored(graph: Graph) -> None:
    """Has a network that judges a picture and its mirror image with the same weights run once, on both.

    So every weight stands in one place, with one range of what comes of it.
    """
    flips = [node for node in graph.nodes if node.op == "Slice" and node.inputs[0] == graph.image]
    flips = [node for node in flips if _last(graph, node) == -1]
    if len(flips) != 1:
        return
    (flip,) = flips
    mirrored = _after(graph, {flip.output})
    straight = _after(graph, {graph.image}, without=flip)
    joined = graph.fresh("both_views")
    both = Node("Concat", [graph.image, flip.output], [joined], {"axis": 0})
    joins = [node for node in graph.nodes if mirrored.intersection(node.inputs)]
    joins = [node for node in joins if straight.difference(mirrored).intersection(node.inputs)]
    nodes = [node for node in graph.nodes if node is not flip and node not in joins]
    early = [node for node in nodes if not mirrored.intersection(node.outputs)]
    rename(early, graph.image, joined)
    halves = []
    for node in joins:
        one, other = node.inputs
        if one in mirrored:
            one, other = other, one
        node.inputs = [f"{one}_straight", f"{one}_mirrored"]
        halves.append(Node("Split", [one], list(node.inputs), {"axis": 0, "num_outputs": 2}))
    late = [node for node in nodes if node not in early] + joins
    after = _after(graph, {join.output for join in joins})
    early = [node for node in early if not after.intersection(node.outputs)]
    late = [node for node in graph.nodes if node in joins or after.intersection(node.outputs)]
    graph.nodes = [flip, both, *early, *halves, *late]


def _last(graph: Graph, node: Node) -> int:
    steps = graph.constants.get(node.inputs[4]) if len(node.inputs) == 5 else None
    return 0 if steps is None else int(steps[-1])


def _after(graph: Graph, names: set[str], without: Node | None = None) -> set[str]:
    """All values that depend on these, themselves among them."""
    found = set(names)
    for node in graph.nodes:
        if node is not without and found.intersection(node.inputs):
            found.update(node.outputs)
    return found
