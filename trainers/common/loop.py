"""Lightning's trainer, set up: checkpoints, logs, precision, devices."""

from __future__ import annotations

import logging
import sys
import warnings
from pathlib import Path
from typing import Any, Protocol

import torch
import typer
from lightning.pytorch import Callback, LightningModule, Trainer
from lightning.pytorch.callbacks import ModelCheckpoint, RichProgressBar
from lightning.pytorch.loggers import TensorBoardLogger

LAST = "last"
_COLUMNS = ("epoch", "loss", "seconds")  # what is held out comes between them


class LoopConfig(Protocol):
    """The fields of a trainer's configuration that Lightning's trainer is set up from."""

    @property
    def epochs(self) -> int: ...
    @property
    def eval_every(self) -> int: ...
    @property
    def devices(self) -> str: ...
    @property
    def precision(self) -> str: ...
    @property
    def clip(self) -> float: ...


class EpochLines(Callback):
    """A line per epoch, for where no progress bar is drawn."""

    def __init__(self) -> None:
        self._printed = 0

    def on_train_start(self, trainer: Trainer, module: LightningModule) -> None:
        self._printed = len(_history(module))  # a resumed run has printed these before

    def on_train_epoch_start(self, trainer: Trainer, module: LightningModule) -> None:
        # At the end of an epoch callbacks run before the module, which has then not added it yet.
        self._print(trainer, module)

    def on_train_end(self, trainer: Trainer, module: LightningModule) -> None:
        self._print(trainer, module)

    def _print(self, trainer: Trainer, module: LightningModule) -> None:
        history = _history(module)
        rows, self._printed = history[self._printed :], len(history)
        for row in rows if trainer.is_global_zero else ():
            told = "".join(f"  {name} {row[name]:.3f}" for name in row if name not in _COLUMNS)
            typer.echo(f"epoch {row['epoch']:.0f}  loss {row['loss']:.4f}{told}  {row['seconds']:.1f} s")


def _history(module: LightningModule) -> list[dict[str, float]]:
    """Returns the rows, one per epoch, that a `TrainingModule` keeps."""
    history: list[dict[str, float]] = module.history  # type: ignore[assignment]
    return history


def make_trainer(config: LoopConfig, out: Path, watch: bool) -> Trainer:
    """A trainer that keeps `last.ckpt`, and with `watch` the `best.ckpt` by held-out Spearman, in `out`."""
    for name in ("lightning.pytorch", "lightning.fabric"):
        logging.getLogger(name).setLevel(logging.WARNING)
    warnings.filterwarnings("ignore", message=".*does not have many workers.*")
    warnings.filterwarnings("ignore", message=".*exists and is not empty.*")
    warnings.filterwarnings("ignore", message=".*smaller than the logging interval.*")
    warnings.filterwarnings("ignore", message=".*LeafSpec.*is deprecated.*")  # Lightning's use of torch's
    keep: dict[str, Any] = {"dirpath": out, "enable_version_counter": False, "save_on_train_epoch_end": True}
    rest = getattr(config, "snapshot_every", 1)  # epochs; large networks take long to write
    callbacks: list[Callback] = [ModelCheckpoint(filename=LAST, every_n_epochs=rest, **keep)]
    if watch:
        every = config.eval_every
        callbacks.append(
            ModelCheckpoint(filename="best", monitor="spearman", mode="max", every_n_epochs=every, **keep)
        )
    draw = sys.stderr.isatty()
    callbacks.append(RichProgressBar() if draw else EpochLines())
    devices = int(config.devices) if config.devices.isdigit() else config.devices
    several = (devices if isinstance(devices, int) else torch.cuda.device_count()) > 1
    return Trainer(
        max_epochs=config.epochs,
        accelerator="auto",
        devices=devices,
        # In the first stage the backbone gets no gradient, which plain DDP would wait for.
        strategy="ddp_find_unused_parameters_true" if several else "auto",
        precision=_precision(config.precision),
        gradient_clip_val=config.clip,
        callbacks=callbacks,
        logger=TensorBoardLogger(out, name="", version="logs"),
        log_every_n_steps=10,
        enable_progress_bar=draw,
        enable_model_summary=False,
        use_distributed_sampler=False,
        reload_dataloaders_every_n_epochs=1,
    )


def _precision(asked: str) -> Any:
    """Lightning's name for a precision; `auto` is bfloat16 on GPUs that have it, else full."""
    if asked == "auto":
        asked = "bf16" if torch.cuda.is_available() and torch.cuda.is_bf16_supported() else "32"
    return {"32": "32-true", "bf16": "bf16-mixed", "16": "16-mixed"}[asked]


def last_checkpoint(out: Path) -> Path:
    """The checkpoint that a resumed run goes on from."""
    return out / f"{LAST}.ckpt"
