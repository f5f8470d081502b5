"""From the paths that a user gives to photos: each file once, RAW+JPEG pairs stacked, sidecars left out."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Iterator
from itertools import groupby
from pathlib import Path

from photocli.decode.signature import HEAD, RAW_SUFFIXES, RENDERED_SUFFIXES, describe, sniff
from photocli.errors import UsageError
from photocli.records import Photo, Skipped

SIDECAR_SUFFIXES = frozenset(
    ".xmp .pp3 .dop .cos .cof .cop .cot .comask .on1 .aae .thm .nksc .vrd .dr4 .arp .spd .exif .exv".split()  # noqa: SIM905
)
_SIDECAR_NAMES = frozenset(("thumbs.db", "ehthumbs.db", "desktop.ini", "icon\r"))
# Previews, indexes and waste bins that other programs and systems keep in or beside the folders of photos.
_PASSED_FOLDERS = frozenset(("@eadir", "$recycle.bin", "system volume information", "__macosx", "#recycle"))


def discover(paths: Iterable[Path]) -> Iterator[Photo | Skipped]:
    """Find the photos in files and folders; every file that is looked at comes out exactly once.

    Folders are walked one at a time: their files sorted by name, then their subfolders in the same order, so
    the output is the same on every machine. Files reached twice (given twice, or through links) come out
    once. Hidden files, sidecars and system files are passed over silently; files that are no photo come out
    as `Skipped` with a reason, and so does a folder that cannot be read. A file that is given by name is
    always a `Photo`. A RAW file and a JPEG or HEIC file of the same stem become one `Photo`, whose `twin` is
    the RAW file; this holds for files that are given by name one after the other, too.

    Raises `UsageError` at once, before anything is yielded, if a path does not exist.
    """
    given = [Path(path) for path in paths]
    kinds = [_kind(path) for path in given]
    return _discover(zip(given, kinds, strict=True))


def _discover(given: Iterable[tuple[Path, str]]) -> Iterator[Photo | Skipped]:
    seen: set[str] = set()
    for (kind, parent), run in groupby(given, key=lambda item: (item[1], item[0].parent)):
        paths = [path for path, _ in run]
        if kind == "folder":
            for path in paths:
                yield from _walk(path, seen)
        elif kind == "file":
            yield from _stacked(_unseen(((path, False) for path in paths), os.path.realpath(parent), seen))


def _kind(path: Path) -> str:
    try:
        mode = path.stat().st_mode
    except FileNotFoundError:
        raise UsageError(f"There is no file or folder '{path}'.") from None
    except OSError as error:
        raise UsageError(f"'{path}' cannot be read: {_reason(error)}.") from None
    return "folder" if stat.S_ISDIR(mode) else "file"


def _walk(top: Path, seen: set[str]) -> Iterator[Photo | Skipped]:
    waiting = [top]
    while waiting:
        folder = waiting.pop()
        real = os.path.realpath(folder)
        if real in seen:
            continue
        seen.add(real)
        try:
            files, subfolders = _listing(folder)
        except OSError as error:
            yield Skipped(folder, f"the folder cannot be read: {_reason(error)}")
            continue
        yield from _files(_unseen(files, real, seen))
        waiting.extend(reversed(subfolders))


def _listing(folder: Path) -> tuple[list[tuple[Path, bool]], list[Path]]:
    """The visible files of a folder, each with whether it is a link, and its subfolders; sorted by name."""
    files: list[tuple[Path, bool]] = []
    subfolders: list[Path] = []
    with os.scandir(folder) as entries:
        for entry in sorted(entries, key=lambda entry: entry.name):
            if entry.name.startswith("."):
                continue
            if _is_folder(entry):
                if not _is_passed_folder(entry.name):
                    subfolders.append(folder / entry.name)
            elif not _is_sidecar(entry.name):
                files.append((folder / entry.name, entry.is_symlink()))
    return files, subfolders


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


def _unseen(files: Iterable[tuple[Path, bool]], real_folder: str, seen: set[str]) -> list[Path]:
    """The paths not seen before, by what they really are; only links need to be followed to know."""
    fresh = []
    for path, is_link in files:
        real = os.path.realpath(path) if is_link else os.path.join(real_folder, path.name)  # noqa: PTH118
        if real not in seen:
            seen.add(real)
            fresh.append(path)
    return fresh


def _files(paths: list[Path]) -> Iterator[Photo | Skipped]:
    """The files of one folder, in their order: photos stacked, others with the reason why they are none."""
    reasons = {path: reason for path in paths if (reason := _why_no_photo(path)) is not None}
    stacked = {photo.path: photo for photo in _stacked([path for path in paths if path not in reasons])}
    for path in paths:
        if path in reasons:
            yield Skipped(path, reasons[path])
        elif path in stacked:
            yield stacked[path]


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
