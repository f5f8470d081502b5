"""From the paths that a user gives to photos: each file once, RAW+JPEG pairs stacked, sidecars left out."""

from __future__ import annotations

import os
import stat
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path

from photocli.decode.signature import HEAD, RAW_SUFFIXES, RENDERED_SUFFIXES, describe, sniff
from photocli.errors import UsageError
from photocli.files.links import GivenPaths, Roots, given_paths, links
from photocli.records import Photo, Skipped

SIDECAR_SUFFIXES = frozenset(
    ".xmp .pp3 .dop .cos .cof .cop .cot .comask .on1 .aae .thm .nksc .vrd .dr4 .arp .spd .exif .exv".split()  # noqa: SIM905
)
_SIDECAR_NAMES = frozenset(("thumbs.db", "ehthumbs.db", "desktop.ini", "icon\r"))
# Previews, indexes and waste bins that other programs and systems keep in or beside the folders of photos.
_PASSED_FOLDERS = frozenset(("@eadir", "$recycle.bin", "system volume information", "__macosx", "#recycle"))

LEADS_OUT = "a link that leads out of the folders given; --follow-links reads through it"
HIDDEN_FILE, HIDDEN_FOLDER = "a hidden file", "a hidden folder"

REJECTS_MARKER = ".photocli-rejects"
"""The file that marks a folder into which rejects were moved: it is left out unless it is given by name."""

REJECTS = "a folder of rejects of an earlier cull; name it to look at them"


def discover(
    paths: GivenPaths, *, follow_links: bool = False, hidden: bool = False
) -> Iterator[Photo | Skipped]:
    """Find the photos in files and folders, or in one; every file that is looked at comes out exactly once.

    Folders are walked one at a time: their files sorted by name, then their subfolders in the same order, so
    the output is the same on every machine. Files reached twice (given twice, or through links) come out
    once. Hidden files, sidecars and system files are passed over silently; files that are no photo come out
    as `Skipped` with a reason, and so does a folder that cannot be read. A file that is given by name is
    always a `Photo`. A RAW file and a JPEG or HEIC file of the same stem become one `Photo`, whose `twin` is
    the RAW file; this holds for files that are given by name one after the other, too.

    A link within the given paths is left out where what it leads to comes out at its own place. A link that
    leads out of them comes out as `Skipped`; with `follow_links` it is read through (`links.Roots` tells what
    lies behind it). With `hidden`, hidden files and folders come out as `Skipped`, too. So does a folder of
    rejects (`REJECTS_MARKER`) within a given one.

    Raises `UsageError` at once, before anything is yielded, if a path does not exist.
    """
    given = given_paths(paths)
    kinds = [_kind(path) for path in given]
    walk = _Walk(Roots(given), follow_links, hidden)
    return walk.discover(zip(given, kinds, strict=True))


def without_photos(paths: Iterable[Path], *, follow_links: bool = False) -> dict[Path, str]:
    """Tell which of these paths hold no photo, and what is there instead, in a few words.

    A file that is given by name counts as a photo. A folder is looked through up to its first photo. Raises
    `UsageError` if a path does not exist.
    """
    given = [Path(path) for path in paths]
    kinds, roots = [_kind(path) for path in given], Roots(given)
    bare: dict[Path, str] = {}
    for path, kind in zip(given, kinds, strict=True):
        counts: Counter[tuple[str, str]] = Counter()
        for item in _Walk(roots, follow_links, hidden=True).discover([(path, kind)]):
            if isinstance(item, Photo):
                break
            counts[_instead(item.reason)] += 1
        else:
            bare[path] = _in_words(path, counts)
    return bare


def _instead(reason: str) -> tuple[str, str]:
    """What was skipped for this reason, in the singular and in the plural."""
    if reason in (HIDDEN_FILE, HIDDEN_FOLDER):
        return "hidden file or folder", "hidden files or folders"
    if reason == LEADS_OUT:
        return "link that leads out of it", "links that lead out of it"
    if "cannot be read" in reason:
        return "file or folder that cannot be read", "files or folders that cannot be read"
    return "file that is no photo", "files that are no photos"


