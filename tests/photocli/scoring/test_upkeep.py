"""Looking after the cache: what is counted, what goes first, and that runs beside it are not disturbed."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pytest

from photocli.records import Capture
from photocli.scoring import upkeep
from photocli.scoring.cache import Cache, Known
from photocli.scoring.database import LAYOUT, today

NEEDS = {"m": ("embedding",)}


def filled(file: Path, count: int = 60, first: int = 0) -> Path:
    """A cache of so many photos, each with an embedding; their names count on from `first`."""
    values = np.linspace(0, 1, 1280, dtype=np.float32)
    with Cache(file) as cache:
        for number in range(first, first + count):
            known = Known(10, 10, Capture(), {"m": {"embedding": values}})
            cache.keep(Path(f"/shoot/{number}.jpg"), "same", known)
    assert cache.warning is None
    return file


def used(file: Path, days_ago: int, where: str) -> None:
    """Have some photos been used last so many days ago."""
    with closing(sqlite3.connect(file)) as connection, connection:
        connection.execute(f"UPDATE photos SET used = ? WHERE {where}", (today() - days_ago,))


def ids(file: Path) -> list[int]:
    with closing(sqlite3.connect(file)) as connection:
        return [row[0] for row in connection.execute("SELECT id FROM photos ORDER BY id")]


def test_there_may_be_no_cache(tmp_path: Path) -> None:
    file = tmp_path / "results.sqlite"
    assert upkeep.inspect(file) is None
    assert upkeep.prune(file, unused_days=0).photos == 0
    assert upkeep.clear(file).photos == 0
    assert list(tmp_path.iterdir()) == []


def test_what_it_holds_is_counted(tmp_path: Path) -> None:
    file = filled(tmp_path / "results.sqlite")
    used(file, 40, "id <= 10")
    state = upkeep.inspect(file, thorough=True)
    assert state is not None
    assert (state.photos, state.flaw) == (60, None)
    assert state.size >= file.stat().st_size > 60 * 2560
    assert state.newest is not None
    assert state.oldest == state.newest - timedelta(days=40)
    assert abs((date.today() - state.newest).days) <= 1


def test_looking_changes_nothing(tmp_path: Path) -> None:
    file = filled(tmp_path / "results.sqlite")
    before = file.read_bytes()
    assert upkeep.inspect(file, thorough=True)
    assert file.read_bytes() == before


def test_photos_that_were_not_used_for_long_go(tmp_path: Path) -> None:
    file = filled(tmp_path / "results.sqlite")
    used(file, 91, "id <= 10")
    used(file, 90, "id > 10 AND id <= 20")
    before = file.stat().st_size
    done = upkeep.prune(file, unused_days=90)
    assert (done.photos, done.left, len(ids(file))) == (10, 50, 50)
    assert ids(file)[0] == 11
    assert file.stat().st_size < before
    with closing(sqlite3.connect(file)) as connection:
        assert connection.execute("SELECT COUNT(*) FROM outputs").fetchone() == (50,)
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)


def test_a_photo_that_is_found_counts_as_used(tmp_path: Path) -> None:
    file = filled(tmp_path / "results.sqlite")
    used(file, 100, "id <= 20")
    with Cache(file) as cache:
        assert cache.find(Path("/shoot/4.jpg"), "same", NEEDS) is not None
    assert upkeep.prune(file, unused_days=90).photos == 19
    assert ids(file)[0] == 5


def test_those_unused_longest_go_until_it_is_small(tmp_path: Path) -> None:
    file = filled(tmp_path / "results.sqlite", 200)
    used(file, 5, "id > 150")
    size = file.stat().st_size
    done = upkeep.prune(file, most=size // 2)
    assert 90 <= done.photos <= 120
    assert done.after <= size // 2
    assert set(range(151, 201)).isdisjoint(ids(file))
    assert upkeep.prune(file, most=size).photos == 0


def test_all_goes_and_the_next_run_begins_again(tmp_path: Path) -> None:
    file = filled(tmp_path / "results.sqlite")
    used(file, -400, "id = 1")  # by a clock that was wrong
    done = upkeep.clear(file)
    assert (done.photos, done.left) == (60, 0)
    assert file.stat().st_size < 30_000
    filled(file, 3)
    assert len(ids(file)) == 3


def test_another_run_goes_on_beside_it(tmp_path: Path) -> None:
    file = filled(tmp_path / "results.sqlite")
    values = np.ones(1280, np.float32)
    with Cache(file) as cache:
        assert cache.find(Path("/shoot/4.jpg"), "same", NEEDS) is not None
        assert upkeep.clear(file).photos == 60
        assert cache.find(Path("/shoot/4.jpg"), "same", NEEDS) is None
        cache.keep(Path("/shoot/new.jpg"), "same", Known(1, 1, Capture(), {"m": {"embedding": values}}))
    assert (cache.warning, cache.kept) == (None, 1)
    with Cache(file) as cache:
        assert cache.find(Path("/shoot/new.jpg"), "same", NEEDS) is not None


@pytest.mark.parametrize(
    ("layout", "flaw"), [(LAYOUT - 1, "was made by an earlier version"), (LAYOUT + 1, "was made by a newer")]
)
def test_a_cache_of_another_version_is_told_and_cleared(tmp_path: Path, layout: int, flaw: str) -> None:
    file = filled(tmp_path / "results.sqlite")
    with closing(sqlite3.connect(file)) as connection:
        connection.execute(f"PRAGMA user_version = {layout}")
    state = upkeep.inspect(file)
    assert state is not None
    assert (state.flaw or "").startswith(flaw)
    assert upkeep.clear(file).before > 100_000
    assert not file.exists()


def test_a_damaged_cache_is_told_and_cleared(tmp_path: Path) -> None:
    file = filled(tmp_path / "results.sqlite")
    content = bytearray(file.read_bytes())
    content[5000:90_000] = bytes(85_000)
    file.write_bytes(content)
    state = upkeep.inspect(file, thorough=True)
    assert state is not None
    assert state.flaw == "was damaged"
    file.write_bytes(b"no database at all")
    state = upkeep.inspect(file)
    assert state is not None
    assert state.flaw == "was damaged"
    assert upkeep.clear(file).left == 0
    assert not file.exists()
