"""Options that are declared in a dataclass, as the signature from which Typer makes a command."""

from __future__ import annotations

import dataclasses
import inspect
from collections.abc import Callable
from functools import cache
from typing import Annotated, Any

import typer

from photocli.cli.settings import Defaults, Offered


def option(default: Any, *names: str, **shown: Any) -> Any:
    """A field that is an option: its default, `...` if it must be given, and what `typer.Option` takes."""
    default = dataclasses.MISSING if default is ... else default
    told = {"option": typer.Option(*names, **shown), "names": names}
    return dataclasses.field(default=default, metadata=told)


def with_options(*order: str) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Make a function with a parameter `options` one whose options Typer can read.

    `options` is annotated with a dataclass, whose fields are made by `option`. `order` names those that the
    command takes, parted by spaces, as its help lists them; the others keep their defaults.
    """
    names = " ".join(order).split()

    def decorate(run: Callable[..., None]) -> Callable[..., None]:
        own = dict(inspect.signature(run, eval_str=True).parameters)
        kind = own.pop("options").annotation
        fields, hints = {field.name: field for field in dataclasses.fields(kind)}, _hints(kind)

        def command(ctx: typer.Context, **given: Any) -> None:
            chosen = {name: given.pop(name) for name in names}
            if isinstance(ctx.default_map, Defaults) and not chosen.get("quiet"):
                for line in ctx.default_map.lines():
                    typer.echo(line, err=True)
            run(**given, options=kind(**chosen))

        parameters = [parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY) for parameter in own.values()]
        parameters += [_parameter(fields[name], hints[name]) for name in names]
        command.__name__, command.__doc__, command.__module__ = run.__name__, run.__doc__, run.__module__
        parameters.append(inspect.Parameter("ctx", inspect.Parameter.KEYWORD_ONLY, annotation=typer.Context))
        command.offered = Offered(kind, hints, tuple(names))  # type: ignore[attr-defined]
        command.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
        command.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
        return command

    return decorate


def _parameter(field: dataclasses.Field[Any], hint: Any) -> inspect.Parameter:
    """The parameter that Typer turns into the option of a field; one without a default must be given."""
    must = field.default is dataclasses.MISSING
    return inspect.Parameter(
        field.name,
        inspect.Parameter.KEYWORD_ONLY,
        default=inspect.Parameter.empty if must else field.default,
        annotation=Annotated[hint, field.metadata["option"]],
    )


@cache
def _hints(kind: type) -> dict[str, Any]:
    """The types of all fields, evaluated: once for a class that others share."""
    hints = {name: hint for base in reversed(kind.__mro__[1:]) for name, hint in _hints(base).items()}
    if dataclasses.is_dataclass(kind):
        hints.update(inspect.get_annotations(kind, eval_str=True))
    return hints
