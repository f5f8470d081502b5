"""Results of earlier runs, by file and model: unchanged photos cost a look-up, killed runs resume."""

from __future__ import annotations

import os
import re
import sqlite3
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, TypeVar

from photocli.scoring.database import ERRORS, LOCKED_S, Database, is_damage
from photocli.scoring.finished import FinishedPhoto, FinishedPiece, pack
from photocli.scoring.rows import Known as Known
from photocli.scoring.rows import Met, place_of, read_photos, read_piece, touch, write_photo, write_piece

if TYPE_CHECKING:
    from typing_extensions import Self

CACHE_ENV = "PHOTOCLI_CACHE"
COMMIT_EVERY_S = 1.0
"""What a killed run loses at most, in seconds of work."""

_MOST_MET = 5_000  # photos of which it waits to be noted that they are in use

_T = TypeVar("_T")

_DECODERS = re.compile(
    r"(pillow|pillow_heif|simplejpeg|opencv_python_headless|rawpy|exifread)-[^-]+(?=\.dist-info$)",
    re.IGNORECASE,
)


def cache_file() -> Path:
    """Where the cache lies: in `$PHOTOCLI_CACHE`, else in the platform's folder for caches."""
    if chosen := os.environ.get(CACHE_ENV):
        return Path(chosen) / "results.sqlite"
    from platformdirs import user_cache_path

    return user_cache_path("photocli", appauthor=False) / "results.sqlite"


def identity(path: str | Path, decoder: int) -> str:
    """What tells one version of a file (resolved) from another, and what is decoded from it.

    Its size, the times of its last change of content and of anything, and its inode; the version of the
    decoder, and those of the libraries that decode. Raises `OSError`.
    """
    status = os.stat(path)  # noqa: PTH116 - a Path for each of 20,000 photos costs more
    # On Windows it is the time at which the file was made, which tells one that took another's place.
    changed = (
        getattr(status, "st_birthtime_ns", status.st_ctime_ns) if os.name == "nt" else status.st_ctime_ns
    )
    file = f"{status.st_size}:{status.st_mtime_ns}:{changed}:{status.st_ino}"
    return f"{file}:{decoder}:{_libraries()}"


@lru_cache(maxsize=1)
def _libraries() -> str:
    """The libraries that decode, each with its version, by the folders that say what is installed.

    `importlib.metadata` says the same, but importing it costs more than all else here.
    """
    found: dict[str, str] = {}
    for folder in sys.path:
        with suppress(OSError):  # an archive, or a folder that is not there
            for entry in os.scandir(folder or os.curdir):
                if match := _DECODERS.match(entry.name):
                    found.setdefault(match[1].lower(), match[0].lower())
    return ",".join(sorted(found.values()))


