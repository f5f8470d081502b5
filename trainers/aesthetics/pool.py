"""`python -m trainers.pool RUN --to FOLDER`: the folds of a run that are done, judged together.

For cross-validations whose folds are trained one by one, as where each has teachers of its own.
"""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path
from typing import Annotated

import typer

from photocli.errors import UsageError
from trainers.aesthetics.evaluate import Outcome, others, pooled
from trainers.aesthetics.train import Config
from trainers.common.options import make_app, reported_errors
from trainers.common.runs import print_report


def pool(run: Path) -> Outcome:
    """The finished folds below `run` as one outcome, whose split says which folds they are.

    Raises `UsageError` if there are none.
    """
    found = [(folder.name, Outcome.read(folder)) for folder in sorted(run.glob("fold[0-9]*"))]
    done = {name.removeprefix("fold"): outcome for name, outcome in found if outcome is not None}
    if not done:
        raise UsageError(f"{run} has no fold that is done (fold0/run.json, fold1/run.json, ...)")
    first = next(iter(done.values()))
    known = {field.name for field in fields(Config)}
    config = Config(**{key: value for key, value in first.facts["config"].items() if key in known})
    outcome = pooled(config, first.facts, list(done.values()))
    if len(done) < config.folds:
        outcome.facts["split"] += f"; folds {', '.join(done)} of {config.folds}"
    return outcome


def run(
    run: Annotated[Path, typer.Argument(help="Folder with fold0, fold1, ...")],
    to: Annotated[Path, typer.Option(help="Folder for run.json and the predictions.")],
) -> None:
    """Judge the finished folds of a run together."""
    with reported_errors("trainers.pool"):
        outcome = pool(run)
    outcome.write(to)
    raise typer.Exit(0 if print_report(outcome.facts, others(outcome.facts)) else 1)


def command() -> typer.Typer:
    """Returns the command line."""
    return make_app(run)
