"""The cache: when it may answer, when it must not, and that it survives kills, damage and company."""

from __future__ import annotations

import importlib.metadata
import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from networks import write_model
from photos import camera_exif, write_photo

from photocli import Options, Record, Run
from photocli.records import Capture
from photocli.scoring import cache as caching
from photocli.scoring.cache import Cache, Known, cache_file, identity

CAPTURE = Capture(captured="2024-05-01T10:20:30", camera="Canon EOS R5", iso=200, exposure_s=0.004)
OUTPUTS = {
    "model-a": {"votes": np.linspace(0, 1, 10, dtype=np.float32)},
    "model-b": {"embedding": np.linspace(-3, 3, 100, dtype=np.float32).reshape(4, 25)},
}
KNOWN = Known(6000, 4000, CAPTURE, OUTPUTS)
NEEDS = {"model-a": ("votes",), "model-b": ("embedding",)}


@pytest.fixture
def models(own_folders: Path) -> Path:
    """The folder of added models, with one that scores by brightness."""
    write_model(own_folders / "models")
    return own_folders / "models"


@pytest.fixture
def shoot(tmp_path: Path) -> Path:
    """A folder of three photos."""
    for name in ("chelsea", "coffee", "rocket"):
        write_photo(tmp_path / "shoot" / f"{name}.jpg", name, size=(90, 60), exif=camera_exif())
    return tmp_path / "shoot"


def score(folder: Path, **options: Any) -> tuple[list[Record], int]:
    """The records of a run, and how many came from the cache."""
    run = Run([folder], Options(workers=1, **options))
    return list(run), run.summary.cached


def test_what_was_kept_is_found_by_another_run(tmp_path: Path) -> None:
    with Cache(tmp_path / "c") as cache:
        cache.keep(tmp_path / "a.jpg", "1", KNOWN)
    with Cache(tmp_path / "c") as cache:
        found = cache.find(tmp_path / "a.jpg", "1", NEEDS)
    assert found is not None
    assert (found.width, found.height, found.capture) == (6000, 4000, CAPTURE)
    np.testing.assert_array_equal(found.outputs["model-a"]["votes"], OUTPUTS["model-a"]["votes"])
    embedding = found.outputs["model-b"]["embedding"]
    assert (embedding.shape, embedding.dtype) == ((4, 25), np.float32)
    np.testing.assert_allclose(embedding, OUTPUTS["model-b"]["embedding"], atol=2e-3)  # kept as float16


def test_another_file_version_or_output_is_not_found(tmp_path: Path) -> None:
    with Cache(tmp_path / "c") as cache:
        cache.keep(tmp_path / "a.jpg", "1", KNOWN)
    with Cache(tmp_path / "c") as cache:
        assert cache.find(tmp_path / "b.jpg", "1", NEEDS) is None
        assert cache.find(tmp_path / "a.jpg", "2", NEEDS) is None
        other = cache.find(
            tmp_path / "a.jpg", "1", {"model-a": ("votes", "embedding"), "model-c": ("votes",)}
        )
        assert other is not None
        assert other.outputs == {}


def test_outputs_of_other_models_stay_until_the_file_changes(tmp_path: Path) -> None:
    first, second = ({name: OUTPUTS[name]} for name in ("model-a", "model-b"))
    for outputs in (first, second):
        with Cache(tmp_path / "c") as cache:
            cache.keep(tmp_path / "a.jpg", "1", Known(6000, 4000, CAPTURE, outputs))
    with Cache(tmp_path / "c") as cache:
        found = cache.find(tmp_path / "a.jpg", "1", NEEDS)
        assert found is not None
        assert found.outputs.keys() == NEEDS.keys()
        cache.keep(tmp_path / "a.jpg", "2", Known(60, 40, Capture(), first))
    with Cache(tmp_path / "c") as cache:
        assert cache.find(tmp_path / "a.jpg", "1", NEEDS) is None
        found = cache.find(tmp_path / "a.jpg", "2", NEEDS)
        assert found is not None
        assert (found.width, found.capture, list(found.outputs)) == (60, Capture(), ["model-a"])


