"""`python -m trainers.stylize train PICTURE FOLDER... [options]`: the trainer of painting styles.

The command line has its own module so that `--help` loads no torch.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from trainers.common.options import make_app, reported_errors, with_options
from trainers.style_transfer.config import StyleTransferConfig, checked


def run_train(
    picture: Annotated[Path, typer.Argument(help="The picture whose style is learned.")],
    photos: Annotated[list[Path], typer.Argument(help="Folders of photos to learn it on.")],
    config: StyleTransferConfig,
    out: Annotated[Path, typer.Option(help="Folder for checkpoints, previews and run.json.")] = Path(
        "runs/stylize"
    ),
    resume: Annotated[bool, typer.Option(help="Go on from the last checkpoint in OUT.")] = False,
) -> None:
    """Train a network that repaints photos in the style of a picture.

    Distances on held-out photos are printed beside their trivial baselines.

    \b
    Examples:
      python -m trainers.stylize train wave.jpg photos --out runs/wave

    \b
    Exit codes: 0 all good, 1 a figure is not better than its baseline, 2 wrong use.
    """
    from trainers.common.runs import print_report
    from trainers.style_transfer.data import read_data
    from trainers.style_transfer.train import train

    with reported_errors("trainers.stylize"):
        config = checked(config)
        facts = train(config, read_data(picture, photos, config), out, resume)
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
    from trainers.style_transfer.generate import DatasetOptions, generate

    with reported_errors("trainers.stylize"):
        options = DatasetOptions(share, side, every)
        counts = generate(photos, style, out, options, lambda line: typer.echo(line, err=True))
    typer.echo(f"{out}: " + ", ".join(f"{count} {name}" for name, count in counts.items()))


def command() -> typer.Typer:
    """Returns the command line."""
    return make_app(
        {"train": with_options(StyleTransferConfig, run_train), "generate": run_generate},
        "Repaint photos in the style of a picture, and make data sets of them.",
    )


if __name__ == "__main__":
    command()()
