"""A cache that is damaged, locked, full or out of reach never ends a run: one warning, the same records."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
from commands import Done, photocli
from networks import write_model
from photos import camera_exif, write_photo

from photocli import Options, Record, Run
from photocli.records import Capture
from photocli.scoring.cache import Cache, Known, cache_file

KNOWN = Known(60, 40, Capture(iso=200), {"m": {"votes": np.linspace(0, 1, 10, dtype=np.float32)}})
NEEDS = {"m": ("votes",)}


@pytest.fixture(autouse=True)
def models(own_folders: Path) -> None:
    """A model that scores by brightness."""
    write_model(own_folders / "models")


@pytest.fixture
def shoot(tmp_path: Path) -> Path:
    """A folder of three photos."""
    for name in ("chelsea", "coffee", "rocket"):
        write_photo(tmp_path / "shoot" / f"{name}.jpg", name, size=(90, 60), exif=camera_exif())
    return tmp_path / "shoot"


def score(folder: Path, *, cache: bool = True) -> tuple[list[Record], int, str | None]:
    """The records of a run, how many came from the cache, and the warning."""
    run = Run([folder], Options(assess=("aesthetics",), workers=1, cache=cache))
    records = list(run)
    return records, run.summary.cached, run.summary.warning


def change(*statements: str) -> None:
    """Do something to the database."""
    with closing(sqlite3.connect(cache_file(), isolation_level=None)) as connection:
        for statement in statements:
            connection.execute(statement)


def pages(keep: int, filling: bytes) -> None:
    """Fill all pages of the file but the first ones."""
    data = cache_file().read_bytes()
    cache_file().write_bytes(data[: keep * 4096] + filling * (len(data) - keep * 4096))


REBUILT: dict[str, Callable[[], object]] = {
    "text": lambda: cache_file().write_bytes(b"no database " * 999),
    "header": lambda: cache_file().write_bytes(cache_file().read_bytes()[:50]),
    "cut": lambda: cache_file().write_bytes(cache_file().read_bytes()[:4096]),
    "noise": lambda: pages(0, b"\xa5"),
    "pages": lambda: pages(1, b"\xff"),
    "zero pages": lambda: pages(1, b"\0"),
    "older": lambda: change("PRAGMA user_version = 3"),
    "without a number": lambda: change("PRAGMA user_version = 0"),
    "a column less": lambda: change("ALTER TABLE photos DROP COLUMN facts"),
    "a column more": lambda: change("ALTER TABLE photos ADD COLUMN more TEXT"),
    "a table less": lambda: change("DROP TABLE outputs"),
    "no finished records": lambda: change("DROP TABLE finished"),
    "a trigger": lambda: change("CREATE TRIGGER t AFTER INSERT ON photos BEGIN DELETE FROM photos; END"),
    "a view": lambda: change(
        "DROP TABLE photos",
        "CREATE VIEW photos AS WITH RECURSIVE n(id) AS (SELECT 1 UNION ALL SELECT id + 1 FROM n)"
        " SELECT id, x'' AS path, '' AS identity, '{}' AS facts, 0 AS checksum FROM n",
    ),
}


@pytest.mark.parametrize("damage", REBUILT)
def test_a_damaged_file_is_begun_anew(damage: str, shoot: Path) -> None:
    before, _, warning = score(shoot)
    assert warning is None
    REBUILT[damage]()
    after, _, warning = score(shoot)
    assert after == before
    assert warning is not None
    assert warning.startswith(f"the cache {cache_file()} was ")
    assert warning.endswith(" and is begun anew")
    assert score(shoot) == (before, 3, None)


def test_an_empty_file_is_as_good_as_none(shoot: Path) -> None:
    before, _, _ = score(shoot)
    cache_file().write_bytes(b"")
    assert score(shoot) == (before, 0, None)
    assert score(shoot) == (before, 3, None)


RESULTS = {
    "no JSON": "UPDATE photos SET facts = '{'",
    "other JSON": "UPDATE photos SET facts = '[1]'",
    "deep JSON": f"UPDATE photos SET facts = '{'[' * 100_000}'",
    "another size": "UPDATE photos SET facts = replace(facts, '90', '91')",
    "another type": "UPDATE photos SET facts = 7",
    "no text": "UPDATE photos SET facts = CAST(x'fffe80' AS TEXT)",
    "a cut blob": "UPDATE outputs SET data = ifnull(substr(data, 1, 5), zeroblob(1))",
    "an empty blob": "UPDATE outputs SET data = x''",
    "a changed blob": "UPDATE outputs SET data = zeroblob(length(data))",
    "a number": "UPDATE outputs SET data = 1.5",
    "a shape": "UPDATE outputs SET shape = '[1, 2, -3]'",
    "objects": "UPDATE outputs SET dtype = 'O'",
    "swapped": "UPDATE outputs SET name = 'x' || name",
}


@pytest.mark.parametrize("damage", RESULTS)
def test_a_damaged_result_is_made_again(damage: str, shoot: Path) -> None:
    before, _, _ = score(shoot)
    change("DELETE FROM finished", RESULTS[damage])  # finished records would answer
    after, cached, warning = score(shoot)
    assert (after, cached) == (before, 0)
    if damage != "swapped":  # which is nothing but missing
        assert warning == f"the cache {cache_file()} holds damaged results, which are made again"
    assert score(shoot) == (before, 3, None)


FINISHED = {
    "a cut blob": "UPDATE finished SET data = ifnull(substr(data, 1, 5), zeroblob(1))",
    "an empty blob": "UPDATE finished SET data = x''",
    "a changed blob": "UPDATE finished SET data = zeroblob(length(data))",
    "text": "UPDATE finished SET data = 'text'",
    "a number": "UPDATE finished SET data = 1.5",
    "another folder": "UPDATE finished SET folder = x'2f'",
    "another basis": "UPDATE finished SET basis = 'x' || basis",
    "other names": "UPDATE finished SET first = x'41', last = x'7f'",
    "a wrong checksum": "UPDATE finished SET checksum = checksum + 1",
}


@pytest.mark.parametrize("damage", FINISHED)
def test_damaged_finished_records_are_made_again_of_the_outputs(damage: str, shoot: Path) -> None:
    before, _, _ = score(shoot)
    change(FINISHED[damage])
    after, cached, warning = score(shoot)
    assert (after, cached) == (before, 3)
    if not damage.startswith("another"):  # which is nothing but missing
        assert warning == f"the cache {cache_file()} holds damaged results, which are made again"
    assert score(shoot) == (before, 3, None)


@pytest.mark.parametrize("seed", range(40))
def test_no_damage_gives_another_answer(seed: int, tmp_path: Path) -> None:
    rng = np.random.default_rng(seed)
    file = tmp_path / "c"
    with Cache(file) as cache:
        for number in range(40):
            cache.keep(tmp_path / f"{number}.jpg", "1", KNOWN)
    data = bytearray(file.read_bytes())
    for _ in range(int(rng.integers(1, 30))):
        at = int(rng.integers(len(data)))
        data[at : at + int(rng.integers(1, 40))] = rng.bytes(int(rng.integers(1, 40)))
    file.write_bytes(data)
    with Cache(file) as cache:
        for number in range(40):
            found = cache.find(tmp_path / f"{number}.jpg", "1", NEEDS)
            if found is not None:
                assert (found.width, found.height, found.capture) == (60, 40, Capture(iso=200))
                for votes in found.outputs.values():
                    np.testing.assert_array_equal(votes["votes"], KNOWN.outputs["m"]["votes"])
            cache.keep(tmp_path / f"{number}.jpg", "1", KNOWN)
    with Cache(file) as cache:
        assert cache.find(tmp_path / "39.jpg", "1", NEEDS) is not None


def test_the_file_of_a_newer_version_is_left_as_it_is(shoot: Path) -> None:
    before, _, _ = score(shoot)
    change("PRAGMA user_version = 99")
    content = cache_file().read_bytes()
    for _ in range(2):
        after, cached, warning = score(shoot)
        assert (after, cached) == (before, 0)
        assert warning is not None
        assert "newer version of photocli" in warning
    assert cache_file().read_bytes() == content


def command(folder: Path, **environment: str) -> Done:
    """A run on the command line; all but its stderr must be as without the cache."""
    asked = ("score", folder, "--json", "-", "--quiet", "--workers", "1", "--assess", "aesthetics")
    done, bare = photocli(*asked, **environment), photocli(*asked, "--no-cache")
    assert (done.code, done.document["records"]) == (bare.code, bare.document["records"])
    return done


def is_one_warning(done: Done) -> None:
    """Whether a run said one thing, and what helps."""
    assert len(done.lines) == 1
    assert done.lines[0].startswith("the cache ")
    assert done.lines[0].endswith("set PHOTOCLI_CACHE to another folder, or use --no-cache")
    assert done.document["summary"]["warning"] == done.lines[0]


@pytest.mark.parametrize(
    "place", ["a file as the folder", "a folder as the file", "a pipe", "a loop", "name"]
)
def test_a_place_that_cannot_be_used_is_one_warning(place: str, shoot: Path, tmp_path: Path) -> None:
    (shoot / "bad.jpg").write_bytes(b"")  # the exit code is that of the run
    folder = tmp_path / "cache"
    if place == "a file as the folder":
        folder.write_text("")
    elif place == "a loop":
        folder.symlink_to(folder)
    elif place == "name":
        folder = tmp_path / ("n" * 300)
    else:
        folder.mkdir()
        if place == "a pipe":
            os.mkfifo(folder / "results.sqlite")
        else:
            (folder / "results.sqlite").mkdir()
    done = command(shoot, PHOTOCLI_CACHE=str(folder))
    assert done.code == 3
    assert done.lines[0].endswith("bad.jpg: the file is empty") or done.lines[0].startswith("the cache")
    warnings = [line for line in done.lines if line.startswith("the cache ")]
    is_one_warning(Done(done.code, done.out, "\n".join(warnings), done.cpu_s))


def test_a_missing_folder_is_made(shoot: Path, tmp_path: Path) -> None:
    done = command(shoot, PHOTOCLI_CACHE=str(tmp_path / "deep" / "down"))
    assert (done.code, done.err) == (0, "")
    assert (tmp_path / "deep" / "down" / "results.sqlite").is_file()


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of its own, of 64 KB; only the superuser can have one."""
    place = tmp_path / "disk"
    place.mkdir()
    mount = shutil.which("mount")
    made = mount and subprocess.run(
        [mount, "-t", "tmpfs", "-o", "size=64k", "none", place], capture_output=True
    )
    if not made or made.returncode:
        pytest.skip("needs a file system of its own, which only the superuser can mount")
    yield place
    subprocess.run(["umount", "-l", place], check=True)


