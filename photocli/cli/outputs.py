"""Where a command writes: each output has a place of its own that can be written and is nothing else's."""

from __future__ import annotations

import errno
import os
import stat
import sys
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from photocli.errors import OutputError, PhotocliError, UsageError

if TYPE_CHECKING:
    from photocli.cli.options import TableFiles
    from photocli.writers import Writer

    Close: TypeAlias = Callable[[Mapping[str, Any]], object]

_BLOCK = 4096
_PROBE = ".photocli"  # never made: a temporary file is named after it

_Identity = tuple[int, int]  # the device and the number of a file on it


def check(
    outputs: Mapping[str, Path | None],
    inputs: Iterable[Path] = (),
    folders: Mapping[str, Path | None] | None = None,
) -> bool:
    """Tell whether stdout carries data, once it's sure that all outputs can be written where they belong.

    `outputs` are the files by their options; `-` is stdout. `inputs` are files that the command reads, and
    `folders`, by their options, those that it writes to and may make. Files are compared, not spellings.
    Raises `UsageError` for what can only be a slip, and for what the system does not let us write;
    `OutputError` for a stdout that takes nothing.
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
    for file in files.values():
        check_writable(file)
    for folder in (folders or {}).values():
        if folder is not None:
            check_folder(folder)
    return any(map(_is_stdout, files.values()))


def check_writable(file: Path) -> None:
    """Raise `UsageError` where a file cannot be written, and `OutputError` where stdout, `-`, takes nothing.

    It is tried, since only the system knows; a file that is there stays as it is, and none is left. How much
    a pipe or a disk will take is not known before.
    """
    try:
        if _is_stdout(file) or _is_special(file):
            _check_stream(file)
        else:
            _try(file)
    except OSError as error:
        if _is_stdout(file):
            raise OutputError(f"cannot write standard output: {_reason(error)}") from None
        raise UsageError(f"cannot write {file}: {_reason(error)}; name another file") from None
    except PhotocliError as error:
        missing = isinstance(error.__cause__, OSError) and error.__cause__.errno == errno.ENOENT
        advice = "make it first, or name another file" if missing else "name another file"
        raise UsageError(f"{error}; {advice}") from None


def check_folder(folder: Path, advice: str = "name another folder") -> None:
    """Raise `UsageError` where a folder cannot be written to, or cannot be made; `advice` says what to do."""
    try:
        there = Path(os.path.realpath(folder))
        while not there.exists() and there != there.parent:
            there = there.parent
        if not there.is_dir():
            raise NotADirectoryError(errno.ENOTDIR, f"{there} is no folder")
        _try(there / _PROBE)
    except OSError as error:
        reason = error.strerror if isinstance(error, NotADirectoryError) else _reason(error)
        raise UsageError(f"cannot write to {folder}: {reason}; {advice}") from None
    except PhotocliError as error:
        reason = str(error).rpartition(": ")[2]
        raise UsageError(f"cannot write to {folder}: {reason}; {advice}") from None


@contextmanager
def table_writers(files: TableFiles, classifiers: Sequence[str]) -> Iterator[tuple[list[Writer], Close]]:
    """The writers of the files with a row or an entry per photo; and what closes a JSON document, if there is
    one, with the summary of the run.
    """
    from photocli.writers.csv import CsvWriter
    from photocli.writers.json import JsonWriter
    from photocli.writers.jsonl import JsonlWriter

    with ExitStack() as stack:
        writers: list[Writer] = []
        if files.csv:
            writers.append(stack.enter_context(CsvWriter(files.csv, classifiers, raw=files.csv_raw)))
        if files.jsonl:
            writers.append(stack.enter_context(JsonlWriter(files.jsonl, classifiers)))
        document = stack.enter_context(JsonWriter(files.json, classifiers)) if files.json else None
        if document is not None:
            writers.append(document)
        yield writers, (lambda _: None) if document is None else document.close


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
    if os.path.isdir(file):  # noqa: PTH112 - which no odd name makes raise
        raise UsageError(f"cannot write {file}: it is a folder; name a file in it")
    if is_among(file, read):
        raise UsageError(f"{option} would write over {file}, which is read; name another file")


def _is_special(file: Path) -> bool:
    """Tell whether it is a pipe or a device, which is written to as it is."""
    try:
        mode = file.stat().st_mode
    except OSError:
        return False
    return not stat.S_ISREG(mode) and not stat.S_ISDIR(mode)


def _check_stream(file: Path) -> None:
    """Raise `OSError` where a pipe, a device or stdout takes nothing; opening a pipe would wait."""
    if _is_stdout(file) and sys.stdout is None:
        raise OSError("it is closed")
    if not _is_stdout(file) and not os.access(file, os.W_OK):
        raise PermissionError(errno.EACCES, "permission denied")
    if _is_stdout(file):
        try:
            number = sys.stdout.fileno()
        except (OSError, ValueError, AttributeError):  # not the system's, as in a program of somebody else's
            return
        os.write(number, b"")  # which a device that is full refuses, too
    elif file.is_char_device():
        number = os.open(file, os.O_WRONLY | getattr(os, "O_NOCTTY", 0))
        try:
            os.write(number, b"")
        finally:
            os.close(number)


def _try(file: Path) -> None:
    """Begin to write a file, and leave it as it is. Raises `PhotocliError`."""
    from photocli.files.atomic import AtomicFile

    probe = AtomicFile(file)
    try:
        probe.write(bytes(_BLOCK))  # a full disk still makes files
    finally:
        probe.discard()


def _reason(error: OSError) -> str:
    from photocli.files.atomic import reason_of

    return reason_of(error)


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
