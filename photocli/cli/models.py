"""`photocli models`: which models there are, whether they are whole, and a user's own."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from photocli.cli.boundary import ExitCode, reported
from photocli.cli.group import QuickGroup

app = typer.Typer(
    cls=QuickGroup,
    help="List, verify, add and remove the models that photos are scored with.",
    no_args_is_help=True,
)

Debug = Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")]


@app.command("list")
def list_models(debug: Debug = False) -> None:
    """List the models: what each one says, its input, its size, and its terms of use."""
    with reported(debug):
        from photocli.models.store import cards

        for card in cards():
            size = card.network.stat().st_size / 1e6
            typer.echo(f"{card.label}  ({card.kind}, {card.input.key}, {size:.1f} MB)")
            typer.echo(f"    {card.facts.get('description', '')}")
            typer.echo(f"    terms: {card.facts.get('licence', 'not stated')}")
            typer.echo(f"    card:  {card.folder / 'card.json'}")


@app.command("verify")
def verify_models(debug: Debug = False) -> None:
    """Compare every model with the checksum in its card; exit code 1 if one differs."""
    from photocli.errors import ModelError

    with reported(debug):
        from photocli.models.store import cards, verify

        damaged = 0
        for card in cards():
            try:
                verify(card)
                typer.echo(f"{card.label}: whole")
            except ModelError as error:
                damaged += 1
                typer.echo(f"{card.label}: {error}")
        if damaged:
            raise typer.Exit(ExitCode.CHECK_FAILED)


@app.command("add")
def add_model(
    source: Annotated[
        Path, typer.Argument(metavar="FILE|FOLDER", help="A model folder, or a face detector's ONNX file.")
    ],
    debug: Debug = False,
) -> None:
    """Add a model of your own: a folder with model.onnx and card.json, or a YuNet face detector.

    It is checked, run once, and copied to your models; nothing is added halfway. A face detector takes the
    place of the built-in one.

    \b
    Examples:
      photocli models add face_detection_yunet.onnx
      photocli models add my-model/          # made by python -m export
      photocli models add my-rooms/          # a classifier: columns rooms and rooms_confidence
    """
    with reported(debug):
        from photocli import detectors
        from photocli.models import adding, lineup, store
        from photocli.records import columns

        card = adding.add(source)
        typer.echo(f"added {card.label} ({card.kind}): {card.folder}")
        if card.kind in lineup.SEVERAL:
            typer.echo(f"what it says stands in the columns {' and '.join(columns([card.name]))}")
            return
        for other in store.cards():
            if other.name == card.name:
                continue
            find = {card.kind, other.kind} <= set(detectors.names())
            if find and store.is_built_in(other):
                typer.echo(f"faces are found by {card.label} now, not by {other.label}")
            elif find or other.kind == card.kind:
                typer.echo(f"{other.label} is of that kind, too; choose one of them with --assess")


@app.command("remove")
def remove_model(
    name: Annotated[str, typer.Argument(metavar="NAME", help="The name of a model that you added.")],
    debug: Debug = False,
) -> None:
    """Remove a model that you added; the built-in ones stay."""
    with reported(debug):
        from photocli.models import adding

        typer.echo(f"removed {adding.remove(name)}")
