"""Ablation of the selfie trainer: variants with their own tuned rates, in equal time."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
import typer
from numpy.typing import NDArray
from scipy.stats import pearsonr

from photocli.errors import UsageError
from trainers.common.backbones import initialise
from trainers.common.metrics import Floats, correlation
from trainers.common.ridge import ridge
from trainers.common.runs import command_line, commit, portable, write_json
from trainers.selfie.config import SelfieConfig
from trainers.selfie.data import AlignedFaces, FaceLists, divide
from trainers.selfie.evaluate import chunks, predict
from trainers.selfie.module import StagedTraining
from trainers.selfie.network import FaceScorer
from trainers.selfie.train import start

SGD_RATES = (3e-3, 1e-2, 3e-2)
ADAM_RATES = (1e-4, 3e-4, 1e-3)

TUNING_FOLDS = 5
"""One of these parts of the training faces judges the rates; the held-out faces take no part in that."""


class Variant(NamedTuple):
    """A way to train: what differs from the configuration, the rates that are tried, the original's results.

    `original` is Pearson's correlation on the author's own selfies, `hours` what it took there.
    """

    settings: dict[str, Any]
    rates: tuple[float, ...]
    original: float | None
    hours: float | None


_SCRATCH = {"arch": "tiny_darknet", "init": "none", "optimizer": "sgd", "pretrain": False, "net2net": False}
_GROWING = {"pretrain": True, "net2net": True, "width": 0.5 / 2**0.5, "growth": ("wider", "deeper")}

VARIANTS: dict[str, Variant] = {
    "scratch": Variant(_SCRATCH, SGD_RATES, 0.68, 13),
    "imagenet": Variant(
        {"arch": "mobilenet_v2", "optimizer": "adamw", "pretrain": False, "net2net": False},
        ADAM_RATES,
        0.73,
        3,
    ),
    "siamese": Variant(_SCRATCH | {"pretrain": True}, SGD_RATES, 0.82, 8),
    "siamese + net2net": Variant(_SCRATCH | _GROWING, SGD_RATES, 0.84, 5),
}
"""`imagenet` starts from the configuration's `init`; widths are shares of the configuration's. What grows
is as wide as the others after one step of the square root of 2 and the last doubling."""


def compare(config: SelfieConfig, data: FaceLists, out: Path, seeds: int, tune_minutes: float) -> None:
    """Trains every variant in equal time, with its best rate of a grid; prints and keeps the table.

    Several processes may work on the same folder: each takes variants that no other has taken, and the last
    one to be done prints the table. Rows that are there are not made again.
    """
    assert data.held is not None
    parts = out / "ablation"
    parts.mkdir(parents=True, exist_ok=True)
    for name, variant in VARIANTS.items():
        row, claim = parts / f"{name}.json", parts / f"{name}.taken"
        try:
            claim.open("x").close()
        except FileExistsError:
            continue
        try:
            write_json(row, portable(measure(name, variant, config, data, seeds, tune_minutes)))
        except BaseException:
            claim.unlink()
            raise
    if not all((parts / f"{name}.json").exists() for name in VARIANTS):
        return
    about = {
        "command": command_line("trainers.selfie"),
        "commit": commit(),
        "minutes": config.minutes,
        "tune_minutes": tune_minutes,
        "side": config.side,
        "config": portable(asdict(config)),
        "split": data.split,
        "faces": len(data.held),
        "baselines": {"constant": 0.0, "ridge on ImageNet features": baseline(config, data)},
        "variants": [json.loads((parts / f"{name}.json").read_text()) for name in VARIANTS],
    }
    write_json(out / "ablation.json", portable(about))
    show(about)


def measure(
    name: str, variant: Variant, config: SelfieConfig, data: FaceLists, seeds: int, tune_minutes: float
) -> dict[str, Any]:
    """Trains a variant with its best rate; returns its row of the table."""
    assert data.held is not None
    own = replace(config, **(_with_init(config, variant) | variant.settings))
    own = replace(own, width=config.width * variant.settings.get("width", 1.0))
    tried = {rate: tune(at_rate(own, rate), data, tune_minutes) for rate in variant.rates}
    best = max(tried, key=lambda rate: (tried[rate], -rate))
    typer.echo(f"{name}: " + ", ".join(f"rate {rate:g}: {value:.3f}" for rate, value in tried.items()))
    runs = [one_run(replace(at_rate(own, best), seed=seed), data, data.held) for seed in range(seeds)]
    row = summary(runs)
    typer.echo(f"{name}: Pearson {row['pearson']:.3f} ± {row['spread']:.3f}, {row['seconds']:.0f} s")
    return {
        "variant": name,
        **row,
        "rate": best,
        "tried": [[rate, value] for rate, value in tried.items()],
        "original": variant.original,
        "original_hours": variant.hours,
    }


def _with_init(config: SelfieConfig, variant: Variant) -> dict[str, Any]:
    return {} if "init" in variant.settings else {"init": config.init}


def at_rate(config: SelfieConfig, rate: float) -> SelfieConfig:
    """Returns the configuration with this rate; a new head on a trained backbone learns faster."""
    return replace(config, lr=rate, head_lr=5 * rate if config.optimizer == "adamw" else rate)


def tune(config: SelfieConfig, data: FaceLists, minutes: float) -> float:
    """Returns Pearson's correlation on a part of the training faces, after a short run on the others."""
    training, judged = divide(data.training, TUNING_FOLDS, 0)
    short = data._replace(training=training, held=judged)
    return float(one_run(replace(config, minutes=minutes), short, judged)["pearson"])


