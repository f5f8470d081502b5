"""Command lines: an app of functions, and errors that a user can act on as one line."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

import typer

from photocli.errors import PhotocliError


@contextmanager
def told_errors(module: str, code: int = 2) -> Iterator[None]:
    """Tell a `PhotocliError` that comes up inside in one line, and leave with this exit code."""
    try:
        yield
    except PhotocliError as error:
        typer.echo(f"{module}: {error}", err=True)
        raise typer.Exit(code) from error


def app_of(run: Callable[..., None] | Mapping[str, Callable[..., None]]) -> typer.Typer:
    """A command line that runs a function, or one of several by their names."""
    several = isinstance(run, Mapping)
    app = typer.Typer(add_completion=False, pretty_exceptions_enable=False, no_args_is_help=several)
    if isinstance(run, Mapping):
        for name, function in run.items():
            app.command(name)(function)
    else:
        app.command()(run)
    return app
