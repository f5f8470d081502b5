"""The way through folders: each is listed once, its files by name, then its subfolders."""

from __future__ import annotations

import os
import stat
from collections import Counter, deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import groupby
from operator import attrgetter
from pathlib import Path

from photocli.decode.signature import HEAD, describe, sniff
from photocli.discover.batch import FileBatch, FoundFile, stacked
from photocli.discover.names import claims, is_passed_folder, is_sidecar, suffix_of
from photocli.errors import UsageError
from photocli.files.links import Roots, links

LEADS_OUT = "a link that leads out of the folders given; --follow-links reads through it"
HIDDEN_FILE, HIDDEN_FOLDER = "a hidden file", "a hidden folder"

REJECTS_MARKER = ".photocli-rejects"
"""The file that marks a folder into which rejects were moved: it is left out unless it is given by name."""

REJECTS = "a folder of rejects of an earlier cull; name it to look at them"


class Walk:
    """The way through the given paths, folder by folder, and what was seen on it."""

    def __init__(self, given: Sequence[Path], *, follow_links: bool = False, hidden: bool = False) -> None:
        """Nothing is listed yet. Raises `UsageError` if a path does not exist."""
        kinds = [_kind(path) for path in given]
        self._roots = Roots(given)
        self._hidden = hidden
        self._folders: set[str] = set()
        self._files: set[str] = set()
        # In the one folder that was given, a plain file is met once.
        self._all = hidden or len(given) > 1
        self._ways: deque[_Way] = deque()
        pairs = zip(given, kinds, strict=True)
        for (kind, parent), run in groupby(pairs, key=lambda pair: (pair[1], pair[0].parent)):
            paths = [path for path, _ in run]
            if kind == "file":
                self._ways.append(_Way(None, iter([_named(parent, paths)])))
            else:
                self._ways += [_Way(top, _Folders(self._roots, follow_links, top).walk()) for top in paths]

    def step(self) -> FileBatch | None:
        """Go on until something comes out; None at the end."""
        while self._ways:
            if (batch := self._ways[0].next()) is None:
                self._ways.popleft()
            elif entries := self._unseen(batch):
                return replace(batch, entries=entries)
        return None

    def without_photos(self) -> dict[Path, str]:
        """The given folders that hold no photo, and what is there instead, in a few words.

        Each is looked through up to its first photo; what is met there is kept for `step`.
        """
        bare = {way.top: way.instead() for way in self._ways if way.top is not None}
        return {top: _in_words(top, counts) for top, counts in bare.items() if counts is not None}

    def _unseen(self, batch: FileBatch) -> list[FoundFile]:
        """What did not come out before, by what it really is; photos stacked, others with the reason why."""
        if not batch.named:
            # What was given comes out at its own place, not through a link that leads round to it.
            if batch.real in self._folders or (batch.out and self._roots.below(batch.real) is not None):
                return []
            self._folders.add(batch.real)
        shown = batch.entries
        if not self._hidden:
            shown = [entry for entry in shown if entry.reason not in (HIDDEN_FILE, HIDDEN_FOLDER)]
        if not (self._all or self._files or batch.out or any(entry.real is not None for entry in shown)):
            return stacked(shown)
        fresh = []
        for entry in shown:
            noted = self._all or entry.out or entry.real is not None
            if noted or self._files:
                real = batch.place(entry)
                if real in self._files or (entry.out and self._roots.below(real) is not None):
                    continue
                if noted:
                    self._files.add(real)
            fresh.append(entry)
        return stacked(fresh)


@dataclass(slots=True)
class _Way:
    """The way through one of the given folders, or files, and what was met on it ahead of its turn."""

    top: Path | None
    batches: Iterator[FileBatch]
    ahead: deque[FileBatch] = field(default_factory=deque)

    def next(self) -> FileBatch | None:
        return self.ahead.popleft() if self.ahead else next(self.batches, None)

    def instead(self) -> Counter[tuple[str, str]] | None:
        """What there is instead of photos, by its words; None once a photo is met."""
        counts: Counter[tuple[str, str]] = Counter()
        for batch in self.batches:
            self.ahead.append(batch)
            for entry in batch.entries:
                if entry.reason is None:
                    return None
                counts[_instead(entry.reason)] += 1
        return counts


