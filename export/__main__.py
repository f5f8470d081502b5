"""`python -m export CHECKPOINT --to FOLDER`: a model folder that photocli can add."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from export.card import make_card, read_json
from export.graph import to_onnx
from export.kinds import kind_of
from export.parity import check, sample_views
from photocli.files.atomic import atomic_write
from trainers.common.checkpoints import load_model
from trainers.common.options import make_app, reported_errors
from trainers.common.runs import write_json


def run(
    checkpoint: Annotated[Path, typer.Argument(help="model.ckpt, best.ckpt or last.ckpt of a run.")],
    to: Annotated[Path, typer.Option(help="Folder for model.onnx and card.json.")],
    photos: Annotated[Path | None, typer.Option(help="Folder of photos for the parity check.")] = None,
    metrics: Annotated[
        Path | None, typer.Option(help="run.json with the figures, of a cross-validation.")
    ] = None,
    about: Annotated[Path | None, typer.Option(help="JSON with licence, data terms and limits.")] = None,
    name: Annotated[str, typer.Option(help="Name of the model; its kind unless given.")] = "",
    version: Annotated[str, typer.Option(help="Version of the model.")] = "1.0.0",
    float16: Annotated[bool, typer.Option(help="Store weights in half the space.")] = True,
    flip: Annotated[bool | None, typer.Option(help="Judge the mirror image too; else as trained.")] = None,
    pictures: Annotated[bool, typer.Option(help="Draw the network's pictures beside it too.")] = False,
) -> None:
    """Export a trained network to ONNX, with its card; it must say of photos what PyTorch says.

    \b
    Examples:
      python -m export runs/final/model.ckpt --to mymodel --photos photos

    \b
    Exit codes: 0 all good, 1 ONNX and PyTorch disagree, or a file cannot be used, 2 wrong use.
    """
    with reported_errors("export", 1):
        model = load_model(checkpoint)
        kind = kind_of(model)
        spec = kind[1].spec(model.config)
        original = kind[1].serve(model, flip)
        served = original.rounded() if float16 else original
        network = to_onnx(served, spec, list(kind[1].outputs(model)), float16).SerializeToString()
        parity = check(network, served, original, kind[1], model, sample_views(photos, spec))
        named: dict[str, Any] = {"name": name or kind[0], "version": version}
        named["measured"] = read_json(metrics) if metrics else model.run.document
        named["about"] = read_json(about) if about else {}
        card = make_card(kind, model, network, parity, **named)
        _write(to, network, card)
    _report(to, card)
    if pictures:
        _draw(kind, model, to, (metrics or checkpoint).parent, photos)


def _draw(kind: Any, model: Any, to: Path, run: Path, photos: Path | None) -> None:
    for path in kind[1].draw(model, to / "pictures", run, photos):
        typer.echo(f"drew {path}")


def _write(to: Path, network: bytes, card: dict[str, Any]) -> None:
    to.mkdir(parents=True, exist_ok=True)
    with atomic_write(to / card["file"]) as file:
        file.write(network)
    write_json(to / "card.json", card)


def _report(to: Path, card: dict[str, Any]) -> None:
    parity = card["metrics"]["export"]
    typer.echo(f"{to / card['file']}: {card['bytes'] / 1e6:.2f} MB")
    typer.echo(
        f"parity on {parity['photos']} photos: outputs {parity['outputs']:.1e}, answer {parity['score']:.1e}"
        f"; float16 changes an answer by at most {parity['rounding']:.4f}"
    )
    for key in card["metrics"].get("settings_that_differ", []):
        typer.echo(f"note: the figures come from a run with another '{key}'", err=True)


def command() -> typer.Typer:
    """The command line."""
    return make_app(run)


if __name__ == "__main__":
    command()()
