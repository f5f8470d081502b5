"""The judgements of a session, to be taken back and given again one by one, byte for byte, by its journal.

What is taken back is noted in the journal, so that `photocli undo` afterwards takes back what is left of the
session.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field

from photocli.errors import PhotocliError
from photocli.files.journal import Journal, Replacement, content_of, digest_of, replace_over
from photocli.files.links import crossed
from photocli.files.locks import folder_lock
from photocli.files.undo import put_back


@dataclass(frozen=True, slots=True)
class Stroke:
    """One file that was written for the photo with this id."""

    id: int
    noted: Replacement


@dataclass(slots=True)
class Retaken:
    """What came of an undo or a redo: the ids of the photos that it was for, and why some were left."""

    ids: list[int] = field(default_factory=list)
    failures: dict[int, str] = field(default_factory=dict)


class SessionHistory:
    """The strokes of a session, in steps of one judgement each, which may be of many photos.

    `command` is what the list of runs shows for it. Nothing is on the disk before the first stroke.
    """

    def __init__(self, command: str) -> None:
        self._command = command
        self._journal = Journal.begin(command)
        self._done: list[list[Stroke]] = []
        self._undone: list[list[Stroke]] = []

    @property
    def undo_count(self) -> int:
        """How many steps can be taken back."""
        return len(self._done)

    @property
    def redo_count(self) -> int:
        """How many steps can be given again."""
        return len(self._undone)

    def journal(self) -> Journal:
        """The journal to note the next strokes in; a new one if another process took this session back."""
        if self._journal.is_shared:
            self._journal.close()
            self._journal = Journal.begin(self._command)
            self._done.clear()
            self._undone.clear()
        return self._journal

    def add(self, step: Sequence[Stroke]) -> None:
        """Take a step that was made; what was taken back before cannot be given again any more."""
        if step:
            self._done.append(list(step))
            self._undone.clear()

    def undo(self) -> Retaken:
        """Take back the last step. A file that was changed since is left, and named."""
        journal, result, taken = self.journal(), Retaken(), []
        for stroke in reversed(self._done.pop() if self._done else []):
            result.ids.append(stroke.id)
            if (why := take_back(stroke.noted, journal)) is None:
                taken.append(stroke)
            else:
                result.failures[stroke.id] = why
        if taken:
            self._undone.append(taken[::-1])
        return result

    def redo(self) -> Retaken:
        """Give again what was taken back last."""
        journal, result, given = self.journal(), Retaken(), []
        for stroke in self._undone.pop() if self._undone else []:
            result.ids.append(stroke.id)
            try:
                given.append(Stroke(stroke.id, _given_again(stroke.noted, journal)))
            except (PhotocliError, OSError) as error:
                result.failures[stroke.id] = f"{stroke.noted.path.name} is left as it is: {error}"
        if given:
            self._done.append(given)
        return result

    def close(self) -> None:
        """Close the journal; the session stays in the list of runs."""
        self._journal.close()


def take_back(noted: Replacement, journal: Journal) -> str | None:
    """Give a file back what it held before, and note that; why it was left, or None."""
    undone = put_back(noted.facts, noted.kept)
    if undone.problem is not None:
        return f"{undone.path.name} is left as it is: {undone.problem}"
    with suppress(PhotocliError):  # an undo of the run also finds that it has been taken back
        journal.taken_back(noted)
    return None


def _given_again(noted: Replacement, journal: Journal) -> Replacement:
    """Write what was taken back. Raises `PhotocliError`."""
    path, facts = noted.path, noted.facts
    if (why := crossed(path)) is not None:
        raise PhotocliError(why)
    present = content_of(path)
    if (present is not None) != facts["existed"] or digest_of(present or b"") != facts["old"]:
        raise PhotocliError("it was changed since")
    held = present or b""
    new = held[: facts["head"]] + noted.between + held[len(held) - facts["tail"] :]
    with folder_lock(path.parent):
        given = replace_over(path, new, present, journal)
    if given is None:
        raise PhotocliError("it was changed since")
    return given
