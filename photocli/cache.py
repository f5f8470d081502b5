"""Results of earlier runs, by file and model: unchanged photos cost a look-up, killed runs resume."""

from __future__ import annotations

import json
import os
import sqlite3
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, TypeVar

from photocli.errors import PhotocliError
from photocli.records import Capture

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from typing_extensions import Self

CACHE_ENV = "PHOTOCLI_CACHE"
COMMIT_EVERY_S = 1.0
"""What a killed run loses at most, in seconds of work."""

LOCKED_S = 30.0
"""How long to wait for other runs that write to the same file."""

_T = TypeVar("_T")

_LAYOUT = 3  # it grows, too, when frames are another size, or results are cut from them in another way
_TABLES = (
    "DROP TABLE IF EXISTS outputs",
    "DROP TABLE IF EXISTS photos",
    """CREATE TABLE photos (
    id INTEGER PRIMARY KEY, path BLOB NOT NULL UNIQUE, identity TEXT NOT NULL, facts TEXT NOT NULL)""",
    """CREATE TABLE outputs (
    photo INTEGER NOT NULL REFERENCES photos(id) ON DELETE CASCADE,
    model TEXT NOT NULL, name TEXT NOT NULL, dtype TEXT NOT NULL, shape TEXT NOT NULL, data BLOB NOT NULL,
    PRIMARY KEY (photo, model, name)) WITHOUT ROWID""",
    f"PRAGMA user_version = {_LAYOUT}",
)
_SMALL = 64  # outputs of more values (embeddings) are kept as float16, which halves the file
_EXACT = ("faces", "sharpness")  # but these, whose size depends on the photo, as they were found
_LARGE = ("maps",)  # not kept: a map for each of many classes, which no record needs


@dataclass(frozen=True, slots=True)
class Known:
    """What the cache holds of one photo: size, metadata, and outputs by model key and output name."""

    width: int
    height: int
    capture: Capture
    outputs: dict[str, dict[str, NDArray[np.float32]]]


def cache_file() -> Path:
    """Where the cache lies: in `$PHOTOCLI_CACHE`, else in the platform's folder for caches."""
    if chosen := os.environ.get(CACHE_ENV):
        return Path(chosen) / "results.sqlite"
    from platformdirs import user_cache_path

    return user_cache_path("photocli", appauthor=False) / "results.sqlite"


def identity(path: Path, decoder: int) -> str:
    """Size and modification time of the file (resolved), and the version of the decoder. Raises `OSError`."""
    status = path.stat()
    return f"{status.st_size}:{status.st_mtime_ns}:{decoder}"


