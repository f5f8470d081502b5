"""`photocli models`: which models there are, whether they are whole, and a user's own."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from photocli.cli import completion
from photocli.cli.boundary import ExitCode, reported
from photocli.cli.group import QuickCommand, QuickGroup
from photocli.display import console, folded, printable, shorten

if TYPE_CHECKING:
    from photocli.errors import ModelError
    from photocli.models.card import Card

app = typer.Typer(
    cls=QuickGroup,
    help="List, verify, add, choose and remove models.",
    no_args_is_help=True,
)

Debug = Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")]


@app.command("list", cls=QuickCommand)
def list_models(debug: Debug = False) -> None:
    """List the models: which serve, what each one says, its input, its size, its terms."""
    with reported(debug):
        from photocli.models import adding, serving

        adding.sweep()
        damaged = 0
        found = _found()
        whole = [card for _, card in found if not isinstance(card, Exception)]
        served = serving.serving(whole)
        for folder, card in found:
            if isinstance(card, Exception):
                damaged += 1
                typer.echo(printable(f"{folder.name}: {card}"), err=True)
                continue
            for line in described(card, console().width, served):
                typer.echo(line)
        if damaged:
            raise typer.Exit(ExitCode.FATAL)


@app.command("verify", cls=QuickCommand)
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


def described(card: Card, width: int, served: Sequence[Card] = ()) -> list[str]:
    """What a model is, and whether it is among those that serve, in lines of at most `width` cells."""
    from photocli.inputs import views

    seen = views.described(card.input.fit, card.input.width, card.input.height)
    use = "in use" if card in served else "not in use"
    more = "".join(f", {each.precision} {_size(card.folder / each.file)}" for each in card.variants)
    head = f"{card.label}  ({card.kind}, {_size(card.network)}{more})  {use}"
    about = f"    {printable(str(card.facts.get('description', '')))}"
    lines = folded(printable(head), width)
    if card not in served:
        lines += folded(printable(f"    {_instead(card, served)}"), width)
    lines += folded(about, width)
    for fact in (f"sees:  {seen}", f"terms: {card.terms}"):
        lines += folded(f"    {printable(fact)}", width, 11)
    return [*lines, shorten(printable(f"    card:  {card.folder / 'card.json'}"), width)]


def _instead(card: Card, served: Sequence[Card]) -> str:
    """Which model serves instead of this one, and how to change that."""
    from photocli.models.serving import server, task

    other = server(task(card), served)
    if other is None:
        return f"for this one: photocli models use {card.name}"
    return f"{other.label} serves for {task(card)}; for this one: photocli models use {card.name}"


def _size(network: Path) -> str:
    try:
        return f"{network.stat().st_size / 1e6:.1f} MB"
    except OSError:
        return "its network is missing"


@app.command("add", cls=QuickCommand)
def add_model(
    source: Annotated[
        Path, typer.Argument(metavar="FILE|FOLDER", help="A model folder, or a face detector's ONNX file.")
    ],
    use: Annotated[
        bool | None,
        typer.Option(
            "--use/--no-use",
            help="Whether it serves for its kind from now on; asks in a terminal without it.",
        ),
    ] = None,
    debug: Debug = False,
) -> None:
    """Add a model of your own: a folder with model.onnx and card.json, or a YuNet face detector.

    It is checked and tried in a process of its own, with limits of time and memory, and copied to your
    models; nothing is added halfway. Where there is another model of its kind, you are asked which one
    serves. Without a terminal the present one goes on, but a face detector takes the built-in one's place.

    \b
    Examples:
      photocli models add face_detection_yunet.onnx
      photocli models add my-model/ --use    # made by python -m export
      photocli models add my-rooms/          # a classifier: columns rooms and rooms_confidence
    """
    with reported(debug):
        from photocli.models import adding, serving
        from photocli.records import columns

        card = adding.add(source)
        typer.echo(printable(f"added {card.label} ({card.kind}): {card.folder}"))
        if card.kind in serving.SEVERAL:
            typer.echo(f"what it says stands in the columns {' and '.join(columns([card.name]))}")
        else:
            _settle(card, use)
        _say_hidden([card])


def _settle(card: Card, use: bool | None) -> None:
    """Decide, or ask, whether a model that was added serves for its kind; say what holds."""
    from photocli.models import serving, store

    task = serving.task(card)
    others = [other for other in store.cards() if other.name != card.name]
    before = serving.server(task, others)
    if before is None:
        typer.echo(f"{card.label} serves for {task}")
        return
    if use is None:
        use = store.is_built_in(before) and serving.server(task) == card
        if sys.stdin.isatty() and sys.stdout.isatty():
            question = f"{before.label} serves for {task}. Should {card.label} serve from now on?"
            with contextlib.suppress(typer.Abort):  # no answer leaves it as it is
                use = typer.confirm(question, default=use)
    serving.use(card.name if use else before.name)
    if use:
        typer.echo(
            f"{card.label} serves for {task} now, not {before.label}; back: photocli models use {before.name}"
        )
    else:
        typer.echo(
            f"{before.label} goes on serving for {task}; for this one: photocli models use {card.name}, or "
            f"--assess {card.name} in one run"
        )


@app.command("use", cls=QuickCommand)
def use_model(
    name: Annotated[
        str | None,
        typer.Argument(
            metavar="[NAME]",
            autocompletion=completion.models,
            help="The model that is to serve for its kind.",
        ),
    ] = None,
    builtin: Annotated[
        bool,
        typer.Option(
            "--builtin", help="The built-in one serves again: for the kind of NAME, or for all without NAME."
        ),
    ] = False,
    debug: Debug = False,
) -> None:
    """Choose which model serves, where there are several of one kind.

    Every command goes by it, until you choose again. --assess names models for one run. Classifiers serve
    side by side; there is nothing to choose.

    \b
    Examples:
      photocli models use my-model
      photocli models use aesthetics     # the built-in one
      photocli models use --builtin      # the built-in ones for everything
    """
    with reported(debug):
        from photocli.errors import UsageError
        from photocli.models import serving, store

        if name is None and not builtin:
            raise UsageError(
                "name the model that is to serve, or give --builtin; photocli models list has all"
            )
        cards = serving.use_builtin(name) if builtin or name is None else [serving.use(name)]
        for card in cards:
            typer.echo(printable(f"{card.label} serves for {serving.task(card)}"))
        if name is None:
            _say_hidden(store.cards())


def _say_hidden(cards: Iterable[Card]) -> None:
    """Say which models hide built-in ones of their names, and what brings these back."""
    from photocli.models import store

    for card in filter(store.hides_built_in, cards):
        typer.echo(
            f"{card.label} is yours, in the place of the built-in model of that name; back: photocli models "
            f"remove {card.name}"
        )


@app.command("remove", cls=QuickCommand)
def remove_model(
    name: Annotated[
        str,
        typer.Argument(
            metavar="NAME", autocompletion=completion.models, help="The name of a model that you added."
        ),
    ],
    debug: Debug = False,
) -> None:
    """Remove a model that you added; the built-in ones stay. If it served, the built-in one does again."""
    with reported(debug):
        from photocli.models import adding, serving

        before = _served()
        typer.echo(printable(f"removed {adding.remove(name)}"))
        gone = next((card for card in before if card.name == name), None)
        if gone is not None and (now := serving.server(serving.task(gone))) is not None:
            typer.echo(printable(f"{now.label} serves for {serving.task(gone)} again"))


def _served() -> Sequence[Card]:
    """The models that serve; none where a damaged card keeps that from being known."""
    from photocli.errors import ModelError
    from photocli.models import serving, store

    try:
        return serving.serving(store.cards())
    except ModelError:
        return ()
