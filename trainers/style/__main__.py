"""`python -m trainers.styles FOLDER... --media FOLDER [options]`: the trainer of the built-in style model.

The command line has its own module so that `--help` loads neither torch nor Lightning. `python -m
trainers.style` was the trainer of own classes before each trainer had a package: it still is one, unless
`--media` is given. `trainers.styles` and `trainers.classes` say which one is meant.
"""

from __future__ import annotations

import runpy
import sys
from pathlib import Path
from typing import Annotated

import typer

from trainers.common.options import make_app, reported_errors, with_options
from trainers.style.config import StyleConfig, checked


def run(
    folders: Annotated[list[Path], typer.Argument(help="Folders of photos; looks are made of them.")],
    config: StyleConfig,
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

    Figures are printed beside their trivial baselines.

    \b
    Examples:
      python -m trainers.styles photos --media MEDIA --paintings PAINTED

    \b
    Exit codes: 0 all good, 1 a figure is not better than its baseline, 2 wrong use.
    """
    from trainers.common.runs import print_report
    from trainers.style.data import read_pictures
    from trainers.style.evaluate import report_lines
    from trainers.style.train import train

    with reported_errors("trainers.styles"):
        config = checked(config)
        cache = Path(config.cache) if config.cache else None
        facts = train(config, read_pictures(folders, media, paintings, cache), out, resume)
    raise typer.Exit(0 if print_report(facts, report_lines(facts)) else 1)


def command() -> typer.Typer:
    """Returns the command line."""
    return make_app(with_options(StyleConfig, run))


def main() -> None:
    """Runs this trainer where `--media` is given, else that of own classes."""
    if any(argument.partition("=")[0] == "--media" for argument in sys.argv[1:]):
        command()()
    else:
        runpy.run_module("trainers.classes", run_name="__main__")


if __name__ == "__main__":
    main()
