"""The trainer of technical quality: `python -m trainers.technical FOLDER... [options]`; see docs/training.md.

It needs no labels: good photos are spoiled with known severity and turned by quarters, and one network learns
to say by how much, and which way is up.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

import torch
import typer

from photocli.errors import UsageError
from trainers.common.checkpoints import Model, load_model, previous_runs, save_model
from trainers.common.options import make_app, option, reported_errors, with_options
from trainers.common.runs import command_line, commit, portable, write_json
from trainers.common.splits import check_fold
from trainers.technical.data import Shots, divide, read_shots
from trainers.technical.network import Inspector

# Configuration


@dataclass(frozen=True)
class Config:
    """Everything that decides what is trained; saved in checkpoints, `run.json` and the model card."""

    folds: int = option(5, "folds of the split by file name")
    fold: str = option("0", "the fold that is held out, or none")
    upright: tuple[str, ...] = option((), "folder of pictures that teach the turns alone (repeatable)")
    turned: tuple[str, ...] = option((), "photo that is known not to be upright, by name (repeatable)")
    faces: str = option("", "YuNet ONNX file: its faces are kept sharp, or blurred alone; none without")
    init: str = option("imagenet", "starting weights: a file, imagenet (download), or none")
    start: str = option("", "model.ckpt of this trainer to go on from, instead of init")
    side: int = option(176, "side of the thumbnail, pixels; tiles have a quarter of it")
    dropout: float = option(0.2, "dropout before the heads")
    epochs: int = option(14, "epochs in all")
    turn_epochs: int = option(7, "of these, first epochs on the turns alone, with unspoiled photos")
    batch: int = option(32, "photos per batch")
    repeat_large: int = option(3, "how often photos of over 900 pixels come in an epoch")
    most_per_folder: int = option(600, "photos of one folder in an epoch, at most; other ones in the next")
    lr: float = option(2e-4, "learning rate of the backbone")
    head_lr: float = option(1.5e-3, "learning rate of the rest")
    weight_decay: float = option(0.05, "decay of weights (not of biases)")
    fault_weight: float = option(4.0, "weight of the faults' loss; that of the turn counts once")
    smoothing: float = option(
        0.05, "share of the turns' labels that is spread evenly: some photos have no up"
    )
    clip: float = option(5.0, "largest norm of the gradient")
    ema: float = option(0.99, "decay of the averaged weights, which are kept")
    clean_at: int = option(11, "epoch before which photos that seem faulty as they are get left out")
    clean_limit: float = option(0.35, "severity from which a fault is taken for the photo's own")
    eval_every: int = option(2, "epochs between looks at the held-out photos")
    seed: int = option(0, "seed of every random draw")
    cache: str = option("", "folder for decoded photos and faces")
    workers: int = option(1, "processes that prepare photos")
    compile: bool | None = option(None, "torch.compile; where it pays, unless given")
    precision: Literal["auto", "32", "bf16", "16"] = option("auto", "bf16 or 16: automatic mixed precision")
    devices: str = option("auto", "GPUs to use: auto, or a number")


def checked(config: Config) -> Config:
    """The configuration, or `UsageError` if it contradicts itself."""
    check_fold(config.fold, config.folds)
    if config.side % 8 or config.epochs < 1 or config.batch < 2 or config.eval_every < 1:
        raise UsageError("side must be a multiple of 8; epochs and eval-every at least 1, batch at least 2")
    if not 0 <= config.turn_epochs < config.epochs:
        raise UsageError("turn-epochs are the first of the epochs, and must leave some for the faults")
    return config


# Network


def start(config: Config) -> Inspector:
    """The network before its first step."""
    torch.manual_seed(config.seed)
    network = Inspector(config.side, config.dropout)
    if not config.start:
        network.initialise(config.init)
        return network
    earlier = load_model(Path(config.start)).network
    if not isinstance(earlier, Inspector) or earlier.side != config.side:
        raise UsageError(f"--start: {config.start} is no model of this trainer with side {config.side}")
    network.load_state_dict(earlier.state_dict())
    return network


# Loop (the loss and the averaged weights are in inspecting.py)


def train(config: Config, shots: Shots, out: Path, resume: bool) -> dict[str, Any]:
    """Train with the configuration's fold held out, judge it, leave model.ckpt and run.json; the facts."""
    from trainers.common.loop import last_checkpoint, make_trainer
    from trainers.technical.evaluate import judge
    from trainers.technical.module import Inspecting

    training, held = divide(shots, config.folds, config.fold)
    resume = resume and (out / "last.ckpt").exists()
    network = Inspector(config.side, config.dropout) if resume else start(config)
    module = Inspecting(network, config, training, held)
    make_trainer(config, out, watch=False).fit(module, ckpt_path=last_checkpoint(out) if resume else None)
    averaged = module.averaged.cpu().eval()
    facts: dict[str, Any] = {
        "trainer": "technical",
        "command": command_line("trainers.technical"),
        "commit": commit(),
        "seed": config.seed,
        "before": previous_runs(Path(config.start)) if config.start else [],
        "config": asdict(config),
        "data": list(shots.sources),
        "training_photos": len(training),
        "left_out": module.left_out(),
        "history": module.history,
    }
    if len(held):
        facts |= judge(
            averaged, held, config.side, f"fold {config.fold} of {config.folds}, by a hash of the name"
        )
    save_model(
        out / "model.ckpt",
        Model(averaged, portable(asdict(config)) | {"trainer": "technical"}, portable(facts)),
    )
    write_json(out / "run.json", portable(facts))
    return facts


# Command line


def run(
    photos: Annotated[list[Path], typer.Argument(help="Folders of good, upright photos.")],
    config: Config,
    out: Annotated[Path, typer.Option(help="Folder for checkpoints, logs and run.json.")] = Path(
        "runs/technical"
    ),
    resume: Annotated[bool, typer.Option(help="Go on from the last checkpoint in OUT.")] = False,
) -> None:
    """Train a network that says what is technically wrong with a photo, and which way is up.

    Figures are printed beside their trivial baselines; the exit code is 1 when one is not better.
    """
    from trainers.common.runs import print_report
    from trainers.technical.evaluate import others

    with reported_errors("trainers.technical"):
        config = checked(config)
        cache = Path(config.cache) if config.cache else None
        faces = Path(config.faces) if config.faces else None
        upright = [Path(folder) for folder in config.upright]
        shots = read_shots(photos, upright, set(config.turned), faces, cache)
        facts = train(config, shots, out, resume)
    raise typer.Exit(0 if print_report(facts, others(facts)) else 1)


def command() -> typer.Typer:
    """The command line."""
    return make_app(with_options(Config, run))
