"""The group that commands belong to, and the commands: Typer's own, with a `--help` that loads nothing."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from importlib import import_module
from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup

from photocli.cli.values import answer_plain_values

_WORDS = {
    "Value error, ": "",
    "Input should be a valid integer, unable to parse string as an integer": "it takes a whole number",
    "Input should be a valid number, unable to parse string as a number": "it takes a number",
    "Input should be greater than or equal to": "it must be at least",
}

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
        """Parse what its line gives, without pydantic as long as the values are plain.

        What is wrong with a value is said in words of people, not of pydantic.
        """
        for parameter in self.get_params(ctx):
            answer_plain_values(parameter)
        try:
            parsed: list[str] = super().parse_args(ctx, args)
        except typer.BadParameter as error:
            for theirs, ours in _WORDS.items():
                error.message = error.message.replace(theirs, ours)
            raise
        return parsed

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """Write the help with the defaults that are built in, also where a file of settings is broken."""
        ctx.default_map = None
        super().format_help(ctx, formatter)

    def get_short_help_str(self, limit: int = 45) -> str:
        """The first sentence of the help, or a first part of it that fits into a list of commands."""
        sentence = (
            " ".join((self.help or "").partition("\n\n")[0].split()).partition(". ")[0].rstrip(".") + "."
        )
        if len(sentence) <= limit:
            return sentence
        part = re.split("[:;] ", sentence)[0][:limit]
        if len(part) == limit:
            part = part.rpartition(", ")[0]
        return f"{part}." if part else super().get_short_help_str(limit)

    def collect_usage_pieces(self, ctx: Any) -> list[str]:
        """The usage as manuals write it, `PATH...` and `[NAME]`; Typer writes `{PATH}...` and `[[NAME]]`."""
        pieces = [self.options_metavar] if self.options_metavar else []
        return pieces + [_named(param, usage=True) for param in self.get_params(ctx) if _is_argument(param)]

    def format_options(self, ctx: Any, formatter: Any) -> None:
        """Write the arguments, by their names, and the options; Typer would add types of Python's."""
        told = [(param, param.get_help_record(ctx)) for param in self.get_params(ctx)]
        rows = {"Arguments": [], "Options": []}  # type: dict[str, list[tuple[str, str]]]
        for param, record in told:
            if record is None:
                continue
            if _is_argument(param):
                rows["Arguments"].append((_named(param), record[1].removesuffix("  [required]")))
            else:
                rows["Options"].append(record)
        for title, lines in rows.items():
            if lines:
                with formatter.section(title):
                    formatter.write_dl(lines)


def load_command(name: str) -> Any:
    """The command of a module of this package: both have the name of its function."""
    alone = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)
    alone.command(name, cls=QuickCommand)(getattr(import_module(f"photocli.cli.{name}"), name))
    return typer.main.get_command(alone)


def _is_argument(param: Any) -> bool:
    return bool(param.param_type_name == "argument")


def _named(param: Any, usage: bool = False) -> str:
    """The name of an argument; in the usage also whether it may be missing, or given several times."""
    name = str(param.metavar or param.name.upper()).strip("[].")
    if not usage:
        return name
    several = name + ("..." if param.nargs != 1 else "")
    return several if param.required else f"[{several}]"
