"""The undo journal: what stood in the place of each file that a run writes or moves, kept before it does.

What is kept is on the disk before the user's file is touched; so a run that was killed, or lost its power,
can be taken back, too. The last 50 runs are kept, for at most 30 days.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

from photocli.errors import PhotocliError
from photocli.files import ledger
from photocli.files.atomic import atomic_write
from photocli.files.move import move_file

if TYPE_CHECKING:
    from typing_extensions import Self

_PIECE = 1 << 16
_UNREAD = b"\0"  # by identity: the caller doesn't know what stands there


@dataclass(frozen=True, slots=True)
class RunInfo:
    """A run that is kept: its name, beginning, command and number of changes; whether it was taken back."""

    id: str
    started: datetime
    command: str
    entries: int
    undone: bool = False


@dataclass(frozen=True, slots=True)
class Replacement:
    """What a journal notes of a file that is written: the entry, and the bytes of the old content that go.

    `between` are those of the new content in their place, where it was known.
    """

    number: int
    facts: dict[str, Any]
    kept: bytes
    between: bytes

    @property
    def path(self) -> Path:
        """The file, by its real path."""
        return Path(self.facts["path"])


class Journal:
    """Notes what a run changes, so that it can be taken back. Nothing is on the disk before the first entry.

    >>> with Journal.begin("photocli score --xmp shoot") as journal:  # doctest: +SKIP
    ...     journal.replacing(path, new)
    ...     ...  # write it
    ...     journal.replaced(path)
    ...     journal.move(source, target)

    The methods raise `PhotocliError` where the note cannot be kept; the file must then not be touched.
    """

    def __init__(self, command: str) -> None:
        self.id: str | None = None
        self._command = command
        self._fd = -1
        self._count = 0
        self._size = 0
        self._open: dict[str, tuple[int, str | None]] = {}

    @classmethod
    def begin(cls, command: str) -> Self:
        """A journal for one run; `command` is what `photocli undo --list` shows."""
        return cls(command)

    def replacing(
        self, path: Path | str, new: bytes | None = None, *, old: bytes | None = _UNREAD
    ) -> Replacement:
        """Keep what stands at `path` before it is written, be it nothing.

        Give the `new` content where it is known: then only the part that differs is kept, and the file can
        be taken back even if the run is killed before it calls `replaced`. Give the `old` content, or None
        for no file, where only that will be replaced (`AtomicFile.commit_over`). Returns what is noted.
        """
        target = os.path.realpath(path)
        if old is _UNREAD:
            old = content_of(Path(target))
        noted = _replacement(target, new, old)
        number = self._append(noted.facts, noted.kept)
        self._open[target] = number, noted.facts["new"]
        return replace(noted, number=number)

    def replaced(self, path: Path | str) -> None:
        """Note what stands at `path` now, after it was written."""
        target = os.path.realpath(path)
        number, known = self._open.pop(target)
        if known is None:  # otherwise, what stands there by now may be another program's
            after = digest_of(content_of(Path(target)) or b"")
            self._append({"action": "replaced", "entry": number, "new": after})

    def abandoned(self, path: Path | str) -> None:
        """Note that what was to be written at `path` was not, as another program had changed it."""
        number, _ = self._open.pop(os.path.realpath(path))
        self._append({"action": "abandoned", "entry": number})

    def taken_back(self, entry: Replacement) -> None:
        """Note that a replacement was taken back, so that the undo of the run leaves it out."""
        self._append({"action": "undone", "entry": entry.number})

    @property
    def is_shared(self) -> bool:
        """Whether another process added to the file since, as an undo of this run does."""
        return self._fd >= 0 and os.fstat(self._fd).st_size != self._size

    def make_folder(self, path: Path) -> None:
        """Make a folder, and those above it that are missing, noting each. Raises `OSError`, too."""
        missing = []
        while not path.exists():
            missing.append(path)
            path = path.parent
        for folder in reversed(missing):
            self.note_folder(folder)
            folder.mkdir(exist_ok=True)

    def note_folder(self, path: Path) -> None:
        """Note a folder that is ours, be it of an earlier run: it goes with this one if it is empty then."""
        self._append({"action": "folder", "path": str(_in_real_folder(path))})

    def note_marker(self, path: Path, content: bytes) -> None:
        """Note the file that marks the folder it lies in: it goes with the last run that moved into that."""
        self._append({"action": "marker", "path": str(_in_real_folder(path)), "new": digest_of(content)})

    def moving(self, source: Path | str, target: Path | str) -> None:
        """Note a move before it is made. `move` does both."""
        old, new = _in_real_folder(Path(source)), _in_real_folder(Path(target))
        self._append({"action": "move", "source": str(old), "target": str(new), "file": mark_of(old)})

    def move(self, source: Path | str, target: Path | str) -> None:
        """Note a move and make it, on the same disk or to another, if nothing stands at `target`."""
        self.moving(source, target)
        move_file(Path(source), Path(target))

    def close(self) -> None:
        """Close the file; what is in it is on the disk already."""
        if self._fd >= 0:
            fd, self._fd = self._fd, -1
            os.close(fd)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _append(self, entry: dict[str, Any], kept: bytes = b"") -> int:
        try:
            if self._fd < 0:
                self.id, self._fd = ledger.create(self._command)
            self._count += 1
            ledger.append(self._fd, {**entry, "n": self._count}, kept)
            os.fsync(self._fd)
            self._size = os.fstat(self._fd).st_size
        except OSError as error:
            where = ledger.journal_folder()
            reason = f"cannot keep what undo needs in {where}: {error.strerror or error}"
            raise PhotocliError(reason) from error
        return self._count


def replace_over(path: Path, new: bytes, old: bytes | None, journal: Journal | None) -> Replacement | None:
    """Give a file its `new` content if it holds `old` still, or None: is not there; and note it first.

    Returns what was noted, or None if another program has changed the file, which is then as that left it.
    The folder should be locked (`locks.folder_lock`). Raises `PhotocliError`.
    """
    if journal is None:
        noted = _replacement(os.path.realpath(path), new, old)
    else:
        noted = journal.replacing(path, new, old=old)
    try:
        opened = atomic_write(path, follow_links=False)
    except PhotocliError:  # as where nothing can be written
        if journal is not None:
            journal.abandoned(path)
        raise
    with opened as file:
        file.write(new)
        done = file.commit_over(old, new)
    if journal is not None:
        note = journal.replaced if done else journal.abandoned
        note(path)
    return noted if done else None


def runs() -> list[RunInfo]:
    """The runs that are kept, oldest first; a file that is no journal is left out."""
    found = []
    for file in ledger.journal_files():
        with contextlib.suppress(OSError, ValueError, KeyError):
            lines = [entry.facts for entry in ledger.read(file)]
            actions = [line["action"] for line in lines]
            if actions[:1] != ["begin"]:
                continue
            changes = actions.count("replace") + actions.count("move") - actions.count("abandoned")
            started = datetime.fromisoformat(lines[0]["started"])
            found.append(RunInfo(file.stem, started, str(lines[0]["command"]), changes, "end" in actions))
    return sorted(found, key=lambda run: (run.started, run.id))


def content_of(path: Path) -> bytes | None:
    """Return what a file holds, or None where there is none. Raises `PhotocliError`."""
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise PhotocliError(f"cannot read {path}: {error.strerror or error}") from error


def digest_of(data: bytes) -> str:
    """Return the SHA-256 by which a content is told from others."""
    return hashlib.sha256(data).hexdigest()


def mark_of(path: Path) -> list[int] | None:
    """Return what the disk knows a file by, whatever its name; numbers alone are given to new files again."""
    try:
        status = path.lstat()
    except OSError:
        return None
    return [status.st_ino, status.st_size, status.st_mtime_ns]


def _replacement(path: str, new: bytes | None, old: bytes | None) -> Replacement:
    before = old or b""
    head, tail = (0, 0) if new is None else _common_ends(before, new)
    facts = {
        "action": "replace",
        "path": path,
        "existed": old is not None,
        "old": digest_of(before),
        "new": None if new is None else digest_of(new),
        "head": head,
        "tail": tail,
    }
    between = b"" if new is None else new[head : len(new) - tail]
    return Replacement(0, facts, before[head : len(before) - tail], between)


def _in_real_folder(path: Path) -> Path:
    """The path by its real folder; a link that is moved is moved itself, not what it leads to."""
    return Path(os.path.realpath(path.parent)) / path.name


def _common_ends(old: bytes, new: bytes) -> tuple[int, int]:
    """How many bytes two contents share at the beginning, and at the end of what remains."""
    shorter = min(len(old), len(new))
    head = _shared(shorter, lambda start, end: old[start:end] == new[start:end])
    ends = len(old), len(new)
    tail = _shared(
        shorter - head,
        lambda start, end: old[ends[0] - end : ends[0] - start] == new[ends[1] - end : ends[1] - start],
    )
    return head, tail


def _shared(limit: int, alike: Callable[[int, int], bool]) -> int:
    """How many bytes are alike from the first on, at most `limit`; a photo is compared piece by piece."""
    low = 0
    while low < limit and alike(low, min(low + _PIECE, limit)):
        low = min(low + _PIECE, limit)
    high = min(low + _PIECE, limit)
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if alike(low, middle) else (low, middle - 1)
    return low
