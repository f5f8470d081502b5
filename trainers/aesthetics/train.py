"""The aesthetics trainer: `python -m trainers.aesthetics DATA [options]`; see docs/training.md.

It fine-tunes a network on rated photos (after "CharLeNet" and NIMA), and teaches it craft with degraded
copies.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Annotated, Any, Literal

import torch
import typer

from photocli.errors import UsageError
from trainers.aesthetics.data import (
    HeldOut,
    Materials,
    TrainingSet,
    divide,
    extremes,
    read_materials,
    training_set,
)
from trainers.aesthetics.evaluate import Outcome, degraded_shares, judge, others, pooled
from trainers.aesthetics.head import probe_head
from trainers.aesthetics.labels import Mode
from trainers.aesthetics.network import Scorer, make_scorer
from trainers.aesthetics.predictions import predict
from trainers.common.checkpoints import Model, save_model
from trainers.common.options import make_app, option, reported_errors, with_options
from trainers.common.runs import command_line, commit, is_main_process, portable, print_report
from trainers.common.splits import SplitBy, check_fold

# Configuration


@dataclass(frozen=True)
class Config:
    """Everything that decides what is trained; saved in checkpoints, `run.json` and the model card."""

    ratings: str = option("", "ratings file in DATA: CSV (file, mean, std | n1..n10) or AVA's text")
    scale: tuple[float, float] | None = option(None, "lowest and highest mark of the ratings file")
    labels: Mode = option("distribution", "what is learned from the ratings")  # noqa: RUF009
    middle: float = option(5.5, "the mark, 1-10, that parts bad from good")
    delta: float = option(1.095, "marks, 1-10, this near to the middle are ambiguous")
    balance: Literal["weights", "sampling", "none"] = option("weights", "how unequal classes count the same")
    folds: int = option(5, "folds of the split by file name")
    fold: str = option("0", "the fold that is held out, or none")
    split_by: SplitBy = option("name", "what is hashed; series keeps A_1 and A_2 together")  # noqa: RUF009
    arch: str = option("mobilenet_v2", "backbone: mobilenet_v2, squeezenet1_1, resnet18, resnet50, ...")
    init: str = option("imagenet", "starting weights: a file, imagenet (download), or none")
    dropout: float = option(0.3, "dropout before the head")
    size: int = option(288, "side of the square input, pixels (caffenet: 227)")
    fit: Literal["squash", "warp"] = option("squash", "whole photo, or CaffeNet's 227 of 256")
    mirror: bool = option(False, "judge photos by the mean of both mirror images")
    augment: bool = option(True, "random boxes, mirror images and colours in training")
    area: float = option(0.85, "smallest share of the photo in a training view")
    aspect: float = option(0.08, "largest change of the aspect ratio (natural logarithm)")
    colour: float = option(0.0, "largest change of brightness and contrast in training views")
    epochs: int = option(12, "epochs in all")
    head_epochs: int = option(0, "of these, epochs for the head alone, with the backbone frozen")
    head_init: Literal["ridge", "random"] = option("ridge", "head to start from: closed-form probe, or noise")
    batch: int = option(16, "rated photos per batch")
    lr: float = option(2e-4, "learning rate of the backbone")
    head_lr: float = option(1e-3, "learning rate of the head")
    bias_rate: float = option(1.0, "rate of biases, relative to their weights")
    weight_decay: float = option(0.05, "decay of weights (not of biases)")
    optimizer: Literal["adamw", "adam", "sgd"] = option("adamw", "optimiser")
    clip: float = option(5.0, "largest norm of the gradient")
    ema: float = option(0.98, "decay of the averaged weights, which are kept; 0 keeps the last")
    bn: Literal["train", "frozen"] = option("train", "batch norm: adapts, or keeps its statistics")
    correlation_weight: float = option(0.5, "weight of 1 - Pearson within the batch")
    pairs: int = option(6, "photos per batch that get a degraded copy")
    pair_weight: float = option(0.3, "weight of the ranking of originals above degraded copies")
    pair_margin: float = option(1.2, "marks by which an original should lead a ruined copy (severity 1)")
    faults: tuple[str, ...] = option((), "kinds of degradation; all unless given (repeatable)")
    teacher: tuple[str, ...] = option((), "model to learn from; {fold} stands for the fold (repeatable)")
    distill_weight: float = option(0.5, "share of the teachers in the targets of rated photos")
    unlabelled: tuple[str, ...] = option((), "folder of photos that nobody rated (repeatable)")
    unlabelled_per_batch: int = option(16, "unrated photos per batch")
    seed: int = option(0, "seed of every random draw")
    eval_every: int = option(1, "epochs between looks at the held-out photos")
    cache: str = option("", "folder for decoded photos and teachers' answers")
    cache_side: int = option(0, "long side of decoded photos, pixels; 0: as serving decodes them")
    workers: int = option(0, "processes that load photos")
    compile: bool | None = option(None, "torch.compile; where it pays, unless given")
    precision: Literal["auto", "32", "bf16", "16"] = option(
        "auto", "bf16 or 16 use automatic mixed precision"
    )
    devices: str = option("auto", "GPUs to use: auto, or a number")


def checked(config: Config) -> Config:
    """The configuration, or `UsageError` if it contradicts itself."""
    if config.arch == "caffenet" and config.size != 227:
        raise UsageError("caffenet takes --size 227 (and --fit warp, to be itself)")
    check_fold(config.fold, config.folds)
    if not 0 <= config.head_epochs <= config.epochs or config.batch < 1 or config.eval_every < 1:
        raise UsageError("epochs, batch and eval-every must be positive, with head-epochs within epochs")
    return config


# Network


def start(config: Config, training: TrainingSet) -> Scorer:
    """The network before its first step: backbone from `init`, head from a probe unless random."""
    torch.manual_seed(config.seed)
    network = make_scorer(config.arch, config.labels, config.init, config.dropout, config.middle)
    if config.head_init == "ridge" and config.init != "none":
        rated = training.pictures.parts[: training.labelled]
        pictures = (frames[row] for frames, row in rated)
        features = predict(network, pictures, config.size, config.fit, mirror=True).embedding
        probe_head(network, features, training.ratings.mean, training.ratings.std, config.delta)
    return network


# Loop (the loss and the stages are in finetune.py)


def fit(
    config: Config, training: TrainingSet, held: HeldOut | None, out: Path, resume: bool
) -> tuple[Scorer, list[dict[str, float]]]:
    """Train, and return the averaged network and what happened in each epoch."""
    from trainers.aesthetics.module import Finetuning
    from trainers.common.loop import last_checkpoint, make_trainer

    network = (
        start(config, training)
        if not resume
        else make_scorer(config.arch, config.labels, "none", config.dropout, config.middle)
    )
    module = Finetuning(network, config, training, held)
    trainer = make_trainer(config, out, watch=held is not None)
    trainer.fit(module, ckpt_path=last_checkpoint(out) if resume else None)
    return module.averaged.cpu().eval(), module.history


def train_fold(config: Config, materials: Materials, out: Path, resume: bool) -> Outcome:
    """One run: train with the configuration's fold held out, judge it, leave model.ckpt and run.json."""
    training, held = divide(materials, config)
    network, history = fit(config, training, held, out, resume and (out / "last.ckpt").exists())
    facts = _facts(config, materials, "trainers.aesthetics")
    facts |= {"history": history, "training_photos": training.labelled}
    if held is None:
        outcome = Outcome(facts)
    else:
        said = predict(network, held.pictures, config.size, config.fit, mirror=config.mirror)
        degraded = degraded_shares(network, held.pictures, said.score, config)
        outcome = judge(config, facts, held.ratings, said, degraded, f"fold {config.fold} of {config.folds}")
    if is_main_process():
        save_model(out / "model.ckpt", Model(network, portable(asdict(config)), portable(outcome.facts)))
        outcome.write(out)
    return outcome


