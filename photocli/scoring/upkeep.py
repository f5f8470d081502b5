"""Looking after the cache: what it holds, and making it smaller, also while other runs use it."""

from __future__ import annotations

import math
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

from photocli.errors import PhotocliError
from photocli.models import precision
from photocli.scoring.database import Database, flaw, is_damage, reading, remove, today

_STEP = 500  # photos that go in one transaction: other runs wait for it a moment
_PAGES = 2000  # that are given back in one transaction
_EPOCH = date(1970, 1, 1)
_EVER = 1_000_000  # days: also what was used in the future, by a clock that was wrong


@dataclass(frozen=True, slots=True)
class CacheState:
    """What a cache holds: its size in bytes with its log, its photos, and the days of their last uses.

    `flaw` says, after the words "the cache", why it cannot be used as it is; None if it can.
    """

    size: int
    photos: int = 0
    oldest: date | None = None
    newest: date | None = None
    flaw: str | None = None


@dataclass(frozen=True, slots=True)
class Pruned:
    """What became of a cache: the photos that were forgotten, the bytes before and after, the photos left."""

    photos: int
    before: int
    after: int
    left: int


def inspect(file: Path, *, thorough: bool = False) -> CacheState | None:
    """Look at a cache and change nothing; None if there is none. `thorough` reads all of it."""
    if not file.exists():
        return None
    size = _size(file)
    try:
        with closing(reading(file)) as connection:
            found = flaw(connection)
            if found is None and thorough:
                (answer,) = connection.execute("PRAGMA quick_check(1)").fetchone()
                found = None if answer == "ok" else "was damaged"
            if found is not None:
                return CacheState(size, flaw=found)
            photos, first, last = connection.execute(
                "SELECT COUNT(*), MIN(used), MAX(used) FROM photos"
            ).fetchone()
    except sqlite3.Error as error:
        return CacheState(size, flaw="was damaged" if is_damage(error) else f"cannot be read ({error})")
    return CacheState(size, photos, _day(first), _day(last))


def prune(file: Path, unused_days: int | None = None, most: int | None = None) -> Pruned:
    """Forget photos that were not used for so many days, then those unused longest above `most` bytes.

    A cache that is damaged, or of an earlier version, is begun anew. Raises `PhotocliError` where it cannot
    be changed, as while another run holds it.
    """
    if not file.exists():
        return Pruned(0, 0, 0, 0)
    before = _size(file)
    with _opened(file) as database:
        gone = 0
        if unused_days is not None:
            last = today() - unused_days
            _forget_finished(database, last)
            while some := _forget(database, "WHERE used < ? ORDER BY used LIMIT ?", (last, _STEP)):
                gone += some
        if most is not None and _too_many(database, most):
            _forget_finished(database, _EVER)  # they can be made again of the rest
        while most is not None and (count := _too_many(database, most)):
            gone += _forget(database, "ORDER BY used, id LIMIT ?", (min(count, _STEP),))
        (left,) = database.row("SELECT COUNT(*) FROM photos")
    return Pruned(gone, before, _size(file), left)


def clear(file: Path) -> Pruned:
    """Forget everything, what was measured of this machine, too. A file that cannot be used is removed.

    Raises `PhotocliError`.
    """
    try:
        precision.forget(file.parent)
    except OSError as error:
        raise PhotocliError(f"{file.parent} cannot be changed: {error.strerror or error}") from None
    state = inspect(file)
    if state is not None and state.flaw is not None:
        try:
            remove(file)
        except OSError as error:
            raise PhotocliError(f"the cache {file} cannot be removed: {error.strerror or error}") from None
        return Pruned(0, state.size, 0, 0)
    return prune(file, unused_days=-_EVER)


@contextmanager
def _opened(file: Path) -> Iterator[Database]:
    """The cache, given back small."""
    try:
        database = Database(file)
        try:
            yield database
            _shrink(database)
        finally:
            database.close()
    except sqlite3.OperationalError as error:
        raise PhotocliError(f"the cache {file} cannot be changed now ({error}); try again later") from None
    except (OSError, sqlite3.Error) as error:
        raise PhotocliError(f"the cache {file} cannot be used ({error}); see: photocli doctor") from None


def _forget(database: Database, which: str, values: tuple[int, ...]) -> int:
    """Delete some photos with their results; how many these were."""
    with database.transaction() as connection:
        found = connection.execute(f"SELECT id FROM photos {which}", values).fetchall()  # noqa: S608
        connection.executemany("DELETE FROM photos WHERE id = ?", found)
    return len(found)


def _forget_finished(database: Database, before: int) -> None:
    """Delete the finished records that were used last before a day."""
    with database.transaction() as connection:
        connection.execute("DELETE FROM finished WHERE used < ?", (before,))


def _shrink(database: Database) -> None:
    """Give the room of what was deleted back to the disk."""
    before = None
    while (free := int(database.row("PRAGMA freelist_count")[0])) and free != before:
        before = free
        # `execute` would stop after the first page.
        database.connection.executescript(f"PRAGMA incremental_vacuum({_PAGES})")
    with suppress(sqlite3.OperationalError):  # another run reads: its end will do it
        database.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()


def _too_many(database: Database, most: int) -> int:
    """About how many photos are too many for a file of `most` bytes; 0 if none are."""
    pages, page, free = (
        int(database.row(f"PRAGMA {name}")[0]) for name in ("page_count", "page_size", "freelist_count")
    )
    size, photos = (pages - free) * page, int(database.row("SELECT COUNT(*) FROM photos")[0])
    if size <= most or not photos:
        return 0
    return min(photos, max(1, math.ceil((size - most) / (size / photos))))


def _size(file: Path) -> int:
    total = 0
    for name in (file, file.with_name(f"{file.name}-wal")):
        with suppress(OSError):
            total += name.stat().st_size
    return total


def _day(number: object) -> date | None:
    with suppress(TypeError, ValueError, OverflowError):
        return _EPOCH + timedelta(days=int(number))  # type: ignore[call-overload, no-any-return]
    return None
