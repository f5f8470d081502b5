"""Pictures that were made before: kept whole, up to a limit, the latest ones; never what was damaged."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from photocli.review.picture_cache import PictureCache, RecentPictures, inspect, key_of, prune

KEYS = [key_of(str(number)) for number in range(20)]


def files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())


def used(folder: Path, key: str, seconds_ago: float) -> None:
    (path,) = folder.rglob(f"{key}.picture")
    os.utime(path, (time.time() - seconds_ago,) * 2)


def test_a_picture_is_given_back_by_any_cache_of_the_folder(tmp_path: Path) -> None:
    PictureCache(tmp_path / "a" / "b", 1000).put(KEYS[0], b"picture")
    cache = PictureCache(tmp_path / "a" / "b", 1000)
    assert cache.get(KEYS[0]) == b"picture"
    assert cache.get(KEYS[1]) is None
    assert inspect(tmp_path / "a" / "b").count == 1


@pytest.mark.skipif(os.name == "nt", reason="Windows has no modes")
def test_others_cannot_read_the_pictures(tmp_path: Path) -> None:
    PictureCache(tmp_path / "pictures", 1000).put(KEYS[0], b"picture")
    (file,) = files(tmp_path)
    assert (tmp_path / "pictures").stat().st_mode & 0o077 == 0
    assert file.parent.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("damage", [b"", b"pic", b"pictuRe\0\0\0\0", b"picture"])
def test_a_damaged_file_counts_as_none_and_goes(tmp_path: Path, damage: bytes) -> None:
    cache = PictureCache(tmp_path, 1000)
    cache.put(KEYS[0], b"picture")
    (file,) = files(tmp_path)
    file.write_bytes(damage)
    assert cache.get(KEYS[0]) is None
    assert files(tmp_path) == []


def test_the_ones_used_longest_ago_go_when_there_are_too_many(tmp_path: Path) -> None:
    cache = PictureCache(tmp_path, 1100)  # ten pictures of 104 bytes
    for number, key in enumerate(KEYS[:10]):
        cache.put(key, bytes(100))
        used(tmp_path, key, 40_000 - 1000 * number)
    assert cache.get(KEYS[0]) == bytes(100)  # it counts as used now
    cache.put(KEYS[10], bytes(100))
    left = [number for number, key in enumerate(KEYS) if cache.get(key) is not None]
    assert left == [0, 3, 4, 5, 6, 7, 8, 9, 10]
    assert inspect(tmp_path).size <= 1100


def test_nothing_is_kept_that_is_larger_than_all_or_with_a_limit_of_zero(tmp_path: Path) -> None:
    cache = PictureCache(tmp_path / "small", 100)
    cache.put(KEYS[0], bytes(100))
    PictureCache(tmp_path / "none", 0).put(KEYS[0], b"picture")
    assert files(tmp_path) == []


def test_a_folder_that_cannot_be_made_is_no_failure(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    cache = PictureCache(tmp_path / "file", 1000)
    cache.put(KEYS[0], b"picture")
    assert cache.get(KEYS[0]) is None


def test_what_killed_servers_left_goes_when_it_is_old(tmp_path: Path) -> None:
    folder = tmp_path / KEYS[0][:2]
    folder.mkdir()
    for name, age in (("old.1-1.new", 7200), ("young.1-1.new", 10)):
        (folder / name).write_bytes(b"half")
        os.utime(folder / name, (time.time() - age,) * 2)
    (tmp_path / "notes.txt").write_text("not ours")
    assert inspect(tmp_path).count == 0
    assert [path.name for path in files(tmp_path)] == ["young.1-1.new", "notes.txt"]


def test_pruning_by_days(tmp_path: Path) -> None:
    cache = PictureCache(tmp_path, 10_000)
    for days, key in enumerate(KEYS[:5]):
        cache.put(key, b"picture")
        used(tmp_path, key, 86_400 * days + 60)
    assert prune(tmp_path, unused_days=3).count == 3
    assert [cache.get(key) is not None for key in KEYS[:5]] == [True, True, True, False, False]


def test_the_latest_are_in_memory_and_large_ones_are_not() -> None:
    memory = RecentPictures(1000)
    for key in KEYS[:6]:
        memory.put(key, bytes(200))
        memory.get(KEYS[0])
    memory.put(KEYS[7], bytes(300))
    assert [number for number, key in enumerate(KEYS) if memory.get(key) is not None] == [0, 2, 3, 4, 5]
    assert memory.size == 1000
    memory.put(KEYS[0], bytes(10))
    assert memory.size == 810