def test_a_full_disk_is_one_warning(shoot: Path, small_disk: Path) -> None:
    done = command(shoot, PHOTOCLI_CACHE=str(small_disk))
    is_one_warning(done)
    (small_disk / "more").write_bytes(b"")
    with pytest.raises(OSError, match="No space"), (small_disk / "more").open("wb", 0) as file:
        while True:
            file.write(bytes(4096))
    is_one_warning(command(shoot, PHOTOCLI_CACHE=str(small_disk / "folder")))


def test_a_read_only_disk_is_one_warning(shoot: Path, small_disk: Path) -> None:
    subprocess.run(["mount", "-o", "remount,size=9m", small_disk], check=True)
    assert command(shoot, PHOTOCLI_CACHE=str(small_disk)).err == ""
    subprocess.run(["mount", "-o", "remount,ro", small_disk], check=True)
    is_one_warning(command(shoot, PHOTOCLI_CACHE=str(small_disk)))
    is_one_warning(command(shoot, PHOTOCLI_CACHE=str(small_disk / "folder")))


@pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() == 0, reason="the superuser may write anywhere"
)
def test_a_read_only_folder_or_file_is_one_warning(shoot: Path, tmp_path: Path) -> None:
    folder = tmp_path / "cache"
    assert command(shoot, PHOTOCLI_CACHE=str(folder)).err == ""
    (folder / "results.sqlite").chmod(0o444)
    write_photo(shoot / "new.jpg", "flower", size=(90, 60))
    is_one_warning(command(shoot, PHOTOCLI_CACHE=str(folder)))
    folder.chmod(0o555)
    is_one_warning(command(shoot, PHOTOCLI_CACHE=str(folder)))