class Cache:
    """The results of earlier runs in one SQLite file. Several runs may use it at the same time.

    It raises nothing: all in it can be made again. A damaged file is replaced by a new one, whenever the
    damage is met, a damaged result is made again, and a file that cannot be used is left out. `warning` says
    so, in one sentence, of the first of these that happened; `kept` counts the photos that were written.
    """

    def __init__(self, file: Path) -> None:
        """Open or create it."""
        self.warning: str | None = None
        self.kept = 0
        self._file = file
        self._fresh: list[tuple[bytes, str, Known]] = []
        self._pieces: list[tuple[bytes, str, FinishedPiece]] = []
        self._met = Met()
        self._written = time.monotonic()
        self._takes = True
        self._db: Database | None = None
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            self._db = Database(file)
        except Exception as error:  # whatever it is, results can do without
            self._leave_out(error)
        else:
            if self._db.note is not None:
                self._warn(f"the cache {file} {self._db.note} and is begun anew")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            self._flush()
            self._touch()
        finally:
            if self._db is not None:
                self._db.close()

    def find(self, path: Path, identity: str, models: Mapping[str, Sequence[str]]) -> Known | None:
        """What is known of the photo as it is now. `models` says which outputs of which models are wanted.

        A model of which an output is missing is left out of `Known.outputs`.
        """
        return self.find_all({place_of(path): identity}, models).get(place_of(path))

    def find_all(
        self, photos: Mapping[bytes, str], models: Mapping[str, Sequence[str]]
    ) -> dict[bytes, Known]:
        """What is known of photos, by place and identity, in one query; see `find`, and `rows.place_of`."""
        if not photos:
            return {}
        return self._reading(lambda connection, met: read_photos(connection, photos, models, met)) or {}

    def find_finished(
        self, folder: bytes, basis: str, name: bytes, labels: tuple[str, ...]
    ) -> FinishedPiece | None:
        """The finished records around this photo of a folder, or after it; None if there are none.

        `basis` is that of `basis.basis`, `labels` are those of the models.
        """
        key = (folder, basis, name)
        return self._reading(lambda connection, met: read_piece(connection, key, labels, met))

    def keep(self, path: Path | bytes, identity: str, known: Known) -> None:
        """Remember a photo; what was known of the same version of it, by other models, stays."""
        if self._db is not None and self._takes:
            self._fresh.append((place_of(path), identity, known))
            self._flush_soon()

    def keep_finished(self, folder: bytes, basis: str, photos: Sequence[FinishedPhoto]) -> None:
        """Remember finished records of a folder, in the order of names, instead of those between them."""
        if self._db is not None and self._takes and (piece := pack(photos)) is not None:
            self._pieces.append((folder, basis, piece))
            self._flush_soon()

    def _flush_soon(self) -> None:
        # Rows are written together: the lock, which another run may be waiting for, is held for a moment.
        if time.monotonic() - self._written > COMMIT_EVERY_S:
            self._flush()

    def _flush(self) -> None:
        if (self._fresh or self._pieces) and self._takes:
            self.kept += self._guarded(self._write, writes=True) or 0
        self._fresh.clear()
        self._pieces.clear()
        self._written = time.monotonic()

    def _touch(self) -> None:
        """Note that what was found is in use, once a day. It is no matter if that cannot be written."""
        if self._db is None or not (self._met.photos or self._met.pieces):
            return
        met, self._met = self._met, Met()
        with suppress(Exception):
            self._db.connection.execute("PRAGMA busy_timeout = 500")
            with self._db.transaction() as connection:
                touch(connection, met)
        with suppress(Exception):
            self._db.connection.execute(f"PRAGMA busy_timeout = {round(1000 * LOCKED_S)}")

    def _write(self, database: Database) -> int:
        """Write what is fresh; how many photos these are."""
        with database.transaction() as connection:
            for place, identity, known in self._fresh:
                write_photo(connection, place, identity, known)
            for folder, basis, piece in self._pieces:
                write_piece(connection, folder, basis, piece)
        return len(self._fresh)

    def _reading(self, read: Callable[[sqlite3.Connection, Met], _T]) -> _T | None:
        """Read something, and say if it was damaged."""
        met = self._met
        found = self._guarded(lambda database: read(database.connection, met))
        if met.damaged:
            self._warn(f"the cache {self._file} holds damaged results, which are made again")
        if len(met.photos) > _MOST_MET:
            self._touch()
        return found

    def _guarded(self, action: Callable[[Database], _T], *, writes: bool = False) -> _T | None:
        """Do it; if the file turns out to be damaged, once more with a new one; failing that, give it up."""
        if self._db is None:
            return None
        try:
            try:
                return action(self._db)
            except ERRORS as error:
                if not is_damage(error):
                    raise
                self._db.renew()
                self._warn(f"the cache {self._file} was damaged and is begun anew")
                return action(self._db)
        except sqlite3.OperationalError as error:
            if not writes:
                self._leave_out(error)
                return None
            self._takes = False  # a lock or a full disk: what is there can still be read
            self._warn(
                f"the cache {self._file} cannot be written ({error}), so nothing new is remembered; "
                f"set {CACHE_ENV} to another folder, or use --no-cache"
            )
        except Exception as error:  # whatever it is, results can do without
            self._leave_out(error)
        return None

    def _leave_out(self, error: Exception) -> None:
        if self._db is not None:
            self._db.close()
            self._db = None
        self._fresh.clear()
        self._pieces.clear()
        reason = " ".join(str(error).split()) or type(error).__name__
        self._warn(
            f"the cache {self._file} cannot be used ({reason}), so this run goes without; "
            f"set {CACHE_ENV} to another folder, or use --no-cache"
        )

    def _warn(self, text: str) -> None:
        self.warning = self.warning or text
