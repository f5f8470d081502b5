"""Judging photos on the review page: every stroke of a key is in the sidecar on the disk when it returns.

What is said here is a person's, as if an editor had written it: the command line keeps it from then on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Protocol

from photocli.xmp.judgement import Judgement

if TYPE_CHECKING:
    from pathlib import Path

    from photocli.files.links import Roots


class JudgedPhoto(Protocol):
    """What is asked of an entry of a shoot: its files, and whether they may be written beside."""

    @property
    def path(self) -> Path: ...
    @property
    def twin(self) -> Path | None: ...
    @property
    def can_judge(self) -> bool: ...


class JudgedShoot(Protocol):
    """What is asked of a shoot: its entries by id, and to be told what a person said of one."""

    def entry(self, id: int) -> JudgedPhoto:
        """The entry of this id. Raises `LookupError`."""
        ...

    def set_judgement(self, id: int, standing: Standing) -> None:
        """Take what stands of a photo now, and raise the version."""
        ...


@dataclass(frozen=True, slots=True)
class Standing:
    """What a person said of a photo, as it stands on the disk, and `state`, by which two such are told apart.

    A page sends `state` back as what it saw.
    """

    judgement: Judgement = Judgement()

    @property
    def state(self) -> str:
        """A short text that differs where the judgement does."""
        raise NotImplementedError

    def as_row(self) -> dict[str, Any]:
        """`stars` (1 to 5, or None), `pick` (1, -1 or None), `label` (Red ... or a word, or None), `state`."""
        raise NotImplementedError


@dataclass(frozen=True, slots=True)
class Change:
    """What one key says: stars 0 to 5, a flag 1, 0 or -1, a label or "" for none. None is left alone."""

    stars: int | None = None
    pick: int | None = None
    label: str | None = None

    @classmethod
    def from_json(cls, change: object) -> Change:
        """Read `{"stars": 4}`, `{"pick": -1}`, `{"label": "Red"}`; null is 0 or no label.

        Raises `UsageError` in a sentence.
        """
        raise NotImplementedError


@dataclass(frozen=True, slots=True)
class Conflict:
    """A photo that was not judged, since what stands there is not what was seen."""

    id: int
    standing: Standing
    message: str


@dataclass(frozen=True, slots=True)
class Judged:
    """What came of one request: the ids that changed, conflicts, failures by id, and what can be undone.

    `notes` are sentences for people that are no failures, such as that Lightroom won't read a sidecar.
    `message` is one sentence for all failures together, None without any.
    """

    ids: tuple[int, ...] = ()
    conflicts: tuple[Conflict, ...] = ()
    failures: Mapping[int, str] | None = None
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
        editor: str = "lightroom",
        embed: bool = False,
        command: str = "photocli review",
        clock: Callable[[], datetime] = lambda: datetime.now().astimezone(),
    ) -> None:
        """Raises `UsageError` if there is no such editor."""
        raise NotImplementedError

    def standing(self, id: int) -> Standing:
        """What stands of a photo: read once, and again when `refresh` finds its files changed."""
        raise NotImplementedError

    def judge(self, ids: Sequence[int], change: Change, seen: Mapping[int, str]) -> Judged:
        """Say the same of some photos, those whose `state` is the one that was seen.

        The shoot is told of each that changed, and of each conflict, before this returns.
        """
        raise NotImplementedError

    def undo(self) -> Judged:
        """Take back the last judgement of this session, byte for byte."""
        raise NotImplementedError

    def redo(self) -> Judged:
        """Give again what was taken back last."""
        raise NotImplementedError

    def refresh(self, ids: Iterable[int]) -> list[int]:
        """Look by their dates whether files of these photos were changed by others; the ids that stand otherwise.

        The shoot is told of them. About 20 microseconds of CPU per photo that wasn't changed.
        """
        raise NotImplementedError

    def close(self) -> None:
        """Close the journal."""
        raise NotImplementedError
