"""Command lines of trainers: a dataclass declares the options, and errors come out as one line."""

from __future__ import annotations

import dataclasses
import enum
import inspect
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Annotated, Any, Literal, TypeVar, get_args, get_origin, get_type_hints

import typer

from photocli.errors import PhotocliError

C = TypeVar("C")


def option(default: Any, help: str) -> Any:
    """A field of a configuration: its default, and its line in `--help`."""
    return dataclasses.field(default=default, metadata={"help": help})


def with_options(config: type[C], run: Callable[..., None]) -> Callable[..., None]:
    """`run(..., config)` as a function whose remaining arguments are the fields of `config`.

    The function that is returned carries the signature from which Typer makes options: `bool` fields become
    `--x/--no-x`, `Literal` fields become choices, `tuple[str, ...]` fields can be repeated.
    """
    hints = get_type_hints(config)
    options = [_parameter(field, hints[field.name]) for field in dataclasses.fields(config)]  # type: ignore[arg-type]
    own = [
        parameter
        for parameter in inspect.signature(run, eval_str=True).parameters.values()
        if parameter.name != "config"
    ]

    def command(**given: Any) -> None:
        values = {option.name: _plain(given.pop(option.name)) for option in options}
        run(**given, config=config(**values))

    command.__doc__ = run.__doc__
    parameters = [parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY) for parameter in (*own, *options)]
    command.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    command.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
    return command


def _parameter(field: dataclasses.Field[Any], hint: Any) -> inspect.Parameter:
    """The parameter that Typer turns into the option of a field."""
    default = field.default
    if get_origin(hint) is Literal:
        choices = enum.Enum(field.name, {str(value): value for value in get_args(hint)})  # type: ignore[misc]
        hint, default = choices, choices(default)
    elif get_origin(hint) is tuple:
        hint, default = list[get_args(hint)[0]], list(default)  # type: ignore[misc, arg-type]
    annotation = Annotated[hint, typer.Option(help=field.metadata["help"])]
    return inspect.Parameter(
        field.name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=annotation
    )


def _plain(value: Any) -> Any:
    """What Typer delivers, as the plain immutable value that a configuration holds."""
    if isinstance(value, enum.Enum):
        return value.value
    return tuple(value) if isinstance(value, list) else value


@contextmanager
def reported_errors(module: str, code: int = 2) -> Iterator[None]:
    """Tell a `PhotocliError` that comes up inside in one line, and leave with this exit code."""
    try:
        yield
    except PhotocliError as error:
        typer.echo(f"{module}: {error}", err=True)
        raise typer.Exit(code) from error


def make_app(run: Callable[..., None] | Mapping[str, Callable[..., None]]) -> typer.Typer:
    """A command line that runs a function, or one of several by their names."""
    several = isinstance(run, Mapping)
    app = typer.Typer(add_completion=False, pretty_exceptions_enable=False, no_args_is_help=several)
    if isinstance(run, Mapping):
        for name, function in run.items():
            app.command(name)(function)
    else:
        app.command()(run)
    return app
