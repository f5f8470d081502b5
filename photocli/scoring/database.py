"""The SQLite file of the cache: opened, checked, and begun anew where it is damaged or laid out otherwise."""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any

LAYOUT = 6
"""It grows with the tables, and when frames are another size or results are cut from them in another way."""

LOCKED_S = 10.0
"""How long to wait for other runs that write to the same file; each of them writes for a moment."""

ERRORS = (sqlite3.DatabaseError, UnicodeDecodeError)
"""What a damaged file raises: the second where SQLite's own message has a name in it that is no text."""

_NEWER = "was made by a newer version of photocli"
_TABLES = (
    """CREATE TABLE photos (
    id INTEGER PRIMARY KEY, path BLOB NOT NULL UNIQUE, identity TEXT NOT NULL, facts TEXT NOT NULL,
    checksum INTEGER NOT NULL, used INTEGER NOT NULL)""",
    """CREATE TABLE outputs (
    photo INTEGER NOT NULL REFERENCES photos(id) ON DELETE CASCADE,
    model TEXT NOT NULL, name TEXT NOT NULL, dtype TEXT NOT NULL, shape TEXT NOT NULL, data BLOB NOT NULL,
    checksum INTEGER NOT NULL, PRIMARY KEY (photo, model, name)) WITHOUT ROWID""",
    """CREATE TABLE finished (
    id INTEGER PRIMARY KEY, folder BLOB NOT NULL, basis TEXT NOT NULL, first BLOB NOT NULL,
    last BLOB NOT NULL, checksum INTEGER NOT NULL, used INTEGER NOT NULL, data BLOB NOT NULL,
    UNIQUE (folder, basis, last))""",
)


def today() -> int:
    """Return the day on which results are used, counted as in the column `used`, from 1970 on."""
    return int(time.time() // 86_400)


def remove(file: Path) -> None:
    """Remove the file, whatever it holds; runs that have it open go on with what nobody else sees."""
    with _alone(file):
        _remove(file)


def reading(file: Path) -> sqlite3.Connection:
    """Return a connection that changes nothing. Raises `sqlite3.Error`."""
    address = file.absolute().as_uri()
    try:
        connection = sqlite3.connect(f"{address}?mode=ro", uri=True, timeout=LOCKED_S)
        connection.execute("PRAGMA user_version")
    except sqlite3.OperationalError:  # in a folder that cannot be written, where its log has no place
        connection = sqlite3.connect(f"{address}?immutable=1", uri=True)
    connection.text_factory = _text
    return connection


def flaw(connection: sqlite3.Connection) -> str | None:
    """Say what has the file begun anew, or left alone; None if it can be used. Raises `sqlite3.Error`."""
    layout = _layout(connection)
    if layout > LAYOUT:
        return _NEWER
    if layout < LAYOUT:
        return "was made by an earlier version of photocli"
    return None if _tables(connection) == sorted(_TABLES) else "was damaged"


class Database:
    """A connection to the file, which several processes may have at the same time.

    `note` says why the file had to be begun anew, if it had to.
    """

    def __init__(self, file: Path) -> None:
        """Open it, or create it. Raises `OSError` and `sqlite3.Error` where that cannot be done."""
        self._file = file
        with _alone(file):
            self.note = _flaw(file)
            if self.note is not None:
                _remove(file)
            self.connection = _connect(file)
            self._node = _node(file)

    def renew(self) -> None:
        """Begin the file anew, unless another run has done so already. Raises as `__init__` does."""
        self.close()
        with _alone(self._file):
            if _node(self._file) == self._node:
                _remove(self._file)
            self.connection = _connect(self._file)
            self._node = _node(self._file)

    def close(self) -> None:
        """Give the file back; what was not committed is dropped."""
        with suppress(sqlite3.Error):
            self.connection.close()

    def row(self, statement: str, values: tuple[Any, ...] = ()) -> Any:
        """The first row of an answer; None if it has none."""
        return self.connection.execute(statement, values).fetchone()

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """All that is written inside, or nothing of it."""
        with _transaction(self.connection):
            yield self.connection


def is_damage(error: BaseException) -> bool:
    """Whether it is the content of the file that is wrong: not a lock, a full disk, or the way it is used."""
    others = (sqlite3.OperationalError, sqlite3.ProgrammingError, sqlite3.NotSupportedError)
    return isinstance(error, ERRORS) and not isinstance(error, others)


def _connect(file: Path) -> sqlite3.Connection:
    if file.exists() and not file.is_file():
        raise OSError("it is no file")
    # Without an isolation level, transactions begin where this package says so, and nowhere else. A run may
    # be gone through from another thread than the one that began it.
    connection = sqlite3.connect(file, timeout=LOCKED_S, isolation_level=None, check_same_thread=False)
    try:
        connection.text_factory = _text
        if not (file.exists() and file.stat().st_size):  # it would need a lock
            connection.execute("PRAGMA auto_vacuum = INCREMENTAL")  # so that it can shrink in small steps
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = NORMAL")
        connection.execute("PRAGMA foreign_keys = ON")
        if _is_new(connection):
            with _transaction(connection):
                if _is_new(connection):  # another run may have been faster
                    for statement in (*_TABLES, f"PRAGMA user_version = {LAYOUT}"):
                        connection.execute(statement)
    except BaseException:
        connection.close()
        raise
    return connection


def _is_new(connection: sqlite3.Connection) -> bool:
    return _layout(connection) == 0 and not _tables(connection)


def _flaw(file: Path) -> str | None:
    """Why the file has to be begun anew; None if it has not. Raises as `Database` does."""
    try:
        with closing(_connect(file)) as connection:
            found = flaw(connection)
            if found == _NEWER:
                raise OSError(f"it {_NEWER}")
            return found
    except ERRORS as error:
        if not is_damage(error):
            raise
        return "was damaged"


def _layout(connection: sqlite3.Connection) -> int:
    return int(connection.execute("PRAGMA user_version").fetchone()[0])


def _tables(connection: sqlite3.Connection) -> list[str]:
    """What is defined in the file: tables, and whatever else somebody put there, such as triggers."""
    rows = connection.execute("SELECT sql FROM sqlite_master WHERE sql IS NOT NULL ORDER BY sql")
    return [str(row[0]) for row in rows]


def _text(data: bytes) -> str:
    return data.decode("utf-8", "replace")  # damage, which checksums tell


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


def _node(file: Path) -> int | None:
    with suppress(OSError):
        return file.stat().st_ino
    return None


def _remove(file: Path) -> None:
    for end in ("", "-wal", "-shm", "-journal"):
        file.with_name(file.name + end).unlink(missing_ok=True)


@contextmanager
def _alone(file: Path) -> Iterator[None]:
    """Let no two runs open or remove the file at once: one would get the log of the other's new file.

    Where there are no such locks, as in some network folders, it goes without.
    """
    try:
        lock = os.open(file.with_name(file.name + "-lock"), os.O_RDWR | os.O_CREAT, 0o666)
    except OSError:
        yield
        return
    try:
        _wait_for(lock)
        yield
    finally:
        os.close(lock)  # which gives the lock back


def _wait_for(lock: int) -> None:
    until = time.monotonic() + LOCKED_S
    while not _locked(lock) and time.monotonic() < until:
        time.sleep(0.02)


def _locked(lock: int) -> bool:
    """Take the lock if it is free; whether there is nothing to wait for any more."""
    try:
        import fcntl
    except ImportError:  # Windows, where a file that others have open cannot be removed anyway
        return True
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        return True
    return True
