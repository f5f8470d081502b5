"""The last layers are fitted again to what the rounded layers before them give."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from trainers.quantisation.graph import Graph, Node
from trainers.quantisation.heads import heads, refit
from trainers.quantisation.network import QuantisedNetwork

FEATURES = 12


def graph() -> Graph:
    """Features of a picture, a layer in the middle, and two heads on what that gives."""
    rng = np.random.default_rng(0)

    def constant(*shape: int) -> np.ndarray:
        return rng.normal(size=shape).astype(np.float32)

    names = ("middle", "votes", "other")
    nodes = [
        Node(
            "Gemm",
            ["features" if name == "middle" else "middle", f"{name}.w", f"{name}.b"],
            [name],
            {"transB": 1},
        )
        for name in names
    ]
    sizes = (FEATURES, 5, 2)
    constants = {f"{name}.w": constant(size, FEATURES) for name, size in zip(names, sizes, strict=True)}
    constants |= {f"{name}.b": constant(size) for name, size in zip(names, sizes, strict=True)}
    return Graph(nodes, constants, "features", ["votes", "other"], None)  # type: ignore[arg-type]


def made(network: QuantisedNetwork, features: Tensor) -> dict[str, Tensor]:
    with torch.no_grad():
        return network({"features": features}, ["votes", "other"])


def test_heads_are_the_layers_behind_which_there_is_no_other() -> None:
    assert [node.output for node in heads(graph())] == ["votes", "other"]


def test_heads_take_back_most_of_what_went_wrong_before_them_on_other_pictures_too() -> None:
    torch.manual_seed(0)
    network = QuantisedNetwork(graph())
    fitting, others = torch.randn(400, FEATURES), torch.randn(100, FEATURES)
    wanted, expected = made(network, fitting), made(network, others)
    with torch.no_grad():  # as rounding does: all features are off, some more than others, and by a shift
        network.weight("middle.w").mul_(1 + 0.2 * torch.randn(FEATURES, 1))
        network.weight("middle.b").add_(0.3 * torch.randn(FEATURES))
    off = {name: (made(network, others)[name] - expected[name]).abs().mean() for name in expected}
    refit(
        network,
        [
            ({"features": fitting[at : at + 50]}, {k: v[at : at + 50] for k, v in wanted.items()})
            for at in range(0, 400, 50)
        ],
    )
    for name, value in made(network, others).items():
        assert (value - expected[name]).abs().mean() < 0.7 * off[name]
        assert abs(float((value - expected[name]).mean())) < 0.1
    assert not network.is_quantised
