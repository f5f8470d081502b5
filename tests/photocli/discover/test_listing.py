"""One walk for all: each folder is listed once, whoever asks for photos, their number, or whether any is."""

from __future__ import annotations

import os
import sys
import threading
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from networks import write_model
from photos import write_photo
from typer.testing import CliRunner

from photocli import Options, Run
from photocli.cli import app
from photocli.discover import listing as listings
from photocli.discover.listing import Listing
from photocli.scoring.sources import Given


@pytest.fixture
def shoot(tmp_path: Path) -> Path:
    """A folder with two folders of two photos each."""
    for name in ("a/1", "a/2", "b/1", "b/2"):
        write_photo(tmp_path / "shoot" / f"{name}.jpg", "chelsea", size=(90, 60))
    return tmp_path / "shoot"


@pytest.fixture
def listed(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """How often each folder was listed for photos, by its name; not what looks for sidecars there."""
    counts: Counter[str] = Counter()
    scandir = os.scandir

    def count(path: Any = ".") -> Any:
        if sys._getframe(1).f_globals["__name__"].startswith("photocli.discover"):
            counts[Path(os.fsdecode(path)).name] += 1
        return scandir(path)

    monkeypatch.setattr(os, "scandir", count)
    return counts


@pytest.mark.parametrize(
    "command",
    [
        ("score", "{}", "--json", "out.json"),
        ("cull", "{}"),
        ("report", "{}", "--html", "out.html"),
        ("check", "{}", "--require", "width > 1"),
        ("crop", "{}"),
        ("score", "{}/b", "{}/a", "--csv", "out.csv"),
    ],
)
def test_a_command_lists_each_folder_once(
    command: tuple[str, ...], shoot: Path, listed: Counter[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(shoot.parent)
    result = CliRunner().invoke(app, [part.format(shoot) for part in command])
    assert result.exit_code == 0, result.output
    assert (listed["a"], listed["b"]) == (1, 1)
    assert listed["shoot"] <= 1


def test_a_run_that_tells_its_progress_lists_each_folder_once(
    shoot: Path, own_folders: Path, listed: Counter[str]
) -> None:
    write_model(own_folders / "models")
    assert Given([shoot]).holds(3, Options())  # as a self-test of the precision asks
    listed.clear()
    said: list[tuple[int, int | None]] = []
    run = Run([shoot], Options(assess=("aesthetics",), workers=1), lambda *now: said.append(now))
    assert len(list(run)) == 4
    assert said == [(1, 4), (2, 4), (3, 4), (4, 4)]
    assert (listed["a"], listed["b"]) == (1, 1)
    assert len(list(run)) == 4  # again, and what is there by then
    assert (listed["a"], listed["b"]) == (2, 2)


def test_the_first_photos_come_before_the_rest_is_listed(shoot: Path, listed: Counter[str]) -> None:
    listing = Listing([shoot])
    batches = listing.batches()
    assert [entry.name for entry in next(batches).entries] == ["1.jpg", "2.jpg"]
    assert (listed["a"], listed["b"], listing.total) == (1, 0, None)
    assert len(list(batches)) == 1
    assert (listed["b"], listing.total) == (1, 4)


def test_what_was_asked_before_is_listed_no_more_than_needed(shoot: Path, listed: Counter[str]) -> None:
    listing = Listing([shoot])
    assert listing.without_photos() == {}
    assert listing.reaches(1)
    assert (listed["a"], listed["b"]) == (1, 0)
    assert not listing.reaches(5)
    assert [len(batch.entries) for batch in listing.batches()] == [2, 2]
    assert (listed["a"], listed["b"]) == (1, 1)


def test_folders_within_each_other_come_out_once(shoot: Path) -> None:
    (shoot.parent / "bare").mkdir()
    given = Given([shoot / "b", shoot, shoot.parent / "bare", shoot / "a" / "1.jpg"])
    assert given.without_photos(Options()) == {shoot.parent / "bare": "it is empty"}
    assert given.holds(4, Options())
    assert not given.holds(5, Options())
    assert given.count(Options()) == given.total == 4
    found = [item.path.relative_to(shoot).as_posix() for item in given.discover(Options())]  # type: ignore[union-attr]
    assert found == ["b/1.jpg", "b/2.jpg", "a/1.jpg", "a/2.jpg"]


def test_what_nobody_takes_is_not_kept_without_end(shoot: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listings, "MOST_AHEAD", 2)
    listing = Listing([shoot])
    assert listing.list_all() is None
    assert sum(len(batch.entries) for batch in listing.batches()) == listing.total == 4


def test_threads_share_a_listing(tmp_path: Path) -> None:
    for number in range(300):
        (tmp_path / f"{number:03}").mkdir()
        (tmp_path / f"{number:03}" / "1.jpg").touch()
    listing = Listing([tmp_path])
    thread = threading.Thread(target=listing.list_all)
    thread.start()
    names = [Path(batch.prefix).name for batch in listing.batches()]
    thread.join()
    assert names == [f"{number:03}" for number in range(300)]
    assert listing.total == 300


def test_a_walk_that_failed_in_another_thread_ends_no_run_too_early(
    shoot: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    listing = Listing([shoot])

    def fail(*_: Any) -> Any:
        raise MemoryError

    monkeypatch.setattr(os, "scandir", fail)
    with pytest.raises(MemoryError):
        listing.list_all()
    with pytest.raises(MemoryError):
        list(listing.batches())
