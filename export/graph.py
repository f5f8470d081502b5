"""The ONNX graph of a network: preprocessing inside, batch norm folded, weights stored as float16."""

from __future__ import annotations

import contextlib
import copy
import io
import warnings
from collections.abc import Sequence
from typing import TypeVar

import numpy as np
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper
from torch import nn
from typing_extensions import Self

from photocli.inputs.views import InputSpec

INPUT = "image"
OPSET = 18
N = TypeVar("N", bound=nn.Module)
SMALL = 20_000
"""Weight arrays up to this size stay float32: depthwise filters and the head make most of the rounding error
(0.02 instead of 0.005 marks for MobileNetV2) and next to nothing of the file."""


class Served(nn.Module):
    """What is exported: uint8 (n, 3, height, width) -> a tuple of outputs. Kinds of models derive from it."""

    def rounded(self) -> Self:
        """A copy whose large weight arrays are rounded to float16."""
        other = copy.deepcopy(self)
        with torch.no_grad():
            for value in other.parameters():
                if value.numel() > SMALL:
                    value.copy_(value.half().float())
        return other


def evaluated(network: N) -> N:
    """A copy of a network as it is served: in evaluation, in the memory layout that exports."""
    return copy.deepcopy(network).to(memory_format=torch.contiguous_format).eval()


def to_onnx(served: Served, spec: InputSpec, names: Sequence[str], float16: bool) -> onnx.ModelProto:
    """The graph of a served network (rounded beforehand if `float16`), with a free batch size.

    `names` are those of its outputs, in their order.
    """
    example = torch.zeros((2, 3, spec.height, spec.width), dtype=torch.uint8)
    with contextlib.redirect_stdout(io.StringIO()), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        program = torch.onnx.export(
            served,
            (example,),
            dynamo=True,
            opset_version=OPSET,
            input_names=[INPUT],
            output_names=list(names),
            dynamic_shapes={"image": {0: torch.export.Dim("n")}},
            verbose=False,
        )
    assert program is not None
    model = program.model_proto
    _strip(model)
    if float16:
        _store_as_float16(model.graph)
    onnx.checker.check_model(model, full_check=True)
    return model


def _strip(model: onnx.ModelProto) -> None:
    """Drop the exporter's notes on every node: they name source files and double the graph's size."""
    model.doc_string = ""
    del model.metadata_props[:]
    del model.graph.value_info[:]
    del model.graph.metadata_props[:]
    for part in (*model.graph.node, *model.graph.input, *model.graph.output, *model.graph.initializer):
        part.doc_string = ""
        del part.metadata_props[:]


def _store_as_float16(graph: onnx.GraphProto) -> None:
    """Store large weight arrays as float16 with a Cast to float32 behind each.

    ONNX Runtime folds these casts when it loads the graph, so a CPU computes in float32 as before, and the
    file is half the size.
    """
    casts = []
    for place, tensor in enumerate(graph.initializer):
        values = numpy_helper.to_array(tensor)
        if tensor.data_type != TensorProto.FLOAT or values.size <= SMALL:
            continue
        half = values.astype(np.float16)
        name = tensor.name
        graph.initializer[place].CopyFrom(numpy_helper.from_array(half, f"{name}.half"))
        casts.append(helper.make_node("Cast", [f"{name}.half"], [name], to=TensorProto.FLOAT))
    nodes = [*casts, *graph.node]
    del graph.node[:]
    graph.node.extend(nodes)
