"""The defaults of options as files set them: `photocli.toml` of the current folder, then the user's own."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

import typer

from photocli.display import presentable, printable
from photocli.errors import UsageError

if TYPE_CHECKING:
    from photocli.config import Settings

ALL = "defaults"
"""The table whose settings hold for every command that has such an option."""


@dataclass(frozen=True, slots=True)
class Offered:
    """The options of a command: the dataclass that declares them, and the types and names that it takes."""

    kind: type
    hints: dict[str, Any]
    names: tuple[str, ...]

    def keys(self) -> dict[str, str]:
        """The name of each field by that of its setting: `editor` by `for`, as it is `--for` on the line."""
        fields = {found.name: found for found in dataclasses.fields(self.kind)}
        return {key_of(fields[name]): name for name in self.names}


@dataclass
class Defaults:
    """What Click asks, first for a command and then for an option that its line doesn't give.

    Files are read when the first option is asked for, so that `--help` and `--version` read none.
    """

    commands: Mapping[str, Offered]
    command: str | None = None
    file: Path | None = None
    used: dict[Path, list[str]] = field(default_factory=dict, init=False)
    _files: list[Settings] | None = field(default=None, init=False)

    def get(self, name: str, default: Any = None) -> Any:
        """The defaults of the command `name`; among those of a command, the one of its field `name`."""
        if self.command is None:
            return Defaults(self.commands, name, self.file) if name in self.commands else default
        if name in self.commands[self.command].names:
            try:
                return self._found(name)
            except UsageError as error:
                typer.echo(f"photocli: {printable(str(error))}", err=True)
                raise typer.Exit(2) from None
        return default

    def __contains__(self, name: str) -> bool:
        """Whether a file sets it, as Click itself asks where Typer uses it."""
        return self.get(name) is not None

    def __getitem__(self, name: str) -> Any:
        return self.get(name)

    def lines(self) -> list[str]:
        """What was taken from which file, a line for each."""
        return [f"{presentable(file)} sets {', '.join(names)}" for file, names in self.used.items()]

    def _found(self, name: str) -> Any:
        assert self.command is not None
        offered = self.commands[self.command]
        key = next(key for key, field_ in offered.keys().items() if field_ == name)
        if self._files is None:
            from photocli.config import settings

            self._files = settings(self.file)
        for one in self._files:
            for table in (self.command, ALL):
                if (table, key) not in LIBRARYS and key in one.tables.get(table, {}):
                    found = fitting(one, table, key, offered.hints[name])
                    used = self.used.setdefault(one.file, [])
                    if key not in used:  # it's asked for more than once
                        used.append(key)
                    return found
        return None


def of_file(ctx: typer.Context, file: Path | None) -> Path | None:
    """Take the defaults of this command from `file`, instead of from the current folder's."""
    if file is not None and isinstance(ctx.default_map, Defaults):
        ctx.default_map = dataclasses.replace(ctx.default_map, file=file)
    return file


LIBRARYS = frozenset({("check", "require"), ("check", "max_failures"), ("check", "baseline")})
"""What the library reads itself: rules of the file and of the line add up."""


def key_of(declared: dataclasses.Field[Any]) -> str:
    """The name of an option as a setting: `--move-rejects` is `move_rejects`."""
    names = declared.metadata["names"]
    long = next((name for name in names if name.startswith("--")), declared.name)
    return str(long).removeprefix("--").replace("-", "_")


def fitting(settings: Settings, table: str, key: str, hint: Any) -> Any:
    """The value of a setting as its option takes it; files are relative to the one that names them.

    Raises `UsageError` where it is of another kind.
    """
    value = settings.tables[table][key]
    kinds = [kind for kind in (get_args(hint) or (hint,)) if kind is not type(None)]
    kind = hint if hint == list[str] else kinds[0]
    wanted, fits = _kind(kind, value)
    if not fits:
        raise UsageError(f"{settings.file}: {key} in [{table}] must be {wanted}, not {value!r}")
    if kind is Path and value != "-":
        return str(settings.file.parent / Path(value).expanduser())
    if key == "profile" and Path(value).suffix.lower() == ".toml":
        return str(settings.file.parent / value)
    return str(value) if kind is str else value


def _kind(kind: Any, value: Any) -> tuple[str, bool]:
    """What an option takes, in words, and whether a value is such."""
    number = isinstance(value, (int, float)) and not isinstance(value, bool)
    if kind is bool:
        return "true or false", isinstance(value, bool)
    if kind is int:
        return "a whole number", number and isinstance(value, int)
    if kind is float:
        return "a number", number
    if kind is str:
        return "a text", number or isinstance(value, str)
    if kind is Path:
        return "the name of a file or a folder", isinstance(value, str) and value != ""
    if isinstance(kind, type) and issubclass(kind, Enum):
        names = [str(one.value) for one in kind]
        return " or ".join(names), value in names
    return "a list of texts", isinstance(value, list) and all(isinstance(one, str) for one in value)
