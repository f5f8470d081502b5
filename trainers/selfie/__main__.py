"""`python -m trainers.selfie LIST [options]`: the trainer of selfies; see docs/training.md.

Aligned faces with what people said of them: Siamese pairs first, Net2Net when learning stalls, then Huber
regression; or a backbone from ImageNet, and whatever else the flags leave of it. `--ablation` compares them.
The command line has its own module so that `--help` does not load torch.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from trainers.common.options import make_app, reported_errors, with_options
from trainers.selfie.config import SelfieConfig, checked


def run(
    listed: Annotated[Path, typer.Argument(metavar="LIST", help="CSV with file, score; sex, group.")],
    config: SelfieConfig,
    out: Annotated[Path, typer.Option(help="Folder for checkpoints and run.json.")] = Path("runs/selfie"),
    resume: Annotated[bool, typer.Option(help="Go on from the last checkpoint in OUT.")] = False,
    ablation: Annotated[bool, typer.Option(help="Compare the variants, in equal time.")] = False,
    seeds: Annotated[int, typer.Option(help="Seeds of the ablation.")] = 3,
    table: Annotated[
        Path | None, typer.Option(help="ablation.json that run.json, and so the card, shall have.")
    ] = None,
    tune_minutes: Annotated[float, typer.Option(help="Time of each try at a learning rate.")] = 0.5,
) -> None:
    """Train a network that says what people would say of a face, from aligned faces with their scores.

    \b
    Examples:
      python -m trainers.selfie faces.csv --teacher face_detection_yunet.onnx

    \b
    Exit codes: 0 all good, 1 a figure is not better than its baseline, 2 wrong use.
    """
    from trainers.selfie.data import read_data
    from trainers.selfie.evaluate import report
    from trainers.selfie.train import train

    with reported_errors("trainers.selfie"):
        config = checked(config)
        data = read_data(listed, config)
        if ablation:
            from trainers.selfie.ablation import compare

            compare(replace(config, minutes=config.minutes or 2.0), data, out, seeds, tune_minutes)
            raise typer.Exit(0)
        facts = train(config, data, out, resume)
        if table is not None:
            from trainers.selfie.ablation import join

            join(out / "run.json", table)
    raise typer.Exit(0 if report(facts) else 1)


def command() -> typer.Typer:
    """Returns the command line."""
    return make_app(with_options(SelfieConfig, run))


if __name__ == "__main__":
    command()()
