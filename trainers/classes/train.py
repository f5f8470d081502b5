"""The trainer of a user's own classes: `python -m trainers.style SOURCE... [options]`; see docs/training.md.

A pre-trained network is fine-tuned as Caffe's Flickr Style workflow does it (Karayev et al. 2014; Jia et al.
2014): a new last layer that learns ten times as fast as the rest.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Annotated, Any, Literal

import torch
import typer

from photocli.errors import UsageError
from trainers.classes.ava_style import STYLES, is_ava_style, read_test, read_training
from trainers.classes.data import Listed, divide, listed, read_listed
from trainers.classes.network import SMALL, Classifier
from trainers.common.checkpoints import Model, save_model
from trainers.common.options import make_app, option, reported_errors, with_options
from trainers.common.runs import (
    command_line,
    commit,
    is_main_process,
    portable,
    print_report,
    write_json,
    write_table,
)
from trainers.common.splits import check_fold

# Configuration


@dataclass(frozen=True)
class Config:
    """Everything that decides what is trained; saved in checkpoints, `run.json` and the model card."""

    held: tuple[str, ...] = option((), "list, folder or CSV of held-out photos (repeatable)")
    folds: int = option(5, "folds of the split by file name, without --held")
    fold: str = option("0", "the fold that is held out, or none")
    arch: str = option("mobilenet_v2", "any of torchvision's classifiers by name, caffenet, or small-cnn")
    init: str = option("imagenet", "starting weights: a file, imagenet (download), or none")
    size: int = option(0, "side of the input, pixels; 224 unless the network is used to another")
    epochs: int = option(30, "epochs in all")
    batch: int = option(32, "photos per batch")
    optimizer: Literal["sgd", "adamw"] = option("sgd", "sgd is Caffe's")
    lr: float = option(0.001, "learning rate; with adamw .0003 is a good one")
    head_rate: float = option(10.0, "what the last layer's rate is multiplied by")
    bias_rate: float = option(2.0, "what the rates of biases are multiplied by")
    momentum: float = option(0.9, "momentum of sgd")
    weight_decay: float = option(5e-4, "decay of weights (not of biases)")
    schedule: Literal["step", "cosine"] = option("step", "how the rate falls")
    step: int = option(20_000, "iterations after which the rate falls to a tenth, with --schedule step")
    eval_every: int = option(2, "epochs between tests on all held-out photos")
    snapshot_every: int = option(4, "epochs between snapshots, from which --resume goes on")
    balance: Literal["off", "sampling", "weights"] = option("off", "how classes are made to count the same")
    augment: bool = option(True, "show random views while training")
    area: float = option(0.7, "smallest area of a random view, as a share")
    aspect: float = option(0.1, "largest logarithm of its change of aspect")
    colour: float = option(0.1, "largest change of brightness, contrast and colour")
    clip: float = option(0.0, "largest norm of the gradient; 0: any")
    ema: float = option(0.0, "decay of averaged weights, which are then kept; 0: none")
    seed: int = option(0, "seed of every random draw")
    cache: str = option("", "folder for decoded photos")
    cache_side: int = option(0, "long side of decoded photos; 512 or one and a half times the size")
    workers: int = option(1, "processes that prepare photos")
    precision: Literal["auto", "32", "bf16", "16"] = option("auto", "bf16 or 16: automatic mixed precision")
    devices: str = option("auto", "GPUs to use: auto, or a number")


_SIZES = {SMALL: 256, "caffenet": 227, "inception_v3": 299}


def checked(config: Config) -> Config:
    """The configuration with its sizes filled in, or `UsageError` if it contradicts itself."""
    check_fold(config.fold, config.folds)
    if min(config.epochs, config.batch - 1, config.eval_every, config.snapshot_every, config.step) < 1:
        raise UsageError("epochs, eval-every, snapshot-every and step are at least 1, batch at least 2")
    if not 0 < config.area <= 1 or not 0 <= config.ema < 1 or config.size < 0:
        raise UsageError("area lies above 0 and up to 1, ema from 0 to below 1, size is not negative")
    size = config.size or _SIZES.get(config.arch, 224)
    return replace(config, size=size, cache_side=config.cache_side or max(512, size * 3 // 2))


# Data


def read_photos(sources: Sequence[Path], config: Config) -> tuple[Listed, Listed | None]:
    """Photos to learn from, shuffled once, and those held out; see `class_lists`."""
    folds = (config.folds, config.fold, config.seed)
    if is_ava_style(sources[0]):
        if len(sources) > 1 or config.held:
            raise UsageError("AVA's lists come with their own test photos, and alone")
        training = listed(read_training(sources[0]), False, STYLES)
        return divide(training, listed(read_test(sources[0]), True, STYLES), *folds)
    training = read_listed(sources)
    held = read_listed([Path(path) for path in config.held], training.classes) if config.held else None
    return divide(training, held, *folds)


def decoded(photos: Listed, config: Config) -> Any:
    """The photos as `Examples`, without those that cannot be read, which are counted."""
    from trainers.classes.module import Examples
    from trainers.common.frames import Selection, load_frames

    cache = Path(config.cache) if config.cache else None
    frames = load_frames(photos.paths, config.cache_side, cache, max(1, config.workers))
    rows = [row for row in range(len(photos)) if row not in frames.failed]
    photos.dropped["unreadable"] += len(frames.failed)
    if not rows:
        raise UsageError("none of the photos can be read")
    return Examples(photos.take(rows), Selection(tuple((frames, row) for row in rows)))


# Network


def start(config: Config, classes: int, several: bool) -> Classifier:
    """The network before its first step."""
    torch.manual_seed(config.seed)
    network = Classifier(config.arch, classes, several)
    network.initialise(config.init)
    return network


# Loop (the loss and the rates are in class_training.py)


def train(config: Config, sources: Sequence[Path], out: Path, resume: bool) -> dict[str, Any]:
    """Train, judge on what is held out, leave model.ckpt and run.json; what run.json holds."""
    from trainers.classes.module import Classifying, intervals
    from trainers.common.loop import last_checkpoint, make_trainer

    learned, apart = read_photos(sources, config)
    training, held = decoded(learned, config), decoded(apart, config) if apart is not None else None
    classes, several = learned.classes, learned.several
    plan = intervals(config, len(training.listed), len(held.listed) if held else 0)
    for line in plan.told(len(training.listed), len(held.listed) if held else 0):
        typer.echo(line)
    resume = resume and last_checkpoint(out).exists()
    begun = Classifier(config.arch, len(classes), several) if resume else start(config, len(classes), several)
    module = Classifying(begun, config, training, held)
    trainer = make_trainer(config, out, watch=False)  # type: ignore[arg-type]
    trainer.fit(module, ckpt_path=last_checkpoint(out) if resume else None)
    trainer.save_checkpoint(last_checkpoint(out))
    facts = _facts(config, sources, training.listed, apart)
    facts |= {"plan": plan._asdict(), "history": module.history}
    averaged = module.averaged.cpu().eval()
    if held is not None:
        facts |= _judged(averaged, held, several, config, out)
        own = apart is not None and apart.dropped is learned.dropped
        by_name = f"fold {config.fold} of {config.folds}, by a hash of the name"
        facts["split"] = by_name if own else "photos kept apart"
    if is_main_process():
        save_model(out / "model.ckpt", Model(averaged, facts["config"], portable(facts)))
        write_json(out / "run.json", portable(facts))
    return facts


def _facts(config: Config, sources: Sequence[Path], training: Listed, apart: Listed | None) -> dict[str, Any]:
    """What run.json says of the run, whatever came of it."""
    classes, several = list(training.classes), training.several
    stored = portable(asdict(config)) | {"trainer": "style", "classes": classes, "several": several}
    return {
        "trainer": "style",
        "command": command_line("trainers.style"),
        "commit": commit(),
        "seed": config.seed,
        "config": stored,
        "data": [_source(sources, training)],
        "training_photos": len(training),
        "training_classes": training.counts,
        "left_out": _left_out(training, apart),
    }


def _left_out(*sets: Listed | None) -> dict[str, int]:
    """How many rows were left out, by reason; two sides of one set count them together."""
    counts = {id(photos.dropped): photos.dropped for photos in sets if photos is not None}
    return dict(sum(counts.values(), Counter()))


def _source(sources: Sequence[Path], photos: Listed) -> dict[str, Any]:
    name = ", ".join(source.resolve().name for source in sources)
    return {"name": name, "role": "labelled", "photos": len(photos), "hash": photos.fingerprint()}


def _judged(averaged: Classifier, held: Any, several: bool, config: Config, out: Path) -> dict[str, Any]:
    """Figures on the held-out photos, with `predictions.csv`."""
    from trainers.classes.evaluate import calibrated, judge, look_at

    photos: Listed = held.listed
    logits = look_at(averaged, held.pictures, config.size, config.batch)
    facts = judge(logits, photos.targets, several, photos.classes, [path.name for path in photos.paths])
    chances = calibrated(logits, facts["calibration"], several, photos.classes)
    truth = [
        "; ".join(name for name, mark in zip(photos.classes, row, strict=True) if mark)
        for row in photos.targets
    ]
    names = [path.name for path in photos.paths]
    rows = zip(names, truth, *(column.round(5).tolist() for column in chances.T), strict=True)
    write_table(out / "predictions.csv", ("file", "truth", *photos.classes), list(rows))
    return facts


# Command line


def others(facts: dict[str, Any]) -> Iterator[Any]:
    """What the report says beside the checks: a table of the classes, what is confused, the calibration."""
    from rich.table import Table

    table = Table("class", "learned from", "held out", "precision", "recall", "F1", "AP")
    for name, row in facts["groups"].items():
        shares = (
            "-" if row[key] is None else f"{row[key]:.3f}" for key in ("precision", "recall", "f1", "ap")
        )
        table.add_row(name, str(facts["training_classes"][name]), str(row["photos"]), *shares)
    yield table
    found = facts["figures"]
    for pair in found["confused"][:5]:
        yield f"{pair['true']} called {pair['said']}: {pair['photos']} photos"
    if "calibration_error" in found:
        before, after = found["calibration_error_before"], found["calibration_error"]
        yield f"calibration error {before:.3f}, calibrated {after:.3f}"
    yield "left out: " + (", ".join(f"{n} {why}" for why, n in facts["left_out"].items()) or "none")


def run(
    sources: Annotated[
        list[Path], typer.Argument(metavar="SOURCE...", help="List file, folder of folders, or CSV.")
    ],
    config: Config,
    out: Annotated[Path, typer.Option(help="Folder for checkpoints, logs and run.json.")] = Path(
        "runs/style"
    ),
    resume: Annotated[bool, typer.Option(help="Go on from the last snapshot in OUT.")] = False,
) -> None:
    """Fine-tune a network to your own classes.

    Figures are printed beside their trivial baselines; the exit code is 1 when one is not better.
    """
    with reported_errors("trainers.style"):
        facts = train(checked(config), sources, out, resume)
    if "figures" in facts and is_main_process():
        from trainers.classes.plots import confusion

        confusion(facts["figures"]["confusion"], list(facts["groups"]), out / "confusion.png")
    raise typer.Exit(0 if print_report(facts, others(facts) if "figures" in facts else ()) else 1)


def command() -> typer.Typer:
    """The command line."""
    return make_app(with_options(Config, run))
