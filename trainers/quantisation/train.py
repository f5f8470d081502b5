"""Makes a network of eight bits of one in floating point: ranges, rounding, and training where asked for."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import torch
from numpy.typing import NDArray
from onnx import helper
from torch import Tensor

from photocli.errors import UsageError
from photocli.models.card import Card
from photocli.models.runtime import load_runtime
from photocli.models.store import content
from trainers.common.runs import command_line, commit, portable, write_json
from trainers.quantisation.calibration import equalise, observe, set_ranges
from trainers.quantisation.config import QuantisationConfig
from trainers.quantisation.data import Pictures, Views
from trainers.quantisation.graph import Graph, read_graph
from trainers.quantisation.heads import heads, refit
from trainers.quantisation.network import QuantisedNetwork, Values
from trainers.quantisation.preparation import read_bytes
from trainers.quantisation.rounding import round_weights

CHECKPOINT = "quantised.ckpt"
HELD = "held.npy"


def quantise(card: Card, views: Views, config: QuantisationConfig, out: Path) -> QuantisedNetwork:
    """Fits a network to eight bits on the views that are not held out, and trains it for `config.steps`.

    Writes a checkpoint, the held-out views that it is to be compared on, and `run.json` into `out`. Raises
    `UsageError` where there are too few views.
    """
    torch.set_num_threads(config.threads)
    torch.manual_seed(config.seed)
    rng = np.random.default_rng(config.seed)
    training, held = (rng.permutation(np.flatnonzero(views.held == side)) for side in (False, True))
    if len(training) < config.fit or not len(held):
        raise UsageError(f"too few views: {len(training)} to learn from, {len(held)} held out")
    teacher = Teacher(content(card))
    chosen = np.sort(training[: config.calibration])
    network = fit(teacher, np.array(views.pictures[chosen]), config)
    if config.steps:
        distil(network, teacher, views.pictures, training, config, rng)
    if config.heads:
        refit(network, taught(teacher, views.pictures, np.sort(training[: config.heads])))
    out.mkdir(parents=True, exist_ok=True)
    judged = np.sort(held[: config.judged])
    np.save(out / HELD, np.array(views.pictures[judged]))
    facts = _facts(views, training, held, config)
    write_json(out / "run.json", facts)
    torch.save({"network": teacher.content, "run": facts, **state(network)}, out / CHECKPOINT)
    return network


def prepared(network: bytes) -> Graph:
    """The graph of a network whose convolutions read the picture's bytes."""
    graph = read_graph(network)
    read_bytes(graph)
    return graph


def state(network: QuantisedNetwork) -> dict[str, Any]:
    """All that was fitted, by the names of the graph."""
    return {
        "weights": {name: network.weight(name).detach().clone() for name in network.names},
        "steps": dict(network.steps),
        "ranges": {name: (network.scale(name), network.zeros[name]) for name in network.points},
    }


def restored(checkpoint: dict[str, Any]) -> QuantisedNetwork:
    """The network of a checkpoint."""
    network = QuantisedNetwork(prepared(checkpoint["network"]))
    with torch.no_grad():
        for name, weight in checkpoint["weights"].items():
            network.weight(name).copy_(weight)
    network.steps = dict(checkpoint["steps"])
    for name, (scale, zero) in checkpoint["ranges"].items():
        network.set_range(name, -scale * zero, scale * (255 - zero))
    return network


class Teacher:
    """The network in floating point, with what it says on the way."""

    def __init__(self, network: bytes) -> None:
        self.content = network
        self.graph = prepared(network)
        blank = QuantisedNetwork(self.graph)
        exporters = {value for node in read_graph(network).nodes for value in node.outputs}
        fed = {node.inputs[0] for node in blank.convolutions}
        made = _computed(blank)
        self.fed = sorted((fed & exporters) - made)
        self.targets = sorted(_targets(self.graph, blank) & exporters & (made | set(self.graph.outputs)))
        self.heads = [node.output for node in heads(self.graph) if node.output in exporters]
        model = onnx.load_model_from_string(network)
        known = {value.name for value in model.graph.output}
        model.graph.output.extend(
            helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, None)
            for name in {*self.fed, *self.targets, *self.heads}
            if name not in known
        )
        options = load_runtime().SessionOptions()
        options.intra_op_num_threads = torch.get_num_threads()
        self._session = load_runtime().InferenceSession(
            model.SerializeToString(), options, providers=["CPUExecutionProvider"]
        )

    def inputs(self, pictures: Pictures) -> Values:
        """What the network is fed: pictures, and what was made of them that PyTorch cannot make."""
        return {self.graph.image: torch.from_numpy(pictures)} | self._run(self.fed, pictures)

    def answers(self, pictures: Pictures) -> Values:
        """What the network is to say."""
        return self._run(self.targets, pictures)

    def last(self, pictures: Pictures) -> Values:
        """What its last layers give."""
        return self._run(self.heads, pictures)

    def _run(self, names: Sequence[str], pictures: Pictures) -> Values:
        if not names:
            return {}
        found = self._session.run(list(names), {self.graph.image: np.ascontiguousarray(pictures)})
        return {name: torch.from_numpy(value) for name, value in zip(names, found, strict=True)}


