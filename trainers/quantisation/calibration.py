"""Ranges of values, and the rewriting that makes them fit bytes: channels of equal reach, unbiased means."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor

from trainers.quantisation.graph import Graph, Node
from trainers.quantisation.network import ACTIVATIONS, QuantisedNetwork, Values, activated

_BINS = 2048


@dataclass
class Reach:
    """What was seen of a value: least and greatest by channel, and how often what in between occurred."""

    low: Tensor
    high: Tensor
    counts: Tensor = field(default_factory=lambda: torch.zeros(_BINS))


class Watch:
    """Collects what is seen at points: first how far they reach, then how often what occurs."""

    def __init__(self) -> None:
        self.seen: dict[str, Reach] = {}
        self.counts_now = False

    def __call__(self, name: str, value: Tensor) -> None:
        channels = value.detach().transpose(0, 1).flatten(1)
        if not self.counts_now:
            low, high = channels.amin(1), channels.amax(1)
            if name in self.seen:
                before = self.seen[name]
                low, high = torch.minimum(low, before.low), torch.maximum(high, before.high)
            self.seen[name] = Reach(low, high)
            return
        reach = self.seen[name]
        ends = float(reach.low.min()), float(reach.high.max())
        if ends[1] > ends[0]:
            reach.counts += torch.histc(channels, _BINS, *ends)


def observe(network: QuantisedNetwork, batches: Sequence[Values], counts: bool = False) -> Watch:
    """What is seen at the points while a network computes batches in floating point."""
    watch = Watch()
    network.is_quantised = False
    with torch.no_grad():
        for watch.counts_now in (False, True) if counts else (False,):
            for batch in batches:
                network(batch, (), watch)
    return watch


def equalise(network: QuantisedNetwork, watch: Watch, share: float = 0.5, room: float = 1.3) -> int:
    """Scales channels, so that each reaches as far as the one that reaches furthest; how many values it did.

    What is multiplied here is divided again in the weights of all that read it: the network computes what it
    did, only values clipped at 6 are then clipped at `room` times what the channel was seen to reach. `share`
    is that of the logarithm of the difference that is made up for.
    """
    graph = network.graph
    users, makers = graph.users(), graph.makers()
    done = 0
    for group in groups(graph, network.convolutions):
        readers = [node for name in group for node in users.get(name, []) if node.op == "Conv"]
        others = {node.op for name in group for node in users.get(name, [])} - {"Conv", "Add", *ACTIVATIONS}
        writers = [node for node in network.convolutions if activated(node, users) in group]
        is_clipped = any(makers[name].op == "Clip" for name in group)
        if not readers or not writers or others or any(name in graph.outputs for name in group):
            continue
        if not all(name in watch.seen for name in group) or not all(
            node in network.convolutions for node in readers
        ):
            continue
        reach = torch.stack(
            [torch.maximum(watch.seen[name].high, -watch.seen[name].low) for name in group]
        ).amax(0)
        most = torch.tensor(6.0) if is_clipped else reach.max()
        reach = reach * room if is_clipped else reach
        # Weights that read one channel each have a step of their own for it: going all the way costs nothing.
        is_free = all(node.attributes.get("group", 1) == len(reach) for node in readers)
        by = (most / reach.clamp_min(float(most) / 256)) ** (1.0 if is_free else share)
        by = by.clamp_min(1.0) if is_clipped else by
        _scale(network, writers, readers, by)
        done += 1
    return done


def _scale(network: QuantisedNetwork, writers: Iterable[Node], readers: Iterable[Node], by: Tensor) -> None:
    with torch.no_grad():
        for node in writers:
            network.weight(node.inputs[1]).mul_(by[:, None, None, None])
            network.weight(node.inputs[2]).mul_(by)
        for node in readers:
            weight = network.weight(node.inputs[1])
            if node.attributes.get("group", 1) > 1:
                weight.div_(by[:, None, None, None])
            else:
                weight.div_(by[None, :, None, None])


def groups(graph: Graph, convolutions: Sequence[Node]) -> list[list[str]]:
    """Values that are added up with each other, or one alone: their channels can only be scaled together."""
    users = graph.users()
    root: dict[str, str] = {activated(node, users): activated(node, users) for node in convolutions}

    def find(name: str) -> str:
        while root[name] != name:
            name = root[name]
        return name

    for node in graph.nodes:
        if node.op == "Add" and all(name in root for name in node.inputs):
            root[node.output] = node.output
            for name in node.inputs:
                root[find(name)] = node.output
    found: dict[str, list[str]] = {}
    for name in root:
        found.setdefault(find(name), []).append(name)
    return list(found.values())


def set_ranges(network: QuantisedNetwork, watch: Watch) -> None:
    """Sets the range of each point to that with the least mean square error over what was seen."""
    for name in network.points:
        if name in watch.seen:
            network.set_range(name, *best_range(watch.seen[name]))


def best_range(reach: Reach) -> tuple[float, float]:
    """The range, cut off at both ends by the same share, that rounding to bytes changes least."""
    low, high = float(reach.low.min()), float(reach.high.max())
    if high <= low:
        return low, low + 1e-6
    middles = torch.linspace(low, high, _BINS + 1)
    middles = (middles[1:] + middles[:-1]) / 2
    best, least = (low, high), float("inf")
    for share in torch.linspace(0.85, 1.0, 16).tolist():
        low_, high_ = min(low * share, 0.0), max(high * share, 0.0)
        step = (high_ - low_) / 255
        zero = round(-low_ / step)
        codes = torch.clamp(torch.round(middles / step) + zero, 0, 255)
        error = float((reach.counts * ((codes - zero) * step - middles) ** 2).sum())
        if error < least:
            best, least = (low_, high_), error
    return best
