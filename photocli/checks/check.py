"""Photos against rules: what falls short, what a baseline knows of already, and what that means together."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from photocli.checks.rules import value
from photocli.display import counted

if TYPE_CHECKING:
    from photocli.checks.rules import Rule
    from photocli.records import Record

UNREADABLE = "readable"
"""Stands in reports and baselines in a rule's place for photos that could not be read."""

Key = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Finding:
    """One rule that one photo breaks; `known` if the baseline has it, so that it does not count."""

    rule: str
    reason: str
    known: bool = False


@dataclass(frozen=True, slots=True)
class CheckedPhoto:
    """One photo: its path as found, its name under the root, whether it could be read, what it breaks."""

    path: str
    name: str
    readable: bool
    findings: tuple[Finding, ...] = ()

    @property
    def new(self) -> tuple[Finding, ...]:
        """The findings that count."""
        return tuple(finding for finding in self.findings if not finding.known)


@dataclass(slots=True)
class Report:
    """All photos of a check, in the order in which they were found; `may_fall_short` is how many may."""

    rules: tuple[str, ...]
    photos: list[CheckedPhoto] = field(default_factory=list)
    has_baseline: bool = False
    may_fall_short: int = 0

    @property
    def failing(self) -> list[CheckedPhoto]:
        """The photos that break a rule anew, or could not be read."""
        return [photo for photo in self.photos if photo.new]

    @property
    def short(self) -> int:
        """How many photos were read and break a rule anew."""
        return sum(photo.readable for photo in self.failing)

    @property
    def unreadable(self) -> int:
        """How many photos could not be read, and are not in the baseline for it."""
        return sum(not photo.readable for photo in self.failing)

    @property
    def known(self) -> int:
        """How many findings the baseline excuses."""
        return sum(finding.known for photo in self.photos for finding in photo.findings)

    @property
    def excused(self) -> int:
        """How many photos have findings that the baseline knows, and no others."""
        return sum(bool(photo.findings) and not photo.new for photo in self.photos)

    @property
    def counts(self) -> dict[str, int]:
        """The counts, as reports name them: the first is the sum of the others but for the last."""
        short, unreadable, excused = self.short, self.unreadable, self.excused
        return {
            "photos": len(self.photos),
            "passed": len(self.photos) - short - unreadable - excused,
            "fell_short": short,
            "unreadable": unreadable,
            "excused": excused,
            "known_findings": self.known,
        }

    @property
    def in_words(self) -> str:
        """The counts as one line, the same wherever people read it."""
        counts = self.counts
        parts = [counted(counts["photos"], "photo") + " checked", f"{counts['fell_short']:,} fall short"]
        if counts["fell_short"] == 1:
            parts[1] = "1 falls short"
        if self.may_fall_short:
            parts[1] += f" ({self.may_fall_short:,} may)"
        if counts["unreadable"]:
            parts.append(f"{counts['unreadable']:,} could not be read")
        if counts["known_findings"]:
            known = counted(counts["known_findings"], "finding")
            parts.append(f"{known} of {counted(self._with_known, 'photo')} known from the baseline")
        return " · ".join(parts)

    @property
    def _with_known(self) -> int:
        return sum(any(finding.known for finding in photo.findings) for photo in self.photos)


class Check:
    """Takes the records of a run, one by one, and keeps only what the reports need."""

    def __init__(
        self,
        rules: Sequence[Rule],
        root: Path | None = None,
        baseline: frozenset[Key] | None = None,
        may_fall_short: int = 0,
    ) -> None:
        """`root` is the folder under which photos are named, see `root_of`."""
        self._rules = tuple(dict.fromkeys(rules))
        self._root = root
        self._baseline = baseline or frozenset()
        self._empty = {rule.field for rule in self._rules}
        self.report = Report(tuple(map(str, self._rules)), [], baseline is not None, may_fall_short)

    def add(self, record: Record, name: str | None = None) -> CheckedPhoto | None:
        """Check one photo; None for a file that is no photo, which no rule is about.

        Without a `name`, it's named by its path under the root.
        """
        if record.status == "skipped":
            return None
        name = relative_name(record.path, self._root) if name is None else name
        if record.status == "failed":
            found = [(UNREADABLE, f"cannot be read: {record.error}")]
        else:
            reasons = ((str(rule), rule.broken(record)) for rule in self._rules)
            found = [(rule, reason) for rule, reason in reasons if reason is not None]
            self._empty -= {name for name in self._empty if value(record, name) is not None}
        findings = tuple(Finding(rule, reason, (name, rule) in self._baseline) for rule, reason in found)
        photo = CheckedPhoto(record.path, name, record.status == "ok", findings)
        self.report.photos.append(photo)
        return photo

    @property
    def never_filled(self) -> list[str]:
        """The fields that rules ask for and no photo had, such as the camera in photos without EXIF."""
        return sorted(self._empty) if any(photo.readable for photo in self.report.photos) else []


def root_of(paths: Iterable[Path]) -> Path | None:
    """The folder that photos are named under: the one given, else the nearest that holds all of them."""
    folders = [_absolute(path) if path.is_dir() else _absolute(path).parent for path in paths]
    try:
        return Path(os.path.commonpath(folders))
    except ValueError:  # on different drives
        return None


def relative_name(path: str, root: Path | None) -> str:
    """A photo's name under the root, with forward slashes: the same on every machine."""
    absolute = _absolute(Path(path))
    inside = root is not None and absolute.is_relative_to(root)
    return (absolute.relative_to(root) if inside and root else absolute).as_posix()


def _absolute(path: Path) -> Path:
    # Links are not followed: a photo is named by where it was found.
    return Path(os.path.abspath(path))  # noqa: PTH100
