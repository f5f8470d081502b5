"""What will become of a photo's sidecars, or of the packet inside a JPEG, before anything is written."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Literal, Protocol

from photocli.decode.signature import RAW_SUFFIXES, RENDERED_SUFFIXES
from photocli.errors import PhotocliError, SidecarError
from photocli.files.links import is_link
from photocli.xmp.editors import editor as editor_named
from photocli.xmp.keywords import of_record
from photocli.xmp.own_ratings import Judgement, JudgementReader
from photocli.xmp.sidecars import SidecarFolder
from photocli.xmp.unread import UnreadSidecars

if TYPE_CHECKING:
    from photocli.files.links import Roots
    from photocli.records import Record
    from photocli.xmp.camera_raw import SensorCrop
    from photocli.xmp.merge import MergeResult, XmpChanges

OutcomeKind = Literal["written", "unchanged", "kept", "failed", "linked"]

_SCORES = {"Score": "score", "Aesthetic": "aesthetic", "Technical": "technical", "Selfie": "selfie"}


class PhotoFiles(Protocol):
    """A photo by its file, and the RAW file that is stacked under it, if one is; as a record has them."""

    @property
    def path(self) -> str: ...
    @property
    def twin(self) -> str | None: ...


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one file; `kept`: a person's rating, label or flag stands, beside our scores.

    `linked`: the photo lies behind a link that leads out of what was given, where nothing is written.
    `reason` says in a sentence why it failed, `why` the same without the name of the file.
    """

    photo: str
    sidecar: Path | None
    kind: OutcomeKind
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
    kind: OutcomeKind
    original: bytes | None
    again: Callable[[], Planned | Outcome]


