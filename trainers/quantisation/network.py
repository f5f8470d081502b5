"""A graph as a PyTorch network that can compute as if in eight bits, and that can be trained so."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

import numpy as np
import torch
from torch import Tensor, nn

from trainers.quantisation.graph import Graph, Node
from trainers.quantisation.operators import OPERATORS
from trainers.quantisation.preparation import is_head

Values = dict[str, Tensor]

ACTIVATIONS = ("Clip", "Relu")


class QuantisedNetwork(nn.Module):
    """Runs a prepared graph; where `ranges` are known, weights and what comes of them are rounded to bytes.

    Weights have a scale for each output channel, values one for all. Heads, and what is no convolution or sum
    of such, compute in floating point. Operators that PyTorch has no like of give nothing; what they give to
    convolutions must be `fed`.
    """

    def __init__(self, graph: Graph) -> None:
        super().__init__()
        self.graph = graph
        self.convolutions = [node for node in graph.nodes if node.op == "Conv" and not is_head(graph, node)]
        self.points = points(graph, self.convolutions)
        trained = {name for node in self.convolutions for name in node.inputs[1:]}
        trained.update(
            name
            for node in graph.nodes
            if node.op in ("Conv", "Gemm") or (node.op == "MatMul" and node.inputs[1] in graph.constants)
            for name in node.inputs[1:]
            if name in graph.constants
        )
        self._names = {name: f"w{place}" for place, name in enumerate(sorted(trained))}
        self.weights = nn.ParameterDict(
            {key: nn.Parameter(torch.tensor(graph.constants[name])) for name, key in self._names.items()}
        )
        self._constants = {
            name: torch.tensor(value) for name, value in graph.constants.items() if name not in trained
        }
        self._places = {name: f"p{place}" for place, name in enumerate(self.points)}
        self.scales = nn.ParameterDict({key: nn.Parameter(torch.ones(1)) for key in self._places.values()})
        self.zeros = {name: 0 for name in self.points}
        self.is_quantised = False
        self._conv_ids = {id(node) for node in self.convolutions}
        self.steps: dict[str, Tensor] = {}

    @property
    def names(self) -> tuple[str, ...]:
        """The names of all weights and biases that can be trained."""
        return tuple(self._names)

    def weight(self, name: str) -> nn.Parameter:
        """The array of weights or biases that the graph has under this name."""
        parameter = self.weights[self._names[name]]
        assert isinstance(parameter, nn.Parameter)
        return parameter

    def step(self, name: str) -> Tensor:
        """The steps (outputs,) between codes of a convolution's weights; once asked for, they stay."""
        if name not in self.steps:
            self.steps[name] = best_steps(self.weight(name).detach())
        return self.steps[name]

    def convolve(self, node: Node, value: Tensor) -> Tensor:
        """What a convolution makes of a value, with its weights as they are."""
        made: Tensor = OPERATORS[node.op](node, value, *(self.weight(name) for name in node.inputs[1:]))
        return made

    def set_range(self, name: str, low: float, high: float) -> None:
        """Sets which values at a point stand for the codes 0 and 255; zero has a code of its own."""
        low, high = min(low, 0.0), max(high, 1e-6)
        scale = (high - low) / 255
        self.zeros[name] = int(np.clip(round(-low / scale), 0, 255))
        with torch.no_grad():
            self.scales[self._places[name]].fill_(scale)

    def scale(self, name: str) -> float:
        """The step between two codes at a point."""
        return float(self.scales[self._places[name]].detach())

    def forward(
        self,
        fed: Mapping[str, Tensor],
        wanted: Iterable[str],
        watch: Callable[[str, Tensor], None] | None = None,
        change: Callable[[Node, list[Tensor], Tensor], Tensor] | None = None,
    ) -> Values:
        """The values of these names from the picture's bytes and what else is fed.

        Names that nothing can be said of are left out. `watch` sees the values of each point before they are
        rounded; `change` may put another value in the place of what a node makes of its inputs. Values are
        dropped once nobody needs them.
        """
        kept = set(wanted)
        last = {name: place for place, node in enumerate(self.graph.nodes) for name in node.inputs}
        values: Values = dict(fed)
        for place, node in enumerate(self.graph.nodes):
            if all(name in values for name in node.outputs):
                continue
            made = self._run(node, values, change)
            if made is not None:
                for name, value in zip(node.outputs, made, strict=True):
                    values[name] = self._rounded(name, value, watch)
            for name in node.inputs:
                if last.get(name) == place and name not in kept:
                    values.pop(name, None)
        return {name: values[name] for name in kept if name in values}

    def _run(
        self, node: Node, values: Values, change: Callable[[Node, list[Tensor], Tensor], Tensor] | None
    ) -> tuple[Tensor, ...] | None:
        operator = OPERATORS.get(node.op)
        inputs = [self._input(node, name, values) for name in node.inputs]
        missing = [name for name, value in zip(node.inputs, inputs, strict=True) if name and value is None]
        if operator is None or missing:
            return None
        made = operator(node, *inputs)
        if change is not None and node.op in ("Conv", "Gemm"):
            made = change(node, [value for value in inputs if value is not None], made)
        return made if isinstance(made, tuple) else (made,)

    def _input(self, node: Node, name: str, values: Values) -> Tensor | None:
        if name in self._names:
            weight = self.weight(name)
            if self.is_quantised and id(node) in self._conv_ids and name == node.inputs[1]:
                return rounded_weight(weight, self.step(name))
            return weight
        return values[name] if name in values else self._constants.get(name)

    def _rounded(self, name: str, value: Tensor, watch: Callable[[str, Tensor], None] | None) -> Tensor:
        if name not in self._places:
            return value
        if watch is not None:
            watch(name, value)
        if not self.is_quantised:
            return value
        zero = torch.tensor([float(self.zeros[name])])
        share = 1 / np.sqrt(value.numel() / len(value) * 255)
        rounded: Tensor = torch._fake_quantize_learnable_per_tensor_affine(
            value, self.scales[self._places[name]], zero, 0, 255, share
        )
        return rounded


