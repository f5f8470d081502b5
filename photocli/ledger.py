"""The files that the undo journal is kept in: one per run, only ever appended to.

Each entry is a line of JSON that says how many bytes follow it (`size`): those that a file had before.
"""

from __future__ import annotations

import contextlib
import json
import os
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from photocli.exchange import sync_folder

STATE_ENV = "PHOTOCLI_STATE"
KEPT_RUNS = 50
KEPT_S = 30 * 24 * 3600.0
"""How long a run is kept at most, in seconds."""

_SUFFIX = ".journal"


@dataclass(frozen=True, slots=True)
class Entry:
    """A line of a journal, and where in the file the bytes that follow it begin."""

    facts: dict[str, Any]
    at: int

    @property
    def size(self) -> int:
        """How many bytes follow."""
        return int(self.facts["size"])


def journal_folder() -> Path:
    """Where the runs lie: in `$PHOTOCLI_STATE`, else in the platform's folder for state."""
    if chosen := os.environ.get(STATE_ENV):
        return Path(chosen) / "undo"
    from platformdirs import user_state_path

    return user_state_path("photocli", appauthor=False) / "undo"


def journal_files() -> list[Path]:
    """The files of all runs."""
    try:
        return sorted(path for path in journal_folder().iterdir() if path.suffix == _SUFFIX)
    except OSError:
        return []


def run_file(run_id: str) -> Path:
    """The file of a run."""
    return journal_folder() / f"{run_id}{_SUFFIX}"


def create(command: str) -> tuple[str, int]:
    """Begin a run: its name, which is the time, and the open file. Raises `OSError`."""
    folder = journal_folder()
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    _prune()
    now = datetime.now().astimezone()
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND | getattr(os, "O_BINARY", 0)
    number = 1
    while True:
        name = f"{now:%Y%m%d-%H%M%S}" + (f"-{number}" if number > 1 else "")
        try:
            # 0600: a private sidecar's old content is no more public here than it was there.
            fd = os.open(run_file(name), flags, 0o600)
        except FileExistsError:
            number += 1
            continue
        append(fd, {"action": "begin", "started": now.isoformat(), "command": command})
        sync_folder(folder)
        return name, fd


def reopen(run_id: str) -> int:
    """Open a run's file to add to it, after what a killed run left half-written at its end was cut off."""
    file = run_file(run_id)
    whole = 0
    for entry in read(file):
        whole = entry.at + entry.size
    fd = os.open(file, os.O_WRONLY | os.O_APPEND | getattr(os, "O_BINARY", 0))
    if os.fstat(fd).st_size > whole:
        os.ftruncate(fd, whole)
    return fd


def append(fd: int, facts: dict[str, Any], kept: bytes = b"") -> None:
    """Write one entry; it is durable after an `os.fsync`."""
    # ASCII alone, so that names that are no text come back as the bytes that they are.
    line = json.dumps({**facts, "size": len(kept)}, ensure_ascii=True).encode() + b"\n"
    view = memoryview(line + kept)
    while view:
        view = view[os.write(fd, view) :]


def read(file: Path) -> Iterator[Entry]:
    """The entries of a file, in order, up to where a killed run cut it off. Raises `OSError`."""
    size = file.stat().st_size
    with file.open("rb") as stream:
        while line := stream.readline():
            try:
                entry = Entry(json.loads(line), stream.tell())
                if not isinstance(entry.facts["action"], str) or entry.at + entry.size > size:
                    return
            except (ValueError, TypeError, KeyError):
                return
            yield entry
            stream.seek(entry.at + entry.size)


def _prune() -> None:
    """Remove the runs that are too old, and the oldest of those that are too many with the one to come."""
    written = []
    for file in journal_files():
        with contextlib.suppress(OSError):
            written.append((file.stat().st_mtime, file))
    written.sort()
    too_many = len(written) - KEPT_RUNS + 1
    for number, (when, file) in enumerate(written):
        if number < too_many or when < time.time() - KEPT_S:
            with contextlib.suppress(OSError):
                file.unlink()
