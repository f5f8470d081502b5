"""Pictures that were made before: on the disk, up to so many bytes, and the latest ones in memory.

All of it can be made again, so nothing here raises: what cannot be read or written is left out.
"""

from __future__ import annotations

import hashlib
import os
import secrets
import stat
import threading
import time
import zlib
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from photocli.scoring.cache import cache_file

_SUFFIX = ".picture"
_CHECK = 4  # bytes at the end of a file: the CRC-32 of what stands before
_NOTED_S = 3600  # how old the note of the last use may be before it is made anew
_STRAY_S = 3600  # a file that is this old and not whole was left by a run that was killed
_AFTER = 0.9  # of the limit is left when it was reached


def pictures_folder() -> Path:
    """Where pictures are kept: beside the cache of results."""
    return cache_file().parent / "pictures"


def key_of(*parts: str) -> str:
    """The name of a picture: of what it shows, in which version, and of its kind."""
    return hashlib.sha256("\0".join(parts).encode("utf-8", "surrogateescape")).hexdigest()[:40]


@dataclass(frozen=True, slots=True)
class KeptPictures:
    """How many pictures a cache holds, and their bytes."""

    count: int = 0
    size: int = 0


class PictureCache:
    """Pictures in the files of a folder; the ones used longest ago go when they are too many.

    Several servers may use a folder at a time. Files are put into place whole; one that is damaged all the
    same counts as none. Threads may share it.
    """

    def __init__(self, folder: Path, limit_bytes: int) -> None:
        """Nothing is read or made yet; with a limit of 0 nothing is kept."""
        self.folder = folder
        self.limit_bytes = limit_bytes
        self._size: int | None = None
        self._lock = threading.Lock()

    def get(self, key: str) -> bytes | None:
        """The picture of this key, which counts as used; None where there is none."""
        if self.limit_bytes <= 0:
            return None
        path = self._place(key)
        try:
            with path.open("rb") as file:
                data = file.read()
                used = os.fstat(file.fileno()).st_mtime
        except OSError:
            return None
        picture, check = data[:-_CHECK], data[-_CHECK:]
        if not picture or zlib.crc32(picture).to_bytes(_CHECK, "big") != check:
            with suppress(OSError):
                path.unlink()
            return None
        if time.time() - used > _NOTED_S:
            with suppress(OSError):
                os.utime(path)
        return picture

    def put(self, key: str, picture: bytes) -> None:
        """Keep a picture, if there is room."""
        if not 0 < len(picture) < self.limit_bytes:
            return
        path = self._place(key)
        new = path.with_name(f"{key}.{secrets.token_hex(8)}.new")
        try:
            for folder in (self.folder, path.parent):
                folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            with new.open("xb") as file:
                file.write(picture)
                file.write(zlib.crc32(picture).to_bytes(_CHECK, "big"))
            new.replace(path)
        except OSError:  # no room, or no right; on Windows, somebody reads it
            with suppress(OSError):
                new.unlink()
            return
        self._grow(len(picture) + _CHECK)

    def _grow(self, count: int) -> None:
        """Take note of more bytes, and make room if they are too many."""
        with self._lock:
            if self._size is None:
                self._size = inspect(self.folder).size
            else:
                self._size += count
            if self._size > self.limit_bytes:
                self._size = prune(self.folder, round(_AFTER * self.limit_bytes)).size

    def _place(self, key: str) -> Path:
        return self.folder / key[:2] / f"{key}{_SUFFIX}"


class RecentPictures:
    """The pictures that were used last, in memory, up to so many bytes. Threads may share it."""

    def __init__(self, limit_bytes: int) -> None:
        self.limit_bytes = limit_bytes
        self.size = 0
        self._pictures: OrderedDict[str, bytes] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: str) -> bytes | None:
        """The picture of this key; None where there is none."""
        with self._lock:
            if key in self._pictures:
                self._pictures.move_to_end(key)
            return self._pictures.get(key)

    def put(self, key: str, picture: bytes) -> None:
        """Keep it, unless it would take a quarter of the room."""
        if len(picture) > self.limit_bytes // 4:
            return
        with self._lock:
            self.size += len(picture) - len(self._pictures.pop(key, b""))
            self._pictures[key] = picture
            while self.size > self.limit_bytes:
                self.size -= len(self._pictures.popitem(last=False)[1])


def inspect(folder: Path) -> KeptPictures:
    """Count the pictures in a folder."""
    sizes = [size for _, size, _ in _files(folder)]
    return KeptPictures(len(sizes), sum(sizes))


def prune(folder: Path, most: int | None = None, unused_days: int | None = None) -> KeptPictures:
    """Delete pictures not used for so many days, then those used longest ago above `most` bytes.

    Gives what is left.
    """
    files = sorted(_files(folder))
    size, gone = sum(each[1] for each in files), 0
    before = None if unused_days is None else time.time() - unused_days * 86400
    for used, length, path in files:
        if not ((before is not None and used < before) or (most is not None and size > most)):
            break
        with suppress(OSError):
            Path(path).unlink()
            size, gone = size - length, gone + 1
    return KeptPictures(len(files) - gone, size)


def _files(folder: Path) -> Iterator[tuple[float, int, str]]:
    """When each picture was used last, its bytes and its path; what killed runs left is deleted."""
    with suppress(OSError):
        for inner in sorted(os.scandir(folder), key=lambda entry: entry.name):
            if len(inner.name) == 2 and inner.is_dir(follow_symlinks=False):
                with suppress(OSError), os.scandir(inner.path) as entries:
                    for entry in entries:
                        yield from _file(entry)


def _file(entry: os.DirEntry[str]) -> Iterator[tuple[float, int, str]]:
    with suppress(OSError):
        status = entry.stat(follow_symlinks=False)
        if not stat.S_ISREG(status.st_mode):
            return
        if entry.name.endswith(_SUFFIX):
            yield status.st_mtime, status.st_size, entry.path
        elif entry.name.endswith(".new") and time.time() - status.st_mtime > _STRAY_S:
            Path(entry.path).unlink()
