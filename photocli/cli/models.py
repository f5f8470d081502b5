"""`photocli models`: which models there are, and whether they are whole."""

from __future__ import annotations

from typing import Annotated

import typer

from photocli.cli.boundary import ExitCode, reported
from photocli.cli.group import QuickGroup

app = typer.Typer(
    cls=QuickGroup, help="List and verify the models that photos are scored with.", no_args_is_help=True
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
