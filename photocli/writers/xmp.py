"""XMP: stars, labels, flags, keywords and scores, in sidecars beside the photos or inside JPEGs."""

from __future__ import annotations

import re
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Literal

from photocli.decode.signature import RAW_SUFFIXES, RENDERED_SUFFIXES
from photocli.editors import editor as editor_named
from photocli.errors import PhotocliError, SidecarError
from photocli.files import atomic_write
from photocli.links import is_link
from photocli.locks import folder_lock
from photocli.sidecars import Folder
from photocli.strays import sweep

if TYPE_CHECKING:
    from typing_extensions import Self

    from photocli.camera_raw import SensorCrop
    from photocli.journal import Journal
    from photocli.links import Roots
    from photocli.records import Record
    from photocli.xmp import XmpChanges

Kind = Literal["written", "unchanged", "kept", "failed", "linked"]

_SCORES = {"Score": "score", "Aesthetic": "aesthetic", "Technical": "technical", "Selfie": "selfie"}
_TAGS = ("medium", "style")
_TRIES = 10
_PAUSE_S = 0.01


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one file; `kept`: a person's rating, label or flag stands, beside our scores.

    `linked`: the photo lies behind a link that leads out of what was given, where nothing is written.
    `reason` says in a sentence why it failed, `why` the same without the name of the file.
    """

    photo: str
    sidecar: Path | None
    kind: Kind
    reason: str | None = None
    why: str | None = None


@dataclass(frozen=True, slots=True)
class Marks:
    """What to say of a photo beside its stars and scores; see `XmpChanges`. `None` leaves alone."""

    pick: Literal["pick", "reject", "none"] | None = None
    label: str | None = None
    keywords: tuple[str, ...] | None = None
    crop: SensorCrop | None = None


@dataclass(frozen=True, slots=True)
class Planned:
    """What will become of one file: its XMP packet before and after, and all of its new content.

    `kind` is the outcome if it is carried out. `path` is a sidecar, or a JPEG that the packet goes into;
    `original` is all that it holds. `again` plans it once more, by what stands there then.
    """

    photo: str
    path: Path
    before: bytes | None
    after: bytes
    content: bytes
    changed: bool
    kind: Kind
    original: bytes | None
    again: Callable[[], Planned | Outcome]


class XmpWriter:
    """Merges the stars and scores of each record into the photo's sidecar, or makes a new one.

    `editor` names the one that is to read it (see `editors.EDITORS`); without it the sidecar that is there is
    updated, under either of its usual names, and a new one is `IMG.CR2`'s `IMG.xmp`, as Lightroom, Camera Raw
    and Capture One expect it, and any other photo's `IMG.JPG.xmp`. `embed` puts the packet into JPEGs, which
    then have a sidecar only with `sidecars`. A file that can't be merged is left as it was: the outcome is
    `failed`, and the run goes on. `report` is called with each outcome; `counts` has their numbers by kind.
    What is written is noted in `journal`, so that it can be taken back. `unread` counts the JPEGs whose
    sidecars the editor doesn't read. What another program writes meanwhile is merged with, never replaced.
    What killed runs left in the folders of the photos is deleted.
    """

    def __init__(
        self,
        *,
        overwrite: bool = False,
        report: Callable[[Outcome], None] | None = None,
        clock: Callable[[], datetime] = lambda: datetime.now().astimezone(),
        editor: str | None = None,
        embed: bool = False,
        sidecars: bool | None = None,
        journal: Journal | None = None,
        roots: Roots | None = None,
    ) -> None:
        """Raises `UsageError` if there is no such editor. `sidecars` is true unless `embed` is.

        `roots` are what the user gave: nothing is written that a link leads to out of them.
        """
        self._roots = roots
        self.counts: Counter[Kind] = Counter()
        self.unread = 0
        self._editor = editor_named(editor)
        self._editor_name = editor
        self._overwrite = overwrite
        self._embed = embed
        self._sidecars = not embed if sidecars is None else sidecars
        self._journal = journal
        self._report = report
        self._clock = clock
        self._folder: Folder | None = None
        self._written: set[Path] = set()

    def write(self, record: Record, marks: Marks | None = None) -> Record:
        """Rate one photo, if it was scored or has marks.

        Returns the record with what became of it, in the field `sidecar`: so this writer comes before those
        that write the record down.
        """
        self._sweep_beside(Path(record.path))
        outcomes = []
        for planned in self.plan(record, marks):
            outcome = planned if isinstance(planned, Outcome) else self._carry_out(planned)
            outcomes.append(outcome)
            self.counts[outcome.kind] += 1
            if self._report is not None:
                self._report(outcome)
        return replace(record, sidecar=_said(outcomes))

    def _sweep_beside(self, photo: Path) -> None:
        """Delete what killed runs left in the photo's folder, once, unless nothing may be written there."""
        folder = photo.parent
        if folder in self._written or (self._roots is not None and self._roots.why_closed(photo) is not None):
            return
        self._written.add(folder)
        sweep(folder)

    def plan(self, record: Record, marks: Marks | None = None) -> Iterator[Planned | Outcome]:
        """What `write` would do, without doing it; an `Outcome` is a failure."""
        if record.status != "ok" or (record.stars is None and marks is None):
            return
        photo, twin = Path(record.path), Path(record.twin) if record.twin else None
        if self._roots is not None and (why := self._roots.why_closed(photo)) is not None:
            yield Outcome(record.path, None, "linked", f"nothing is written for it: {why}")
            return
        try:
            inside = self._embed and _is_jpeg_name(photo)
            if inside:
                yield self._planned(record, marks, photo, self._plan_embedded)
            if inside and not self._sidecars and twin is None:
                return
            # The listing of one folder at a time: photos come folder by folder.
            if self._folder is None or self._folder.path != photo.parent:
                self._folder = Folder(photo.parent)
            raw_alone = inside and not self._sidecars  # the JPEG of the pair has its packet inside
            first, second = (twin, None) if raw_alone and twin is not None else (photo, twin)
            self.unread += not (self._editor.jpeg_sidecars or inside or twin) and _is_jpeg_name(photo)
            for sidecar in self._folder.sidecars(first, second, self._editor):
                yield self._planned(record, marks, sidecar, self._plan_sidecar)
        except OSError as error:
            yield Outcome(
                record.path, None, "failed", f"cannot read {photo.parent}: {error.strerror or error}"
            )

    @property
    def hint(self) -> str:
        """What to say of the `unread` JPEGs."""
        return f"{self._editor.title} reads the ratings of JPEGs from the files themselves: add --embed"

    def close(self) -> None:
        """Delete what runs left that were killed meanwhile; each sidecar is in place already."""
        for folder in self._written:
            sweep(folder)
        self._written.clear()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _planned(
        self,
        record: Record,
        marks: Marks | None,
        path: Path,
        how: Callable[[Record, Marks | None, XmpChanges, Path], Planned],
    ) -> Planned | Outcome:
        try:
            return how(record, marks, self._changes(record, marks), path)
        except SidecarError as error:
            return Outcome(record.path, path, "failed", f"{path} is left as it was: {error}", str(error))
        except PhotocliError as error:
            return Outcome(record.path, path, "failed", str(error))
        except OSError as error:
            return Outcome(record.path, path, "failed", f"cannot read {path}: {error.strerror or error}")

    def _plan_sidecar(
        self, record: Record, marks: Marks | None, changes: XmpChanges, sidecar: Path
    ) -> Planned:
        from photocli.xmp import merge

        photo, twin = Path(record.path), Path(record.twin) if record.twin else None
        _refuse_link(sidecar)
        old = _read(sidecar)
        raw = twin or (photo if photo.suffix.lower() in RAW_SUFFIXES else None)
        shared = raw is not None and sidecar.stem == photo.stem and (old is None or twin is not None)
        extension = raw.suffix[1:].upper() if raw is not None and shared else None
        changes = replace(changes, sidecar_for=extension)
        kept = False
        if not self._overwrite:
            changes, kept = _heeding(_embedded_in(photo), changes)
        result = merge(old, changes, now=self._clock())
        kept = kept or result.kept
        return Planned(
            record.path,
            sidecar,
            old,
            result.packet,
            result.packet,
            result.changed,
            _kind(kept, result.changed),
            old,
            lambda: self._planned(record, marks, sidecar, self._plan_sidecar),
        )

    def _plan_embedded(
        self, record: Record, marks: Marks | None, changes: XmpChanges, photo: Path
    ) -> Planned:
        from photocli.embedding import embedded, packet_in, read
        from photocli.xmp import merge

        _refuse_link(photo)
        jpeg = read(photo)
        old = packet_in(jpeg)
        result = merge(old, changes, now=self._clock())
        content = embedded(jpeg, result.packet) if result.changed else jpeg
        after = packet_in(content) or result.packet
        return Planned(
            record.path,
            photo,
            old,
            after,
            content,
            result.changed,
            _kind(result.kept, result.changed),
            jpeg,
            lambda: self._planned(record, marks, photo, self._plan_embedded),
        )

    def _carry_out(self, planned: Planned) -> Outcome:
        path, current = planned.path, planned
        try:
            if not planned.changed:
                return Outcome(planned.photo, path, planned.kind)
            with folder_lock(path.parent):
                for tried in range(_TRIES):
                    if not current.changed or self._replace(current):
                        return Outcome(current.photo, path, current.kind)
                    time.sleep(_PAUSE_S * tried)
                    found = current.again()  # it was changed since it was read
                    if isinstance(found, Planned):
                        current = found
                    elif tried > _TRIES // 2:  # before that, it may be half-written still
                        return found
            raise PhotocliError(f"{path} is left as it is: another program keeps changing it; run this again")
        except PhotocliError as error:
            return Outcome(planned.photo, path, "failed", str(error))
        except OSError as error:
            return Outcome(planned.photo, path, "failed", f"cannot read {path}: {error.strerror or error}")

    def _replace(self, planned: Planned) -> bool:
        """Write it where the file is as it was when it was read; whether it was, and is written."""
        if self._journal is not None:
            self._journal.replacing(planned.path, planned.content, old=planned.original)
        with atomic_write(planned.path, follow_links=False) as file:
            file.write(planned.content)
            done = file.commit_over(planned.original, planned.content)
        if self._journal is not None:
            note = self._journal.replaced if done else self._journal.abandoned
            note(planned.path)
        return done

    def _changes(self, record: Record, marks: Marks | None) -> XmpChanges:
        """What to write for a record. Two decimals: the same photo has the same on every device."""
        from photocli.xmp import XmpChanges

        values = {name: getattr(record, column) for name, column in _SCORES.items()}
        scores = {name: f"{value:.2f}" for name, value in values.items() if value is not None}
        if record.models:
            scores["Models"] = ";".join(record.models)
        chosen = marks or Marks()
        keywords = chosen.keywords
        if keywords is None and self._editor_name is not None:
            keywords = _keywords(record)
        return XmpChanges(
            rating=record.stars,
            scores=scores,
            overwrite=self._overwrite,
            label=chosen.label,
            pick=chosen.pick,
            keywords=keywords,
            editor=self._editor_name,
            crop=chosen.crop,
        )


