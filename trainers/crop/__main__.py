"""`python -m trainers.crop prepare|train|evaluate`: the trainer of crops; see docs/training.md.

Whole photos are cropped, and a network learns whether one was, and where in the frame that the camera took it
lies: after Van Hoorick & Vondrick, "Dissecting Image Crops" (2021). The command line has its own module so
that `--help` loads neither torch nor Lightning.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from trainers.common.options import make_app, reported_errors, with_options
from trainers.crop.config import CropConfig, SelectionRules, checked


def run_prepare(
    folders: Annotated[list[Path], typer.Argument(help="Folders of photos.")],
    to: Annotated[Path, typer.Option(help="The list to write, a CSV file.")],
    side: Annotated[int, typer.Option(help="Least long side, pixels.")] = SelectionRules.side,
    margin: Annotated[
        float, typer.Option(help="How far from 3:2 or 4:3 it may be, as a share.")
    ] = SelectionRules.margin,
    edited: Annotated[bool, typer.Option("--edited", help="Take photos that an editor wrote, too.")] = False,
) -> None:
    """List the photos that look straight from the camera, with their side of the 75/15/10 split."""
    from trainers.crop.camera_photos import prepare

    with reported_errors("trainers.crop"):
        kept, dropped = prepare(folders, to, SelectionRules(side, margin, edited))
    typer.echo(f"{to}: {sum(kept.values())} photos; " + ", ".join(f"{n} {name}" for name, n in kept.items()))
    for reason, count in dropped.most_common():
        typer.echo(f"dropped {count}: {reason}")


def run_train(
    listed: Annotated[Path, typer.Argument(metavar="LIST", help="Camera photos, listed by prepare.")],
    config: CropConfig,
    out: Annotated[Path, typer.Option(help="Folder for checkpoints, logs and run.json.")] = Path("runs/crop"),
    resume: Annotated[bool, typer.Option(help="Go on from the last checkpoint in OUT.")] = False,
) -> None:
    """Train a network that says whether a photo was cropped, and from where.

    Figures are printed beside their trivial baselines. They are not better, either, if the network says the
    same of every photo.

    \b
    Examples:
      python -m trainers.crop train camera.csv --out runs/crop

    \b
    Exit codes: 0 all good, 1 a figure is not better than its baseline, 2 wrong use.
    """
    from trainers.common.runs import print_report
    from trainers.crop.camera_photos import read_photos
    from trainers.crop.evaluate import report_lines
    from trainers.crop.train import train

    with reported_errors("trainers.crop"):
        config = checked(config)
        cache = Path(config.cache) if config.cache else None
        photos = read_photos(listed, [Path(folder) for folder in config.more], cache)
        facts = train(config, photos, out, resume)
    raise typer.Exit(0 if print_report(facts, report_lines(facts)) else 1)


def run_evaluate(
    checkpoint: Annotated[Path, typer.Argument(help="model.ckpt of a run.")],
    listed: Annotated[Path, typer.Argument(metavar="LIST", help="Camera photos, listed by prepare.")],
    to: Annotated[Path, typer.Option(help="Folder for evaluation.json and the plots.")],
    held: Annotated[str, typer.Option(help="The photos that are judged; as trained unless given.")] = "",
    views: Annotated[int, typer.Option(help="Samples of each photo.")] = 8,
    control: Annotated[
        int, typer.Option(help="Synthetic pictures for the control without traces; 0: none.")
    ] = 24,
    cache: Annotated[Path | None, typer.Option(help="Folder for decoded photos.")] = None,
) -> None:
    """Judge a trained network on photos that it has not seen, with plots, and on pictures without any
    trace."""
    from trainers.common.runs import print_report
    from trainers.crop.camera_photos import read_photos
    from trainers.crop.evaluate import evaluate_checkpoint, report_lines

    with reported_errors("trainers.crop"):
        facts = evaluate_checkpoint(checkpoint, read_photos(listed, [], cache), to, held, views, control)
    raise typer.Exit(0 if print_report(facts, report_lines(facts)) else 1)


def command() -> typer.Typer:
    """Returns the command line."""
    options = with_options(CropConfig, run_train)
    return make_app(
        {"prepare": run_prepare, "train": options, "evaluate": run_evaluate},
        "Train a network that says whether a photo was cropped, and from where.",
    )


if __name__ == "__main__":
    command()()