class Planner:
    """Plans how the stars and scores of records go into sidecars and JPEGs, as `XmpWriter` says.

    `unread` counts the sidecars that the editor doesn't read.
    """

    def __init__(
        self,
        *,
        overwrite: bool,
        clock: Callable[[], datetime],
        editor: str | None,
        embed: bool,
        sidecars: bool,
        roots: Roots | None,
        keywords: tuple[str, ...] = (),
        folders: Callable[[Path], SidecarFolder] | None = None,
    ) -> None:
        """Raises `UsageError` if there is no such editor. `keywords` are sets, see `keywords.SETS`.

        `folders` gives the listing of a folder; without it, that of the last one is kept.
        """
        self._folders = folders or self._listed
        self._roots = roots
        self._editor = editor_named(editor)
        self.unread = UnreadSidecars(self._editor)
        self._keywords = keywords
        self._editor_name = editor
        self._overwrite = overwrite
        self._embed = embed
        self._sidecars = sidecars
        self._clock = clock
        self._folder: SidecarFolder | None = None
        self._reader = JudgementReader(roots)

    def plan(self, record: Record, marks: Marks | None = None) -> Iterator[Planned | Outcome]:
        """Plan each file of a record, in their order; an `Outcome` is a failure."""
        if record.status == "ok" and (record.stars is not None or marks is not None):
            yield from self.plan_changes(record, self._changes(record, marks))

    def plan_changes(
        self, of: PhotoFiles, changes: XmpChanges, others: Iterable[Path] = ()
    ) -> Iterator[Planned | Outcome]:
        """Plan how changes go into the files of a photo, and into `others`, which are sidecars of it."""
        photo, twin = Path(of.path), Path(of.twin) if of.twin else None
        if self._roots is not None and (why := self._roots.why_closed(photo)) is not None:
            yield Outcome(of.path, None, "linked", f"nothing is written for it: {why}")
            return
        try:
            inside = self._embed and _is_jpeg_name(photo)
            if inside:
                yield self._planned(of, changes, photo, self._plan_embedded)
            sidecars = [] if inside and not self._sidecars and twin is None else self._beside(photo, twin)
            for sidecar in dict.fromkeys((*sidecars, *others)):
                yield self._planned(of, changes, sidecar, self._plan_sidecar)
        except OSError as error:
            yield Outcome(of.path, None, "failed", f"cannot read {photo.parent}: {error.strerror or error}")

    def _beside(self, photo: Path, twin: Path | None) -> list[Path]:
        """The sidecars of a photo that the editor reads, be they there or not."""
        inside = self._embed and _is_jpeg_name(photo)
        raw_alone = inside and not self._sidecars  # the JPEG of the pair has its packet inside
        first, second = (twin, None) if raw_alone and twin is not None else (photo, twin)
        if not inside or twin is not None:
            self.unread.note(twin or photo)
        return self._folders(photo.parent).sidecars(first, second, self._editor)

    def _listed(self, folder: Path) -> SidecarFolder:
        """The listing of one folder at a time: photos come folder by folder."""
        if self._folder is None or self._folder.path != folder:
            self._folder = SidecarFolder(folder)
        return self._folder

    def _planned(
        self,
        of: PhotoFiles,
        changes: XmpChanges,
        path: Path,
        how: Callable[[PhotoFiles, XmpChanges, Path], Planned],
    ) -> Planned | Outcome:
        try:
            return how(of, changes, path)
        except SidecarError as error:
            return Outcome(of.path, path, "failed", f"{path} is left as it was: {error}", str(error))
        except PhotocliError as error:
            return Outcome(of.path, path, "failed", str(error))
        except OSError as error:
            return Outcome(of.path, path, "failed", f"cannot read {path}: {error.strerror or error}")

    def _plan_sidecar(self, of: PhotoFiles, changes: XmpChanges, sidecar: Path) -> Planned:
        photo, twin = Path(of.path), Path(of.twin) if of.twin else None
        _refuse_link(sidecar)
        old = _read(sidecar)
        raw = twin or (photo if photo.suffix.lower() in RAW_SUFFIXES else None)
        shared = raw is not None and sidecar.stem == photo.stem and (old is None or twin is not None)
        extension = raw.suffix[1:].upper() if raw is not None and shared else None
        result, kept = self._merged(of, old, replace(changes, sidecar_for=extension))
        return Planned(
            of.path,
            sidecar,
            old,
            result.packet,
            result.packet,
            result.changed,
            _kind(kept, result.changed),
            old,
            lambda: self._planned(of, changes, sidecar, self._plan_sidecar),
        )

    def _plan_embedded(self, of: PhotoFiles, changes: XmpChanges, photo: Path) -> Planned:
        from photocli.xmp.embedding import embedded, packet_in, read

        _refuse_link(photo)
        jpeg = read(photo)
        old = packet_in(jpeg)
        result, kept = self._merged(of, old, changes)
        content = embedded(jpeg, result.packet) if result.changed else jpeg
        after = packet_in(content) or result.packet
        return Planned(
            of.path,
            photo,
            old,
            after,
            content,
            result.changed,
            _kind(kept, result.changed),
            jpeg,
            lambda: self._planned(of, changes, photo, self._plan_embedded),
        )

    def _merged(self, of: PhotoFiles, old: bytes | None, changes: XmpChanges) -> tuple[MergeResult, bool]:
        """The packet after the merge, and whether anything of a person's stands instead of ours.

        What the person said elsewhere, in another sidecar or inside the photo, is not contradicted here.
        """
        from photocli.xmp.merge import merge

        result = merge(old, changes, now=self._clock())
        if self._overwrite or changes.by_person:
            return result, result.kept
        said = self._reader.of(Path(of.path), Path(of.twin) if of.twin else None)
        heeding = changes if said is None else _heeding(said, changes, result)
        if heeding == changes:
            return result, result.kept
        return merge(old, heeding, now=self._clock()), True

    def _changes(self, record: Record, marks: Marks | None) -> XmpChanges:
        """What to write for a record. Two decimals: the same photo has the same on every device."""
        from photocli.xmp.merge import XmpChanges

        values = {name: getattr(record, column) for name, column in _SCORES.items()}
        scores = {name: f"{value:.2f}" for name, value in values.items() if value is not None}
        if record.models:
            scores["Models"] = ";".join(record.models)
        chosen = marks or Marks()
        keywords = chosen.keywords
        if keywords is None and record.models:  # what wasn't assessed says nothing of keywords, either
            keywords = of_record(record, self._keywords)
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


def _is_jpeg_name(photo: Path) -> bool:
    return RENDERED_SUFFIXES.get(photo.suffix.lower()) == "jpeg"


def _kind(kept: bool, changed: bool) -> OutcomeKind:
    if kept:
        return "kept"
    return "written" if changed else "unchanged"


def _heeding(said: Judgement, changes: XmpChanges, result: MergeResult) -> XmpChanges:
    """The changes without what the person said otherwise; what stands in the packet itself is kept by it."""
    rating = changes.rating
    if rating is not None and (said.rating is not None or said.rejects) and not result.kept_rating:
        rating = None
    label, pick = changes.label, changes.pick
    if label is not None and said.label is not None and not result.kept_label:
        label = None
    against = said.rejects if pick == "pick" else said.keeps if pick == "reject" else False
    by_colour = label is None and said.label is not None and not result.kept_label
    if by_colour and pick in (editor_named(changes.editor).flag_labels or {}):
        pick = None
    if pick is not None and (said.flag is not None or against) and not result.kept_pick:
        pick = None
    return replace(changes, rating=rating, label=label, pick=pick)


def _refuse_link(path: Path) -> None:
    if is_link(path):
        raise SidecarError("it is a link, and nothing is written through it")


def _read(sidecar: Path) -> bytes | None:
    """The sidecar's content as far as it may be merged, or `None` where there is none."""
    from photocli.xmp.limits import LARGEST

    if sidecar.exists() and not sidecar.is_file():
        raise SidecarError("it is no file")
    try:
        with sidecar.open("rb") as file:
            return file.read(LARGEST + 1)
    except FileNotFoundError:
        return None
