"""`python -m trainers.soup A.ckpt B.ckpt --to C.ckpt`: runs from the same start, averaged.

A model soup (Wortsman et al. 2022) is often better than each run, at the cost of one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import torch
import typer

from photocli.errors import UsageError
from trainers.common.checkpoints import Model, load_model, save_model
from trainers.common.options import make_app, reported_errors
from trainers.common.runs import command_line, commit

SAME = ("arch", "labels", "size", "fit", "middle")
"""Settings in which the runs of a soup must agree."""


def average(paths: Sequence[Path]) -> Model:
    """The mean of the weights of models, with the configuration of the first one."""
    models = [load_model(path) for path in paths]
    first = models[0]
    for path, model in zip(paths[1:], models[1:], strict=True):
        for key in SAME:
            if model.config.get(key) != first.config.get(key):
                raise UsageError(f"{path} has another '{key}' than {paths[0]}: they cannot be averaged")
    states = [model.network.state_dict() for model in models]
    for name, value in states[0].items():
        if value.dtype.is_floating_point:
            value.copy_(torch.stack([state[name] for state in states]).mean(0))
    seeds = [model.config.get("seed") for model in models]
    soup = {"seeds": seeds, "commands": [model.run.command for model in models]}
    # Metrics and calibration belong to the single runs, not to their average.
    more = {key: value for key, value in first.run.more.items() if key not in ("figures", "checks")}
    run = replace(
        first.run,
        command=command_line("trainers.soup"),
        commit=commit(),
        soup=soup,
        calibration={},
        more=more,
    )
    return Model(first.network, first.config, run)


def run(
    checkpoints: Annotated[list[Path], typer.Argument(help="model.ckpt of each run.")],
    to: Annotated[Path, typer.Option(help="The model to write.")],
) -> None:
    """Average the weights of runs that started from the same weights."""
    with reported_errors("trainers.soup"):
        save_model(to, average(checkpoints))
    typer.echo(f"{to}: the average of {len(checkpoints)} runs")


def command() -> typer.Typer:
    """Returns the command line."""
    return make_app(run)
