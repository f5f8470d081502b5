"""Judging photos on the review page: every stroke of a key is in the sidecar on the disk when it returns.

What is said here is a person's, as if an editor had written it: the command line keeps it from then on.
"""

from __future__ import annotations

import errno
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Protocol

from photocli.display import printable
from photocli.errors import PhotocliError
from photocli.files.atomic import reason_of
from photocli.review.change import Change as Change
from photocli.review.history import Retaken, SessionHistory, Stroke
from photocli.review.standing import NOTHING, FolderListings, StandingReader
from photocli.review.standing import Standing as Standing
from photocli.review.writing import JudgementWriter
from photocli.xmp.editors import editor as editor_named
from photocli.xmp.sidecar_plan import Planner

if TYPE_CHECKING:
    from pathlib import Path

    from photocli.files.links import Roots

_TRIES = 10
_PAUSE_S = 0.01
_CLOSED = (errno.EACCES, errno.EPERM, errno.EROFS)


class JudgedPhoto(Protocol):
    """What is asked of an entry of a shoot: its files, and whether they may be written beside."""

    @property
    def path(self) -> Path: ...
    @property
    def twin(self) -> Path | None: ...
    @property
    def can_judge(self) -> bool: ...


class JudgedShoot(Protocol):
    """What is asked of a shoot: its entries by id, and to be told what a person said of one.

    A judge is asked without any lock of the shoot held: it calls both from within a lock of its own.
    """

    def entry(self, id: int) -> JudgedPhoto:
        """The entry of this id. Raises `LookupError`."""
        ...

    def set_judgement(self, id: int, standing: Standing) -> None:
        """Take what stands of a photo now, and raise the version."""
        ...


@dataclass(frozen=True, slots=True)
class Conflict:
    """A photo that was not judged, since what stands there is not what was seen."""

    id: int
    standing: Standing
    message: str


