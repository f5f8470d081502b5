"""`python -m trainers.faces FOLDER... --teacher YUNET [options]`: the trainer of the face detector.

YuNet says where the faces of photos are, and a smaller network learns it from scenes that are made of them;
see docs/training.md. The command line has its own module so that `--help` loads neither torch nor Lightning.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from trainers.common.options import make_app, reported_errors, with_options
from trainers.faces.config import FacesConfig, checked


def run(
    folders: Annotated[list[Path], typer.Argument(help="Folders of photos, with people and without.")],
    config: FacesConfig,
    teacher: Annotated[Path, typer.Option(help="The YuNet ONNX file (the one with free sizes).")],
    out: Annotated[Path, typer.Option(help="Folder for checkpoints, logs and run.json.")] = Path(
        "runs/faces"
    ),
    resume: Annotated[bool, typer.Option(help="Go on from the last checkpoint in OUT.")] = False,
) -> None:
    """Train a network that finds faces, with their eyes, nose and mouth.

    Figures are printed beside their trivial baselines.

    \b
    Examples:
      python -m trainers.faces photos --teacher face_detection_yunet.onnx

    \b
    Exit codes: 0 all good, 1 a figure is not better than its baseline, 2 wrong use.
    """
    from trainers.common.runs import print_report
    from trainers.faces.data import read_photos
    from trainers.faces.evaluate import report_lines
    from trainers.faces.train import train

    with reported_errors("trainers.faces"):
        config = checked(config)
        cache = Path(config.cache) if config.cache else None
        photos = read_photos(folders, [Path(folder) for folder in config.drawn], teacher, cache)
        facts = train(config, photos, out, resume)
    raise typer.Exit(0 if print_report(facts, report_lines(facts)) else 1)


def command() -> typer.Typer:
    """Returns the command line."""
    return make_app(with_options(FacesConfig, run))


if __name__ == "__main__":
    command()()
