"""Trained networks on disk: weights, the configuration they came from, and what is known about them."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import Any

import torch
from torch import nn

from photocli.errors import UsageError
from trainers.common.runs import RunRecord

_NETWORKS = {
    "aesthetics": "trainers.aesthetics.network",
    "style": "trainers.classes.network",
    "technical": "trainers.technical.network",
    "crop": "trainers.crop.network",
    "selfie": "trainers.selfie.network",
    "faces": "trainers.faces.network",
    "styles": "trainers.style.network",
    "stylize": "trainers.style_transfer.network",
    "shared": "trainers.shared.network",
}
"""Where the network of each trainer is, by the name that the trainer has in configurations."""

_OLD_NAMES = {
    re.compile(r"(^|\.)body\."): r"\1backbone.",
    re.compile(r"(^|\.)refiner\."): r"\1landmarks.",
}
"""Prefixes of weights in older checkpoints, and what they are now."""


@dataclass(frozen=True)
class Model:
    """A trained network with its configuration and the record of its run."""

    network: Any
    """The trainer's own class of network, whose attributes its other modules know."""

    config: dict[str, Any]
    run: RunRecord = field(default_factory=RunRecord)


def save_model(path: Path, model: Model) -> None:
    """Write a model that `load_model`, export, soups and teachers read."""
    path.parent.mkdir(parents=True, exist_ok=True)
    weights = {name: value.detach().cpu().contiguous() for name, value in model.network.state_dict().items()}
    torch.save({"weights": weights, "config": model.config, "facts": model.run.document}, path)


def load_model(path: Path) -> Model:
    """Read a model, or the averaged weights of a run's checkpoint. Raises `UsageError` if it is neither."""
    if not path.is_file():
        raise UsageError(f"{path} does not exist")
    try:
        stored = torch.load(path, map_location="cpu", weights_only=True)
        config = stored["config"]
        weights = stored["weights"] if "weights" in stored else _averaged(stored["state_dict"])
        network = _network(config)
        network.load_state_dict(renamed(weights))
    except Exception as error:  # unpickling alone can raise anything
        raise UsageError(f"{path} is not a checkpoint of these trainers: {error}") from error
    return Model(network.eval(), config, RunRecord.of(stored.get("facts", {})))


def _network(config: dict[str, Any]) -> nn.Module:
    """Makes the network of a configuration, with random weights: `from_config` of its trainer's module."""
    trainer = config.get("trainer", "aesthetics")
    if trainer not in _NETWORKS:
        raise UsageError(f"there is no trainer '{trainer}'; there are {', '.join(_NETWORKS)}")
    module = import_module(_NETWORKS[trainer])
    network: nn.Module = module.from_config(config)
    return network


def renamed(weights: dict[str, Any]) -> dict[str, Any]:
    """Names the weights of older checkpoints as networks do today."""
    for old, new in _OLD_NAMES.items():
        weights = {old.sub(new, name): value for name, value in weights.items()}
    return weights


def _averaged(state: dict[str, Any]) -> dict[str, Any]:
    prefix = "averaged."
    return {name.removeprefix(prefix): value for name, value in state.items() if name.startswith(prefix)}


def previous_runs(path: Path) -> list[dict[str, Any]]:
    """The runs that a stored model came out of, the first of them first: command, commit and seed of each.
    Those of a soup stand before it."""
    run = RunRecord.of(torch.load(path, map_location="cpu", weights_only=True).get("facts", {}))
    if run == RunRecord():
        return []  # weights from elsewhere
    mixed = [
        {"command": command, "seed": seed}
        for command, seed in zip(run.soup.get("commands", []), run.soup.get("seeds", []), strict=True)
    ]
    known = run.document
    own: dict[str, Any] = {name: known[name] for name in ("command", "commit", "seed") if name in known}
    return [*run.before, *mixed, own]