def rounded_weight(weight: Tensor, step: Tensor) -> Tensor:
    """Weights rounded to -127 ... 127 steps of their output channel; gradients pass through."""
    zeros = torch.zeros(len(weight), dtype=torch.int32)
    rounded: Tensor = torch.fake_quantize_per_channel_affine(weight, step, zeros, 0, -127, 127)
    return rounded


def best_steps(weight: Tensor) -> Tensor:
    """The steps of output channels (n,) at which rounding changes weights (n, ...) least."""
    flat = weight.flatten(1)
    whole = flat.abs().amax(1).clamp_min(1e-8) / 127
    best, least = whole, torch.full_like(whole, torch.inf)
    for share in torch.linspace(0.7, 1.0, 31):
        step = whole * share
        codes = torch.clamp(torch.round(flat / step[:, None]), -127, 127)
        error = ((codes * step[:, None] - flat) ** 2).sum(1)
        best, least = torch.where(error < least, step, best), torch.minimum(error, least)
    return best


def points(graph: Graph, convolutions: list[Node]) -> list[str]:
    """The values that are rounded: what convolutions read and make, activated, and sums of such.

    What convolutions read as bytes already, and what is mere repetition of rounded values, is none.
    """
    users, makers = graph.users(), graph.makers()
    found: dict[str, None] = {}
    for node in convolutions:
        reads = node.inputs[0]
        maker = makers.get(reads)
        if maker is None or maker.op not in ("DequantizeLinear", "Resize"):
            found[reads] = None
        found[activated(node, users)] = None
    for node in graph.nodes:
        if node.op == "Add" and all(_is_rounded(name, found, makers) for name in node.inputs):
            found[node.output] = None
    order = [name for node in graph.nodes for name in node.outputs if name in found]
    return [*(name for name in found if name not in order), *order]


def activated(conv: Node, users: Mapping[str, list[Node]]) -> str:
    """The value that a convolution makes, after the activation that alone reads it."""
    readers = users.get(conv.output, [])
    if len(readers) == 1 and readers[0].op in ACTIVATIONS:
        return readers[0].output
    return conv.output


def _is_rounded(name: str, found: Mapping[str, None], makers: Mapping[str, Node]) -> bool:
    maker = makers.get(name)
    return name in found or (maker is not None and maker.op == "Resize" and maker.inputs[0] in found)
