"""Where a command writes: each output has a place of its own, which is no photo, no input and no folder."""

from __future__ import annotations

import os
import sys
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from photocli.errors import UsageError

_Identity = tuple[int, int]  # the device and the number of a file on it


def check(
    outputs: Mapping[str, Path | None],
    inputs: Iterable[Path] = (),
    folders: Mapping[str, Path | None] | None = None,
) -> bool:
    """Tell whether stdout carries data, once it's sure that no output takes the place of anything.

    `outputs` are the files by their options; `-` is stdout. `inputs` are files that the command reads, and
    `folders`, by their options, those that it writes to and may make. Files are compared, not spellings.
    Raises `UsageError` for what can only be a slip.
    """
    files = {option: file for option, file in outputs.items() if file is not None}
    read = list(inputs)
    for option, file in files.items():
        _check_place(option, file, read)
    places = {**files, **{option: folder for option, folder in (folders or {}).items() if folder is not None}}
    if (pair := twins(list(places.values()))) is not None:
        one, other = (list(places)[number] for number in pair)
        named = "stdout" if _is_stdout(places[one]) else places[one]
        raise UsageError(f"{one} and {other} both write {named}; give two files")
    return any(map(_is_stdout, files.values()))


def settings_read(profile: str | None, config: Path | None = None) -> list[Path]:
    """The files that a run reads besides photos: `photocli.toml`, or `config`, and that of the profile."""
    from photocli.config import CONFIG_FILE

    files = [Path(config or CONFIG_FILE)]
    if profile is not None and Path(profile).suffix.lower() == ".toml":
        files.append(Path(profile))
    return files


def is_among(place: Path, files: Iterable[Path]) -> bool:
    """Tell whether a place is one of these files, under whatever name."""
    identity = _identity(place)
    return identity is not None and any(identity == _identity(file) for file in files)


def twins(places: Sequence[Path]) -> tuple[int, int] | None:
    """The numbers of the first two places that are one file, also one that isn't there yet; None if none are.

    Links are followed. Names that differ by capitals or by the form of an accent are one where the file
    system takes them for one.
    """
    files: dict[_Identity, int] = {}
    names: dict[tuple[object, str], list[tuple[int, str]]] = {}
    for number, place in enumerate(places):
        if (identity := _identity(place)) is not None and files.setdefault(identity, number) != number:
            return files[identity], number
        folder, name = ("-", "") if _is_stdout(place) else os.path.split(os.path.realpath(place))
        spelling = unicodedata.normalize("NFKC", name).casefold()
        alike = names.setdefault(((name and _identity(Path(folder))) or folder, spelling), [])
        for earlier, other in alike:
            if other == name or _are_one(Path(folder), other, name):
                return earlier, number
        alike.append((number, name))
    return None


def _check_place(option: str, file: Path, read: Iterable[Path]) -> None:
    """Raise `UsageError` where an output would take the place of a photo, a folder or an input."""
    from photocli.decode.signature import RAW_SUFFIXES, RENDERED_SUFFIXES

    if _is_stdout(file):
        return
    for name in (file, Path(os.path.realpath(file))):  # what a link leads to would be replaced
        if name.suffix.lower() in (*RENDERED_SUFFIXES, *RAW_SUFFIXES):  # such as `--csv *.jpg`
            raise UsageError(f"{name} is the name of a photo; nothing else is written there")
    if file.is_dir():
        raise UsageError(f"cannot write {file}: it is a folder; name a file in it")
    if is_among(file, read):
        raise UsageError(f"{option} would write over {file}, which is read; name another file")


def _is_stdout(place: Path) -> bool:
    return str(place) == "-"


def _identity(place: Path) -> _Identity | None:
    """Which file on which disk a path leads to, or stdout does; None if it isn't there, or can't be told."""
    try:
        status = os.fstat(sys.stdout.fileno()) if _is_stdout(place) else place.stat()
    except (OSError, ValueError, AttributeError):
        return None
    return status.st_dev, status.st_ino


def _are_one(folder: Path, one: str, other: str) -> bool:
    """Ask the file system whether it takes two names for one: a file under the one is sought by the other."""
    while not folder.is_dir() and folder != folder.parent:
        folder = folder.parent
    ending = f".photocli-{os.urandom(4).hex()}.tmp"  # as of temporary files, which are swept
    probe = folder / f".{one}{ending}"
    try:
        probe.touch(exist_ok=False)
        try:
            return os.path.lexists(folder / f".{other}{ending}")
        finally:
            probe.unlink(missing_ok=True)
    except OSError:
        return False
