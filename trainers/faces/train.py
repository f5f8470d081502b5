"""The trainer of the detector of faces: `python -m trainers.faces FOLDER... --teacher YUNET [options]`.

YuNet says where the faces of photos are, and a smaller network learns it from scenes that are made of them;
see docs/training.md.
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
from trainers.faces.data import FacePhotos, divide, read_photos
from trainers.faces.network import Finder

# Configuration


@dataclass(frozen=True)
class Config:
    """Everything that decides what is trained; saved in checkpoints, `run.json` and the model card."""

    drawn: tuple[str, ...] = option((), "folder of paintings and drawings, not judged (repeatable)")
    portraits: str = option("selfie", "the folder of portraits, by name, whose figures stand first")
    folds: int = option(5, "folds of the split by file name")
    fold: str = option("0", "the fold that is held out, or none")
    init: str = option("imagenet", "starting weights: a file, imagenet (download), or none")
    start: str = option("", "model.ckpt of this trainer to go on from, instead of init")
    side: int = option(224, "side of the canvas that the network sees, pixels")
    serve_side: int = option(0, "side of the canvas when it is judged and serves, pixels; 0: the same")
    people: float = option(0.6, "share of photos with faces in the scenes")
    scenes: int = option(6400, "scenes in an epoch")
    epochs: int = option(9, "epochs in all")
    tune_epochs: int = option(3, "of these, last epochs in which the first layers learn, too")
    batch: int = option(32, "scenes per batch")
    lr: float = option(1e-3, "learning rate of the backbone")
    head_lr: float = option(3e-3, "learning rate of the rest")
    weight_decay: float = option(0.02, "decay of weights (not of biases)")
    score_weight: float = option(1.0, "weight of the scores' loss")
    quality: float = option(
        1.0, "how much a box that fits badly costs the score, 0 to 1; less of it gained nothing"
    )
    box_weight: float = option(2.0, "weight of the boxes' loss")
    point_weight: float = option(30.0, "weight of the points' loss")
    refine_steps: int = option(16000, "steps of the second look at faces' points; 0: none")
    refine_batch: int = option(64, "faces per step of it")
    refine_lr: float = option(3e-3, "learning rate of it")
    refine_colour: float = option(0.3, "random changes of brightness, contrast and colours in it")
    clip: float = option(5.0, "largest norm of the gradient")
    ema: float = option(0.995, "decay of the averaged weights, which are kept")
    overlap: float = option(0.4, "intersection over union from which two boxes are one face")
    eval_every: int = option(1, "epochs between looks at the held-out photos")
    seed: int = option(0, "seed of every random draw")
    cache: str = option("", "folder for decoded photos and what the teacher said of them")
    workers: int = option(1, "processes that make scenes")
    compile: bool = option(False, "torch.compile")
    precision: Literal["auto", "32", "bf16", "16"] = option("auto", "bf16 or 16: automatic mixed precision")
    devices: str = option("auto", "GPUs to use: auto, or a number")


def checked(config: Config) -> Config:
    """The configuration, or `UsageError` if it contradicts itself."""
    check_fold(config.fold, config.folds)
    if (
        any(side % 32 for side in (config.side, config.serve_side))
        or config.side < 32
        or config.serve_side < 0
    ):
        raise UsageError("side must be a multiple of 32, and so must serve-side")
    if min(config.epochs, config.scenes, config.eval_every) < 1 or config.batch < 2:
        raise UsageError("epochs, scenes and eval-every are at least 1, batch at least 2")
    if not 0 <= config.tune_epochs <= config.epochs:
        raise UsageError("tune-epochs are the last of the epochs")
    if not (0 < config.people <= 1 and 0 < config.overlap < 1 and 0 <= config.quality <= 1):
        raise UsageError("people and overlap are shares, above 0, and quality is one")
    return config


SECOND = "second_look.pt"
"""The file of a finished second look in a run's folder."""

# Network


def start(config: Config) -> Finder:
    """The network before its first step."""
    torch.manual_seed(config.seed)
    network = Finder(config.side)
    if not config.start:
        network.initialise(config.init)
        return network
    earlier = load_model(Path(config.start)).network
    if not isinstance(earlier, Finder):
        raise UsageError(f"--start: {config.start} is no model of this trainer")
    earlier.refiner = None  # it learns by itself, and anew
    network.load_state_dict(earlier.state_dict())
    return network


# Loop (the loss is in finding.py, the averaged weights in averaging.py)


def train(config: Config, photos: FacePhotos, out: Path, resume: bool) -> dict[str, Any]:
    """Train with the configuration's fold held out, judge it, leave model.ckpt and run.json; the facts."""
    from trainers.common.loop import last_checkpoint, make_trainer
    from trainers.faces.evaluate import judge
    from trainers.faces.landmarks import refine
    from trainers.faces.module import Finding

    training, held = divide(photos, config.folds, config.fold)
    resume = resume and (out / "last.ckpt").exists()
    network = Finder(config.side) if resume else start(config)
    module = Finding(network, config, training, held)
    make_trainer(config, out, watch=False).fit(module, ckpt_path=last_checkpoint(out) if resume else None)  # type: ignore[arg-type]
    averaged = module.averaged.cpu().eval()
    assert isinstance(averaged, Finder)
    second: dict[str, float] = {}
    if config.refine_steps:
        kept = out / SECOND
        if not resume:
            kept.unlink(missing_ok=True)
        averaged.refiner, second = refine(training, config, kept)
    averaged = averaged.at_side(config.serve_side or config.side)
    facts: dict[str, Any] = {
        "trainer": "faces",
        "command": command_line("trainers.faces"),
        "commit": commit(),
        "seed": config.seed,
        "before": previous_runs(Path(config.start)) if config.start else [],
        "config": asdict(config),
        "data": list(photos.sources),
        "training_photos": len(training),
        "thresholds": {"score": 0.5, "overlap": config.overlap},
        "history": module.history,
        "second_look": second,
    }
    if len(held):
        split = f"fold {config.fold} of {config.folds}, by a hash of the name"
        facts |= {"split": split} | judge(averaged, training, held, config)
    stored = portable(asdict(config)) | {"trainer": "faces"}
    save_model(out / "model.ckpt", Model(averaged, stored, portable(facts)))
    write_json(out / "run.json", portable(facts))
    return facts


# Command line


def run(
    folders: Annotated[list[Path], typer.Argument(help="Folders of photos, with people and without.")],
    config: Config,
    teacher: Annotated[Path, typer.Option(help="The YuNet ONNX file (the one with free sizes).")],
    out: Annotated[Path, typer.Option(help="Folder for checkpoints, logs and run.json.")] = Path(
        "runs/faces"
    ),
    resume: Annotated[bool, typer.Option(help="Go on from the last checkpoint in OUT.")] = False,
) -> None:
    """Train a network that finds faces, with their eyes, nose and mouth.

    Figures are printed beside their trivial baselines; the exit code is 1 when one is not better.
    """
    from trainers.common.runs import print_report
    from trainers.faces.evaluate import others

    with reported_errors("trainers.faces"):
        config = checked(config)
        cache = Path(config.cache) if config.cache else None
        photos = read_photos(folders, [Path(folder) for folder in config.drawn], teacher, cache)
        facts = train(config, photos, out, resume)
    raise typer.Exit(0 if print_report(facts, others(facts)) else 1)


def command() -> typer.Typer:
    """The command line."""
    return make_app(with_options(Config, run))
