"""`python -m trainers.soup A.ckpt B.ckpt --to C.ckpt`: runs from the same start, averaged.

A model soup (Wortsman et al. 2022) is often better than each run, at the cost of one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import torch
import typer

from photocli.errors import UsageError
from trainers.common.checkpoints import Model, load_model, save_model
from trainers.common.options import make_app, reported_errors
from trainers.common.runs import command_line, commit

SAME = (
    # which trainer, and the layers of its network
    *("trainer", "arch", "stage", "width", "plan", "upsample"),
    # what a network sees
    *("size", "side", "serve_side", "fit", "resize", "mirror", "eyes_apart", "eyes_height", "place"),
    # what it says, and in which order
    *("labels", "scale", "middle", "delta", "classes", "several", "style", "overlap"),
)
"""Settings in which the runs of a soup must agree; data, seed, rates and epochs may differ."""


_LONGEST = 60  # characters of a setting that is quoted


def average(paths: Sequence[Path]) -> Model:
    """Average the weights of models; the configuration is that of the first one.

    Raises `UsageError` for models that see, or say, something else.
    """
    models = [load_model(path) for path in paths]
    first = models[0]
    for path, model in zip(paths[1:], models[1:], strict=True):
        if differing := differences(first, model):
            raise UsageError(
                f"{path} cannot be averaged with {paths[0]}, as it differs in {' and in '.join(differing)}; "
                "average runs of one trainer that share these settings"
            )
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


def differences(one: Model, other: Model) -> list[str]:
    """Say in which settings and layers two models differ so that their mean would be neither."""
    pairs = [(key, _plain(one.config.get(key)), _plain(other.config.get(key))) for key in SAME]
    found = [_difference(*pair) for pair in pairs if pair[1] != pair[2]]
    if type(one.network) is not type(other.network):
        found.append(f"network ({type(one.network).__name__} or {type(other.network).__name__})")
    shapes = [
        {name: tuple(value.shape) for name, value in model.network.state_dict().items()}
        for model in (one, other)
    ]
    if not found and shapes[0] != shapes[1]:
        odd = min(name for name in shapes[0] | shapes[1] if shapes[0].get(name) != shapes[1].get(name))
        found.append(f"the shape of the layer '{odd}'")
    return found


def _difference(key: str, one: Any, other: Any) -> str:
    if isinstance(one, list) and isinstance(other, list) and sorted(map(str, one)) == sorted(map(str, other)):
        return f"'{key}' (the same in another order)"
    texts = [str(value) for value in (one, other)]
    return f"'{key}' ({texts[0]} or {texts[1]})" if max(map(len, texts)) <= _LONGEST else f"'{key}'"


def _plain(value: Any) -> Any:
    """Settings as they compare: checkpoints of some trainers hold lists where others hold tuples."""
    if isinstance(value, dict):
        return {name: _plain(part) for name, part in value.items()}
    return [_plain(part) for part in value] if isinstance(value, (list, tuple)) else value


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
