"""`python -m trainers.teachers build ...` and `collect ...`: answers of teachers; see docs/training.md."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from trainers.common.options import make_app, reported_errors, with_options
from trainers.teachers.config import TeachersConfig


def build(
    config: TeachersConfig,
    to: Annotated[Path, typer.Option(help="Folder for the data set.")] = Path("runs/teachers"),
) -> None:
    """Have frozen networks answer for photos, rated and unrated.

    Figures of the teachers are printed for all folds, by series and by name. An interrupted run goes on
    where it stopped.

    \b
    Examples:
      python -m trainers.teachers build --rated photos --teacher mobilenet_v2@384=mobilenet_v2_imagenet.pt
      python -m trainers.teachers build --rated photos --photos more --teacher efficientnet_lite2@288=lite2.pt

    \b
    Exit codes: 0 all answered, 2 wrong use.
    """
    from trainers.teachers.dataset import build as make  # torch: not for `--help`

    with reported_errors("trainers.teachers"):
        manifest = make(config, to)
    for by in ("series", "name"):
        for name, figure in manifest["figures"][by].items():
            low, high = figure["spearman_interval"]
            typer.echo(
                f"by {by}: {name}: Spearman {figure['spearman']:.3f} ({low:.3f} to {high:.3f}), "
                f"Pearson {figure['pearson']:.3f}"
            )


def collect(
    repository: Annotated[list[Path], typer.Argument(help="Git repository, as cloned or bare (repeatable).")],
    to: Annotated[Path, typer.Option(help="Folder for the photos.")],
    side: Annotated[int, typer.Option(help="Longest side of the copies, pixels.")] = 1536,
) -> None:
    """Copy the camera photos of local git repositories, reduced, into a folder.

    Photos have exposure data and are 3:2 or 4:3.

    \b
    Examples:
      python -m trainers.teachers collect site.git --to camera

    \b
    Exit codes: 0 all repositories read, 2 wrong use.
    """
    from trainers.teachers.repositories import collect as copy

    with reported_errors("trainers.teachers"):
        for each in repository:
            kept, dropped = copy(each, to, side)
            typer.echo(f"{each.name}: {kept} photos; dropped: {dict(dropped)}")


def command() -> typer.Typer:
    """Returns the command line."""
    about = "Answers of several teachers for all photos, as a data set to learn from."
    return make_app({"build": with_options(TeachersConfig, build), "collect": collect}, about)


if __name__ == "__main__":
    command()()
