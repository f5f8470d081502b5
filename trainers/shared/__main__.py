"""`python -m trainers.shared DATA [options]`: the trainer of the shared network; see docs/training.md."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from trainers.common.options import make_app, reported_errors, with_options
from trainers.shared.config import SharedConfig


def run(
    data: Annotated[Path, typer.Argument(help="Data set of trainers.teachers.")],
    config: SharedConfig,
    out: Annotated[Path, typer.Option(help="Folder for checkpoints, logs and run.json.")] = Path(
        "runs/shared"
    ),
    resume: Annotated[bool, typer.Option(help="Go on from the last checkpoint in OUT.")] = False,
) -> None:
    """Train one network that says all that can be said after one look at a photo.

    Figures of each head are printed beside their trivial baselines.

    \b
    Examples:
      python -m trainers.shared runs/teachers --init efficientnet_lite2_imagenet.pt --fold 0
      python -m trainers.shared runs/teachers --start runs/shared/model.ckpt --fold none --out runs/final

    \b
    Exit codes: 0 all good, 1 a figure is not better than its baseline, 2 wrong use.
    """
    from trainers.common.runs import print_report
    from trainers.shared.train import train

    with reported_errors("trainers.shared"):
        facts = train(config, data, out, resume)
    raise typer.Exit(0 if print_report(facts) else 1)


def command() -> typer.Typer:
    """Returns the command line."""
    return make_app(with_options(SharedConfig, run))


if __name__ == "__main__":
    command()()