def cross_validate(config: Config, materials: Materials, out: Path, resume: bool) -> Outcome:
    """All folds, one after the other; figures are those of the out-of-fold predictions together."""
    outcomes = []
    for fold in range(config.folds):
        folder = out / f"fold{fold}"
        done = Outcome.read(folder) if resume else None
        outcomes.append(done or train_fold(replace(config, fold=str(fold)), materials, folder, resume))
    outcome = pooled(config, _facts(config, materials, "trainers.aesthetics"), outcomes)
    if is_main_process():
        outcome.write(out)
    return outcome


def sanity(config: Config, materials: Materials, out: Path, count: int = 300) -> bool:
    """Whether the network can learn the most extreme photos by heart, as any sound set-up can."""
    plain: dict[str, Any] = {"labels": "binary", "fold": "none", "augment": False, "pair_weight": 0.0}
    plain |= {"teacher": (), "unlabelled": (), "dropout": 0.0, "correlation_weight": 0.0, "ema": 0.0}
    config = replace(config, **plain)
    readable = [row for row in range(len(materials.ratings)) if row not in materials.frames.failed]
    rows = [readable[place] for place in extremes(materials.ratings.mean[readable], count)]
    training = training_set(materials, rows, config)
    # Above and below each other, not the middle: skewed ratings may all lie on one side of it.
    order = torch.argsort(training.mean, stable=True)
    targets = torch.zeros(len(rows), 2)
    targets[order[: len(rows) // 2], 0] = 1
    targets[order[len(rows) // 2 :], 1] = 1
    training = replace(training, targets=targets)
    network, _ = fit(config, training, None, out, resume=False)
    said = predict(network, training.pictures, config.size, config.fit)
    right = int((torch.from_numpy(said.score > 0).long() == targets.argmax(1)).sum())
    typer.echo(f"sanity: {right} of {len(rows)} extreme photos learned by heart (must be all)")
    return right == len(rows)


def _facts(config: Config, materials: Materials, module: str) -> dict[str, Any]:
    return {
        "trainer": "aesthetics",
        "command": command_line(module),
        "commit": commit(),
        "seed": config.seed,
        "config": asdict(config),
        "data": list(materials.sources),
    }


# Command line


def run(
    data: Annotated[Path, typer.Argument(help="Folder with photos and their ratings.")],
    config: Config,
    out: Annotated[Path, typer.Option(help="Folder for checkpoints, logs and run.json.")] = Path(
        "runs/aesthetics"
    ),
    resume: Annotated[bool, typer.Option(help="Go on from the last checkpoint in OUT.")] = False,
    cross: Annotated[bool, typer.Option("--cross-validate", help="Train and judge every fold.")] = False,
    sane: Annotated[
        bool, typer.Option("--sanity", help="Only check that extremes can be overfitted.")
    ] = False,
) -> None:
    """Train a network that says how beautiful a photo is.

    Figures are printed beside their trivial baselines; the exit code is 1 when one is not better.
    """
    with reported_errors("trainers.aesthetics"):
        materials = read_materials(data, checked(config))
        if sane:
            raise typer.Exit(0 if sanity(config, materials, out) else 1)
        outcome = (cross_validate if cross else train_fold)(config, materials, out, resume)
    raise typer.Exit(0 if print_report(outcome.facts, others(outcome.facts)) else 1)


def command() -> typer.Typer:
    """The command line."""
    return make_app(with_options(Config, run))