def one_run(config: SelfieConfig, data: FaceLists, held: AlignedFaces) -> dict[str, Any]:
    """Trains once; returns the metrics of the run."""
    quiet = replace(
        config, eval_every=1_000_000, collapse=1.0
    )  # what comes of a collapsed stage is told, too
    training = StagedTraining(start(quiet), quiet, data.training, data.more, held)
    trained = training.run(None, told=False)
    history = training.at.history
    pairs = [row["held_pairs"] for row in history if "end" in row]
    return {
        "pearson": correlation(pearsonr, predict(trained, held.squares), held.score),
        "seconds": sum(training.at.spent),
        "unseen_pairs": pairs[0] if pairs else None,
        "grew": [row["grew"] for row in history if "grew" in row],
        "parameters": sum(value.numel() for value in trained.backbone.parameters()),
    }


def summary(runs: list[dict[str, Any]]) -> dict[str, Any]:
    """Returns mean and spread (standard deviation) over the seeds."""
    values = np.array([run["pearson"] for run in runs])
    return {
        "pearson": float(values.mean()),
        "spread": float(values.std(ddof=1)) if len(values) > 1 else 0.0,
        "seconds": float(np.mean([run["seconds"] for run in runs])),
        "runs": runs,
    }


def baseline(config: SelfieConfig, data: FaceLists) -> float | None:
    """Returns Pearson's correlation of ridge regression on frozen features, if there are weights."""
    if config.init in ("none", "imagenet"):
        return None
    network = FaceScorer("mobilenet_v2")
    initialise(network.backbone, "mobilenet_v2", config.init)
    network.eval()
    assert data.held is not None
    known, new = (features(network, part.squares) for part in (data.training, data.held))
    direction, offset, _ = ridge(known, data.training.score)
    return correlation(pearsonr, new @ direction + offset, data.held.score)


def features(network: FaceScorer, squares: NDArray[np.uint8]) -> Floats:
    """Returns the backbone's features of faces, averaged with those of the mirror image."""
    parts = []
    with torch.inference_mode():
        for chunk in chunks(squares, torch.device("cpu")):
            parts.append(((network.embed(chunk) + network.embed(chunk.flip(3))) / 2).double().numpy())
    return np.concatenate(parts)


def join(run: Path, table: Path) -> None:
    """Puts a table into a `run.json`, from which the card takes it."""
    write_json(run, read_json(run) | {"ablation": read_json(table)})


def read_json(path: Path) -> dict[str, Any]:
    """Reads a JSON document. Raises `UsageError` if there is none."""
    try:
        return dict(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError) as error:
        raise UsageError(f"{path} cannot be read: {error}") from error


def show(result: dict[str, Any]) -> None:
    """Prints the table, beside what the original reports of its own data."""
    from rich.console import Console
    from rich.table import Table as Grid

    title = f"{result['minutes']:g} minutes each at {result['side']} px; {result['faces']} faces held out"
    grid = Grid("variant", "Pearson", "±", "seconds", "rate", "original", "original, hours", title=title)
    for row in result["variants"]:
        original = (
            ("-", "-") if row["original"] is None else (f"{row['original']:.2f}", f"{row['original_hours']}")
        )
        own = (f"{row['pearson']:.3f}", f"{row['spread']:.3f}", f"{row['seconds']:.0f}", f"{row['rate']:g}")
        grid.add_row(row["variant"], *own, *original)
    for name, value in result["baselines"].items():
        grid.add_row(name, "-" if value is None else f"{value:.3f}", *["-"] * 5)
    Console().print(grid)
