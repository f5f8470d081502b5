"""Results of earlier runs, by file and model: unchanged photos cost a look-up, killed runs resume."""

from __future__ import annotations

import json
import os
import re
import sqlite3
import sys
import time
import zlib
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from functools import lru_cache
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, TypeVar

from photocli.records import Capture
from photocli.scoring.database import Database, is_damage, today

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from typing_extensions import Self

CACHE_ENV = "PHOTOCLI_CACHE"
COMMIT_EVERY_S = 1.0
"""What a killed run loses at most, in seconds of work."""

_T = TypeVar("_T")

_DECODERS = re.compile(
    r"(pillow|pillow_heif|simplejpeg|opencv_python_headless|rawpy|exifread)-[^-]+(?=\.dist-info$)",
    re.IGNORECASE,
)
_SMALL = 64  # outputs of more values (embeddings) are kept as float16, which halves the file
_EXACT = ("faces", "sharpness")  # but these, whose size depends on the photo, as they were found
_LARGE = ("maps",)  # not kept: a map for each of many classes, which no record needs


@dataclass(frozen=True, slots=True)
class Known:
    """What the cache holds of one photo: size, metadata, and outputs by model key and output name.

    `looked_at` has, by the detail that was asked for, what was decoded and at which scale (`records.Frame`).
    """

    width: int
    height: int
    capture: Capture
    outputs: dict[str, dict[str, NDArray[np.float32]]]
    looked_at: dict[str, tuple[str, float]] = field(default_factory=dict)


def cache_file() -> Path:
    """Where the cache lies: in `$PHOTOCLI_CACHE`, else in the platform's folder for caches."""
    if chosen := os.environ.get(CACHE_ENV):
        return Path(chosen) / "results.sqlite"
    from platformdirs import user_cache_path

    return user_cache_path("photocli", appauthor=False) / "results.sqlite"


def identity(path: Path, decoder: int) -> str:
    """What tells one version of a file (resolved) from another, and what is decoded from it.

    Its size, the times of its last change of content and of anything, and its inode; the version of the
    decoder, and those of the libraries that decode. Raises `OSError`.
    """
    status = path.stat()
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
        self._fresh: list[tuple[Path, str, Known]] = []
        self._met: list[int] = []
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
        return self._guarded(lambda database: self._find(database, path, identity, models))

    def keep(self, path: Path, identity: str, known: Known) -> None:
        """Remember a photo; what was known of the same version of it, by other models, stays."""
        if self._db is None or not self._takes:
            return
        self._fresh.append((path, identity, known))
        # Rows are written together: the lock, which another run may be waiting for, is held for a moment.
        if time.monotonic() - self._written > COMMIT_EVERY_S:
            self._flush()

    def _find(
        self, database: Database, path: Path, identity: str, models: Mapping[str, Sequence[str]]
    ) -> Known | None:
        key = _key(path)
        row = database.row(
            "SELECT id, facts, checksum, used FROM photos WHERE path = ? AND identity = ?", (key, identity)
        )
        if row is None:
            return None
        photo, facts, checksum, used = row
        if checksum != _checksum(key, identity, facts):
            self._warn_of_results()
            return None
        if used != today():
            self._met.append(photo)
        outputs = {}
        for model, names in models.items():
            found = {name: self._output(database, photo, model, name) for name in names}
            complete = {name: value for name, value in found.items() if value is not None}
            if len(complete) == len(names):
                outputs[model] = complete
        said = json.loads(facts)
        looked_at = {detail: (decoded, scale) for detail, (decoded, scale) in said["looked_at"].items()}
        return Known(said["width"], said["height"], Capture(**said["capture"]), outputs, looked_at)

    def _flush(self) -> None:
        if self._fresh and self._takes:
            self.kept += self._guarded(self._write, writes=True) or 0
        self._fresh.clear()
        self._written = time.monotonic()

    def _touch(self) -> None:
        """Note that what was found is in use, once a day. It is no matter if that cannot be written."""
        if self._db is None or not self._met:
            return
        with suppress(Exception):
            self._db.connection.execute("PRAGMA busy_timeout = 500")
            with self._db.transaction() as connection:
                rows = ((today(), photo) for photo in self._met)
                connection.executemany("UPDATE photos SET used = ? WHERE id = ?", rows)

    def _write(self, database: Database) -> int:
        """Write what is fresh; how many photos these are."""
        with database.transaction() as connection:
            for path, identity, known in self._fresh:
                _write_photo(connection, _key(path), identity, known)
        return len(self._fresh)

    def _guarded(self, action: Callable[[Database], _T], *, writes: bool = False) -> _T | None:
        """Do it; if the file turns out to be damaged, once more with a new one; failing that, give it up."""
        if self._db is None:
            return None
        try:
            try:
                return action(self._db)
            except sqlite3.DatabaseError as error:
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
        reason = " ".join(str(error).split()) or type(error).__name__
        self._warn(
            f"the cache {self._file} cannot be used ({reason}), so this run goes without; "
            f"set {CACHE_ENV} to another folder, or use --no-cache"
        )

    def _warn_of_results(self) -> None:
        self._warn(f"the cache {self._file} holds damaged results, which are made again")

    def _warn(self, text: str) -> None:
        self.warning = self.warning or text

    def _output(self, database: Database, photo: int, model: str, name: str) -> Any:
        import numpy as np

        row = database.row(
            "SELECT dtype, shape, data, checksum FROM outputs WHERE photo = ? AND model = ? AND name = ?",
            (photo, model, name),
        )
        if row is None:
            return None
        dtype, shape, data, checksum = row
        if checksum != _checksum(model, name, dtype, shape, data):
            self._warn_of_results()
            return None
        return np.frombuffer(data, dtype).reshape(json.loads(shape)).astype(np.float32)


