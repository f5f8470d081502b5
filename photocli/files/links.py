"""Symbolic links and junctions: what is one, and whether it leads out of the folders that a user gave."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable
from pathlib import Path

_REPARSE_TAGS = (0xA000000C, 0xA0000003)  # of symbolic links and of junctions, on Windows


def is_link(path: str | os.PathLike[str]) -> bool:
    """Tell whether the last part of a path is a symbolic link or a junction; False for what is not there."""
    try:
        return links(os.lstat(path))
    except (OSError, ValueError):
        return False


def links(status: os.stat_result) -> bool:
    """Tell by a status, which was asked for without following it, whether a file is a link or a junction."""
    # A junction is no symbolic link to Python, and a file that lies in the cloud is a reparse point, too.
    return stat.S_ISLNK(status.st_mode) or getattr(status, "st_reparse_tag", 0) in _REPARSE_TAGS


def real_place(path: str | os.PathLike[str]) -> Path:
    """Return the path by its real folder; a link at its end stays one."""
    return Path(os.path.realpath(Path(path).parent)) / Path(path).name


def crossed(place: Path) -> str | None:
    """Say why a place that had no link on its way is no longer the same; None if it is.

    `place` is what `real_place` gave earlier. A link that was put there since would lead elsewhere.
    """
    if is_link(place):
        return "it is a link now"
    if real_place(place) != place:
        return f"{place.parent} leads elsewhere now, by a link"
    return None


AnyPath = str | os.PathLike[str]
GivenPaths = AnyPath | Iterable[AnyPath]
"""One path, or several."""


def given_paths(given: GivenPaths) -> list[Path]:
    """The paths in what a caller gave: one path, as text or not, or any number of them."""
    return [Path(path) for path in ([given] if isinstance(given, (str, os.PathLike)) else given)]


class Roots:
    """The files and folders that a user gave. What lies in them may be written and moved.

    A root that is itself a link counts by what it leads to. Folders are compared by their identity on the
    disk, as some file systems take two spellings for one name.
    """

    def __init__(self, paths: GivenPaths) -> None:
        """Paths that do not exist are left out."""
        self._folders: set[tuple[int, int]] = set()
        self._files: set[str] = set()
        self._places: set[Path] = set()
        self._known: dict[str, tuple[str, ...] | None] = {}
        for path in given_paths(paths):
            try:
                status = os.stat(path)  # noqa: PTH116 - a root that is a link counts by its target
            except OSError:
                continue
            if stat.S_ISDIR(status.st_mode):
                self._folders.add((status.st_dev, status.st_ino))
            else:
                self._files.add(os.path.realpath(path))
                self._places.add(real_place(path))

    def below(self, real: str) -> tuple[str, ...] | None:
        """Return the names that lead from the nearest root to a real path; None if it lies in none.

        For a folder that is a root, and for a file that was given, these are no names.
        """
        if real in self._files:
            return ()
        if real not in self._known:
            above, name = os.path.split(real)
            if self._is_root(real):
                self._known[real] = ()
            elif above == real:
                self._known[real] = None
            else:
                names = self._below_folder(above)
                return None if names is None else (*names, name)
        return self._known[real]

    def why_closed(self, photo: Path) -> str | None:
        """Say why a photo may not be written or moved: it lies behind a link; None if it may.

        A photo that was given by its name is open, through whatever links that name leads.
        """
        place = real_place(photo)
        if place in self._places:
            return None
        if self._below_folder(str(place.parent)) is None:
            return "a link leads to it, out of the folders given"
        if is_link(photo) and self.below(os.path.realpath(photo)) is None:
            return "it is a link that leads out of the folders given"
        return None

    def _below_folder(self, real: str) -> tuple[str, ...] | None:
        """Like `below`, for a folder, which is remembered: most photos share theirs with others."""
        names = self.below(real)
        self._known[real] = names
        return names

    def _is_root(self, real: str) -> bool:
        if not self._folders:
            return False
        try:
            status = os.stat(real)  # noqa: PTH116 - for every folder above every link
        except OSError:
            return False
        return (status.st_dev, status.st_ino) in self._folders
