"""The trainer of the built-in model of styles: `python -m trainers.styles FOLDER... --media FOLDER`.

One network, three answers: what a picture was made with, which photographic looks it has, and after which
painting it is styled; see docs/training.md.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

import torch
import typer

from photocli.errors import UsageError
from trainers.common.checkpoints import Model, save_model
from trainers.common.options import make_app, option, reported_errors, with_options
from trainers.common.runs import RunRecord, command_line, commit, portable, write_json
from trainers.common.splits import check_fold
from trainers.style.data import Pictures, divide, read_pictures
from trainers.style.network import Styler

# Configuration


@dataclass(frozen=True)
class Config:
    """Everything that decides what is trained; saved in checkpoints, `run.json` and the model card."""

    folds: int = option(5, "folds of the split by the name of the photo that is shown")
    fold: str = option("0", "the fold that is held out, or none")
    init: str = option("imagenet", "starting weights: a file, imagenet (download), or none")
    side: int = option(224, "side of the square that the network sees, pixels")
    dropout: float = option(0.2, "dropout before the linear layer")
    samples: int = option(5000, "samples in an epoch")
    drawn_share: float = option(0.2, "share of paintings, cartoons and sketches in them")
    repainted_share: float = option(0.16, "share of repainted photos in them")
    most_per_folder: int = option(700, "photos that a folder counts for at most")
    epochs: int = option(8, "epochs in all")
    batch: int = option(32, "samples per batch")
    lr: float = option(4e-4, "learning rate of the backbone")
    head_lr: float = option(3e-3, "learning rate of the linear layer")
    weight_decay: float = option(0.03, "decay of weights (not of biases)")
    medium_weight: float = option(1.0, "weight of the medium's loss")
    looks_weight: float = option(12.0, "weight of the looks' mean loss")
    painting_weight: float = option(0.7, "weight of the paintings' loss")
    most_styled: float = option(
        0.06, "share of plain photos that thresholds may call styled on the photos that they are chosen on"
    )
    clip: float = option(5.0, "largest norm of the gradient")
    ema: float = option(0.995, "decay of the averaged weights, which are kept")
    turns: int = option(2, "how often each held-out photo is judged with looks, beside once without")
    eval_every: int = option(2, "epochs between looks at the held-out pictures")
    seed: int = option(0, "seed of every random draw")
    cache: str = option("", "folder for decoded pictures")
    workers: int = option(1, "processes that make samples")
    compile: bool = option(False, "torch.compile")
    precision: Literal["auto", "32", "bf16", "16"] = option("auto", "bf16 or 16: automatic mixed precision")
    devices: str = option("auto", "GPUs to use: auto, or a number")


def checked(config: Config) -> Config:
    """The configuration, or `UsageError` if it contradicts itself."""
    check_fold(config.fold, config.folds)
    if config.side % 32 or config.side < 32:
        raise UsageError("side must be a multiple of 32")
    if min(config.epochs, config.eval_every, config.turns) < 1 or config.batch < 2:
        raise UsageError("epochs, eval-every and turns are at least 1, batch at least 2")
    if config.samples < config.batch:
        raise UsageError("an epoch has a batch of samples at least")
    if (
        min(config.drawn_share, config.repainted_share) < 0
        or config.drawn_share + config.repainted_share >= 1
    ):
        raise UsageError("the shares of drawn and repainted pictures leave some for photos")
    return config


# Network


def start(config: Config, pictures: Pictures) -> Styler:
    """The network before its first step."""
    torch.manual_seed(config.seed)
    network = Styler(pictures.classes, config.dropout)
    network.initialise(config.init)
    return network


# Loop (the loss is in styling.py, the averaged weights in averaging.py)


def train(config: Config, pictures: Pictures, out: Path, resume: bool) -> dict[str, Any]:
    """Train with the configuration's fold held out, judge it, leave model.ckpt and run.json; the facts."""
    from trainers.common.loop import last_checkpoint, make_trainer
    from trainers.style.evaluate import judge
    from trainers.style.module import Styling

    training, held = divide(pictures, config.folds, config.fold)
    resume = resume and (out / "last.ckpt").exists()
    network = Styler(pictures.classes, config.dropout) if resume else start(config, pictures)
    module = Styling(network, config, training, held)
    make_trainer(config, out, watch=False).fit(module, ckpt_path=last_checkpoint(out) if resume else None)  # type: ignore[arg-type]
    averaged = module.averaged.cpu().eval()
    facts: dict[str, Any] = {
        "trainer": "styles",
        "command": command_line("trainers.styles"),
        "commit": commit(),
        "seed": config.seed,
        "config": asdict(config) | {"classes": pictures.classes},
        "data": list(pictures.sources),
        "training_pictures": len(training),
        "history": module.history,
    }
    if len(held):
        split = f"fold {config.fold} of {config.folds}, by a hash of the name of the photo that is shown"
        facts |= {"split": split} | judge(averaged, held, config, out)
    stored = portable(facts["config"]) | {"trainer": "styles"}
    save_model(out / "model.ckpt", Model(averaged, stored, RunRecord.of(portable(facts))))
    write_json(out / "run.json", portable(facts))
    return facts


# Command line


def run(
    folders: Annotated[list[Path], typer.Argument(help="Folders of photos; looks are made of them.")],
    config: Config,
    media: Annotated[Path, typer.Option(help="Folder with photo, art_painting, cartoon and sketch.")],
    paintings: Annotated[
        Path | None, typer.Option(help="Data set of `trainers.stylize generate`; none without.")
    ] = None,
    out: Annotated[Path, typer.Option(help="Folder for checkpoints, logs and run.json.")] = Path(
        "runs/styles"
    ),
    resume: Annotated[bool, typer.Option(help="Go on from the last checkpoint in OUT.")] = False,
) -> None:
    """Train a network that says the medium, the looks and the painting style of a picture.

    Figures are printed beside their trivial baselines; the exit code is 1 when one is not better.
    """
    from trainers.common.runs import print_report
    from trainers.style.evaluate import others

    with reported_errors("trainers.styles"):
        config = checked(config)
        cache = Path(config.cache) if config.cache else None
        facts = train(config, read_pictures(folders, media, paintings, cache), out, resume)
    raise typer.Exit(0 if print_report(facts, others(facts)) else 1)


def command() -> typer.Typer:
    """The command line."""
    return make_app(with_options(Config, run))