LIMITED = """
import os, resource, sys
os.environ["ORT_DISABLE_TELEMETRY"] = "1"
resource.setrlimit(resource.RLIMIT_FSIZE, ({0}, {0}))
from pathlib import Path
from photocli import Options, Run
run = Run([Path(sys.argv[1])], Options(assess=("aesthetics",), workers=1))
print(len([record for record in run if record.status == "ok"]), run.summary.warning)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="files have no limit there")
@pytest.mark.parametrize("limit", [0, 2000, 20_000])
def test_a_limit_on_the_size_of_files_is_one_warning(limit: int, shoot: Path) -> None:
    process = subprocess.run(
        [sys.executable, "-c", LIMITED.format(limit), shoot], capture_output=True, text=True, timeout=120
    )
    assert process.stderr == ""
    count, warning = process.stdout.split(" ", 1)
    assert count == "3"
    assert warning.startswith("the cache ")


@pytest.mark.parametrize("lock", ["BEGIN IMMEDIATE", "BEGIN EXCLUSIVE", "all"])
def test_a_lock_that_is_never_given_back_is_one_warning(
    lock: str, shoot: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("photocli.scoring.database.LOCKED_S", 0.2)
    before, _, _ = score(shoot)
    write_photo(shoot / "coffee.jpg", "flower", size=(91, 60))
    with closing(sqlite3.connect(cache_file(), isolation_level=None)) as other:
        if lock == "all":
            other.execute("PRAGMA locking_mode = EXCLUSIVE")
            other.execute("PRAGMA journal_mode = DELETE")
        other.execute("BEGIN EXCLUSIVE" if lock == "all" else lock)
        after, cached, warning = score(shoot)
        assert after == score(shoot, cache=False)[0]
        assert cached == (0 if lock == "all" else 2)  # what is there can still be read
        assert warning is not None
        assert "locked" in warning
    assert score(shoot)[1] == 2
    assert score(shoot)[1:] == (3, None)
    assert before != after


def test_a_file_removed_or_damaged_during_a_run_harms_no_other(tmp_path: Path) -> None:
    file = tmp_path / "c"
    with Cache(file) as first:
        first.keep(tmp_path / "a.jpg", "1", KNOWN)
    with Cache(file) as first:
        assert first.find(tmp_path / "a.jpg", "1", NEEDS) is not None
        file.write_bytes(b"\xff" * 50_000)
        with Cache(file) as second:
            assert second.warning is not None
            second.keep(tmp_path / "b.jpg", "1", KNOWN)
            first.keep(tmp_path / "c.jpg", "1", KNOWN)
    with Cache(file) as third:
        assert third.warning is None
        assert third.find(tmp_path / "b.jpg", "1", NEEDS) is not None


def test_a_run_may_go_on_in_another_thread(shoot: Path) -> None:
    before, _, _ = score(shoot)
    run = Run([shoot], Options(assess=("aesthetics",), workers=1))
    records = iter(run)
    found = [next(records)]
    thread = threading.Thread(target=lambda: found.extend(records))
    thread.start()
    thread.join()
    assert (found, run.summary.cached, run.summary.warning) == (before, 3, None)


OPENER = """
import sys
from pathlib import Path
from photocli.scoring.cache import Cache, Known
from photocli.records import Capture
for turn in range(30):
    with Cache(Path(sys.argv[1])) as cache:
        cache.keep(Path(f"/{sys.argv[2]}-{turn}.jpg"), "1", Known(turn, 1, Capture(), {}))
    if sys.argv[2] == "0":
        Path(sys.argv[1]).write_bytes(b"damage " * 3000)
"""


def test_damage_that_several_runs_meet_at_once_ends_none_of_them(tmp_path: Path) -> None:
    code = [sys.executable, "-c", OPENER, str(tmp_path / "c")]
    crowd = [subprocess.Popen([*code, str(n)], stderr=subprocess.PIPE) for n in range(4)]
    assert [process.communicate(timeout=120)[1].decode() for process in crowd] == [""] * 4
    with Cache(tmp_path / "c") as cache:
        cache.keep(tmp_path / "a.jpg", "1", KNOWN)
    with Cache(tmp_path / "c") as cache:
        assert cache.find(tmp_path / "a.jpg", "1", NEEDS) is not None
        assert cache.warning is None
