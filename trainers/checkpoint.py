"""Trained networks on disk: weights, the configuration they came from, and what is known about them."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch

from photocli.errors import UsageError
from trainers.classifier import Classifier
from trainers.cropper import Cropper
from trainers.face_scorer import FaceScorer, make_scorer
from trainers.finder import Finder
from trainers.generator import Generator
from trainers.inspector import Inspector
from trainers.network import Scorer
from trainers.styler import Styler

Network = Scorer | Classifier | Inspector | Cropper | FaceScorer | Finder | Generator | Styler


@dataclass(frozen=True)
class Model:
    """A trained network with its configuration; `facts` holds calibration, data, commit and command."""

    network: Network
    config: dict[str, Any]
    facts: dict[str, Any] = field(default_factory=dict)


def save_model(path: Path, model: Model) -> None:
    """Write a model that `load_model`, export, soups and teachers read."""
    path.parent.mkdir(parents=True, exist_ok=True)
    weights = {name: value.detach().cpu().contiguous() for name, value in model.network.state_dict().items()}
    torch.save({"weights": weights, "config": model.config, "facts": model.facts}, path)


def load_model(path: Path) -> Model:
    """Read a model, or the averaged weights of a run's checkpoint. Raises `UsageError` if it is neither."""
    if not path.is_file():
        raise UsageError(f"{path} does not exist")
    try:
        stored = torch.load(path, map_location="cpu", weights_only=True)
        config = stored["config"]
        weights = stored["weights"] if "weights" in stored else _averaged(stored["state_dict"])
        network = _network(config)
        network.load_state_dict(weights)
    except Exception as error:  # unpickling alone can raise anything
        raise UsageError(f"{path} is not a checkpoint of these trainers: {error}") from error
    return Model(network.eval(), config, stored.get("facts", {}))


def _network(config: dict[str, Any]) -> Network:
    """The network of a configuration, with random weights."""
    if config.get("trainer") == "style":
        return Classifier(config["arch"], len(config["classes"]), config["several"])
    if config.get("trainer") == "technical":
        return Inspector(config["side"], config["dropout"])
    if config.get("trainer") == "crop":
        return Cropper(config["arch"], config["stage"], config["dropout"])
    if config.get("trainer") == "selfie":
        return make_scorer(config)
    if config.get("trainer") == "faces":
        return Finder(config.get("serve_side") or config["side"], refined=config.get("refine_steps", 0) > 0)
    if config.get("trainer") == "stylize":
        return Generator(config["width"], config["upsample"])
    if config.get("trainer") == "styles":
        return Styler(config["classes"], config["dropout"])
    return Scorer(config["arch"], config["labels"], config["dropout"], config["middle"])


def _averaged(state: dict[str, Any]) -> dict[str, Any]:
    prefix = "averaged."
    return {name.removeprefix(prefix): value for name, value in state.items() if name.startswith(prefix)}


def runs_before(path: Path) -> list[dict[str, Any]]:
    """The runs that a stored model came out of, the first of them first: command, commit and seed of each.
    Those of a soup stand before it."""
    facts = torch.load(path, map_location="cpu", weights_only=True).get("facts", {})
    if not facts:
        return []  # weights from elsewhere
    soup = facts.get("soup", {"commands": [], "seeds": []})
    mixed = [
        {"command": command, "seed": seed}
        for command, seed in zip(soup["commands"], soup["seeds"], strict=True)
    ]
    own = {name: facts[name] for name in ("command", "commit", "seed") if name in facts}
    return [*facts.get("before", []), *mixed, own]
