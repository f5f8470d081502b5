"""The trainer of crops: `python -m trainers.crop prepare|train|evaluate`; see docs/training.md.

Whole photos are cropped, and a network learns whether one was, and where in the frame that the camera took it
lies: after Van Hoorick & Vondrick, "Dissecting Image Crops" (2021).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

import torch
import typer

from photocli.errors import UsageError
from trainers.common.checkpoints import Model, load_model, save_model
from trainers.common.options import make_app, option, reported_errors, with_options
from trainers.common.runs import command_line, commit, portable, print_report, write_json
from trainers.crop.camera_photos import Photos, Rules, divide, fewer, prepare, read_photos
from trainers.crop.network import Cropper

# Configuration


@dataclass(frozen=True)
class Config:
    """Everything that decides what is trained; saved in checkpoints, `run.json` and the model card."""

    stage: Literal["thumbnail", "patches", "joint"] = option("joint", "the networks that are trained")
    arch: Literal["small", "paper"] = option("small", "paper: ResNet-18 and -34, Adam at the paper's rates")
    init: str = option("imagenet", "starting weights of the thumbnail's backbone: a file, imagenet, or none")
    start: tuple[str, ...] = option((), "model.ckpt of an earlier stage to go on from (repeatable)")
    more: tuple[str, ...] = option((), "folder of further photos to learn from (repeatable)")
    held: str = option("both", "held out: validation, test, both, none, or the number of a fold")
    folds: int = option(5, "folds by a hash of the name, where --held is a number")
    photos: int = option(0, "photos to learn from, the first by a hash of the name; 0: all")
    share: float = option(0.5, "share of cropped samples (the paper: .5)")
    resize: Literal["before", "after"] = option(
        "before", "random resizing before the crop, or after (the paper)"
    )
    lens: float = option(0.0, "strength of simulated lens traces; 1: plain in the corners")
    lens_share: float = option(0.5, "share of training samples that have them")
    judge_lens: float = option(0.0, "strength of the traces in looks at held-out photos while training")
    colour: float = option(0.25, "random changes of brightness, contrast and colour")
    dropout: float = option(0.4, "dropout before the features, and before the perceptron")
    repeat_camera: int = option(4, "how often camera photos come in an epoch")
    most_per_folder: int = option(400, "further photos of one folder in an epoch, at most")
    epochs: int = option(16, "epochs in all")
    batch: int = option(16, "photos per batch, each in two views")
    lr: float = option(2e-4, "learning rate of the thumbnail's backbone")
    head_lr: float = option(1e-3, "learning rate of the rest")
    weight_decay: float = option(0.05, "decay of weights (not of biases)")
    cell_weight: float = option(0.15, "weight of the summed loss of the pieces' cells")
    rectangle_weight: float = option(3.0, "weight of the rectangle's squared error")
    overlap_weight: float = option(0.0, "weight of how badly the rectangle fits, by the generalised IoU")
    whole_weight: float = option(0.1, "what a whole photo counts for the rectangle (the paper: 1)")
    factor_weight: float = option(2.0, "weight of the crop factor's error")
    pair_weight: float = option(0.5, "weight of the order of a crop and the whole photo that it is from")
    smoothing: float = option(0.05, "how far the targets of `cropped` stay away from 0 and 1")
    clip: float = option(5.0, "largest norm of the gradient")
    ema: float = option(0.995, "decay of the averaged weights, which are kept")
    eval_every: int = option(2, "epochs between looks at the held-out photos")
    views: int = option(8, "samples of each held-out photo when the network is judged")
    seed: int = option(0, "seed of every random draw")
    cache: str = option("", "folder for decoded photos")
    workers: int = option(1, "processes that prepare samples")
    compile: bool | None = option(None, "torch.compile; where it pays, unless given")
    precision: Literal["auto", "32", "bf16", "16"] = option("auto", "bf16 or 16: automatic mixed precision")
    devices: str = option("auto", "GPUs to use: auto, or a number")


def checked(config: Config) -> Config:
    """The configuration, or `UsageError` if it contradicts itself."""
    if config.held.isdigit() and int(config.held) >= config.folds:
        raise UsageError(f"--held is the number of a fold, 0 to {config.folds - 1}, not {config.held}")
    if not config.held.isdigit() and config.held not in ("validation", "test", "both", "none"):
        raise UsageError(f"--held is validation, test, both, none or a number, not {config.held}")
    if not 0 < config.share <= 1 or config.lens < 0 or not 0 <= config.smoothing < 0.5:
        raise UsageError("share lies between 0 and 1, lens is at least 0, smoothing below 0.5")
    if config.photos < 0 or config.photos == 1:
        raise UsageError("photos are at least 2, or 0 for all")
    if min(config.epochs, config.batch, config.eval_every, config.repeat_camera, config.views // 2) < 1:
        raise UsageError("epochs, batch, eval-every and repeat-camera are at least 1, views at least 2")
    return config


# Network


def start(config: Config) -> Cropper:
    """The network before its first step; parts that an earlier stage trained go on from there."""
    torch.manual_seed(config.seed)
    network = Cropper(config.arch, config.stage, config.dropout)
    network.initialise(config.init)
    for path in config.start:
        model = load_model(Path(path))
        if not isinstance(model.network, Cropper) or model.network.arch != config.arch:
            raise UsageError(f"--start: {path} is no network of crops with --arch {config.arch}")
        parts = {"thumbnail": ("whole.", "first.", "rest."), "patches": ("piece.", "cell."), "joint": ("",)}
        kept = parts[model.network.stage]
        state = {name: value for name, value in model.network.state_dict().items() if name.startswith(kept)}
        network.load_state_dict(state, strict=False)
    return network


# Loop (the loss and the averaged weights are in cropping.py)


def train(config: Config, photos: Photos, out: Path, resume: bool) -> dict[str, Any]:
    """Train with some camera photos held out, judge it, leave model.ckpt and run.json; the facts."""
    from trainers.common.loop import last_checkpoint, make_trainer
    from trainers.crop.module import Cropping

    training, held = divide(photos, config.held, config.folds)
    training = fewer(training, config.photos)
    resume = resume and (out / "last.ckpt").exists()
    network = Cropper(config.arch, config.stage, config.dropout) if resume else start(config)
    module = Cropping(network, config, training, held)
    make_trainer(config, out, watch=False).fit(module, ckpt_path=last_checkpoint(out) if resume else None)  # type: ignore[arg-type]
    averaged = module.averaged.cpu().eval()
    facts: dict[str, Any] = {
        "trainer": "crop",
        "command": command_line("trainers.crop"),
        "commit": commit(),
        "seed": config.seed,
        "config": asdict(config),
        "data": list(photos.sources),
        "training_photos": len(training),
        "history": module.history,
    }
    if len(held):
        facts |= judge(averaged, held, config, _split_name(config))
    stored = portable(asdict(config)) | {"trainer": "crop"}
    save_model(out / "model.ckpt", Model(averaged, stored, portable(facts)))
    write_json(out / "run.json", portable(facts))
    return facts


def _split_name(config: Config) -> str:
    if config.held.isdigit():
        return f"fold {config.held} of {config.folds}, by a hash of the name"
    return f"{config.held}, of 75/15/10 by a hash of the name"


def judge(network: Cropper, held: Photos, config: Config, split: str) -> dict[str, Any]:
    """Figures on held-out camera photos, as they are and seen through simulated lenses; calibration."""
    from trainers.crop.data import held_samples
    from trainers.crop.metrics import calibrate, checks, figures, look_at
    from trainers.crop.module import how_to_judge

    real = look_at(network, held_samples(held, how_to_judge(config), config.views))
    traced = look_at(network, held_samples(held, how_to_judge(config, 1.0), config.views))
    result = {"real": figures(real, config.stage), "simulated_lens": figures(traced, config.stage)}
    facts: dict[str, Any] = {"split": split, "figures": result}
    # Who trains with simulated traces alone is judged by them.
    only = config.lens > 0 and config.lens_share == 1
    found = list(checks(result["simulated_lens"] if only else result["real"], "lens: " if only else ""))
    facts["checks"] = [vars(check) | {"passed": check.passed} for check in found]
    if config.stage != "patches":
        facts |= calibrate(real)
        result["real"]["calibrated"] = facts.pop("calibrated")
    return facts


def others(facts: dict[str, Any]) -> Iterator[str]:
    """What the report says beside the checks: all figures, and whether the network has collapsed."""
    for kind, found in facts["figures"].items():
        numbers = {name: value for name, value in found.items() if isinstance(value, (int, float))}
        yield f"{kind}: " + ", ".join(f"{name} {value:.4g}" for name, value in numbers.items())
    if any(not check["passed"] for check in facts["checks"] if "spread" in check["name"]):
        yield "COLLAPSED: the network says the same of every photo"


# Command line


def run_prepare(
    folders: Annotated[list[Path], typer.Argument(help="Folders of photos.")],
    to: Annotated[Path, typer.Option(help="The list to write, a CSV file.")],
    side: Annotated[int, typer.Option(help="Least long side, pixels.")] = Rules.side,
    margin: Annotated[
        float, typer.Option(help="How far from 3:2 or 4:3 it may be, as a share.")
    ] = Rules.margin,
    edited: Annotated[bool, typer.Option("--edited", help="Take photos that an editor wrote, too.")] = False,
) -> None:
    """List the photos that look straight from the camera, with their side of the 75/15/10 split."""
    with reported_errors("trainers.crop"):
        kept, dropped = prepare(folders, to, Rules(side, margin, edited))
    typer.echo(f"{to}: {sum(kept.values())} photos; " + ", ".join(f"{n} {name}" for name, n in kept.items()))
    for reason, count in dropped.most_common():
        typer.echo(f"dropped {count}: {reason}")


def run_train(
    listed: Annotated[Path, typer.Argument(metavar="LIST", help="Camera photos, listed by prepare.")],
    config: Config,
    out: Annotated[Path, typer.Option(help="Folder for checkpoints, logs and run.json.")] = Path("runs/crop"),
    resume: Annotated[bool, typer.Option(help="Go on from the last checkpoint in OUT.")] = False,
) -> None:
    """Train a network that says whether a photo was cropped, and from where.

    Figures are printed beside their trivial baselines; the exit code is 1 when one is not better, or when the
    network says the same of every photo.
    """
    with reported_errors("trainers.crop"):
        config = checked(config)
        cache = Path(config.cache) if config.cache else None
        photos = read_photos(listed, [Path(folder) for folder in config.more], cache)
        facts = train(config, photos, out, resume)
    raise typer.Exit(0 if print_report(facts, others(facts)) else 1)


def run_evaluate(
    checkpoint: Annotated[Path, typer.Argument(help="model.ckpt of a run.")],
    listed: Annotated[Path, typer.Argument(metavar="LIST", help="Camera photos, listed by prepare.")],
    to: Annotated[Path, typer.Option(help="Folder for evaluation.json and the plots.")],
    held: Annotated[str, typer.Option(help="The photos that are judged; as trained unless given.")] = "",
    views: Annotated[int, typer.Option(help="Samples of each photo.")] = 8,
    control: Annotated[int, typer.Option(help="Clouds for the control without traces; 0: none.")] = 24,
    cache: Annotated[Path | None, typer.Option(help="Folder for decoded photos.")] = None,
) -> None:
    """Judge a trained network on photos that it has not seen, with plots, and on pictures without any
    trace."""
    from trainers.crop.evaluate import evaluate

    with reported_errors("trainers.crop"):
        facts = evaluate(checkpoint, read_photos(listed, [], cache), to, held, views, control)
    raise typer.Exit(0 if print_report(facts, others(facts)) else 1)


def command() -> typer.Typer:
    """The command line."""
    options = with_options(Config, run_train)
    return make_app({"prepare": run_prepare, "train": options, "evaluate": run_evaluate})
