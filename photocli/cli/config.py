"""`photocli config`: which settings hold, and where each comes from."""

from __future__ import annotations

import dataclasses
import json as json_
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from photocli.cli.boundary import reported
from photocli.cli.completion import commands_with_settings
from photocli.cli.settings import ALL, Defaults, Offered, fitting
from photocli.display import presentable

if TYPE_CHECKING:
    from collections.abc import Mapping

    from photocli.config import Settings

BUILT_IN = "built in"


def config(
    ctx: typer.Context,
    command: Annotated[
        str,
        typer.Argument(
            metavar="[COMMAND]",
            autocompletion=commands_with_settings,
            help="Only the options of this command.",
            show_default=False,
        ),
    ] = "",
    every: Annotated[bool, typer.Option("--all", help="Every option, also those that no file sets.")] = False,
    example: Annotated[
        bool, typer.Option("--example", help="Print a photocli.toml with every option, each commented out.")
    ] = False,
    json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")] = False,
) -> None:
    """Show which settings hold, and where from.

    Every option of a command can have another default in a file photocli.toml: a table per command, with the
    option's long name without its dashes, and a table [defaults] for all commands. What the command line says
    comes first, then photocli.toml in the current folder, then your own, then what is built in. Names of
    files are relative to the file that gives them.

    \b
    Examples:
      photocli config
      photocli config cull --all
      photocli config --example > photocli.toml
    """
    with reported(debug):
        from photocli.config import settings
        from photocli.errors import UsageError

        defaults = ctx.find_root().default_map
        assert isinstance(defaults, Defaults)
        commands = defaults.commands
        if command and command not in commands:
            raise UsageError(f"{command} has no settings; these have some: {', '.join(commands)}")
        if example:
            typer.echo(_example(commands))
            return
        files, chosen = settings(), {command: commands[command]} if command else commands
        held = {name: _held(files, name, offered) for name, offered in chosen.items()}
        if json:
            typer.echo(json_.dumps(_document(held), indent=2, ensure_ascii=False))
            return
        for line in _lines(held, every=every):
            typer.echo(line)


def _held(files: list[Settings], command: str, offered: Offered) -> dict[str, tuple[Any, str]]:
    """The value of each of a command's options, and the file that it is from."""
    from photocli.config import OPTIONS

    values = {field.name: field.default for field in dataclasses.fields(offered.kind)}
    held: dict[str, tuple[Any, str]] = {}
    for key, name in offered.keys().items():
        if key not in OPTIONS[command]:
            continue
        built_in = values[name]
        held[key] = (built_in.value if isinstance(built_in, Enum) else built_in, BUILT_IN)
        for one in reversed(files):
            for table in (ALL, command):
                if key in one.tables.get(table, {}):
                    held[key] = (fitting(one, table, key, offered.hints[name]), presentable(one.file))
    return held


def _lines(held: dict[str, dict[str, tuple[Any, str]]], *, every: bool) -> list[str]:
    """The settings as they would stand in a file, each with where it is from."""
    from photocli.config import CONFIG_FILE, user_file
    from photocli.models.serving import choices, file_of_choices

    lines = ["settings are sought on the command line, then in"]
    for file in (Path(CONFIG_FILE), user_file()):
        lines.append(f"  {presentable(file)}{'' if file.is_file() else '  (not there)'}")
    some = False
    for command, options in held.items():
        rows = [
            (key, _toml(value), source)
            for key, (value, source) in options.items()
            if every or source != BUILT_IN
        ]
        if rows:
            some = True
            wide = max(len(f"{key} = {value}") for key, value, _ in rows)
            lines += ["", f"[{command}]"]
            lines += [f"{f'{key} = {value}':<{wide}}  # {source}" for key, value, source in rows]
    chosen = choices()
    if chosen:
        lines += ["", f"chosen by photocli models use, in {presentable(file_of_choices())}:"]
        lines += [f"  {name} serves for {task}" for task, name in chosen.items()]
    if not some and not chosen:
        only = f" {next(iter(held))}" if len(held) == 1 else ""
        lines += ["", f"no file sets anything: what is built in holds; see photocli config{only} --all"]
    return lines


def _metavar(field: dataclasses.Field[Any], key: str) -> Any:
    """What stands for the value of an option that has no default: its metavar, in a list where it repeats."""
    metavar = field.metadata["option"].metavar or key.upper()
    return [metavar] if "list[" in str(field.type) else metavar


def _toml(value: Any) -> str:
    """A value as TOML; that of an option which is not given as nobody would write it."""
    if value in (None, dataclasses.MISSING):
        return "(not given)"
    if isinstance(value, bool):
        return "true" if value else "false"
    return json_.dumps(str(value) if isinstance(value, Path) else value, ensure_ascii=False)


def _document(held: dict[str, dict[str, tuple[Any, str]]]) -> dict[str, Any]:
    def plain(value: Any) -> Any:
        return None if value is dataclasses.MISSING else str(value) if isinstance(value, Path) else value

    return {
        command: {key: {"value": plain(value), "from": source} for key, (value, source) in options.items()}
        for command, options in held.items()
    }


def _example(commands: Mapping[str, Offered]) -> str:
    """A file with every option, commented out: those of several commands in the table for all."""
    from photocli.config import OPTIONS

    texts: dict[str, dict[str, str]] = {}
    for command, offered in commands.items():
        fields = {field.name: field for field in dataclasses.fields(offered.kind)}
        for key, name in offered.keys().items():
            if key not in OPTIONS[command]:  # the file cannot name itself
                continue
            field = fields[name]
            default = field.default.value if isinstance(field.default, Enum) else field.default
            about = " ".join((field.metadata["option"].help or "").split())
            value = _toml(default if default not in (None, "", dataclasses.MISSING) else _metavar(field, key))
            texts.setdefault(key, {})[command] = f"# {about}\n#{key} = {value}"
    shared = {key for key, of in texts.items() if len(of) > 2 and len(set(of.values())) == 1}
    lines = ["# Settings of photocli: take away the # before a line that shall hold.", "", f"[{ALL}]"]
    lines += [next(iter(texts[key].values())) for key in sorted(shared)]
    for command in commands:
        own = [of[command] for key, of in texts.items() if command in of and key not in shared]
        lines += ["", f"[{command}]", *own]
    return "\n".join(lines)
