"""`photocli cache`: what it shows, what it forgets, and that runs beside it are not disturbed."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest
from commands import photocli, start
from networks import write_model
from photos import write_photo

from photocli.cli.cache import bytes_of, days_of, in_bytes
from photocli.errors import UsageError
from photocli.review.picture_cache import PictureCache, key_of, pictures_folder
from photocli.scoring.cache import cache_file


@pytest.fixture
def shoot(tmp_path: Path, own_folders: Path) -> Path:
    """A folder of grey photos, each of its own shade."""
    write_model(own_folders / "models")
    for level in range(40, 80):
        write_photo(tmp_path / "shoot" / f"{level}.png", np.full((32, 48, 3), level, np.uint8))
    return tmp_path / "shoot"


@pytest.mark.parametrize(("text", "days"), [("90d", 90), ("2W", 14), ("6m", 180), (" 1 y ", 365), ("0d", 0)])
def test_times(text: str, days: int) -> None:
    assert days_of(text) == days


@pytest.mark.parametrize(
    ("text", "count"),
    [("500MB", 500_000_000), ("1.5 GiB", 1_610_612_736), ("10k", 10_000), ("2g", 2 * 10**9), ("123", 123)],
)
def test_sizes(text: str, count: int) -> None:
    assert bytes_of(text) == count


@pytest.mark.parametrize("text", ["", "90", "d", "-3d", "1.5d", "90 dogs"])
def test_what_is_no_time(text: str) -> None:
    with pytest.raises(UsageError, match="is no time; write days"):
        days_of(text)


@pytest.mark.parametrize("text", ["", "MB", "-3MB", "1e9", "5 apples"])
def test_what_is_no_size(text: str) -> None:
    with pytest.raises(UsageError, match="is no size; write it like 500MB"):
        bytes_of(text)


def test_bytes_for_people() -> None:
    assert [in_bytes(n) for n in (0, 999, 1500, 12_345_678, 2_500_000_000)] == [
        "0 bytes",
        "999 bytes",
        "1.5 kB",
        "12.3 MB",
        "2.5 GB",
    ]


def test_it_is_shown_pruned_and_cleared(shoot: Path, own_folders: Path) -> None:
    place = own_folders / "cache" / "results.sqlite"
    done = photocli("cache")
    assert (done.code, done.out) == (
        0,
        "there is no cache yet; the next run makes it: ~/cache/results.sqlite\n",
    )
    assert not place.exists()
    assert photocli("score", shoot, "-q").code == 0
    done = photocli("cache")
    assert done.out == photocli("cache", "info").out
    lines = dict(line.split(maxsplit=1) for line in done.out.splitlines())
    assert (lines["place"], lines["photos"]) == ("~/cache/results.sqlite", "40")
    assert set(lines) == {"place", "size", "photos", "oldest"}
    assert photocli("cache", "prune", "--older-than", "90d").out.startswith("forgot 0 photos, 40 are left; ")
    done = photocli("cache", "prune", "--max-size", "60kB")
    assert done.out.startswith("forgot ")
    assert place.stat().st_size <= 60_000
    assert photocli("cache", "clear").code == 0
    assert "40 photos · 0 failed · 0 from the cache" in photocli("score", shoot).out


def test_pictures_of_the_review_page_are_shown_pruned_first_and_cleared(shoot: Path) -> None:
    pictures = PictureCache(pictures_folder(), 10**9)
    for number in range(4):
        pictures.put(key_of(str(number)), bytes(100_000 - 4))
    assert photocli("cache").out.splitlines()[1] == "pictures of the review page  4, 400.0 kB"
    assert photocli("score", shoot, "-q").code == 0
    assert photocli("cache").out.splitlines()[-1] == "pictures of the review page  4, 400.0 kB"
    size = cache_file().stat().st_size
    done = photocli("cache", "prune", "--max-size", str(size + 250_000))
    assert done.out.splitlines() == [
        done.out.splitlines()[0],
        "deleted 2 pictures of the review page, 2 are left; 200.0 kB now",
    ]
    assert done.out.startswith("forgot 0 photos, 40 are left; ")
    done = photocli("cache", "clear")
    assert "deleted 2 pictures of the review page, 0 are left; 0 bytes now" in done.out
    assert [path for path in pictures_folder().rglob("*") if path.is_file()] == []


def test_wrong_use_is_one_line(shoot: Path) -> None:
    for arguments, said in (
        (("prune",), "say what to forget: --older-than 90d, --max-size 500MB, or both"),
        (
            ("prune", "--older-than", "3"),
            "'3' is no time; write days, weeks, months or years: 90d, 12w, 6m, 1y",
        ),
        (("prune", "--max-size", "x"), "'x' is no size; write it like 500MB, 2GB or 1GiB"),
    ):
        done = photocli("cache", *arguments)
        assert (done.code, done.out, done.lines) == (2, "", [f"photocli: {said}"])


def test_a_damaged_cache_is_said_and_cleared(shoot: Path) -> None:
    assert photocli("score", shoot, "-q").code == 0
    cache_file().write_bytes(b"no database")
    done = photocli("cache")
    assert done.code == 4
    assert done.lines == ["photocli: the cache was damaged; photocli cache clear removes it"]
    assert photocli("cache", "clear").code == 0
    assert photocli("cache").code == 0


@pytest.mark.skipif(sys.platform == "win32", reason="processes are started as on POSIX")
def test_a_run_beside_it_is_not_disturbed(shoot: Path) -> None:
    run = start("score", shoot, "--workers", "1", "--csv", "-")
    assert run.stdout is not None
    rows = [run.stdout.readline() for _ in range(5)]
    for arguments in (("clear",), ("prune", "--older-than", "0d", "--max-size", "1kB"), ("info",)):
        assert photocli("cache", *arguments).code == 0
    rest, said = run.communicate(timeout=60)
    assert run.returncode == 0
    assert len(rows) + len(rest.splitlines()) == 41
    assert "the cache /" not in said
    assert photocli("cache").code == 0
