"""`photocli models`: which models there are, whether they are whole, and a user's own."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from photocli.cli.boundary import ExitCode, reported
from photocli.cli.group import QuickGroup
from photocli.display import console, folded, printable, shorten

if TYPE_CHECKING:
    from photocli.errors import ModelError
    from photocli.models.card import Card

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
        from photocli.models import adding

        adding.sweep()
        damaged = 0
        for folder, card in _found():
            if isinstance(card, Exception):
                damaged += 1
                typer.echo(printable(f"{folder.name}: {card}"), err=True)
                continue
            for line in described(card, console().width):
                typer.echo(line)
        if damaged:
            raise typer.Exit(ExitCode.FATAL)


@app.command("verify")
def verify_models(debug: Debug = False) -> None:
    """Compare every model with the checksums in its card; exit code 1 if one differs."""
    from photocli.errors import ModelError

    with reported(debug):
        from photocli.models import adding, store

        adding.sweep()
        damaged = 0
        for folder, card in _found():
            try:
                if isinstance(card, Exception):
                    raise card
                store.verify(card)
                by_hand = not (card.is_sealed or store.is_built_in(card))
                note = ", but put there by hand and never tried; photocli models add does that"
                typer.echo(printable(f"{card.label}: whole{note if by_hand else ''}"))
            except ModelError as error:
                damaged += 1
                name = folder.name if isinstance(card, Exception) else card.label
                typer.echo(printable(f"{name}: {error}"))
        if damaged:
            raise typer.Exit(ExitCode.CHECK_FAILED)


def _found() -> list[tuple[Path, Card | ModelError]]:
    """All models by name, with their cards, or with what is wrong with these."""
    from photocli.errors import ModelError
    from photocli.models.card import read_card
    from photocli.models.store import folders

    cards: dict[str, tuple[Path, Card | ModelError]] = {}
    for folder in folders():
        try:
            card = read_card(folder)
            cards[card.name] = folder, card
        except ModelError as error:
            cards[f"{folder.name}/"] = folder, error
    return [cards[name] for name in sorted(cards)]


def described(card: Card, width: int) -> list[str]:
    """What a model is, in lines of at most `width` cells."""
    from photocli.inputs import views

    seen = views.described(card.input.fit, card.input.width, card.input.height)
    head = f"{card.label}  ({card.kind}, {_size(card.network)})"
    about = f"    {printable(str(card.facts.get('description', '')))}"
    lines = [*folded(printable(head), width), *folded(about, width)]
    for fact in (f"sees:  {seen}", f"terms: {card.terms}"):
        lines += folded(f"    {printable(fact)}", width, 11)
    return [*lines, shorten(printable(f"    card:  {card.folder / 'card.json'}"), width)]


def _size(network: Path) -> str:
    try:
        return f"{network.stat().st_size / 1e6:.1f} MB"
    except OSError:
        return "its network is missing"


@app.command("add")
def add_model(
    source: Annotated[
        Path, typer.Argument(metavar="FILE|FOLDER", help="A model folder, or a face detector's ONNX file.")
    ],
    debug: Debug = False,
) -> None:
    """Add a model of your own: a folder with model.onnx and card.json, or a YuNet face detector.

    It is checked and tried in a process of its own, with limits of time and memory, and copied to your
    models; nothing is added halfway. A face detector takes the place of the built-in one.

    \b
    Examples:
      photocli models add face_detection_yunet.onnx
      photocli models add my-model/          # made by python -m export
      photocli models add my-rooms/          # a classifier: columns rooms and rooms_confidence
    """
    with reported(debug):
        from photocli.faces import detectors
        from photocli.models import adding, lineup, store
        from photocli.records import columns

        card = adding.add(source)
        typer.echo(printable(f"added {card.label} ({card.kind}): {card.folder}"))
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

        typer.echo(printable(f"removed {adding.remove(name)}"))
