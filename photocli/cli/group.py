"""The group that commands belong to, and the commands: Typer's own, with a `--help` that loads nothing."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from importlib import import_module
from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup

from photocli.cli.values import answer_plain_values

COMPLETION = "_PHOTOCLI_COMPLETE"
"""The variable in which a shell asks for completions."""


class Later(Mapping[str, Any]):
    """Values by their names, each made when it is asked for: the module of a command is loaded if it runs."""

    def __init__(self, names: Iterable[str], make: Callable[[str], Any]) -> None:
        self._made: dict[str, Any] = dict.fromkeys(names)
        self._make = make

    def __getitem__(self, name: str) -> Any:
        if self._made[name] is None:
            self._made[name] = self._make(name)
        return self._made[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._made)

    def __len__(self) -> int:
        return len(self._made)


class QuickGroup(TyperGroup):
    """A group of commands."""

    def get_help_option(self, ctx: Any) -> Any:
        """The option `--help`, with a value from the start: to convert None, Typer would load pydantic."""
        option = super().get_help_option(ctx)
        if option is not None and option.default is None:
            option.default = False
        return option

    def _main_shell_completion(self, ctx_args: Any, prog_name: str, complete_var: str | None = None) -> None:
        """Answer a shell that completes a line; the shells' classes are loaded only for that."""
        if COMPLETION in os.environ:
            from typer.completion import completion_init  # type: ignore[attr-defined]

            completion_init()
        super()._main_shell_completion(ctx_args, prog_name, complete_var)


class QuickCommand(TyperCommand):
    """A command."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Parse what its line gives, without pydantic as long as the values are plain."""
        for parameter in self.get_params(ctx):
            answer_plain_values(parameter)
        parsed: list[str] = super().parse_args(ctx, args)
        return parsed

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """Write the help with the defaults that are built in, also where a file of settings is broken."""
        ctx.default_map = None
        super().format_help(ctx, formatter)


def load_command(name: str) -> Any:
    """The command of a module of this package: both have the name of its function."""
    alone = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)
    alone.command(name, cls=QuickCommand)(getattr(import_module(f"photocli.cli.{name}"), name))
    return typer.main.get_command(alone)
