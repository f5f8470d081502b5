"""What stands of a photo on the disk: a person's judgement, read afresh, and whether its files changed."""

from __future__ import annotations

import hashlib
import os
import time
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from photocli.display import printable
from photocli.errors import SidecarError
from photocli.xmp.editors import colour_of
from photocli.xmp.judgement import Judgement
from photocli.xmp.own_ratings import JudgementReader
from photocli.xmp.rawtherapee import SUFFIX
from photocli.xmp.sidecars import SidecarFolder

if TYPE_CHECKING:
    from photocli.files.links import Roots

_ENDINGS = (".xmp", ".XMP", SUFFIX)
_KEPT = 1000
_LONGEST = 100  # characters of a label that a page is given
_LISTED_S = 30.0
"""A folder that changed is listed again after so many seconds: what must not wait is looked for by name."""


@dataclass(frozen=True, slots=True)
class Standing:
    """What a person said of a photo, as it stands on the disk, and `state`, by which two such are told apart.

    A page sends `state` back as what it saw.
    """

    judgement: Judgement = field(default_factory=Judgement)

    @property
    def state(self) -> str:
        """A short text that differs where the judgement does; edits of the picture don't count."""
        said = self.judgement
        text = f"{said.rating}|{said.flag}|{said.label}"
        return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()[:16]

    @property
    def words(self) -> str:
        """What was said, as a phrase, such as "4 stars, label red"; "no rating" for nothing."""
        said = self.judgement
        return Judgement(said.rating, said.flag, said.label).words or "no rating"

    def as_row(self) -> dict[str, Any]:
        """`stars` (1 to 5, or None), `pick` (1, -1, None), `label` (Red, ... or a word, or None), `state`."""
        said, label = self.judgement, colour_of(self.judgement.label or "")
        return {
            "stars": said.rating if said.rating is not None and said.rating > 0 else None,
            "pick": -1 if said.rejects else 1 if said.flag == "pick" else None,
            "label": printable(label[:1].upper() + label[1:])[:_LONGEST] or None,
            "state": self.state,
        }


class FolderListings:
    """The listings of folders, each made once: a shoot of 20,000 photos is not listed for every stroke."""

    def __init__(self) -> None:
        self._known: dict[Path, tuple[SidecarFolder, int, float]] = {}

    def __call__(self, folder: Path) -> SidecarFolder:
        """The listing of a folder, as it was when it was first asked for or renewed. Raises `OSError`."""
        if folder not in self._known:
            changed = folder.stat().st_mtime_ns
            self._known[folder] = SidecarFolder(folder), changed, time.monotonic()
        return self._known[folder][0]

    def renew(self, folder: Path) -> None:
        """List a folder again if it changed, and was not listed a moment ago."""
        known = self._known.get(folder)
        if known is not None and time.monotonic() - known[2] > _LISTED_S:
            with suppress(OSError):
                if folder.stat().st_mtime_ns != known[1]:
                    del self._known[folder]
                    self(folder)


class StandingReader(JudgementReader):
    """Reads what stands of photos now, also in sidecars that other programs made a moment ago."""

    def __init__(self, roots: Roots | None, folders: FolderListings) -> None:
        super().__init__(roots)
        self._folders = folders
        self._inside: OrderedDict[Path, tuple[tuple[int, ...], Judgement]] = OrderedDict()

    def standing(self, photo: Path, twin: Path | None) -> Standing:
        """What a person said of a photo, or of the RAW file under it."""
        said = self.of(photo, twin)
        return NOTHING if said is None else Standing(said)

    def beside(self, file: Path, base: str) -> list[Path]:
        """The sidecars called like `base` that are there now."""
        try:
            found = self._folders(file.parent).named(base)
        except OSError:
            return []
        profile = os.path.join(file.parent, base + SUFFIX)  # noqa: PTH118 - for each photo, twice
        return sorted([*found, Path(profile)] if os.path.exists(profile) else found)  # noqa: PTH110

    def inside(self, file: Path) -> Judgement:
        """What the packet inside a photo says; it is read again if the photo has changed."""
        identity = _identity(file)
        known = self._inside.get(file)
        if known is None or known[0] != identity:
            known = identity, super().inside(file)
            self._inside[file] = known
            if len(self._inside) > _KEPT:
                self._inside.popitem(last=False)
        return known[1]

    def sidecars(self, photo: Path, twin: Path | None) -> Iterator[tuple[Path, Judgement]]:
        """The XMP sidecars of a photo in which a person said something, with what it is."""
        for file in (photo,) if twin is None else (photo, twin):
            for base in dict.fromkeys((file.name, file.stem)):
                for sidecar in self.beside(file, base):
                    if sidecar.suffix.lower() == ".xmp":
                        with suppress(OSError, SidecarError):
                            yield sidecar, self._in_sidecar(sidecar, file if base == file.stem else None)

    def profiles(self, photo: Path, twin: Path | None) -> Iterator[Path]:
        """The profiles of RawTherapee of a photo, which are read and never written."""
        for file in (photo,) if twin is None else (photo, twin):
            for base in dict.fromkeys((file.name, file.stem)):
                yield from (path for path in self.beside(file, base) if path.suffix == SUFFIX)

    def signature(self, photo: Path, twin: Path | None) -> int:
        """A number that changes when a file does that is read for a photo; nothing is opened for it."""
        found: list[tuple[int, ...]] = []
        for file in (photo,) if twin is None else (photo, twin):
            whole = str(file)
            stem = whole[: -len(file.suffix)] if file.suffix else whole
            found.append(_identity(whole))
            found += [_identity(base + ending) for base in (whole, stem) for ending in _ENDINGS]
        return hash(tuple(found))


NOTHING = Standing()
"""What stands of most photos; one for all."""


def _identity(file: str | Path) -> tuple[int, ...]:
    try:
        status = os.stat(file)  # noqa: PTH116 - many for each photo
    except (OSError, ValueError):
        return ()
    return status.st_ino, status.st_size, status.st_mtime_ns
