"""Moving photos into another folder together with all that belongs to them, never over another file."""

from __future__ import annotations

import contextlib
import os
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from photocli.decode.signature import RAW_SUFFIXES, RENDERED_SUFFIXES
from photocli.discover import REJECTS_MARKER, SIDECAR_SUFFIXES
from photocli.errors import PhotocliError, UsageError
from photocli.files.atomic import atomic_write
from photocli.files.links import Roots, is_link, real_place
from photocli.files.locks import folder_lock
from photocli.files.move import move_file

if TYPE_CHECKING:
    from photocli.files.journal import Journal


_MARKER_TEXT = (
    b"photocli moved rejects into this folder, and leaves it out of its runs unless the folder is named.\n"
    b"Delete this file if it should be looked at like any other.\n"
)


@dataclass(frozen=True, slots=True)
class Move:
    """A photo with its RAW file and sidecars, and where each of them goes; `renamed` after a name clash.

    `into` is the folder that the user named for it, and `home` the real folder that the photo lies in.
    """

    photo: Path
    files: tuple[tuple[Path, Path], ...]
    renamed: bool
    into: Path
    home: Path


class Mover:
    """Plans the moves of photos into the folder `into`, below which they keep their subfolders.

    Where a name is taken there, all files of the photo get a number (`IMG_1-2.jpg`, `IMG_1-2.xmp`).
    """

    def __init__(self, into: Path, roots: Iterable[Path]) -> None:
        """`roots` are the paths that the user gave. Raises `UsageError` if `into` holds one of them."""
        roots = list(roots)
        self._into = into
        self._roots = [root if root.is_dir() else root.parent for root in roots]
        self._folders: dict[Path, _Folder] = {}
        self._promised: set[str] = set()
        self._given = Roots(roots)
        place = into.resolve()
        for root in self._roots:
            if root.resolve().is_relative_to(place):
                raise UsageError(f"rejects cannot be moved to {into}: the photos are in it already")
        if into.exists() and not into.is_dir():
            raise UsageError(f"rejects cannot be moved to {into}: it is no folder")

    def plan(self, photo: Path, twin: Path | None = None) -> Move:
        """Where a photo and all that belongs to it will go. Its files count as moved from then on."""
        files = self._in_folder(photo.parent).take(photo, twin)
        target = self._into / self._below_root(photo.parent)
        for number in range(1, 1_000_000):
            ending = "" if number == 1 else f"-{number}"
            targets = [target / _numbered(file.name, photo.stem, ending) for file in files]
            if not any(self._is_taken(path) for path in targets):
                break
        self._promised.update(map(_key, targets))
        pairs = tuple(zip(files, targets, strict=True))
        return Move(photo, pairs, number > 1, self._into, real_place(photo).parent)

    def why_not(self, photo: Path, twin: Path | None = None) -> str | None:
        """Say why a photo is not moved: it, its RAW file or a sidecar of it is, or lies behind, a link."""
        for file in (photo, *([twin] if twin is not None else [])):
            if (why := self._given.why_closed(file)) is not None:
                return why
        files = self._in_folder(photo.parent).own(photo, twin)
        return next((f"{file.name} is a link" for file in files if is_link(file)), None)

    def _in_folder(self, path: Path) -> _Folder:
        if path not in self._folders:
            self._folders[path] = _Folder(path)
        return self._folders[path]

    def _below_root(self, folder: Path) -> Path:
        for root in self._roots:
            if folder.is_relative_to(root):
                return folder.relative_to(root)
        return Path()

    def _is_taken(self, path: Path) -> bool:
        return _key(path) in self._promised or os.path.lexists(path)


def carry_out(move: Move, journal: Journal) -> None:
    """Move the files of a photo; all of them, or none. Raises `PhotocliError`."""
    done: list[tuple[Path, Path]] = []
    try:
        for source, target in move.files:
            _check_way(move, source, target)
            journal.make_folder(target.parent)
            journal.move(source, target)
            done.append((source, target))
    except (PhotocliError, OSError) as error:
        for source, target in reversed(done):
            with contextlib.suppress(PhotocliError):
                move_file(target, source)
        if isinstance(error, PhotocliError):
            raise
        raise PhotocliError(f"cannot move {move.photo}: {error.strerror or error}") from error


