"""What an ONNX file asks for, as the `onnx` library understands it, and that written anew.

ONNX Runtime loads what was written here and not the file that came: whatever another reader could take in
another way (unknown fields, odd encodings, paths of other files) is not there any more.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from photocli.errors import ModelError

STANDARD = ("", "ai.onnx", "ai.onnx.ml")
"""The domains of the operators that ONNX itself describes."""

QUANTISED = frozenset(
    (
        *("QLinearAdd", "QLinearAveragePool", "QLinearConcat", "QLinearGlobalAveragePool"),
        *("QLinearLeakyRelu", "QLinearMul", "QLinearSigmoid", "QLinearSoftmax", "QLinearWhere", "QGemm"),
        *("DequantizeLinear", "QuantizeLinear", "DynamicQuantizeMatMul", "MatMulIntegerToFloat"),
        *("FusedConv", "FusedGemm", "FusedMatMul", "Gelu", "FastGelu", "BiasGelu", "QuickGelu"),
    )
)
"""Operators of `com.microsoft`, which every build of ONNX Runtime has: those that its own tools write for
small and quick networks. Others of that domain read files, call programs or run graphs."""

ENDLESS = frozenset(("Loop", "Scan", "SequenceMap"))
"""Operators that repeat a graph, perhaps for ever. No network that looks at one picture needs them."""

_MICROSOFT = "com.microsoft"
_DEEPEST = 4  # branches of `If` inside each other
_PER_BYTE = 4  # numbers that a byte of a tensor holds at most


@dataclass(frozen=True, slots=True)
class Port:
    """An input or output of a network: its name and shape, None for a size that is free."""

    name: str
    shape: tuple[int | None, ...]


@dataclass(frozen=True, slots=True)
class VerifiedGraph:
    """A network, written anew, with its inputs and outputs."""

    content: bytes
    inputs: tuple[Port, ...]
    outputs: tuple[Port, ...]


def verify_graph(content: bytes) -> VerifiedGraph:
    """Parse an ONNX file, check what it asks for, and write anew what was understood.

    Parsing can take memory, time or the process: what is not trusted is understood in a probe. Raises
    `ModelError` for what is no such file, and for external data, functions, loops and operators that are not
    at hand; the message goes on from the file's name.
    """
    model = _parsed(content)
    if model.training_info:
        raise ModelError("holds instructions for training; export it for inference")
    if model.functions:
        raise ModelError("holds functions of its own; write them into its graph with onnx.inliner first")
    _check_graph(model.graph, 0)
    given = {tensor.name for tensor in model.graph.initializer}
    inputs = tuple(_port(value) for value in model.graph.input if value.name not in given)
    model.DiscardUnknownFields()
    written = model.SerializeToString(deterministic=True)
    return VerifiedGraph(written, inputs, tuple(map(_port, model.graph.output)))


def _parsed(content: bytes) -> Any:
    import onnx
    from google.protobuf.message import DecodeError

    try:
        model = onnx.ModelProto.FromString(content)
    except (DecodeError, ValueError) as error:
        raise ModelError(f"is no ONNX file that can be read: {error}") from error
    if not model.graph.node:
        raise ModelError("is no ONNX file that can be read: it has no graph")
    return model


def _check_graph(graph: Any, depth: int) -> None:
    if depth > _DEEPEST:
        raise ModelError(f"has branches inside each other, more than {_DEEPEST} deep")
    if graph.sparse_initializer:
        raise ModelError("keeps weights as sparse tensors; export it with dense ones")
    for tensor in graph.initializer:
        _check_tensor(tensor)
    for node in graph.node:
        _check_operator(node)
        for attribute in node.attribute:
            if attribute.HasField("sparse_tensor") or attribute.sparse_tensors:
                raise ModelError("keeps weights as sparse tensors; export it with dense ones")
            for tensor in _tensors(attribute):
                _check_tensor(tensor)
            for branch in _branches(attribute):
                if node.op_type != "If":
                    raise ModelError(f"has a graph inside its operator '{node.op_type}', which only If may")
                _check_graph(branch, depth + 1)


def _check_operator(node: Any) -> None:
    from onnx import defs

    name, domain = node.op_type, "" if node.domain == "ai.onnx" else node.domain
    if domain == _MICROSOFT:
        known = name in QUANTISED
    else:
        known = domain in STANDARD and defs.has(name, domain)
    if not known:
        if domain in STANDARD:
            raise ModelError(f"needs the operator '{name[:80]}', which ONNX does not have")
        raise ModelError(f"needs operators of its maker's own: {domain[:80]}.{name[:80]}")
    if name in ENDLESS:
        raise ModelError(f"uses the operator {name}, which may never end; export it without loops")


def _check_tensor(tensor: Any) -> None:
    if tensor.data_location != tensor.DEFAULT or tensor.external_data:
        raise ModelError(
            "keeps weights in other files; save it as one file (onnx.load, then onnx.save, puts them in)"
        )
    if any(size < 0 for size in tensor.dims):
        raise ModelError("has weights of a size below zero")
    lists = (tensor.float_data, tensor.int64_data, tensor.double_data, tensor.uint64_data)
    numbers = sum(map(len, lists)) + len(tensor.string_data)
    packed = len(tensor.raw_data) + 4 * len(tensor.int32_data)
    if math.prod(tensor.dims) > numbers + _PER_BYTE * packed:
        raise ModelError(f"says that weights have the size {_times(tensor.dims)}, which it does not hold")


def _times(sizes: Any) -> str:
    shown = " x ".join(str(size) for size in sizes[:8])
    return shown if len(sizes) <= 8 else f"{shown} x ..."


def _tensors(attribute: Any) -> Iterator[Any]:
    if attribute.HasField("t"):
        yield attribute.t
    yield from attribute.tensors


def _branches(attribute: Any) -> Iterator[Any]:
    if attribute.HasField("g"):
        yield attribute.g
    yield from attribute.graphs


def _port(value: Any) -> Port:
    sizes = value.type.tensor_type.shape.dim
    return Port(value.name, tuple(size.dim_value if size.HasField("dim_value") else None for size in sizes))