def test_any_change_of_the_file_or_the_decoder_is_another_version(tmp_path: Path) -> None:
    path = tmp_path / "a.jpg"
    path.write_bytes(b"123")
    os.utime(path, ns=(1, 10**9))
    before = identity(path, 1)
    assert identity(path, 1) == before
    assert identity(path, 2) != before
    os.utime(path, ns=(1, 10**9 + 100))
    assert identity(path, 1) != before
    path.write_bytes(b"1234")
    os.utime(path, ns=(1, 10**9))
    assert identity(path, 1) != before


@pytest.mark.skipif(sys.platform == "win32", reason="there, no time tells of a change within a file")
def test_content_that_changed_behind_its_size_and_time_is_another_version(tmp_path: Path) -> None:
    path = tmp_path / "a.jpg"
    path.write_bytes(b"123")
    os.utime(path, ns=(1, 10**9))
    before = identity(path, 1)
    time.sleep(0.05)  # file systems count in ticks of the kernel
    path.write_bytes(b"321")
    os.utime(path, ns=(1, 10**9))
    assert identity(path, 1) != before


def test_another_file_in_its_place_is_another_version(tmp_path: Path) -> None:
    path, other = tmp_path / "a.jpg", tmp_path / "b.jpg"
    for file in (path, other):
        file.write_bytes(b"123")
        os.utime(file, ns=(1, 10**9))
    before = identity(path, 1)
    other.replace(path)
    assert identity(path, 1) != before