@dataclass(slots=True)
class _Folders:
    """A given folder, and all below it; none is listed twice."""

    roots: Roots
    follow_links: bool
    top: Path
    seen: set[str] = field(default_factory=set)

    def walk(self) -> Iterator[FileBatch]:
        waiting = [(self.top, os.path.realpath(self.top), False)]
        while waiting:
            folder, real, out = waiting.pop()
            if real in self.seen or (out and self.roots.below(real) is not None):
                continue
            self.seen.add(real)
            if folder != self.top and self._is_apart(folder, real):
                yield _left_out(folder, real, out, REJECTS)
                continue
            try:
                entries, subfolders = self._listing(folder, real, out)
            except OSError as error:
                yield _left_out(folder, real, out, f"the folder cannot be read: {_reason(error)}")
                continue
            yield FileBatch(_prefix(folder), real, entries, out=out)
            waiting.extend(reversed(subfolders))

    def _is_apart(self, folder: Path, real: str) -> bool:
        return os.path.lexists(folder / REJECTS_MARKER) and self.roots.below(real) != ()

    def _listing(
        self, folder: Path, real_folder: str, out: bool
    ) -> tuple[list[FoundFile], list[tuple[Path, str, bool]]]:
        """The files of a folder, and its subfolders, each with whether it lies outside; sorted by name."""
        files: list[FoundFile] = []
        subfolders: list[tuple[Path, str, bool]] = []
        with os.scandir(folder) as found:
            for entry in sorted(found, key=attrgetter("name")):
                name, is_folder = entry.name, _is_folder(entry)
                if name.startswith("."):
                    files.append(FoundFile(name, reason=HIDDEN_FOLDER if is_folder else HIDDEN_FILE))
                elif is_passed_folder(name) if is_folder else is_sidecar(name):
                    continue
                elif _is_link(entry):
                    self._follow(entry, folder, is_folder, files, subfolders)
                elif is_folder:
                    subfolders.append((folder / name, os.path.join(real_folder, name), out))  # noqa: PTH118
                elif out or not claims(name):
                    files.append(FoundFile(name, reason=_why_no_photo(entry.path), out=out))
                else:
                    files.append(FoundFile(name))
        return files, subfolders

    def _follow(
        self,
        entry: os.DirEntry[str],
        folder: Path,
        is_folder: bool,
        files: list[FoundFile],
        subfolders: list[tuple[Path, str, bool]],
    ) -> None:
        """Take what a link leads to, unless that comes out at its own place."""
        real = os.path.realpath(entry.path)
        names = self.roots.below(real)
        if names is not None and _comes_out(names, real, is_folder):
            return
        if names is None and not self.follow_links:
            files.append(FoundFile(entry.name, reason=LEADS_OUT, real=str(folder / entry.name)))
        elif is_folder:
            subfolders.append((folder / entry.name, real, names is None))
        else:
            files.append(
                FoundFile(entry.name, reason=_why_no_photo(entry.path), real=real, out=names is None)
            )


def _comes_out(names: tuple[str, ...], real: str, is_folder: bool) -> bool:
    """Whether what a link leads to is met on the way itself, by these names below a root."""
    if not is_folder and (not names or not os.path.isfile(real)):  # noqa: PTH113
        return not names and os.path.isfile(real)  # noqa: PTH113 - a file that was given, or none at all
    above = names if is_folder else names[:-1]
    if any(name.startswith(".") or is_passed_folder(name) for name in above):
        return False
    return is_folder or not (names[-1].startswith(".") or is_sidecar(names[-1]))


def _named(parent: Path, paths: Sequence[Path]) -> FileBatch:
    """Files that were given by name: photos, whatever they are called."""
    reals = [os.path.realpath(path) if path.is_symlink() else None for path in paths]
    entries = [FoundFile(path.name, real=real) for path, real in zip(paths, reals, strict=True)]
    return FileBatch(_prefix(parent), os.path.realpath(parent), entries, named=True)


def _left_out(folder: Path, real: str, out: bool, reason: str) -> FileBatch:
    return FileBatch("", real, [FoundFile(str(folder), reason=reason)], out=out)


def _prefix(folder: Path) -> str:
    """What stands before the name of a file in its path; nothing in the current folder."""
    return str(folder / "_")[:-1]


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


def _kind(path: Path) -> str:
    try:
        mode = path.stat().st_mode
    except FileNotFoundError:
        raise UsageError(f"there is no file or folder '{path}'") from None
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


def _why_no_photo(path: str) -> str | None:
    name = os.path.basename(path)  # noqa: PTH119 - for each of 20,000 files
    if claims(name):
        return None
    try:
        if not os.path.isfile(path):  # noqa: PTH113 - opening a pipe would wait for ever
            return "not a regular file" if os.path.exists(path) else "a link that leads nowhere"  # noqa: PTH110
        with open(path, "rb") as file:  # noqa: PTH123
            head = file.read(HEAD)
    except OSError as error:
        return f"it cannot be read: {_reason(error)}"
    return None if sniff(head, suffix_of(name)) else f"not a photo: {describe(head)}"


def _reason(error: OSError) -> str:
    return (error.strerror or type(error).__name__).lower()
