"""Makers of hostile networks: graphs that do not end, take all memory, hide other files, or lie."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper


def network(
    nodes: Sequence[onnx.NodeProto],
    constants: Mapping[str, Any] | None = None,
    *,
    functions: Sequence[onnx.FunctionProto] = (),
    domains: Sequence[str] = (),
) -> onnx.ModelProto:
    """A network from `image` and `level` (n, 1), the mean level of each photo, to `votes`."""
    start = [
        helper.make_node("Cast", ["image"], ["float"], to=TensorProto.FLOAT),
        helper.make_node("ReduceMean", ["float"], ["means"], axes=[2, 3], keepdims=0),
        helper.make_node("ReduceMean", ["means"], ["level"], axes=[1], keepdims=1),
    ]
    given = {"zero": np.float32(0), "even": np.full((1, 10), 0.1, np.float32), **(constants or {})}
    graph = helper.make_graph(
        [*start, *nodes],
        "g",
        [helper.make_tensor_value_info("image", TensorProto.UINT8, ["n", 3, 32, 32])],
        [helper.make_tensor_value_info("votes", TensorProto.FLOAT, None)],
        [numpy_helper.from_array(np.asarray(value), name) for name, value in given.items()],
    )
    opsets = [helper.make_opsetid("", 17), *(helper.make_opsetid(domain, 1) for domain in domains)]
    return helper.make_model(graph, opset_imports=opsets, ir_version=8, functions=list(functions))


def votes(*before: onnx.NodeProto, add: str = "nothing", **constants: Any) -> onnx.ModelProto:
    """A network whose votes are even, plus what the nodes before put into `add` (n, 1)."""
    last = [
        helper.make_node("Mul", ["level", "zero"], ["nothing"]),
        *before,
        helper.make_node("Add", [add, "even"], ["votes"]),
    ]
    return network(last, constants)


def functions(depth: int) -> onnx.ModelProto:
    """Functions that call each other, one after the other."""
    opsets = [helper.make_opsetid("", 17), helper.make_opsetid("com.microsoft", 1)]
    made = [
        helper.make_function(
            "com.microsoft",
            f"F{number}",
            ["x"],
            ["y"],
            [
                helper.make_node(f"F{number + 1}", ["x"], ["y"], domain="com.microsoft")
                if number + 1 < depth
                else helper.make_node("Identity", ["x"], ["y"])
            ],
            opsets,
        )
        for number in range(depth)
    ]
    nodes = [
        helper.make_node("F0", ["level"], ["same"], domain="com.microsoft"),
        helper.make_node("Mul", ["same", "zero"], ["none"]),
        helper.make_node("Add", ["none", "even"], ["votes"]),
    ]
    return network(nodes, functions=made, domains=["com.microsoft"])


def field(number: int, content: bytes) -> bytes:
    """A protobuf field of bytes."""
    return varint(number << 3 | 2) + varint(len(content)) + content


def varint(value: int) -> bytes:
    """A protobuf number, in as few bytes as it takes."""
    parts = []
    while value > 0x7F:
        parts.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*parts, value])


def branches(depth: int) -> bytes:
    """Branches of `If` inside each other, deeper than libraries write them."""
    node = field(1, field(1, b"level") + field(2, b"votes") + field(4, b"Identity"))
    graph = node + field(2, b"g")
    for _ in range(depth):
        branch = field(5, field(1, b"then_branch") + field(6, graph) + b"\xa0\x01\x05")
        graph = field(1, field(1, b"yes") + field(2, b"votes") + field(4, b"If") + branch) + field(2, b"g")
    return b"\x08\x08" + field(7, graph) + field(8, b"\x10\x11")


def endless(operator: str) -> onnx.ModelProto:
    """A loop whose condition always holds."""
    value = helper.make_tensor_value_info
    body = helper.make_graph(
        [helper.make_node("Identity", ["go"], ["on"]), helper.make_node("Identity", ["x"], ["y"])],
        "body",
        [value("i", TensorProto.INT64, []), value("go", TensorProto.BOOL, []), value("x", 1, None)],
        [value("on", TensorProto.BOOL, []), value("y", 1, None)],
    )
    loop = helper.make_node(operator, ["", "true", "nothing"], ["none"], body=body)
    return votes(loop, add="none", true=np.bool_(True))


def slow() -> onnx.ModelProto:
    """A network of little memory that takes hours."""
    steps = [helper.make_node("MatMul", [f"x{at}", "x0"], [f"x{at + 1}"]) for at in range(3000)]
    last = [
        helper.make_node("ConstantOfShape", ["size"], ["x0"]),
        *steps,
        helper.make_node("ReduceSum", ["x3000"], ["sum"], keepdims=1),
        helper.make_node("Mul", ["sum", "zero"], ["none"]),
    ]
    return votes(*last, add="none", size=np.array([3000, 3000]))


def giant(operator: str) -> onnx.ModelProto:
    """A network that asks for 6 GB at once."""
    many = np.array([1, 1_500_000_000])
    first = {
        "ConstantOfShape": helper.make_node("ConstantOfShape", ["size"], ["much"]),
        "Expand": helper.make_node("Expand", ["level", "size"], ["much"]),
        "Tile": helper.make_node("Tile", ["level", "size"], ["much"]),
    }
    nodes = [
        first[operator],
        helper.make_node("ReduceMax", ["much"], ["most"], axes=[1], keepdims=1),
        helper.make_node("Mul", ["most", "zero"], ["none"]),
    ]
    return votes(*nodes, add="none", size=many)


def many_giants() -> onnx.ModelProto:
    """A network each of whose tensors is small enough, and that keeps all of them."""
    nodes = [helper.make_node("Expand", ["level", "size"], [f"much{at}"]) for at in range(40)]
    nodes.append(helper.make_node("Sum", [f"much{at}" for at in range(40)], ["sum"]))
    nodes.append(helper.make_node("ReduceMax", ["sum"], ["most"], axes=[1], keepdims=1))
    nodes.append(helper.make_node("Mul", ["most", "zero"], ["none"]))
    return votes(*nodes, add="none", size=np.array([1, 150_000_000]))


def hollow() -> onnx.ModelProto:
    """A network whose weights are said to be 4 TB, and are not there."""
    model = votes()
    tensor = model.graph.initializer.add(name="weights", data_type=TensorProto.FLOAT)
    tensor.dims.extend([1_000_000, 1_000_000])
    return model


def sparse() -> onnx.ModelProto:
    """One number that is to be unpacked to 40 GB."""
    model = votes()
    weights = model.graph.sparse_initializer.add(dims=[100_000, 100_000])
    weights.values.CopyFrom(numpy_helper.from_array(np.ones(1, np.float32), "weights"))
    weights.indices.CopyFrom(numpy_helper.from_array(np.zeros(1, np.int64), "at"))
    return model


def sized(count: int) -> onnx.ModelProto:
    """So many votes instead of ten."""
    return network(
        [helper.make_node("Mul", ["level", "zero"], ["no"]), helper.make_node("Add", ["no", "e"], ["votes"])],
        {"e": np.full((1, count), 1 / count, np.float32)},
    )


def divided(dark: bool, by: float) -> onnx.ModelProto:
    """Votes that are no numbers, or infinite: of all photos, or of dark ones alone."""
    made = [
        helper.make_node("Less", ["level", "limit"], ["below"]),
        helper.make_node("Where", ["below", "numerator", "zero"], ["number"]),
        helper.make_node("Where", ["below", "zero", "one"], ["divisor"]),
        helper.make_node("Div", ["number", "divisor"], ["none"]),
    ]
    limit = np.float32(20 if dark else 300)
    return votes(*made, add="none", limit=limit, numerator=np.float32(by), one=np.float32(1))


def odd_votes(value: Any) -> onnx.ModelProto:
    """The same votes of every photo."""
    model = votes()
    model.graph.initializer[1].CopyFrom(numpy_helper.from_array(np.asarray([value], np.float32), "even"))
    return model


def elsewhere(location: str, *, tags: bytes | None = None) -> bytes:
    """Weights that are said to be in another file; with `tags`, the field that says so begins with these."""
    model = votes()
    tensor = model.graph.initializer[1]
    onnx.external_data_helper.set_external_data(tensor, location)
    tensor.ClearField("raw_data")
    if tags is None:
        return model.SerializeToString()
    hidden = b""
    for entry in tensor.external_data:
        content = entry.SerializeToString()
        hidden += tags + varint(len(content)) + content
    tensor.ClearField("external_data")
    bare = tensor.SerializeToString()
    whole = model.SerializeToString()
    assert field(5, bare) in whole
    graph = model.graph.SerializeToString()
    changed = graph.replace(field(5, bare), field(5, bare + hidden))
    return whole.replace(field(7, graph), field(7, changed))


def foreign(operator: str, domain: str) -> onnx.ModelProto:
    """An operator of a domain."""
    node = helper.make_node(operator, ["level"], ["votes"], domain=domain)
    return network([node], domains=[domain] if domain else [])


def cyclic() -> onnx.ModelProto:
    """Nodes that wait for each other."""
    one = helper.make_node("Add", ["nothing", "other"], ["none"])
    return votes(one, helper.make_node("Neg", ["none"], ["other"]), add="none")


def without_rows() -> onnx.ModelProto:
    """One row of votes for any number of photos."""
    return network([helper.make_node("Identity", ["even"], ["votes"])])


def texts() -> onnx.ModelProto:
    """Votes that are texts."""
    nodes = [
        helper.make_node("Mul", ["level", "zero"], ["nothing"]),
        helper.make_node("Add", ["nothing", "even"], ["numbers"]),
        helper.make_node("Cast", ["numbers"], ["votes"], to=TensorProto.STRING),
    ]
    model = network(nodes)
    model.graph.output[0].type.tensor_type.elem_type = TensorProto.STRING
    return model


OVERLONG = b"\xea\x80\x80\x80\x00"
"""The tag of a tensor's external data in five bytes instead of one."""

OVERFLOWN = b"\xea\x80\x80\x80\x10"
"""The same with a bit above the 32nd, which some readers drop."""