def _computed(network: QuantisedNetwork) -> set[str]:
    """The values that PyTorch can compute from the picture alone."""
    shape = network.graph.model.graph.input[0].type.tensor_type.shape.dim
    blank = torch.zeros((2, *(size.dim_value for size in shape[1:])), dtype=torch.uint8)
    every = [name for node in network.graph.nodes for name in node.outputs]
    with torch.no_grad():
        return set(network({network.graph.image: blank}, every))


def _targets(graph: Graph, network: QuantisedNetwork) -> set[str]:
    """What is compared: the outputs before their last activation, and the heads."""
    makers = graph.makers()
    ends = {
        makers[name].inputs[0] if makers[name].op in ("Softmax", "Sigmoid") else name
        for name in graph.outputs
    }
    heads = {node.output for node in graph.nodes if node.op == "Conv" and node not in network.convolutions}
    return ends | heads


def fit(teacher: Teacher, pictures: Pictures, config: QuantisationConfig) -> QuantisedNetwork:
    """Equalises channels, sets ranges, rounds weights and corrects biases by some pictures."""
    network = QuantisedNetwork(teacher.graph)
    batches = [teacher.inputs(pictures[at : at + 8]) for at in range(0, len(pictures), 8)]
    equalise(network, observe(network, batches), config.share, config.room)
    set_ranges(network, observe(network, batches, counts=True))
    round_weights(network, teacher.inputs(pictures[: config.fit]))
    return network


def taught(
    teacher: Teacher, pictures: Pictures, rows: NDArray[np.intp], size: int = 8
) -> Iterator[tuple[Values, Values]]:
    """Yields what a network is fed, and what its last layers are to give, for some pictures at a time."""
    for at in range(0, len(rows), size):
        batch = np.array(pictures[rows[at : at + size]])
        yield teacher.inputs(batch), teacher.last(batch)


def distil(
    network: QuantisedNetwork,
    teacher: Teacher,
    pictures: Pictures,
    rows: NDArray[np.intp],
    config: QuantisationConfig,
    rng: np.random.Generator,
) -> list[float]:
    """Trains all weights, rounded as they will be, to say what the teacher says; the losses of the steps."""
    optimizer = torch.optim.Adam(network.weights.values(), lr=config.lr)
    network.is_quantised = True
    losses = []
    for step in range(config.steps):
        optimizer.param_groups[0]["lr"] = config.lr * (1 + math.cos(math.pi * step / config.steps)) / 2
        batch = np.array(pictures[np.sort(rng.choice(rows, config.batch))])
        answers = teacher.answers(batch)
        loss = distance(network(teacher.inputs(batch), answers), answers)
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        losses.append(float(loss.detach()))
    network.is_quantised = False
    return losses


def distance(predictions: Values, answers: Values) -> Tensor:
    """The mean square error of each answer, as a share of its variance, added up over those there are."""
    parts = [
        ((predictions[name] - answers[name]) ** 2).mean() / (answers[name].var() + 1e-6)
        for name in answers
        if name in predictions
    ]
    return torch.stack(parts).sum()


def _facts(
    views: Views, training: NDArray[np.intp], held: NDArray[np.intp], config: QuantisationConfig
) -> dict[str, Any]:
    names = np.array(views.names)
    return {
        "command": command_line("trainers.quantisation"),
        "commit": commit(),
        "config": portable(asdict(config)),
        "photos": {"fitted": len(set(names[training])), "held_out": len(set(names[held]))},
        "views": {
            "fitted": len(training)
            if config.steps
            else min(max(config.calibration, config.heads), len(training)),
            "held_out": min(config.judged, len(held)),
        },
    }
