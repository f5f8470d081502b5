"""The trainer of painting styles: `python -m trainers.stylize train PICTURE FOLDER...`; see docs/training.md.

A small network learns to repaint photos in the manner of one picture (Johnson et al. 2016). `generate` turns
photos and such networks into a labelled data set.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import numpy as np
import torch
import typer

from photocli.decode import decode
from photocli.discover import discover
from photocli.errors import DecodeError, UsageError
from photocli.records import Photo
from trainers.common.checkpoints import Model, load_model, save_model
from trainers.common.frames import Frames, Picture, load_frames
from trainers.common.metrics import Check
from trainers.common.options import make_app, option, reported_errors, with_options
from trainers.common.runs import RunRecord, command_line, commit, portable, print_report, write_json
from trainers.common.splits import split
from trainers.style_transfer.data import Order, generate, reduced
from trainers.style_transfer.network import Generator

if TYPE_CHECKING:
    from trainers.style_transfer.training import Stylizing

# Configuration


@dataclass(frozen=True)
class Config:
    """Everything that decides what is trained; saved in checkpoints and `run.json`."""

    loss_weights: str = option("imagenet", "SqueezeNet 1.1 that judges: a file, imagenet (download), or none")
    width: float = option(1.0, "channels of the network, as a multiple of Johnson's")
    upsample: Literal["nearest", "transposed"] = option("nearest", "how it enlarges: transposed is Johnson's")
    start: str = option("", "model.ckpt to begin with, of another style or of style-weight 0")
    size: int = option(256, "side of the training views, pixels; 160 is what two CPU cores can do")
    style_side: int = option(
        384, "long side to which the style picture is reduced: the larger, the larger the strokes"
    )
    content_weight: float = option(7.5, "weight of what is in the photo")
    style_weight: float = option(20.0, "weight of the style; 0 learns to repeat the photo, as a start")
    tv_weight: float = option(400.0, "weight of the variation between neighbouring pixels")
    steps: int = option(2000, "steps in all")
    batch: int = option(4, "photos per step")
    lr: float = option(1e-3, "learning rate of Adam; it falls to 0 along half a cosine")
    clip: float = option(10.0, "largest norm of the gradient")
    folds: int = option(20, "one photo in so many is held out, by a hash of its name")
    every: int = option(100, "steps between checkpoints and previews")
    seed: int = option(0, "seed of every random draw")
    cache: str = option("", "folder for decoded photos")
    precision: Literal["32", "bf16"] = option("32", "bf16: automatic mixed precision")


def checked(config: Config) -> Config:
    """The configuration, or `UsageError` if it contradicts itself."""
    if config.size < 64 or config.style_side < 64:
        raise UsageError("size and style-side are at least 64: the network that judges sees no less")
    if min(config.steps, config.batch, config.every) < 1 or config.width <= 0 or config.folds < 2:
        raise UsageError("steps, batch and every are at least 1, folds 2, and width is above 0")
    return config


# Data


@dataclass(frozen=True)
class Material:
    """A style picture with its name, the photos, and the rows to train on and those held out."""

    style: Picture
    name: str
    photos: Frames
    training: list[int]
    held: list[int]


def read_material(picture: Path, folders: list[Path], config: Config) -> Material:
    """Decode the style picture and the photos. Raises `UsageError` where there is too little."""
    try:
        style = reduced(decode(picture, config.style_side).pixels, config.style_side)
    except DecodeError as error:
        raise UsageError(f"{picture}: {error}") from error
    paths = [photo.path for photo in discover(folders) if isinstance(photo, Photo)]
    photos = load_frames(paths, 2 * config.size, Path(config.cache) if config.cache else None)
    good = [rows[~np.isin(rows, list(photos.failed))] for rows in _sides(paths, config)]
    if not len(good[0]):
        raise UsageError("there is no photo to train on")
    return Material(style, picture.stem, photos, good[0].tolist(), good[1].tolist())


def _sides(paths: list[Path], config: Config) -> tuple[Any, Any]:
    return split([path.name for path in paths], config.folds, 0)


# Network


def start(config: Config) -> Generator:
    """The network before its first step."""
    torch.manual_seed(config.seed)
    network = Generator(config.width, config.upsample)
    if config.start:
        earlier = load_model(Path(config.start))
        wanted = (config.width, config.upsample)
        if (earlier.config.get("width"), earlier.config.get("upsample")) != wanted:
            raise UsageError(f"--start: {config.start} is no style of this width and upsampling")
        network.load_state_dict(earlier.network.state_dict())
    return network


# Loop (the loss is in perceptual.py, the steps are in stylizing.py)


def train(config: Config, material: Material, out: Path, resume: bool) -> dict[str, Any]:
    """Train, judge on photos held out, leave model.ckpt, run.json and pictures in `out`; the facts."""
    from trainers.style_transfer.training import Stylizing

    module = Stylizing(start(config), config, material)
    if resume and (out / "last.ckpt").exists():
        module.restore(out / "last.ckpt")
    module.run(out)
    facts: dict[str, Any] = {
        "trainer": "stylize",
        "style": material.name,
        "command": command_line("trainers.stylize"),
        "commit": commit(),
        "seed": config.seed,
        "config": asdict(config),
        "training_photos": len(material.training),
        "failed": len(material.photos.failed),
        "history": module.history,
    }
    if len(material.held) > 1:
        facts["split"] = f"{len(material.held)} photos held out, one in {config.folds}, by a hash of the name"
        facts["checks"] = [vars(check) | {"passed": check.passed} for check in judge(module)]
    network = module.network.cpu().eval()
    settings = portable(asdict(config)) | {"trainer": "stylize", "style": material.name}
    save_model(out / "model.ckpt", Model(network, settings, RunRecord.of(portable(facts))))
    write_json(out / "run.json", portable(facts))
    return facts


def judge(module: Stylizing) -> list[Check]:
    """How far painted photos are from the style and from what they show, beside what needs no network."""
    painted, plain = module.held_losses()
    style = Check("distance from the style", painted.style, plain.style, "the photo as it is", higher=False)
    content = Check("distance from the content", painted.content, plain.content, "another photo", False)
    return [style, content] if module.config.style_weight > 0 else [content]


# Command line


def run_train(
    picture: Annotated[Path, typer.Argument(help="The picture whose style is learned.")],
    photos: Annotated[list[Path], typer.Argument(help="Folders of photos to learn it on.")],
    config: Config,
    out: Annotated[Path, typer.Option(help="Folder for checkpoints, previews and run.json.")] = Path(
        "runs/stylize"
    ),
    resume: Annotated[bool, typer.Option(help="Go on from the last checkpoint in OUT.")] = False,
) -> None:
    """Train a network that repaints photos in the style of a picture.

    Distances on held-out photos are printed beside their trivial baselines; the exit code is 1 when one is
    not better.
    """
    with reported_errors("trainers.stylize"):
        config = checked(config)
        facts = train(config, read_material(picture, photos, config), out, resume)
    raise typer.Exit(0 if print_report(facts) else 1)


def run_generate(
    photos: Annotated[list[Path], typer.Argument(help="Photos, or folders of them.")],
    style: Annotated[list[Path], typer.Option(help="model.ckpt of a trained style (repeatable).")],
    out: Annotated[Path, typer.Option(help="Folder for the data set.")],
    share: Annotated[float, typer.Option(help="Share of the photos to take, by a hash of the name.")] = 1.0,
    side: Annotated[int, typer.Option(help="Long side of the pictures, pixels.")] = 320,
    every: Annotated[bool, typer.Option("--all", help="Paint each photo in all styles, not one.")] = False,
) -> None:
    """Turn photos and trained styles into a labelled data set.

    OUT gets a folder for each style, one named none with the photos as they are, and labels.csv (file, style,
    content). Go on after an interruption with the same command.
    """
    with reported_errors("trainers.stylize"):
        counts = generate(
            photos, style, out, Order(share, side, every), lambda line: typer.echo(line, err=True)
        )
    typer.echo(f"{out}: " + ", ".join(f"{count} {name}" for name, count in counts.items()))


def command() -> typer.Typer:
    """The command line."""
    return make_app({"train": with_options(Config, run_train), "generate": run_generate})
