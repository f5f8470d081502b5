"""The undo journal: what stood in the place of each file that a run writes or moves, kept before it does.

What is kept is on the disk before the user's file is touched; so a run that was killed, or lost its power,
can be taken back, too. The last 50 runs are kept, for at most 30 days.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

from photocli import ledger
from photocli.errors import PhotocliError, UsageError
from photocli.files import atomic_write
from photocli.links import crossed, is_link
from photocli.locks import folder_lock
from photocli.moving import move_file, remove_file
from photocli.strays import sweep

if TYPE_CHECKING:
    from typing_extensions import Self

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
class Undone:
    """What taking back did to one file: it was `restored`, `removed`, `moved` back, or `left` as it is.

    `problem` says why it was left although the run had changed it.
    """

    path: Path
    action: str
    problem: str | None = None


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
        self._open: dict[str, tuple[int, str | None]] = {}

    @classmethod
    def begin(cls, command: str) -> Self:
        """A journal for one run; `command` is what `photocli undo --list` shows."""
        return cls(command)

    def replacing(self, path: Path | str, new: bytes | None = None, *, old: bytes | None = _UNREAD) -> None:
        """Keep what stands at `path` before it is written, be it nothing.

        Give the `new` content where it is known: then only the part that differs is kept, and the file can
        be taken back even if the run is killed before it calls `replaced`. Give the `old` content, or None
        for no file, where only that will be replaced (`AtomicFile.commit_over`).
        """
        target = os.path.realpath(path)
        if old is _UNREAD:
            old = _content(Path(target))
        before = old or b""
        head, tail = (0, 0) if new is None else _common_ends(before, new)
        after = None if new is None else _digest(new)
        entry = {
            "action": "replace",
            "path": target,
            "existed": old is not None,
            "old": _digest(before),
            "new": after,
            "head": head,
            "tail": tail,
        }
        self._open[target] = self._append(entry, before[head : len(before) - tail]), after

    def replaced(self, path: Path | str) -> None:
        """Note what stands at `path` now, after it was written."""
        target = os.path.realpath(path)
        number, known = self._open.pop(target)
        if known is None:  # otherwise, what stands there by now may be another program's
            after = _digest(_content(Path(target)) or b"")
            self._append({"action": "replaced", "entry": number, "new": after})

    def abandoned(self, path: Path | str) -> None:
        """Note that what was to be written at `path` was not, as another program had changed it."""
        number, _ = self._open.pop(os.path.realpath(path))
        self._append({"action": "abandoned", "entry": number})

    def moving(self, source: Path | str, target: Path | str) -> None:
        """Note a move before it is made. `move` does both."""
        old, new = _in_real_folder(Path(source)), _in_real_folder(Path(target))
        self._append({"action": "move", "source": str(old), "target": str(new), "file": _mark_of(old)})

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
        except OSError as error:
            where = ledger.journal_folder()
            reason = f"cannot keep what undo needs in {where}: {error.strerror or error}"
            raise PhotocliError(reason) from error
        return self._count


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


def undo(run_id: str | None = None) -> list[Undone]:
    """Take back the named run, or the last one that wasn't yet: its changes one by one, the last one first.

    A file that was changed by someone since is left alone, and so is a moved one whose old place is taken;
    both are reported. Killed midway, it can simply be called again. A run of which something could not be
    taken back can be tried again by its name. Raises `UsageError` where there is no such run.
    """
    run = _chosen(run_id)
    lines = list(ledger.read(ledger.run_file(run.id)))
    results = {line.facts["entry"]: line.facts["new"] for line in lines if line.facts["action"] == "replaced"}
    done = {line.facts["entry"] for line in lines if line.facts["action"] in ("undone", "abandoned")}
    found: list[Undone] = []
    fd = ledger.reopen(run.id)
    try:
        with ledger.run_file(run.id).open("rb") as stream:
            for line in reversed(lines):
                facts = line.facts
                if facts["action"] not in ("replace", "move") or facts["n"] in done:
                    continue
                if facts["action"] == "move":
                    undone = _move_back(facts)
                else:
                    stream.seek(line.at)
                    undone = _put_back(
                        {**facts, "new": results.get(facts["n"], facts["new"])}, stream.read(line.size)
                    )
                found.append(undone)
                if undone.problem is None:
                    ledger.append(fd, {"action": "undone", "entry": facts["n"]})
        ledger.append(fd, {"action": "end"})
        os.fsync(fd)
    finally:
        os.close(fd)
    for folder in {undone.path.parent for undone in found}:
        sweep(folder)
    return found


def _chosen(run_id: str | None) -> RunInfo:
    kept = runs()
    if run_id is None:
        open_runs = [run for run in kept if not run.undone]
        if not open_runs:
            raise UsageError("there is no run to take back")
        return open_runs[-1]
    for run in kept:
        if run.id == run_id:
            return run
    raise UsageError(f"there is no run '{run_id}'; see: photocli undo --list")


def _put_back(facts: dict[str, Any], kept: bytes) -> Undone:
    """Give a file its old content, or remove it where there was none, if it is as the run left it."""
    path = Path(facts["path"])
    try:
        if (why := crossed(path)) is not None:
            return Undone(path, "left", why)
        present = _content(path)
        if (present is not None) == facts["existed"] and _digest(present or b"") == facts["old"]:
            return Undone(path, "left")  # the run was stopped before it wrote it, or the undo after
        if present is None:
            return Undone(path, "left", "it was removed since")
        if facts["new"] is None:
            return Undone(path, "left", "the run was stopped while writing it; it may hold later changes")
        if _digest(present) != facts["new"]:
            return Undone(path, "left", "it was changed since")
        if not facts["existed"]:
            if not remove_file(path, present):
                return Undone(path, "left", "it was changed since")
            return Undone(path, "removed")
        old = present[: facts["head"]] + kept + present[len(present) - facts["tail"] :]
        if _digest(old) != facts["old"]:
            return Undone(path, "left", "what was kept of it is damaged")
        with folder_lock(path.parent), atomic_write(path, follow_links=False) as file:
            file.write(old)
            if not file.commit_over(present, old):
                return Undone(path, "left", "it was changed since")
        return Undone(path, "restored")
    except PhotocliError as error:
        return Undone(path, "left", str(error))
    except OSError as error:
        return Undone(path, "left", error.strerror or str(error))


def _move_back(facts: dict[str, Any]) -> Undone:
    """Move a file back to where it was, if nothing else stands there."""
    source, target = Path(facts["source"]), Path(facts["target"])
    try:
        was_link = is_link(target) and _mark_of(target) == facts["file"]  # a link that the run moved itself
        if (why := crossed(source) or (None if was_link else crossed(target))) is not None:
            return Undone(source, "left", why)
        if _are_one_file(source, target):  # stopped between the two names, by the run or by an undo
            target.unlink()
            return Undone(source, "moved")
        if facts["file"] is not None and _mark_of(source) == facts["file"]:
            return Undone(source, "left")  # stopped or refused before it was moved
        if not os.path.lexists(target):
            moved = os.path.lexists(source)  # back already, from another disk
            return Undone(source, "left", None if moved else f"it is no longer at {target}")
        if os.path.lexists(source):
            return Undone(source, "left", f"its place is taken; it is at {target}")
        source.parent.mkdir(parents=True, exist_ok=True)
        move_file(target, source)
        return Undone(source, "moved")
    except PhotocliError as error:
        return Undone(source, "left", str(error))
    except OSError as error:
        return Undone(source, "left", error.strerror or str(error))


def _content(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise PhotocliError(f"cannot read {path}: {error.strerror or error}") from error


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _mark_of(path: Path) -> list[int] | None:
    """What the disk knows a file by whatever its name; the number alone is given to new files again."""
    try:
        status = path.lstat()
    except OSError:
        return None
    return [status.st_ino, status.st_size, status.st_mtime_ns]


def _are_one_file(one: Path, other: Path) -> bool:
    """Whether a file has both names; one name in two spellings, as some disks allow, is no second name."""
    try:
        first, second = one.lstat(), other.lstat()
    except OSError:
        return False
    return first.st_nlink > 1 and (first.st_dev, first.st_ino) == (second.st_dev, second.st_ino)


def _in_real_folder(path: Path) -> Path:
    """The path by its real folder; a link that is moved is moved itself, not what it leads to."""
    return Path(os.path.realpath(path.parent)) / path.name


def _common_ends(old: bytes, new: bytes) -> tuple[int, int]:
    """How many bytes two contents share at the beginning, and at the end of what remains."""
    shorter = min(len(old), len(new))
    head = _most(lambda n: old[:n] == new[:n], shorter)
    tail = _most(lambda n: old[len(old) - n :] == new[len(new) - n :], shorter - head)
    return head, tail


def _most(holds: Callable[[int], bool], limit: int) -> int:
    """The largest number up to `limit` for which something holds that holds for all smaller ones."""
    low, high = 0, limit
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if holds(middle) else (low, middle - 1)
    return low
