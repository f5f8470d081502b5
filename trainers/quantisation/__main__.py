"""`python -m trainers.quantisation MODEL PHOTOS... [options]`: a network that computes in eight bits.

It needs no labels. The command line has its own module so that `--help` does not load torch.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from trainers.common.options import make_app, reported_errors, with_options
from trainers.quantisation.config import QuantisationConfig, checked


def run(
    model: Annotated[Path, typer.Argument(help="Folder of the model: card.json and its network.")],
    photos: Annotated[list[Path], typer.Argument(help="Folders of photos like those that it will see.")],
    config: QuantisationConfig,
    out: Annotated[Path, typer.Option(help="Folder for the checkpoint and run.json.")] = Path(
        "runs/quantisation"
    ),
) -> None:
    """Fit a network to weights and values of eight bits, which processors compute several times as fast.

    What it says stays as it is, as nearly as eight bits allow; `python -m export.quantised` measures that.

    \b
    Examples:
      python -m trainers.quantisation mymodel photos --out runs/int8
      python -m export.quantised runs/int8 --to mymodel

    \b
    Exit codes: 0 all good, 2 wrong use.
    """
    from photocli.models.card import read_card
    from trainers.quantisation.data import read_views
    from trainers.quantisation.train import CHECKPOINT, quantise

    with reported_errors("trainers.quantisation"):
        config = checked(config)
        views = read_views(
            read_card(model),
            photos,
            copies=config.copies,
            held=Path(config.held) if config.held else None,
            cache=Path(config.cache) if config.cache else None,
            detector=Path(config.detector) if config.detector else None,
            most=config.most,
        )
        quantise(read_card(model), views, config, out)
    typer.echo(f"{out / CHECKPOINT}: fitted to {len(set(views.names))} photos, a part of them held out")


def command() -> typer.Typer:
    """Returns the command line."""
    return make_app(with_options(QuantisationConfig, run))


if __name__ == "__main__":
    command()()
