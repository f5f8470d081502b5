"""The shoot that the page shows: what is known of each photo by now, for several threads at once."""

from __future__ import annotations

import os
import threading
import time
from array import array
from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from photocli.records import Photo, Record

if TYPE_CHECKING:
    from photocli.discover.batch import FileBatch
    from photocli.review.judging import Standing
    from photocli.scoring.results import Result

_OF_TASTE = ("taste", "score", "stars", "models")
_RECENT = 40  # the rate is that of so many moments
_MOMENT_S = 0.5
_MANY = 100  # so many a second come from the cache, and from nowhere else


class UnknownPhoto(LookupError):
    """There is no photo with the number that was asked for; its message is a sentence for the user."""


@dataclass(frozen=True, slots=True)
class ShootEntry:
    """What is known of one photo: `record` is None until it was scored, `judgement` until it was read.

    `id` is its place in discovery, from 0; `file` and `raw` (the RAW file stacked under it) are paths as they
    were found; `version` is that of the shoot at its last change. A photo that was `dropped` on the page has
    no place on the disk: `file` is its name.
    """

    id: int
    file: str
    raw: str | None
    record: Record | None
    judgement: Standing | None
    version: int
    dropped: bool = False

    @property
    def name(self) -> str:
        """The name of its file."""
        return os.path.basename(self.file)  # noqa: PTH119 - for each of 20,000 photos

    @property
    def photo(self) -> Photo:
        """The files of the photo."""
        return Photo(self.path, self.twin)

    @property
    def path(self) -> Path:
        """The photo's file."""
        return Path(self.file)

    @property
    def twin(self) -> Path | None:
        """The RAW file under it."""
        return None if self.raw is None else Path(self.raw)

    @property
    def group(self) -> int | None:
        """The number of its group; None where it stands alone, or that is not known yet."""
        return None if self.record is None else self.record.group

    @property
    def can_judge(self) -> bool:
        """Whether there is a file that a sidecar may lie beside."""
        return not self.dropped


@dataclass(frozen=True, slots=True)
class ShootProgress:
    """How far scoring is: photos done, of how many, how many a second, how long it takes still, failures.

    `total` is what was found so far, and final once `listed` holds. `left_s` is None where it is not known.
    The `phase` is scoring, grouping, looking closer or done; `closer` says how many photos were looked at
    closely, and of how many.
    """

    done: int
    total: int
    rate: float
    left_s: float | None
    failed: int
    listed: bool
    phase: str = "scoring"
    closer: tuple[int, int] = (0, 0)