def _said(outcomes: list[Outcome]) -> str | None:
    """What the record says of its files: the worst of it, and why; `None` where there are none."""
    failed = [outcome for outcome in outcomes if outcome.kind in ("failed", "linked")]
    if failed:
        reasons = []
        for each in failed:
            name = f"{each.sidecar.name}: " if each.sidecar is not None and len(outcomes) > 1 else ""
            reasons.append(f"{name}{each.why or each.reason}")
        return f"refused: {'; '.join(reasons)}"
    if any(outcome.kind == "kept" for outcome in outcomes):
        return "kept"
    return "written" if outcomes else None


def _is_jpeg_name(photo: Path) -> bool:
    return RENDERED_SUFFIXES.get(photo.suffix.lower()) == "jpeg"


def _kind(kept: bool, changed: bool) -> Kind:
    if kept:
        return "kept"
    return "written" if changed else "unchanged"


def _keywords(record: Record) -> tuple[str, ...] | None:
    """What a record says in words; nothing where that was not assessed."""
    words = {name: getattr(record, name) for name in _TAGS}
    clean = {name: re.sub(r"[|/;\x00-\x1f]+", " ", word).strip() for name, word in words.items() if word}
    return tuple(f"photocli|{name}|{word}" for name, word in clean.items() if word) or None


