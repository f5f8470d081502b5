"""`python -m trainers.aesthetics DATA [options]`: the aesthetics trainer; see docs/training.md.

It fine-tunes a network on rated photos (after "CharLeNet" and NIMA), and teaches it craft with degraded
copies. The command line has its own module so that `--help` loads neither torch nor Lightning.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from trainers.aesthetics.config import AestheticsConfig, checked
from trainers.common.options import make_app, reported_errors, with_options


def run(
    data: Annotated[Path, typer.Argument(help="Folder with photos and their ratings.")],
    config: AestheticsConfig,
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

    Figures are printed beside their trivial baselines.

    \b
    Examples:
      python -m trainers.aesthetics photos --out runs/mine --cross-validate
      python -m trainers.aesthetics photos --out runs/final --fold none

    \b
    Exit codes: 0 all good, 1 a figure is not better than its baseline, 2 wrong use.
    """
    from trainers.aesthetics.data import read_materials
    from trainers.aesthetics.evaluate import report_lines
    from trainers.aesthetics.train import cross_validate, learns_extremes, train_fold
    from trainers.common.runs import print_report

    with reported_errors("trainers.aesthetics"):
        materials = read_materials(data, checked(config))
        if sane:
            raise typer.Exit(0 if learns_extremes(config, materials, out) else 1)
        result = (cross_validate if cross else train_fold)(config, materials, out, resume)
    raise typer.Exit(0 if print_report(result.facts, report_lines(result.facts)) else 1)


def command() -> typer.Typer:
    """Returns the command line."""
    return make_app(with_options(AestheticsConfig, run))


if __name__ == "__main__":
    command()()