class Cache:
    """The results of earlier runs in one SQLite file. Several runs may use it at the same time.

    A damaged file is replaced by a new one, whenever the damage is met, since all of it can be made again.
    """

    def __init__(self, file: Path) -> None:
        """Open or create it. Raises `PhotocliError` where that cannot be done."""
        self._file = file
        self._fresh: list[tuple[Path, str, Known]] = []
        self._written = time.monotonic()
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            self._db = _open_or_replace(file)
        except (OSError, sqlite3.Error) as error:
            raise self._unusable(error) from error

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            self._guarded(self._write)
        finally:
            self._db.close()

    def find(self, path: Path, identity: str, models: Mapping[str, Sequence[str]]) -> Known | None:
        """What is known of the photo as it is now. `models` says which outputs of which models are wanted.

        A model of which an output is missing is left out of `Known.outputs`.
        """
        return self._guarded(lambda: self._find(path, identity, models))

    def keep(self, path: Path, identity: str, known: Known) -> None:
        """Remember a photo; what was known of the same version of it, by other models, stays."""
        self._fresh.append((path, identity, known))
        # Rows are written together: the lock, which another run may be waiting for, is held for a moment.
        if time.monotonic() - self._written > COMMIT_EVERY_S:
            self._guarded(self._write)

    def _find(self, path: Path, identity: str, models: Mapping[str, Sequence[str]]) -> Known | None:
        row = self._db.execute(
            "SELECT id, facts FROM photos WHERE path = ? AND identity = ?", (_key(path), identity)
        ).fetchone()
        if row is None:
            return None
        outputs = {}
        for model, names in models.items():
            found = {name: self._output(row[0], model, name) for name in names}
            complete = {name: value for name, value in found.items() if value is not None}
            if len(complete) == len(names):
                outputs[model] = complete
        facts = json.loads(row[1])
        return Known(facts["width"], facts["height"], Capture(**facts["capture"]), outputs)

    def _write(self) -> None:
        with _transaction(self._db):
            for path, identity, known in self._fresh:
                self._write_photo(_key(path), identity, known)
        self._fresh.clear()
        self._written = time.monotonic()

    def _write_photo(self, key: bytes, identity: str, known: Known) -> None:
        facts = {"width": known.width, "height": known.height, "capture": asdict(known.capture)}
        self._db.execute("DELETE FROM photos WHERE path = ? AND identity <> ?", (key, identity))
        self._db.execute(
            "INSERT OR IGNORE INTO photos (path, identity, facts) VALUES (?, ?, ?)",
            (key, identity, json.dumps(facts)),
        )
        (photo,) = self._db.execute("SELECT id FROM photos WHERE path = ?", (key,)).fetchone()
        self._db.executemany(
            "INSERT OR REPLACE INTO outputs VALUES (?, ?, ?, ?, ?, ?)",
            [
                (photo, model, name, *_packed(name, value))
                for model, values in known.outputs.items()
                for name, value in values.items()
                if name not in _LARGE
            ],
        )

    def _guarded(self, action: Callable[[], _T]) -> _T:
        """Do it; if the file turns out to be damaged, once more with a new one."""
        try:
            try:
                return action()
            except sqlite3.OperationalError:  # not damaged: locked, or the disk is full
                raise
            except sqlite3.DatabaseError:
                self._db.close()
                self._db = _replace(self._file)
                return action()
        except (OSError, sqlite3.Error) as error:
            raise self._unusable(error) from error

    def _unusable(self, error: Exception) -> PhotocliError:
        return PhotocliError(
            f"the cache {self._file} cannot be used ({error}); "
            f"set {CACHE_ENV} to another folder, or use --no-cache"
        )

    def _output(self, photo: int, model: str, name: str) -> Any:
        import numpy as np

        row = self._db.execute(
            "SELECT dtype, shape, data FROM outputs WHERE photo = ? AND model = ? AND name = ?",
            (photo, model, name),
        ).fetchone()
        if row is None:
            return None
        return np.frombuffer(row[2], row[0]).reshape(json.loads(row[1])).astype(np.float32)


def kept_dtype(size: int, name: str = "") -> str:
    """The type in which an output of so many values is kept."""
    return "<f4" if size <= _SMALL or name in _EXACT else "<f2"


def _packed(name: str, value: NDArray[np.float32]) -> tuple[str, str, bytes]:
    dtype = kept_dtype(value.size, name)
    return dtype, json.dumps(value.shape), value.astype(dtype).tobytes()


def _key(path: Path) -> bytes:
    return os.fsencode(path.resolve())


def _open_or_replace(file: Path) -> sqlite3.Connection:
    try:
        return _open(file)
    except sqlite3.OperationalError:  # not damaged: locked, or out of reach
        raise
    except sqlite3.DatabaseError:
        return _replace(file)


def _replace(file: Path) -> sqlite3.Connection:
    for end in ("", "-wal", "-shm"):
        file.with_name(file.name + end).unlink(missing_ok=True)
    return _open(file)


def _open(file: Path) -> sqlite3.Connection:
    # Without an isolation level, transactions begin where this module says so, and nowhere else.
    connection = sqlite3.connect(file, timeout=LOCKED_S, isolation_level=None)
    try:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = NORMAL")
        connection.execute("PRAGMA foreign_keys = ON")
        if _layout(connection) != _LAYOUT:
            with _transaction(connection):
                if _layout(connection) != _LAYOUT:  # another run may have been faster
                    for statement in _TABLES:
                        connection.execute(statement)
    except BaseException:
        connection.close()
        raise
    return connection


def _layout(connection: sqlite3.Connection) -> int:
    return int(connection.execute("PRAGMA user_version").fetchone()[0])


@contextmanager
def _transaction(connection: sqlite3.Connection) -> Iterator[None]:
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        with suppress(sqlite3.Error):  # some errors have rolled it back already
            connection.execute("ROLLBACK")
        raise