def _embedded_in(photo: Path) -> bytes | None:
    """The packet inside a JPEG, in which a person may have rated it."""
    from photocli.embedding import HEAD, is_jpeg, packet_in

    if not _is_jpeg_name(photo):
        return None
    try:
        with photo.open("rb") as file:
            head = file.read(HEAD)
    except OSError:
        return None
    return packet_in(head) if is_jpeg(head) else None


def _heeding(packet: bytes | None, changes: XmpChanges) -> tuple[XmpChanges, bool]:
    """The changes without what a person said in the packet inside the photo; whether there was any."""
    from photocli.xmp import merge

    if packet is None:
        return changes, False
    try:
        found = merge(packet, changes, now=datetime.now().astimezone())
    except SidecarError:
        return changes, False
    kept = replace(
        changes,
        rating=None if found.kept_rating else changes.rating,
        label=None if found.kept_label else changes.label,
        pick=None if found.kept_pick else changes.pick,
    )
    return kept, found.kept


def _refuse_link(path: Path) -> None:
    if is_link(path):
        raise SidecarError("it is a link, and nothing is written through it")


def _read(sidecar: Path) -> bytes | None:
    """The sidecar's content as far as it may be merged, or `None` where there is none."""
    from photocli.limits import LARGEST

    if sidecar.exists() and not sidecar.is_file():
        raise SidecarError("it is no file")
    try:
        with sidecar.open("rb") as file:
            return file.read(LARGEST + 1)
    except FileNotFoundError:
        return None