class Shoot:
    """All photos by their numbers. Each change raises `version`; any thread may read and change it."""

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._paths: list[str] = []
        self._twins: dict[int, str] = {}
        self._records: list[Record | None] = []
        self._versions = array("Q")
        self._judgements: dict[int, Standing] = {}
        self._dropped: set[int] = set()
        self._groups: dict[int, list[int]] = {}
        self._next = 0
        self._done = self._failed = 0
        self._listed = False
        now = time.monotonic()
        self._moments = deque([(now, 0)], _RECENT)
        self._filling_until = now + 2 * _MOMENT_S
        self.version = 0
        self.phase, self.closer = "scoring", (0, 0)

    def __len__(self) -> int:
        return len(self._paths)

    def entry(self, id: int) -> ShootEntry:
        """What is known of a photo by now. Raises `UnknownPhoto`."""
        with self._lock:
            if not 0 <= id < len(self._paths):
                raise UnknownPhoto(f"there is no photo {id}; reload the page")
            return self._entry(id)

    def entries(self) -> list[ShootEntry]:
        """What is known of all photos by now, in their order."""
        with self._lock:
            return [self._entry(id) for id in range(len(self._paths))]

    def records(self) -> list[Record | None]:
        """The records of all photos, in their order; None where there is none yet."""
        with self._lock:
            return list(self._records)

    def path(self, id: int) -> str:
        """The path of a photo, as it was found."""
        return self._paths[id]

    def judgement(self, id: int) -> Standing | None:
        """What a person said of a photo, as it was read last; None if it was not read yet."""
        return self._judgements.get(id)

    def members(self, group: int | None) -> list[int]:
        """The photos of a group, best first; none where there is no such group."""
        with self._lock:
            return list(self._groups.get(group, ())) if group is not None else []

    def groups(self) -> dict[int, list[int]]:
        """The photos of each group by its number, best first; photos that stand alone are in none."""
        with self._lock:
            return {number: list(ids) for number, ids in self._groups.items()}

    def changed_since(self, version: int) -> list[int]:
        """The photos that changed after a version of the shoot."""
        with self._lock:
            if version >= self.version:
                return []
            return [id for id, changed in enumerate(self._versions) if changed > version]

    @property
    def progress(self) -> ShootProgress:
        """How far scoring is."""
        with self._lock:
            done, total = self._done, len(self._paths) - len(self._dropped)
            rate = 0.0
            if len(self._moments) > 1:
                (since, before), (until, now) = self._moments[0], self._moments[-1]
                rate = (now - before) / (until - since) if until > since else 0.0
            left = (total - done) / rate if rate and self._listed else None
            return ShootProgress(done, total, rate, left, self._failed, self._listed, self.phase, self.closer)

    @property
    def is_filling(self) -> bool:
        """Whether photos come from the cache just now, many at once: what is not urgent can wait."""
        return time.monotonic() < self._filling_until

    def note(self, batch: FileBatch) -> None:
        """Take what was found in one folder; it is scored later."""
        with self._lock:
            self.version += 1
            for file in batch.entries:
                if file.reason is None:
                    self._append(batch.prefix + file.name)
                    if file.twin is not None:
                        self._twins[len(self._paths) - 1] = batch.prefix + file.twin

    def listed(self) -> None:
        """Note that all photos were found."""
        self._listed = True

    def add(self, result: Result) -> int | None:
        """Take a result of the run that goes over what was noted, in its order; the photo's number."""
        if result.record.status == "skipped":
            return None
        with self._lock:
            id, self._next = self._next, self._next + 1
            while self._next <= len(self._paths) and self._paths[id] != result.record.path:
                id, self._next = id + 1, self._next + 1  # it was dropped, or vanished meanwhile
            self._done += 1
            self._failed += result.record.status == "failed"
            self._set(id, result.record)
            self._keep_time()
            return id

    def drop(self, record: Record) -> int:
        """Take the record of a photo that was dropped on the page; its number."""
        with self._lock:
            self._append(record.path)
            id = len(self._paths) - 1
            self._dropped.add(id)
            self._set(id, record)
            return id

    def place(self, ids: Sequence[int], records: Iterable[Record]) -> None:
        """Take records that have a place in groups now. A group of one is none."""
        with self._lock:
            self.version += 1
            groups: dict[int, list[tuple[int, int]]] = {}
            for id, record in zip(ids, records, strict=True):
                if record.group_kind == "single":
                    record = replace(record, group=None, rank_in_group=None, group_kind=None)
                elif record.group is not None:
                    groups.setdefault(record.group, []).append((record.rank_in_group or 0, id))
                if record != self._records[id]:
                    self._records[id] = record
                    self._versions[id] = self.version
            self._groups = {number: [id for _, id in sorted(some)] for number, some in groups.items()}

    def set_judgement(self, id: int, standing: Standing) -> None:
        """Note what stands of a photo now, by a person."""
        with self._lock:
            if self._judgements.get(id) != standing:
                self._judgements[id] = standing
                self.version += 1
                self._versions[id] = self.version

    def rescore(self, records: Mapping[str, Record]) -> None:
        """Take new scores, by path, as of a taste that was learned; groups, ranks and picks stay."""
        with self._lock:
            self.version += 1
            for id, old in enumerate(self._records):
                new = records.get(self._paths[id])
                if old is not None and new is not None and id not in self._dropped:
                    scored = replace(old, **{name: getattr(new, name) for name in _OF_TASTE})
                    if scored != old:
                        self._records[id], self._versions[id] = scored, self.version

    def touch(self, id: int) -> None:
        """Have the page ask for a photo's row again."""
        with self._lock:
            self.version += 1
            self._versions[id] = self.version

    def _entry(self, id: int) -> ShootEntry:
        return ShootEntry(
            id,
            self._paths[id],
            self._twins.get(id),
            self._records[id],
            self._judgements.get(id),
            self._versions[id],
            id in self._dropped,
        )

    def _keep_time(self) -> None:
        """Note how many are done, now and then."""
        now = time.monotonic()
        since, before = self._moments[-1]
        if now - since >= _MOMENT_S:
            if self._done - before > _MANY * (now - since):
                self._filling_until = now + 2 * _MOMENT_S
            self._moments.append((now, self._done))

    def _append(self, path: str) -> None:
        self._paths.append(path)
        self._records.append(None)
        self._versions.append(self.version)

    def _set(self, id: int, record: Record) -> None:
        self.version += 1
        self._records[id] = record
        self._versions[id] = self.version