def kept_dtype(size: int, name: str = "") -> str:
    """The type in which an output of so many values is kept."""
    return "<f4" if size <= _SMALL or name in _EXACT else "<f2"


def _packed(name: str, value: NDArray[np.float32]) -> tuple[str, str, bytes]:
    dtype = kept_dtype(value.size, name)
    return dtype, json.dumps(value.shape), value.astype(dtype).tobytes()


def _write_photo(connection: sqlite3.Connection, key: bytes, identity: str, known: Known) -> None:
    size = {"width": known.width, "height": known.height}
    facts = json.dumps({**size, "capture": asdict(known.capture), "looked_at": known.looked_at})
    connection.execute("DELETE FROM photos WHERE path = ? AND identity <> ?", (key, identity))
    connection.execute(
        "INSERT INTO photos (path, identity, facts, checksum, used) VALUES (?, ?, ?, ?, ?) ON CONFLICT (path)"
        " DO UPDATE SET facts = excluded.facts, checksum = excluded.checksum, used = excluded.used",
        (key, identity, facts, _checksum(key, identity, facts), today()),
    )
    (photo,) = connection.execute("SELECT id FROM photos WHERE path = ?", (key,)).fetchone()
    rows = []
    for model, values in known.outputs.items():
        for name, value in values.items():
            if name not in _LARGE:
                packed = _packed(name, value)
                rows.append((photo, model, name, *packed, _checksum(model, name, *packed)))
    connection.executemany("INSERT OR REPLACE INTO outputs VALUES (?, ?, ?, ?, ?, ?, ?)", rows)


def _checksum(*parts: object) -> int:
    """Tells parts that were damaged in the file, whatever has become of them."""
    summed = 0
    for part in parts:
        data = part if isinstance(part, bytes) else str(part).encode("utf-8", "replace")
        summed = zlib.crc32(data, zlib.crc32(len(data).to_bytes(8, "big"), summed))
    return summed


def _key(path: Path) -> bytes:
    return os.fsencode(os.path.realpath(path))