def test_an_exif_change_with_size_and_time_kept_is_seen(shoot: Path, models: Path) -> None:
    photo = shoot / "coffee.jpg"
    write_photo(photo, "coffee", size=(90, 60), exif=camera_exif(orientation=1))
    before, _ = score(shoot)
    status = photo.stat()
    write_photo(photo, "coffee", size=(90, 60), exif=camera_exif(orientation=6))
    os.utime(photo, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert photo.stat().st_size == status.st_size
    after, cached = score(shoot)
    assert cached == 2
    assert (before[1].width, before[1].height, after[1].width, after[1].height) == (90, 60, 60, 90)


def test_the_identity_names_the_installed_versions_of_what_decodes(tmp_path: Path) -> None:
    for name in ("pillow", "pillow-heif", "rawpy", "exifread"):
        said = f"{name.replace('-', '_')}-{importlib.metadata.version(name)}"
        assert said in identity(tmp_path, 1).rpartition(":")[2].split(",")


def test_another_version_of_a_library_that_decodes_scores_again(
    shoot: Path, models: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    score(shoot)
    monkeypatch.setattr(caching, "_libraries", lambda: "pillow-99")
    assert score(shoot)[1] == 0


def test_a_second_run_is_the_same_and_comes_from_the_cache(shoot: Path, models: Path) -> None:
    first, cached = score(shoot)
    assert cached == 0
    assert [record.iso for record in first] == [200] * 3
    again = Run([shoot])
    assert list(again) == first
    assert (again.summary.cached, again.summary.photos, again.summary.provider) == (3, 3, None)


def test_a_changed_photo_alone_is_scored_again(shoot: Path, models: Path) -> None:
    before, _ = score(shoot)
    write_photo(shoot / "coffee.jpg", "flower", size=(91, 60))
    after, cached = score(shoot)
    assert cached == 2
    assert [old == new for old, new in zip(before, after, strict=True)] == [True, False, True]
    assert after == score(shoot, cache=False)[0]


def test_the_same_photo_by_another_way_is_known(
    shoot: Path, models: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    score(shoot)
    (shoot.parent / "link").symlink_to(shoot)
    monkeypatch.chdir(shoot)
    assert score(Path())[1] == score(shoot.parent / "link")[1] == 3


def test_a_new_network_scores_again_and_the_old_one_is_remembered(shoot: Path, models: Path) -> None:
    old = score(shoot)
    write_model(models, version="2.0")
    new, cached = score(shoot)
    assert cached == 0
    assert {record.models[0] for record in new} == {"aesthetics@2.0"}
    write_model(models)
    assert score(shoot) == (old[0], 3)


def test_another_input_size_scores_again(shoot: Path, models: Path) -> None:
    score(shoot)
    card = json.loads((models / "aesthetics" / "card.json").read_text())
    card["calibration"]["good"]["slope"] = 2.5
    (models / "aesthetics" / "card.json").write_text(json.dumps(card))
    assert score(shoot)[1] == 3  # calibration comes after the network, so nothing has to be run again
    write_model(models, side=48)
    assert score(shoot)[1] == 0


def test_another_version_of_the_decoder_scores_again(
    shoot: Path, models: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    score(shoot)
    monkeypatch.setattr("photocli.scoring.pipeline.DECODE_VERSION", 999)
    assert score(shoot)[1] == 0


def test_failures_are_tried_again(shoot: Path, models: Path) -> None:
    (shoot / "bad.jpg").write_bytes(b"")
    assert score(shoot)[1] == 0
    records, cached = score(shoot)
    assert (records[0].error, cached) == ("the file is empty", 3)


def test_without_the_cache_nothing_is_read_or_written(shoot: Path, models: Path) -> None:
    assert score(shoot, cache=False)[1] == 0
    assert not cache_file().parent.exists()


def test_the_file_is_not_locked_between_writes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(caching, "COMMIT_EVERY_S", 0)
    monkeypatch.setattr("photocli.scoring.database.LOCKED_S", 0.1)
    with Cache(tmp_path / "c") as first, Cache(tmp_path / "c") as second:
        for number in range(5):
            first.keep(tmp_path / f"a{number}.jpg", "1", KNOWN)
            second.keep(tmp_path / f"b{number}.jpg", "1", KNOWN)
        assert second.find(tmp_path / "a4.jpg", "1", NEEDS) is not None


OPENER = """
import sys
from pathlib import Path
from photocli.scoring.cache import Cache, Known
from photocli.records import Capture
for turn in range(20):
    with Cache(Path(sys.argv[1])) as cache:
        cache.keep(Path(f"/{sys.argv[2]}-{turn}.jpg"), "1", Known(turn, 1, Capture(), {}))
"""


def test_many_processes_at_once_lose_nothing(tmp_path: Path) -> None:
    command = [sys.executable, "-c", OPENER, str(tmp_path / "c")]
    crowd = [subprocess.Popen([*command, str(n)], stderr=subprocess.PIPE) for n in range(4)]
    errors = [process.communicate()[1].decode() for process in crowd]
    assert errors == [""] * 4
    with Cache(tmp_path / "c") as cache:
        for turn in range(20):
            found = [cache.find(Path(f"/{n}-{turn}.jpg"), "1", {}) for n in range(4)]
            assert [known.width if known else None for known in found] == [turn] * 4


def test_a_killed_run_resumes(tmp_path: Path, models: Path) -> None:
    folder = tmp_path / "shoot"
    first = write_photo(folder / "000.jpg", "china", size=(6000, 4000), exif=camera_exif())
    for number in range(1, 60):
        os.link(first, folder / f"{number:03}.jpg")
    command = [sys.executable, "-m", "photocli", "score", str(folder), "--workers", "1"]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    until = time.monotonic() + 60
    while not rows() and time.monotonic() < until:
        time.sleep(0.02)
    process.kill()
    process.communicate()
    assert process.returncode == -signal.SIGKILL, "the run was over before it could be killed"
    kept = rows()
    records, cached = score(folder)
    assert 0 < cached < 60
    assert cached == kept
    assert records == score(folder, cache=False)[0]


def rows() -> int:
    """How many photos the cache of the test holds by now."""
    try:
        with sqlite3.connect(f"file:{cache_file()}?mode=ro", uri=True) as connection:
            (count,) = connection.execute("SELECT COUNT(*) FROM photos").fetchone()
        connection.close()
    except sqlite3.Error:  # it is not there yet, or just being made
        return 0
    return int(count)
