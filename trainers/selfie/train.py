"""Training of the selfie scorer: data, network, loop, evaluation, in the order in which they happen.

Aligned faces with what people said of them: Siamese pairs first, Net2Net when learning stalls, then Huber
regression; or a backbone from ImageNet, and whatever else the configuration leaves of it. The configuration
is in config.py, the losses in losses.py, the loop by stages in module.py, the command line in __main__.py.
"""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch

from trainers.common.checkpoints import Model, previous_runs, save_model
from trainers.common.runs import RunRecord, command_line, commit, portable, write_json
from trainers.selfie.config import SelfieConfig
from trainers.selfie.data import FaceLists
from trainers.selfie.evaluate import evaluate
from trainers.selfie.module import StagedTraining
from trainers.selfie.network import FaceScorer


def start(config: SelfieConfig) -> FaceScorer:
    """Returns the network before its first step."""
    torch.manual_seed(config.seed)
    network = FaceScorer(config.arch, config.dropout, (), config.width)
    network.initialise(config.init)
    return network


def train(config: SelfieConfig, data: FaceLists, out: Path, resume: bool) -> dict[str, Any]:
    """Trains, evaluates, saves model.ckpt and run.json; returns the facts of run.json.

    With `resume` it goes on from last.ckpt in `out`, if it is there.
    """
    training = StagedTraining(start(config), config, data.training, data.more, data.held)
    if resume and (out / "last.ckpt").exists():
        training.restore(out / "last.ckpt")
    network = training.run(out)
    facts = _facts(config, data, network, training.at.history)
    if data.held is not None:
        facts |= evaluate(network, data, {source["hash"] for source in facts["data"]})
    stored = portable(asdict(config)) | {"trainer": "selfie", "plan": list(network.plan)}
    save_model(out / "model.ckpt", Model(network, stored, RunRecord.of(portable(facts))))
    write_json(out / "run.json", portable(facts))
    return facts


def _facts(
    config: SelfieConfig, data: FaceLists, network: FaceScorer, history: list[dict[str, Any]]
) -> dict[str, Any]:
    """Returns what run.json says of a run, beside its evaluation."""
    sources = earlier_sources(config.init)
    sources.append(data.training.source | {"photos": len(data.training), "role": "scores"})
    if data.more is not None:
        sources.append(data.more.source | {"photos": len(data.more), "role": "scores by other raters"})
    return {
        "trainer": "selfie",
        "command": command_line("trainers.selfie"),
        "commit": commit(),
        "seed": config.seed,
        "before": [] if config.init in ("none", "imagenet") else previous_runs(Path(config.init)),
        "config": asdict(config) | {"plan": list(network.plan)},
        "data": sources,
        "training_photos": len(data.training),
        "plan": list(network.plan),
        "parameters": sum(value.numel() for value in network.backbone.parameters()),
        "history": history,
    }


def earlier_sources(init: str) -> list[dict[str, Any]]:
    """Returns what a model of these trainers, from which the backbone starts, had learned from."""
    if init in ("none", "imagenet"):
        return []
    stored = torch.load(init, map_location="cpu", weights_only=True)
    facts = stored.get("facts", {}) if "weights" in stored else {}
    return [source | {"role": "scores, before"} for source in facts.get("data", [])]
