"""`python -m trainers.technical FOLDER... [options]`: the trainer of technical quality; see docs/training.md.

It needs no labels: good photos are spoiled with known severity and turned by quarters, and one network learns
by how much, and which way is up. The command line has its own module so that `--help` loads neither torch nor
Lightning.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from trainers.common.options import make_app, reported_errors, with_options
from trainers.technical.config import TechnicalConfig, checked


def run(
    photos: Annotated[list[Path], typer.Argument(help="Folders of good, upright photos.")],
    config: TechnicalConfig,
    out: Annotated[Path, typer.Option(help="Folder for checkpoints, logs and run.json.")] = Path(
        "runs/technical"
    ),
    resume: Annotated[bool, typer.Option(help="Go on from the last checkpoint in OUT.")] = False,
) -> None:
    """Train a network that says what is technically wrong with a photo, and which way is up.

    Figures are printed beside their trivial baselines.

    \b
    Examples:
      python -m trainers.technical photos --out runs/technical

    \b
    Exit codes: 0 all good, 1 a figure is not better than its baseline, 2 wrong use.
    """
    from trainers.common.runs import print_report
    from trainers.technical.data import read_photos
    from trainers.technical.evaluate import report_lines
    from trainers.technical.train import train

    with reported_errors("trainers.technical"):
        config = checked(config)
        cache = Path(config.cache) if config.cache else None
        faces = Path(config.faces) if config.faces else None
        upright = [Path(folder) for folder in config.upright]
        good = read_photos(photos, upright, set(config.turned), faces, cache)
        facts = train(config, good, out, resume)
    raise typer.Exit(0 if print_report(facts, report_lines(facts)) else 1)


def command() -> typer.Typer:
    """Returns the command line."""
    return make_app(with_options(TechnicalConfig, run))


if __name__ == "__main__":
    command()()
