"""`python -m trainers.pool RUN --to FOLDER`: the folds of a run that are done, evaluated together.

For cross-validations whose folds are trained one by one, as where each has teachers of its own.
"""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from photocli.errors import UsageError
from trainers.aesthetics.config import AestheticsConfig
from trainers.common.options import make_app, reported_errors

if TYPE_CHECKING:
    from trainers.aesthetics.evaluate import RunResult


def pool(run: Path) -> RunResult:
    """Returns the finished folds below `run` as one result, whose split says which folds they are.

    Raises `UsageError` if there are none.
    """
    from trainers.aesthetics.evaluate import RunResult, pool_folds  # torch: not for `--help`

    found = [(folder.name, RunResult.read(folder)) for folder in sorted(run.glob("fold[0-9]*"))]
    done = {name.removeprefix("fold"): result for name, result in found if result is not None}
    if not done:
        raise UsageError(f"{run} has no fold that is done (fold0/run.json, fold1/run.json, ...)")
    first = next(iter(done.values()))
    known = {field.name for field in fields(AestheticsConfig)}
    config = AestheticsConfig(**{key: value for key, value in first.facts["config"].items() if key in known})
    pooled = pool_folds(config, first.facts, list(done.values()))
    if len(done) < config.folds:
        pooled.facts["split"] += f"; folds {', '.join(done)} of {config.folds}"
    return pooled


def run(
    run: Annotated[Path, typer.Argument(help="Folder with fold0, fold1, ...")],
    to: Annotated[Path, typer.Option(help="Folder for run.json and the predictions.")],
) -> None:
    """Judge the finished folds of a run together."""
    from trainers.aesthetics.evaluate import report_lines
    from trainers.common.runs import print_report

    with reported_errors("trainers.pool"):
        result = pool(run)
    result.write(to)
    raise typer.Exit(0 if print_report(result.facts, report_lines(result.facts)) else 1)


def command() -> typer.Typer:
    """Returns the command line."""
    return make_app(run)
