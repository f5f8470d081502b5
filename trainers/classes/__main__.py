"""`python -m trainers.style SOURCE... [options]`: the trainer of a user's own classes; see docs/training.md.

A pre-trained network is fine-tuned as Caffe's Flickr Style workflow does it (Karayev et al. 2014; Jia et al.
2014): a new last layer learns ten times as fast as the rest. The command line has its own module so that
`--help` loads neither torch nor Lightning. `python -m trainers.classes` is the same command.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from trainers.classes.config import ClassesConfig, checked
from trainers.common.options import make_app, reported_errors, with_options


def run(
    sources: Annotated[
        list[Path], typer.Argument(metavar="SOURCE...", help="List file, folder of folders, or CSV.")
    ],
    config: ClassesConfig,
    out: Annotated[Path, typer.Option(help="Folder for checkpoints, logs and run.json.")] = Path(
        "runs/style"
    ),
    resume: Annotated[bool, typer.Option(help="Go on from the last snapshot in OUT.")] = False,
) -> None:
    """Fine-tune a network to your own classes.

    Figures are printed beside their trivial baselines.

    \b
    Examples:
      python -m trainers.style rooms/ --out runs/rooms
      python -m trainers.style flickr/train.txt --held flickr/test.txt

    \b
    Exit codes: 0 all good, 1 a figure is not better than its baseline, 2 wrong use.
    """
    from trainers.classes.evaluate import report_lines
    from trainers.classes.train import train
    from trainers.common.runs import is_main_process, print_report

    with reported_errors("trainers.style"):
        facts = train(checked(config), sources, out, resume)
    if "figures" in facts and is_main_process():
        from trainers.classes.plots import confusion

        confusion(facts["figures"]["confusion"], list(facts["groups"]), out / "confusion.png")
    raise typer.Exit(0 if print_report(facts, report_lines(facts) if "figures" in facts else ()) else 1)


def command() -> typer.Typer:
    """Returns the command line."""
    return make_app(with_options(ClassesConfig, run))


if __name__ == "__main__":
    command()()
