"""XMP sidecars: stars and scores beside each photo, where photo programs look for them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Literal

from photocli.decode.signature import RAW_SUFFIXES, RENDERED_SUFFIXES
from photocli.errors import PhotocliError, SidecarError
from photocli.files import atomic_write

if TYPE_CHECKING:
    from typing_extensions import Self

    from photocli.records import Record
    from photocli.xmp import XmpChanges

Kind = Literal["written", "unchanged", "kept", "failed"]

_SCORES = {"Score": "score", "Aesthetic": "aesthetic", "Technical": "technical", "Selfie": "selfie"}


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one photo's sidecar; `kept` means that a person's rating stands, beside our scores."""

    photo: str
    sidecar: Path | None
    kind: Kind
    reason: str | None = None


class XmpWriter:
    """Merges the stars and scores of each record into the photo's sidecar, or makes a new one.

    The sidecar that is there is updated, under either of its usual names; a new one is `IMG.CR2`'s `IMG.xmp`,
    as Lightroom, Camera Raw and Capture One expect it, and any other photo's `IMG.JPG.xmp`. Photos that
    differ in their suffix alone never share a sidecar, unless they are a stacked RAW+JPEG pair. A sidecar
    that can't be merged is left as it was: the outcome is `failed`, and the run goes on. `report` is called
    with each outcome; `counts` has their numbers by kind.
    """

    def __init__(
        self,
        *,
        overwrite: bool = False,
        report: Callable[[Outcome], None] | None = None,
        clock: Callable[[], datetime] = lambda: datetime.now().astimezone(),
    ) -> None:
        self.counts: Counter[Kind] = Counter()
        self._overwrite = overwrite
        self._report = report
        self._clock = clock
        self._folder: _Folder | None = None

    def write(self, record: Record) -> None:
        """Rate one photo, if it was scored."""
        if record.status != "ok" or record.stars is None:
            return
        outcome = self._rate(record)
        self.counts[outcome.kind] += 1
        if self._report is not None:
            self._report(outcome)

    def close(self) -> None:
        """Nothing to do: each sidecar is in place already."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _rate(self, record: Record) -> Outcome:
        photo, twin = Path(record.path), Path(record.twin) if record.twin else None
        sidecar = None
        try:
            # The listing of one folder at a time: photos come folder by folder.
            if self._folder is None or self._folder.path != photo.parent:
                self._folder = _Folder(photo.parent)
            sidecar = self._folder.sidecar(photo, twin)
            return Outcome(record.path, sidecar, self._merge(record, sidecar, photo, twin))
        except SidecarError as error:
            return Outcome(record.path, sidecar, "failed", f"{sidecar} is left as it was: {error}")
        except PhotocliError as error:
            return Outcome(record.path, sidecar, "failed", str(error))
        except OSError as error:
            reason = f"cannot read {sidecar or photo.parent}: {error.strerror or error}"
            return Outcome(record.path, sidecar, "failed", reason)

    def _merge(self, record: Record, sidecar: Path, photo: Path, twin: Path | None) -> Kind:
        from photocli.xmp import merge

        old = _read(sidecar)
        raw = twin or (photo if photo.suffix.lower() in RAW_SUFFIXES else None)
        shared = raw is not None and sidecar.stem == photo.stem and (old is None or twin is not None)
        extension = raw.suffix[1:].upper() if raw is not None and shared else None
        result = merge(old, _changes(record, extension, self._overwrite), now=self._clock())
        if result.changed:
            with atomic_write(sidecar) as file:
                file.write(result.packet)
            if _read(sidecar) != result.packet:
                raise PhotocliError(f"{sidecar} reads back differently from what was written")
        if result.kept_rating:
            return "kept"
        return "written" if result.changed else "unchanged"


class _Folder:
    """Which photos and sidecars a folder holds, so that each sidecar is found without listing it again."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._names = {entry.name for entry in path.iterdir()}
        self._photos: dict[str, list[Path]] = {}
        self._sidecars: dict[str, str] = {}
        for name in sorted(self._names):
            file = Path(name)
            suffix = file.suffix.lower()
            if suffix == ".xmp":
                self._sidecars.setdefault(file.stem, name)
            elif suffix in RAW_SUFFIXES or suffix in RENDERED_SUFFIXES:
                # Without case, as some file systems take IMG.xmp and img.xmp for one file.
                self._photos.setdefault(file.stem.casefold(), []).append(file)

    def sidecar(self, photo: Path, twin: Path | None) -> Path:
        """The sidecar to update, or to make."""
        short = self._owns_short_name(photo, twin)
        bases = [photo.name, *([photo.stem] if short else []), *([twin.name] if twin else [])]
        for base in bases:
            for name in self._spellings(base):
                if (self.path / name).exists():
                    return self.path / name
        raw = twin is not None or photo.suffix.lower() in RAW_SUFFIXES
        return self.path / f"{photo.stem if raw and short else photo.name}.xmp"

    def _spellings(self, base: str) -> Iterator[str]:
        if base in self._sidecars:
            yield self._sidecars[base]
        # Another program may have made one since the folder was listed.
        yield from (f"{base}.xmp", f"{base}.XMP")

    def _owns_short_name(self, photo: Path, twin: Path | None) -> bool:
        """Whether `IMG.xmp` can be meant for this photo, or its pair, alone."""
        if photo.stem in self._names:  # IMG.JPG beside IMG.JPG.png: IMG.JPG.xmp is the former's
            return False
        own = {photo.name, twin.name if twin else photo.name}
        others = [p for p in self._photos.get(photo.stem.casefold(), []) if p.name not in own]
        if twin is not None or photo.suffix.lower() in RAW_SUFFIXES:
            return not any(other.suffix.lower() in RAW_SUFFIXES for other in others)
        return not others


def _read(sidecar: Path) -> bytes | None:
    """The sidecar's content as far as it may be merged, or `None` where there is none."""
    from photocli.markup import LARGEST

    if sidecar.exists() and not sidecar.is_file():
        raise SidecarError("it is no file")
    try:
        with sidecar.open("rb") as file:
            return file.read(LARGEST + 1)
    except FileNotFoundError:
        return None


def _changes(record: Record, extension: str | None, overwrite: bool) -> XmpChanges:
    """What to write for a record. Two decimals: the same photo has the same on every device."""
    from photocli.xmp import XmpChanges

    values = {name: getattr(record, column) for name, column in _SCORES.items()}
    scores = {name: f"{value:.2f}" for name, value in values.items() if value is not None}
    if record.models:
        scores["Models"] = ";".join(record.models)
    return XmpChanges(rating=record.stars, scores=scores, sidecar_for=extension, overwrite=overwrite)