def _in_words(path: Path, counts: Counter[tuple[str, str]]) -> str:
    if not counts:  # sidecars and system files are passed over
        return "nothing in it is a photo" if any(path.iterdir()) else "it is empty"
    parts = [f"{count:,} {kind[count > 1]}" for kind, count in sorted(counts.items())]
    return f"it holds only {' and '.join(filter(None, (', '.join(parts[:-1]), parts[-1])))}"


@dataclass(frozen=True, slots=True)
class _File:
    """A file of a folder: what it really is, if that is elsewhere, and why it is no photo, if that is known.

    `out`: it lies outside of what was given; it is stacked with its like alone, since it is never written.
    """

    path: Path
    real: str | None = None
    reason: str | None = None
    out: bool = False


@dataclass(slots=True)
class _Walk:
    """The way through the given paths, and what was seen on it."""

    roots: Roots
    follow_links: bool
    hidden: bool
    seen: set[str] = field(default_factory=set)

    def discover(self, given: Iterable[tuple[Path, str]]) -> Iterator[Photo | Skipped]:
        for (kind, parent), run in groupby(given, key=lambda item: (item[1], item[0].parent)):
            paths = [path for path, _ in run]
            if kind == "folder":
                for path in paths:
                    yield from self._folders(path)
            elif kind == "file":
                named = (_File(path, os.path.realpath(path)) for path in paths)
                files = self._unseen(named, os.path.realpath(parent))
                yield from _stacked([file.path for file in files])

    def _folders(self, top: Path) -> Iterator[Photo | Skipped]:
        waiting = [(top, False)]
        while waiting:
            folder, out = waiting.pop()
            real = os.path.realpath(folder)
            # What was given comes out at its own place, not through a link that leads round to it.
            if real in self.seen or (out and self.roots.below(real) is not None):
                continue
            self.seen.add(real)
            if folder != top and os.path.lexists(folder / REJECTS_MARKER) and self.roots.below(real) != ():
                yield Skipped(folder, REJECTS)
                continue
            try:
                files, subfolders = self._listing(folder, out)
            except OSError as error:
                yield Skipped(folder, f"the folder cannot be read: {_reason(error)}")
                continue
            yield from _files(self._unseen(files, real))
            waiting.extend(reversed(subfolders))

    def _listing(self, folder: Path, out: bool) -> tuple[list[_File], list[tuple[Path, bool]]]:
        """The files of a folder, and its subfolders, each with whether it lies outside; sorted by name."""
        files: list[_File] = []
        subfolders: list[tuple[Path, bool]] = []
        with os.scandir(folder) as entries:
            for entry in sorted(entries, key=lambda entry: entry.name):
                path, is_folder = folder / entry.name, _is_folder(entry)
                if entry.name.startswith("."):
                    if self.hidden:
                        files.append(_File(path, reason=HIDDEN_FOLDER if is_folder else HIDDEN_FILE))
                    continue
                if _is_passed_folder(entry.name) if is_folder else _is_sidecar(entry.name):
                    continue
                real = os.path.realpath(path) if _is_link(entry) else None
                names = None if real is None else self.roots.below(real)
                beyond = out if real is None else names is None
                if real is not None and names is not None and self._comes_out(names, real, is_folder):
                    continue
                if real is not None and names is None and not self.follow_links:
                    files.append(_File(path, real=str(path), reason=LEADS_OUT))
                elif is_folder:
                    subfolders.append((path, beyond))
                else:
                    files.append(_File(path, real, out=beyond))
        return files, subfolders

    def _comes_out(self, names: tuple[str, ...], real: str, is_folder: bool) -> bool:
        """Whether what a link leads to is met on the way itself, by these names below a root."""
        if not is_folder and (not names or not os.path.isfile(real)):  # noqa: PTH113
            return not names and os.path.isfile(real)  # noqa: PTH113 - a file that was given, or none at all
        above = names if is_folder else names[:-1]
        if any(name.startswith(".") or _is_passed_folder(name) for name in above):
            return False
        return is_folder or not (names[-1].startswith(".") or _is_sidecar(names[-1]))

    def _unseen(self, files: Iterable[_File], real_folder: str) -> list[_File]:
        """The files not seen before, by what they really are; only links need to be followed to know."""
        fresh = []
        for file in files:
            real = file.real or os.path.join(real_folder, file.path.name)  # noqa: PTH118
            if real in self.seen or (file.out and self.roots.below(real) is not None):
                continue
            self.seen.add(real)
            fresh.append(file)
        return fresh


