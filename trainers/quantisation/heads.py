"""Fits the last layers, which stay in floating point, again to what the rounded layers before them give.

Rounding moves features together, and by other amounts in other pictures, which no bias can take back; a
ridge regression on a thousand pictures takes back half of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import torch
from torch import Tensor

from trainers.quantisation.graph import Graph, Node
from trainers.quantisation.network import QuantisedNetwork, Values

_RIDGE = 2.0
"""Of the features' mean energy: by so much a weight is held to what it was. On held-out pictures, a hundredth
and a hundred times as much were worse."""


def heads(graph: Graph) -> list[Node]:
    """The layers that are products with constant weights and of which no other such layer makes anything."""
    return [node for node in graph.nodes if _is_product(graph, node) and not _reaches_weights(graph, node)]


def refit(network: QuantisedNetwork, batches: Iterable[tuple[Values, Values]]) -> None:
    """Has each head say what it said in floating point, as nearly as the rounded features allow.

    `batches` are what the network is fed, and what its heads are to give (by their names).
    """
    found = heads(network.graph)
    seen = {node.output: list[tuple[Tensor, Tensor]]() for node in found}
    network.is_quantised = True
    with torch.no_grad():
        for fed, answers in batches:
            made = network(fed, [node.inputs[0] for node in found])
            for node in found:
                wanted = answers[node.output]
                # Of a network that judges mirror images, too, these come behind, and were not asked.
                seen[node.output].append((made[node.inputs[0]][: len(wanted)], wanted))
        for node in found:
            features, wanted = (torch.cat(parts).double() for parts in zip(*seen[node.output], strict=True))
            _refit(network, node, features, wanted)
    network.is_quantised = False


def _refit(network: QuantisedNetwork, node: Node, features: Tensor, wanted: Tensor) -> None:
    weight, bias = (network.weight(name) for name in node.inputs[1:])
    missing = wanted - (features @ weight.double().T + bias.double())
    centred = features - features.mean(0)
    energy = centred.T @ centred
    damped = energy + _RIDGE * energy.diagonal().mean() * torch.eye(len(energy), dtype=energy.dtype)
    change = torch.linalg.solve(damped, centred.T @ (missing - missing.mean(0))).T
    weight.add_(change.float())
    bias.add_((missing.mean(0) - change @ features.mean(0)).float())


def _is_product(graph: Graph, node: Node) -> bool:
    return node.op == "Gemm" and bool(node.attributes.get("transB")) and node.inputs[1] in graph.constants


def _reaches_weights(graph: Graph, node: Node) -> bool:
    return any(
        later.op in ("Conv", "Gemm", "MatMul") and any(name in graph.constants for name in later.inputs[1:])
        for later in _after(graph, node)
    )


def _after(graph: Graph, node: Node) -> Iterator[Node]:
    """All nodes that depend on what a node makes."""
    reached = set(node.outputs)
    for later in graph.nodes:
        if reached.intersection(later.inputs):
            reached.update(later.outputs)
            yield later
