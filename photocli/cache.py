"""Results of earlier runs, by file and model: unchanged photos cost a look-up, killed runs resume."""

from __future__ import annotations

import json
import os
import sqlite3
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

from photocli.errors import PhotocliError
from photocli.records import Capture

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from typing_extensions import Self

CACHE_ENV = "PHOTOCLI_CACHE"
COMMIT_EVERY_S = 1.0
"""What a killed run loses at most, in seconds of work."""

_LAYOUT = 1
_TABLES = """
CREATE TABLE photos (
    id INTEGER PRIMARY KEY, path BLOB NOT NULL UNIQUE, identity TEXT NOT NULL, facts TEXT NOT NULL);
CREATE TABLE outputs (
    photo INTEGER NOT NULL REFERENCES photos(id) ON DELETE CASCADE,
    model TEXT NOT NULL, name TEXT NOT NULL, dtype TEXT NOT NULL, shape TEXT NOT NULL, data BLOB NOT NULL,
    PRIMARY KEY (photo, model, name)) WITHOUT ROWID;
"""
_SMALL = 64  # outputs of more values (embeddings) are kept as float16, which halves the file


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
    """The results of earlier runs in one SQLite file. Several runs may use it at the same time."""

    def __init__(self, file: Path) -> None:
        """Open or create it. A damaged file is set aside and a new one begun, since it can be made again."""
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            try:
                self._db = _open(file)
            except sqlite3.DatabaseError as error:
                if isinstance(error, sqlite3.OperationalError) and "locked" in str(error):
                    raise
                for part in (file, *(file.with_name(file.name + end) for end in ("-wal", "-shm"))):
                    part.unlink(missing_ok=True)
                self._db = _open(file)
        except (OSError, sqlite3.Error) as error:
            raise PhotocliError(
                f"the cache {file} cannot be used ({error}); "
                f"set {CACHE_ENV} to another folder, or use --no-cache"
            ) from error
        self._committed = time.monotonic()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._db.commit()
        self._db.close()

    def find(self, path: Path, identity: str, models: Mapping[str, Sequence[str]]) -> Known | None:
        """What is known of the photo as it is now. `models` says which outputs of which models are wanted.

        A model of which an output is missing is left out of `Known.outputs`.
        """
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

    def keep(self, path: Path, identity: str, known: Known) -> None:
        """Remember a photo; what was known of the same version of it, by other models, stays."""
        facts = {"width": known.width, "height": known.height, "capture": asdict(known.capture)}
        row = self._db.execute("SELECT id, identity FROM photos WHERE path = ?", (_key(path),)).fetchone()
        if row is not None and row[1] != identity:
            self._db.execute("DELETE FROM photos WHERE id = ?", (row[0],))
            row = None
        if row is None:
            cursor = self._db.execute(
                "INSERT INTO photos (path, identity, facts) VALUES (?, ?, ?)",
                (_key(path), identity, json.dumps(facts)),
            )
            photo = cursor.lastrowid
        else:
            photo = row[0]
        self._db.executemany(
            "INSERT OR REPLACE INTO outputs VALUES (?, ?, ?, ?, ?, ?)",
            [
                (photo, model, name, *_packed(value))
                for model, values in known.outputs.items()
                for name, value in values.items()
            ],
        )
        if time.monotonic() - self._committed > COMMIT_EVERY_S:
            self._db.commit()
            self._committed = time.monotonic()

    def _output(self, photo: int, model: str, name: str) -> Any:
        import numpy as np

        row = self._db.execute(
            "SELECT dtype, shape, data FROM outputs WHERE photo = ? AND model = ? AND name = ?",
            (photo, model, name),
        ).fetchone()
        if row is None:
            return None
        return np.frombuffer(row[2], row[0]).reshape(json.loads(row[1])).astype(np.float32)


def _packed(value: NDArray[np.float32]) -> tuple[str, str, bytes]:
    dtype = "<f4" if value.size <= _SMALL else "<f2"
    return dtype, json.dumps(value.shape), value.astype(dtype).tobytes()


def _key(path: Path) -> bytes:
    return os.fsencode(path.resolve())


def _open(file: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(file, timeout=30)
    try:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = NORMAL")
        connection.execute("PRAGMA foreign_keys = ON")
        layout = connection.execute("PRAGMA user_version").fetchone()[0]
        if layout != _LAYOUT:
            connection.executescript(
                "BEGIN IMMEDIATE; DROP TABLE IF EXISTS outputs; DROP TABLE IF EXISTS photos;"
                f"{_TABLES} PRAGMA user_version = {_LAYOUT}; COMMIT;"
            )
    except BaseException:
        connection.close()
        raise
    return connection
