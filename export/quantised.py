"""`python -m export.quantised RUN --to MODEL`: the network of eight bits beside that in floating point."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer
from numpy.typing import NDArray

from photocli.errors import UsageError
from trainers.common.options import make_app, reported_errors

FILE = "model.int8.onnx"
PRECISION = "int8"


def run(
    trained: Annotated[Path, typer.Argument(help="Folder of a run of trainers.quantisation.", metavar="RUN")],
    to: Annotated[Path, typer.Option(help="Folder of the model that the run was made of.")],
    metrics: Annotated[
        Path | None, typer.Option(help="JSON with figures of both networks on labelled photos, for the card.")
    ] = None,
) -> None:
    """Write a network of eight bits beside the model's own, and say in its card how well the two agree.

    Both are run on the held-out views of the run by ONNX Runtime, as they will be.

    \b
    Examples:
      python -m export.quantised runs/int8 --to mymodel

    \b
    Exit codes: 0 all good, 1 a file cannot be used, 2 wrong use.
    """
    from export.card import read_json
    from photocli.files.atomic import atomic_write
    from photocli.models.card import CARD_FILE, SEAL
    from trainers.common.runs import write_json

    with reported_errors("export.quantised", 1):
        facts = read_json(to / CARD_FILE)
        if SEAL in facts:
            raise UsageError(f"{to} was added already; write the variant into the folder that you add")
        entry, network = variant(facts, trained, to)
        if metrics is not None:
            entry["metrics"] = read_json(metrics)
        others = [each for each in facts.get("variants", []) if each.get("precision") != PRECISION]
        with atomic_write(to / FILE) as file:
            file.write(network)
        write_json(to / CARD_FILE, facts | {"variants": [*others, entry]})
    agreement = entry["agreement"]
    typer.echo(f"{to / FILE}: {entry['bytes'] / 1e6:.2f} MB")
    typer.echo(
        f"agreement on {agreement['views']} views: rank correlation {agreement['rank_correlation']:.4f}, "
        f"mean difference {agreement['mean_difference']:.4f}, shift {agreement['largest_shift']:.4f}"
    )


def variant(facts: dict[str, Any], trained: Path, model: Path) -> tuple[dict[str, Any], bytes]:
    """The entry of the card for a run's network, and that as ONNX. Raises `UsageError` for another's run."""
    import torch

    from export.encoding import encode
    from trainers.quantisation.train import CHECKPOINT, HELD, restored

    try:
        checkpoint = torch.load(trained / CHECKPOINT, weights_only=True)
        views = np.load(trained / HELD)
    except OSError as error:
        raise UsageError(f"{trained} is no run of trainers.quantisation: {error}") from error
    original = checkpoint["network"]
    if hashlib.sha256(original).hexdigest() != facts["sha256"]:
        raise UsageError(f"{trained} was made of another network than that of {model}")
    network = encode(restored(checkpoint))
    found = agreement(facts, original, network, views)
    entry = {
        "precision": PRECISION,
        "file": FILE,
        "sha256": hashlib.sha256(network).hexdigest(),
        "bytes": len(network),
        "agreement": found,
        "trainer": {key: checkpoint["run"][key] for key in ("command", "commit", "config")},
        "photos": checkpoint["run"]["photos"],
        "views": checkpoint["run"]["views"],
    }
    return entry, network


def agreement(
    facts: dict[str, Any], original: bytes, network: bytes, views: NDArray[np.uint8]
) -> dict[str, Any]:
    """How well two networks agree in what people read, on views (n, 3, height, width).

    `rank_correlation` (Spearman's) and `mean_difference` are means over the answers of those that vary: for a
    detector the surest score alone. Where none varies there is no rank. `largest_shift` is the largest
    difference of an answer's means.
    """
    from scipy.stats import spearmanr

    one, other = (answers(facts, each, views) for each in (original, network))
    varied = np.flatnonzero(np.ptp(one, axis=0) > 1e-6)
    ranks = [float(spearmanr(one[:, place], other[:, place])[0]) for place in varied] or [np.nan]
    return {
        "views": len(views),
        "rank_correlation": float(np.mean(ranks)),
        "least_rank_correlation": float(np.min(ranks)),
        "mean_difference": float(np.abs(one - other).mean()),
        "largest_shift": float(np.abs((other - one).mean(0)).max()),
        "largest_difference": float(np.abs(one - other).max()),
    }


def answers(facts: dict[str, Any], network: bytes, views: NDArray[np.uint8]) -> NDArray[np.float64]:
    """What people read from a network's outputs for views: (n, k)."""
    from importlib import import_module

    outputs = outputs_of(network, facts["input"]["name"], views)
    if "scores" in outputs and outputs["scores"].shape[1] > 1:
        return outputs["scores"].max(1, keepdims=True)
    kind = import_module(f"export.{facts['kind']}")
    found = np.asarray(kind.answer(facts["trainer"]["config"], outputs), np.float64)
    return found.reshape(len(views), -1)


def outputs_of(network: bytes, image: str, views: NDArray[np.uint8]) -> dict[str, NDArray[np.float32]]:
    """All outputs of a network for views, a few at a time."""
    from photocli.models.runtime import load_runtime

    session = load_runtime().InferenceSession(network, providers=["CPUExecutionProvider"])
    names = [value.name for value in session.get_outputs()]
    parts = [session.run(names, {image: views[at : at + 4]}) for at in range(0, len(views), 4)]
    return {
        name: np.concatenate(values) for name, values in zip(names, zip(*parts, strict=True), strict=True)
    }


def command() -> typer.Typer:
    """The command line."""
    return make_app(run)


if __name__ == "__main__":
    command()()