@dataclass(frozen=True, slots=True)
class Judged:
    """What came of one request: the ids that were written, conflicts, failures by id, and what can be undone.

    `notes` are sentences for people that are no failures, such as that Lightroom won't read a sidecar.
    `message` is one sentence for all failures together, None without any.
    """

    ids: tuple[int, ...] = ()
    conflicts: tuple[Conflict, ...] = ()
    failures: Mapping[int, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    message: str | None = None
    undo: int = 0
    redo: int = 0


class Judge:
    """Writes what a person says of the photos of a shoot, at once; safe to call from any thread.

    `editor` and `embed` are those of the command line (`--for`, `--embed`); `command` is what
    `photocli undo --list` shows for the session.
    """

    def __init__(
        self,
        shoot: JudgedShoot,
        roots: Roots | None = None,
        *,
        editor: str | None = "lightroom",
        embed: bool = False,
        command: str = "photocli review",
        clock: Callable[[], datetime] = lambda: datetime.now().astimezone(),
    ) -> None:
        """Raises `UsageError` if there is no such editor. `roots` are what the user gave: nothing else is
        written, and no sidecar that is a link out of them is read.
        """
        self._shoot = shoot
        self._editor, self._editor_name, self._embed = editor_named(editor), editor, embed
        self._folders = FolderListings()
        self._reader = StandingReader(roots, self._folders)
        planner = Planner(
            overwrite=True,
            clock=clock,
            editor=editor,
            embed=embed,
            sidecars=not embed,
            roots=roots,
            folders=self._folders,
        )
        self._writer = JudgementWriter(planner, self._reader)
        self._history = SessionHistory(command)
        self._known: dict[int, tuple[int, Standing]] = {}
        self._said: set[str] = set()
        self._lock = threading.RLock()

    def standing(self, id: int) -> Standing:
        """What stands of a photo: read once, and again when `refresh` finds its files changed."""
        import photocli.xmp.merge  # noqa: F401 - with its parsers, which the first stroke should not wait for

        with self._lock:
            known = self._known.get(id)
            return known[1] if known is not None else self._read(id)

    def judge(self, ids: Sequence[int], change: Change, seen: Mapping[int, str]) -> Judged:
        """Say the same of some photos, those whose `state` is the one that was seen.

        The shoot is told of each that changed, and of each conflict, before this returns. Raises what
        `entry` raises for an id that is none, and then nothing is written.
        """
        written, conflicts, failures = [], [], {}
        step: list[Stroke] = []
        notes: list[str] = []
        with self._lock:
            for id in ids:
                self._shoot.entry(id)  # an id that is none is refused before anything is written
            try:
                for id in dict.fromkeys(ids):
                    found = self._say(id, change, seen.get(id))
                    if isinstance(found, Conflict):
                        conflicts.append(found)
                    elif isinstance(found, str):
                        failures[id] = printable(found)
                    else:
                        written.append(id)
                        step += found
                        notes += self._notes(id, change)
            finally:
                self._history.add(step)
            return self._judged(written, failures, tuple(conflicts), tuple(notes))

    def undo(self) -> Judged:
        """Take back the last judgement of this session, byte for byte."""
        with self._lock:
            return self._retaken(self._history.undo())

    def redo(self) -> Judged:
        """Give again what was taken back last."""
        with self._lock:
            return self._retaken(self._history.redo())

    def refresh(self, ids: Iterable[int]) -> list[int]:
        """Look by their dates whether files of these photos were changed by others.

        Returns the ids that stand otherwise; the shoot is told of them. Of a photo that wasn't changed, no
        file is opened.
        """
        changed, folders = [], set()
        for id in ids:
            with self._lock:
                entry = self._shoot.entry(id)
                known = self._known.get(id)
                if not entry.can_judge or (
                    known is not None and known[0] == self._reader.signature(entry.path, entry.twin)
                ):
                    continue
                folders.add(entry.path.parent)
                if known is not None and self._read(id).state != known[1].state:
                    self._shoot.set_judgement(id, self._known[id][1])
                    changed.append(id)
        with self._lock:
            for folder in folders:
                self._folders.renew(folder)
        return changed

    def close(self) -> None:
        """Close the journal, and delete what killed runs left in folders that were written into."""
        with self._lock:
            self._history.close()
            self._writer.close()

    def _read(self, id: int) -> Standing:
        """What stands of a photo now."""
        entry = self._shoot.entry(id)
        if not entry.can_judge:
            return Standing()
        # First the dates: what is written while it is read is then found to have changed.
        signature = self._reader.signature(entry.path, entry.twin)
        standing = self._reader.standing(entry.path, entry.twin)
        self._known[id] = signature, standing
        return standing

    def _say(self, id: int, change: Change, seen: str | None) -> list[Stroke] | Conflict | str:
        """Write one photo's judgement; its strokes, or why it was not written."""
        entry = self._shoot.entry(id)
        if not entry.can_judge:
            return f"{entry.path.name} was only dropped on the page: there is no place to keep a rating"
        if not entry.path.exists():
            return f"{entry.path.name} is no longer where it was; nothing was written"
        for tried in range(_TRIES):
            standing = self._read(id)
            if standing.state != (seen or NOTHING.state):  # what a page has not read looks unrated there
                self._shoot.set_judgement(id, standing)
                message = f"{entry.path.name} was judged elsewhere meanwhile: it has {standing.words}"
                return Conflict(id, standing, printable(f"{message}; nothing was written"))
            try:
                changes = change.of(standing.judgement, self._editor_name)
                journal = self._history.journal()
                written = self._writer.write(entry.path, entry.twin, changes, standing, journal)
            except PhotocliError as error:
                return _in_plain_words(error, entry.path.parent)
            except OSError as error:
                return f"cannot read {entry.path}: {error.strerror or error}"
            if written is not None:
                self._shoot.set_judgement(id, self._read(id))
                return [Stroke(id, noted) for noted in written]
            time.sleep(_PAUSE_S * tried)
        return f"{entry.path.name} is left as it is: another program keeps changing it; try again"

    def _notes(self, id: int, change: Change) -> list[str]:
        """What a person should know of what was written; each kind of thing is said once."""
        from photocli.decode.signature import RENDERED_SUFFIXES

        entry, standing = self._shoot.entry(id), self._known[id][1]
        is_jpeg = RENDERED_SUFFIXES.get(entry.path.suffix.lower()) == "jpeg"
        notes = {}
        if is_jpeg and entry.twin is None and not self._embed and self._editor.inside_alone:
            who = self._editor.inside_alone
            notes["unread"] = (
                f"{who} the sidecars of JPEGs, only the files themselves: photocli review --embed writes "
                "there, and leaves the pictures as they are"
            )
        if not change.is_in(standing.judgement):
            profile = next(self._reader.profiles(entry.path, entry.twin), None)
            where = f"{entry.path.name} itself" if profile is None else profile.name
            way = "; --embed writes there" if is_jpeg and profile is None and not self._embed else ""
            notes[f"inside {id}"] = f"{where} says {standing.words}, and still counts{way}"
        new = {key: note for key, note in notes.items() if key not in self._said}
        self._said.update(new)
        return [printable(note) for note in new.values()]

    def _retaken(self, result: Retaken) -> Judged:
        ids = list(dict.fromkeys(result.ids))
        for id in ids:
            self._shoot.set_judgement(id, self._read(id))
        return self._judged([id for id in ids if id not in result.failures], result.failures)

    def _judged(
        self,
        ids: Sequence[int],
        failures: Mapping[int, str],
        conflicts: tuple[Conflict, ...] = (),
        notes: tuple[str, ...] = (),
    ) -> Judged:
        reasons = list(dict.fromkeys(failures.values()))
        more = f" (and {len(reasons) - 1:,} more like it)" if len(reasons) > 1 else ""
        message = reasons[0] + more if reasons else None
        counts = self._history.undo_count, self._history.redo_count
        return Judged(tuple(ids), conflicts, failures, notes, message, *counts)


def _in_plain_words(error: PhotocliError, folder: Path) -> str:
    """Why nothing was written: for a folder that is closed, the same for all of its photos."""
    cause = error.__cause__
    is_there = str(error).startswith(f"cannot write {folder}")
    if is_there and isinstance(cause, OSError) and cause.errno in _CLOSED:
        return f"nothing can be written in {folder}: {reason_of(cause)}; review a copy, or open the folder"
    return str(error)