def _kind(path: Path) -> str:
    try:
        mode = path.stat().st_mode
    except FileNotFoundError:
        raise UsageError(f"There is no file or folder '{path}'.") from None
    except OSError as error:
        raise UsageError(f"'{path}' cannot be read: {_reason(error)}.") from None
    return "folder" if stat.S_ISDIR(mode) else "file"


def _is_link(entry: os.DirEntry[str]) -> bool:
    try:
        # On Windows what `stat` says is known already; elsewhere it would cost a look at each file.
        return entry.is_symlink() or (os.name == "nt" and links(entry.stat(follow_symlinks=False)))
    except OSError:
        return False


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a link that leads in a circle, or away from what may be read
        return False


def _is_passed_folder(name: str) -> bool:
    return name.lower() in _PASSED_FOLDERS or name.lower().endswith(".lrdata")


def _is_sidecar(name: str) -> bool:
    name = name.lower()
    # "IMG_1.jpg_original" and "IMG_1.jpg~" are the copies that metadata tools and editors leave behind, and
    # "IMG_1.jpg.explained.png" is our own page about a photo.
    by_end = ("_original", "~", ".explained.png")
    return name in _SIDECAR_NAMES or name.endswith(by_end) or _suffix(name) in SIDECAR_SUFFIXES


def _files(files: list[_File]) -> Iterator[Photo | Skipped]:
    """The files of one folder, in their order: photos stacked, others with the reason why they are none."""
    reasons = {f.path: why for f in files if (why := f.reason or _why_no_photo(f.path)) is not None}
    stacked: dict[Path, Photo] = {}
    for out in (False, True):
        paths = [file.path for file in files if file.out is out and file.path not in reasons]
        stacked.update((photo.path, photo) for photo in _stacked(paths))
    for file in files:
        if file.path in reasons:
            yield Skipped(file.path, reasons[file.path])
        elif file.path in stacked:
            yield stacked[file.path]


def _why_no_photo(path: Path) -> str | None:
    suffix = _suffix(path.name)
    if suffix in RENDERED_SUFFIXES or suffix in RAW_SUFFIXES:
        return None  # it claims to be one; whether it is will be seen when it is decoded
    try:
        if not path.is_file():  # opening a pipe would wait for ever
            return "not a regular file" if path.exists() else "a link that leads nowhere"
        with path.open("rb") as file:
            head = file.read(HEAD)
    except OSError as error:
        return f"it cannot be read: {_reason(error)}"
    return None if sniff(head, suffix) else f"not a photo: {describe(head)}"


def _stacked(paths: list[Path]) -> Iterator[Photo]:
    """Photos in the order of the paths, each RAW file under the JPEG (else HEIC) file of the same stem."""
    hosts: dict[str, Path] = {}
    raws: dict[str, Path] = {}
    for path in paths:
        suffix = _suffix(path.name)
        key = path.stem.casefold()
        if suffix in RAW_SUFFIXES:
            raws.setdefault(key, path)
        elif RENDERED_SUFFIXES.get(suffix) == "jpeg":
            if key not in hosts or RENDERED_SUFFIXES[_suffix(hosts[key].name)] != "jpeg":
                hosts[key] = path
        elif RENDERED_SUFFIXES.get(suffix) == "heif":
            hosts.setdefault(key, path)
    twins = {host: raws[key] for key, host in hosts.items() if key in raws}
    under = frozenset(twins.values())
    for path in paths:
        if path not in under:
            yield Photo(path, twins.get(path))


def _suffix(name: str) -> str:
    return os.path.splitext(name)[1].lower()  # noqa: PTH122 - a Path for each of 20,000 names costs more


def _reason(error: OSError) -> str:
    return (error.strerror or type(error).__name__).lower()
