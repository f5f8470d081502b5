"""Command lines of trainers: a dataclass declares the options, and errors come out as one line."""

from __future__ import annotations

import copy
import dataclasses
import enum
import inspect
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar, get_args, get_origin, get_type_hints

import typer
from typer.models import ArgumentInfo

from photocli.cli.group import QuickCommand
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


def make_app(run: Callable[..., None] | Mapping[str, Callable[..., None]], about: str = "") -> typer.Typer:
    """A command line that runs a function, or one of several by their names; its help is like photocli's.

    `about` is the help of the command line that has several.
    """
    several = isinstance(run, Mapping)
    app = typer.Typer(
        help=about or None,
        add_completion=False,
        pretty_exceptions_enable=False,
        no_args_is_help=several,
        rich_markup_mode=None,
        context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    )
    if isinstance(run, Mapping):
        for name, function in run.items():
            app.command(name, cls=QuickCommand)(_shaped(function))
    else:
        app.command(cls=QuickCommand)(_shaped(run))
    return app


def _shaped(run: Callable[..., None]) -> Callable[..., None]:
    """The function with parameters whose help is a sentence, and whose values have a name in capitals."""

    def command(**given: Any) -> None:
        run(**given)

    signature = inspect.signature(run, eval_str=True)
    parameters = [_shaped_parameter(parameter) for parameter in signature.parameters.values()]
    command.__doc__ = run.__doc__
    command.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    command.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
    return command


def _shaped_parameter(parameter: inspect.Parameter) -> inspect.Parameter:
    kind, *notes = get_args(parameter.annotation)
    info = copy.copy(notes[0])
    info.help = _sentence(info.help or "")
    if info.metavar is None:
        is_argument = isinstance(info, ArgumentInfo)
        info.metavar = parameter.name.upper() if is_argument else _metavar(kind)
    return parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY, annotation=Annotated[kind, info])


def _metavar(kind: Any) -> str | None:
    """What stands for the value of an option; None where Typer knows better, as for flags and choices."""
    found = {int: "N", float: "NUMBER", str: "TEXT", Path: "PATH"}
    for inner in (kind, *get_args(kind)):
        if get_origin(inner) is tuple:
            return " ".join(found[each] for each in get_args(inner))
        if inner in found:
            return found[inner]
    return None


def _sentence(text: str) -> str:
    """The text with a capital, unless it begins with the name of something, and a full stop."""
    first = text.partition(" ")[0]
    if first.rstrip(";:,").isalpha():
        text = text[:1].upper() + text[1:]
    return text if text.endswith((".", "...")) else f"{text}."