def mark(into: Path, journal: Journal) -> None:
    """Mark the folder that rejects are moved into, so that later runs leave it out.

    Raises `PhotocliError` if the marker cannot be written.
    """
    marker = into / REJECTS_MARKER
    is_marked = os.path.lexists(marker)
    try:
        if is_marked:
            journal.note_folder(into)
        else:
            journal.make_folder(into)
        journal.note_marker(marker, _MARKER_TEXT)
    except OSError as error:
        raise PhotocliError(f"cannot make {into}: {error.strerror or error}") from error
    if is_marked:
        return
    with folder_lock(into), atomic_write(marker, follow_links=False) as file:
        file.write(_MARKER_TEXT)
        file.commit_over(None, _MARKER_TEXT)  # where another run made it meanwhile, it stands


def _check_way(move: Move, source: Path, target: Path) -> None:
    """Refuse what links lead elsewhere: a file that became one, or folders on the way of which one is."""
    if is_link(source):
        raise PhotocliError(f"cannot move {move.photo}: {source} is a link")
    if real_place(source).parent != move.home:
        raise PhotocliError(f"cannot move {move.photo}: {source.parent} leads elsewhere now, by a link")
    if not real_place(target).is_relative_to(os.path.realpath(move.into)):
        raise PhotocliError(f"cannot move {move.photo}: {target.parent} leads out of {move.into}, by a link")


class _Folder:
    """The files of one folder, less those that were taken, by the stems of their names."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._by_stem: defaultdict[str, list[str]] = defaultdict(list)
        for name in sorted(entry.name for entry in os.scandir(path) if not entry.is_dir()):
            self._by_stem[Path(name).stem.casefold()].append(name)

    def take(self, photo: Path, twin: Path | None) -> list[Path]:
        """The files that are `own` to a photo, which no other photo then has."""
        files = self.own(photo, twin)
        for file in files:
            same_stem = self._by_stem[file.stem.casefold()]
            if file.name in same_stem:
                same_stem.remove(file.name)
        return files

    def own(self, photo: Path, twin: Path | None) -> list[Path]:
        """The photo, its twin, and the sidecars that are theirs alone."""
        own = [photo, *([twin] if twin is not None else [])]
        names = dict.fromkeys(file.name for file in own)
        for file in own:
            names.update(dict.fromkeys(self._sidecars(file.name)))
        if not self._is_shared(photo, names):
            names.update(dict.fromkeys(self._sidecars(photo.stem)))
        return [self._path / name for name in names]

    def _sidecars(self, base: str) -> Iterator[str]:
        """Sidecars called like `base` with one more suffix; case may differ, as cards and systems do."""
        return (name for name in self._by_stem[base.casefold()] if _suffix(name) in SIDECAR_SUFFIXES)

    def _is_shared(self, photo: Path, own: Iterable[str]) -> bool:
        """Whether `IMG.xmp` may be meant for a photo that stays: another `IMG.*`, or one called `IMG`."""
        stem = photo.stem.casefold()
        files: Sequence[str] = self._by_stem[Path(photo.stem).stem.casefold()]
        if any(name.casefold() == stem for name in files):
            return True
        others = (name for name in self._by_stem[stem] if name not in set(own))
        return any(_suffix(name) in RAW_SUFFIXES or _suffix(name) in RENDERED_SUFFIXES for name in others)


def _numbered(name: str, stem: str, ending: str) -> str:
    """The name with an ending after the photo's stem, which all files of a photo begin with."""
    return f"{name[: len(stem)]}{ending}{name[len(stem) :]}"


def _suffix(name: str) -> str:
    return Path(name).suffix.lower()


def _key(path: Path) -> str:
    return str(path).casefold()  # some file systems take IMG.jpg and img.jpg for one file
