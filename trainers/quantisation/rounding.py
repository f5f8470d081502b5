"""Rounds weights one after the other, each time making up for the error in those that are left.

That is the method of optimal brain quantisation (Frantar et al. 2022, "GPTQ"): least change of what a layer
makes of its inputs, as they come from the rounded layers before it.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from trainers.quantisation.graph import Node
from trainers.quantisation.network import QuantisedNetwork, Values

_PLACES = 1024  # of each picture, where a layer's inputs are looked at
_DAMPING = 0.01


def round_weights(network: QuantisedNetwork, batch: Values) -> None:
    """Rounds the weights of all convolutions, first layers first, and corrects their biases.

    A bias takes over what rounding changes the mean of its channel; so do those of layers that stay in
    floating point, so that the answers of many pictures have the mean that they had.
    """
    means: dict[str, Tensor] = {}
    rounded = {node.output for node in network.convolutions}

    def remember(node: Node, inputs: list[Tensor], made: Tensor) -> Tensor:
        means[node.output] = _mean(made)
        return made

    def correct(node: Node, inputs: list[Tensor], made: Tensor) -> Tensor:
        if len(node.inputs) < 3:
            return made
        if node.output in rounded:
            weight = network.weight(node.inputs[1])
            weight.copy_(fitted(weight, columns(node, inputs[0], weight), network.step(node.inputs[1])))
            made = network.convolve(node, inputs[0])
        off = means[node.output] - _mean(made)
        network.weight(node.inputs[2]).add_(off)
        return made + off.reshape(-1, *[1] * (made.ndim - 2))

    with torch.no_grad():
        network.is_quantised = False
        network(batch, (), change=remember)
        network.is_quantised = True
        network(batch, (), change=correct)
        network.is_quantised = False


def _mean(made: Tensor) -> Tensor:
    """The mean of each channel (outputs,)."""
    return made.transpose(0, 1).flatten(1).mean(1)


def columns(node: Node, value: Tensor, weight: Tensor) -> Tensor:
    """What each group of filters is multiplied with at some places: (groups, inputs of a filter, places)."""
    kernel = tuple(weight.shape[2:])
    pads, strides = node.attributes.get("pads", [0] * 4), node.attributes.get("strides", [1, 1])
    parts = []
    for picture in value:
        if kernel == (1, 1):
            found = picture[:, :: strides[0], :: strides[1]].flatten(1)
        else:
            found = functional.unfold(picture[None], kernel, padding=tuple(pads[:2]), stride=tuple(strides))[
                0
            ]
        parts.append(found[:, torch.randperm(found.shape[1])[:_PLACES]])
    groups = node.attributes.get("group", 1)
    return torch.cat(parts, 1).reshape(groups, weight[0].numel(), -1)


def fitted(weight: Tensor, inputs: Tensor, step: Tensor) -> Tensor:
    """Weights (outputs, ...) on the grid of `step` (outputs,); `inputs` as of `columns`."""
    groups, width = inputs.shape[:2]
    left = weight.detach().double().reshape(groups, -1, width)
    size = step.double().reshape(groups, -1)
    hessian = (inputs @ inputs.transpose(1, 2)).double()
    diagonal = hessian.diagonal(dim1=1, dim2=2)
    damping = _DAMPING * diagonal.mean(1, keepdim=True) + 1e-9
    hessian = hessian + torch.diag_embed(damping.expand_as(diagonal))
    order = diagonal.mean(0).argsort(descending=True)
    hessian, left = hessian[:, order][:, :, order], left[:, :, order].clone()
    inverse = torch.linalg.cholesky(torch.linalg.inv(hessian), upper=True)
    for place in range(width):
        rounded = torch.clamp(torch.round(left[:, :, place] / size), -127, 127) * size
        error = (left[:, :, place] - rounded) / inverse[:, place, place, None]
        left[:, :, place + 1 :] -= error[:, :, None] * inverse[:, place, None, place + 1 :]
        left[:, :, place] = rounded
    return left[:, :, order.argsort()].reshape(weight.shape).float()
