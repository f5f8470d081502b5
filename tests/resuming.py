"""What every trainer keeps: a run that was stopped and resumed ends as one that was not."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from lightning.pytorch import LightningModule
from torch import nn

from trainers.common.checkpoints import load_model
from trainers.common.loop import make_trainer


def stop_after(epochs: int, module: LightningModule, config: Any, out: Path, watch: bool = False) -> None:
    """Train so many epochs of a run of more."""
    trainer = make_trainer(config, out, watch)
    trainer.fit_loop.max_epochs = epochs
    trainer.fit(module)


def same_weights(one: nn.Module, other: nn.Module) -> None:
    """Fail unless two networks are equal, bit by bit."""
    others = other.state_dict()
    for name, value in one.state_dict().items():
        assert torch.equal(value, others[name]), name


def check_resuming(
    train: Callable[[Path, bool], Any],
    make: Callable[[], LightningModule],
    config: Any,
    folder: Path,
    at: int,
) -> None:
    """Train in `folder`/whole, and in `folder`/parts with a stop after epoch `at`; the models are equal.

    `train(out, resume)` is the trainer's own function, `make()` its module before the first step.
    """
    train(folder / "whole", False)
    stop_after(at, make(), config, folder / "parts")
    train(folder / "parts", True)
    same_weights(*(load_model(folder / name / "model.ckpt").network for name in ("whole", "parts")))
