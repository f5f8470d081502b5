"""Worker processes: what one hostile file costs, and that nothing is left running, whatever happens."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import psutil
import pytest
from hostile import endless_exif, fake_gif_reader, harmful, many_scans
from photos import camera_exif, picture, png_header, write_photo

from photocli.inputs.views import InputSpec, cut
from photocli.scoring.pool import AHEAD, Workers
from photocli.scoring.process import Prepared, Task

SPEC = InputSpec("image", 32, 48)
PATIENCE_S = 60.0
"""How long a test waits for something that takes a second on an idle machine."""


def prepare(paths: list[Path], *, count: int = 2, deadline: float = 30.0) -> list[Prepared]:
    """What the workers make of the paths, in the order of the paths; each has come out exactly once."""
    results = []
    with Workers(count, deadline) as workers:
        for number, path in enumerate(paths):
            while workers.room <= 0:
                results += workers.results(wait=True)
            workers.submit(Task(number, path, (SPEC,)))
        while workers.pending:
            results += workers.results(wait=True)
    assert sorted(result.number for result in results) == list(range(len(paths)))
    return sorted(results, key=lambda result: result.number)


def wait_for(workers: Workers) -> list[Prepared]:
    """What comes out next, however long it takes."""
    results: list[Prepared] = []
    while workers.pending and not results:
        results += workers.results(wait=True)
    return results


def children() -> set[int]:
    """The processes that this one has started and that still run, by their ids."""
    running = psutil.Process().children(recursive=True)
    return {child.pid for child in running if child.status() != psutil.STATUS_ZOMBIE}


def wait_for_end(pids: set[int], seconds: float = PATIENCE_S) -> set[int]:
    """Those of the processes that still run after the time."""
    until = time.monotonic() + seconds
    while (alive := {pid for pid in pids if runs(pid)}) and time.monotonic() < until:
        time.sleep(0.05)
    return alive


def runs(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


@pytest.fixture
def nothing_left() -> Iterator[None]:
    before = children()
    yield
    assert not wait_for_end(children() - before, 5), "processes were left running"


@pytest.fixture
def good(tmp_path: Path) -> list[Path]:
    """Six good photos."""
    names = ("chelsea", "coffee", "rocket", "china", "flower", "astronaut")
    return [write_photo(tmp_path / f"good-{name}.jpg", name, exif=camera_exif()) for name in names]


def test_a_photo_comes_out_as_the_models_need_it(tmp_path: Path, nothing_left: None) -> None:
    other = InputSpec("x", 20, 20)
    path = write_photo(tmp_path / "a.png", size=(66, 44), exif=camera_exif())
    with Workers(1, 30) as workers:
        workers.submit(Task(7, path, (SPEC, other)))
        (result,) = wait_for(workers)
    assert (result.number, result.failed, result.warning) == (7, None, None)
    assert (result.width, result.height) == (66, 44)
    assert (result.capture.camera, result.capture.iso) == ("Canon EOS R5", 200)
    pixels = np.asarray(picture(size=(66, 44)))
    assert result.inputs.keys() == {SPEC.key, other.key}
    np.testing.assert_array_equal(result.inputs[SPEC.key], cut(pixels, SPEC))


def test_work_in_flight_is_bounded(good: list[Path], nothing_left: None) -> None:
    with Workers(2, 30) as workers:
        assert workers.room == 2 * AHEAD
        for number in range(2 * AHEAD):
            workers.submit(Task(number, good[number], (SPEC,)))
        assert (workers.room, workers.pending) == (0, 2 * AHEAD)
        assert len(children()) == 2


def test_no_process_is_started_without_work(nothing_left: None) -> None:
    before = children()
    with Workers(2, 30) as workers:
        assert list(workers.results(wait=True)) == []
        assert children() == before


@pytest.mark.parametrize(
    ("what", "reason"),
    [
        ("hang", "it took longer than 3 s"),
        ("exit", "the decoder crashed on this file"),
        ("crash", "the decoder crashed on this file"),
        ("memory", "not enough memory for this photo"),
    ],
)
def test_a_bad_decoder_costs_that_photo_alone(
    what: str,
    reason: str,
    good: list[Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    nothing_left: None,
) -> None:
    fake_gif_reader(tmp_path / "fake", monkeypatch)
    bad = harmful(tmp_path / "bad.gif", what)
    results = prepare([good[0], bad, *good[1:], bad], deadline=3)
    assert [result.failed for result in results] == [None, reason, *[None] * 5, reason]
    assert all(result.inputs for result in results if result.failed is None)


def test_a_jpeg_of_twenty_thousand_scans_meets_the_deadline(
    good: list[Path], tmp_path: Path, nothing_left: None
) -> None:
    bad = many_scans(tmp_path / "scans.jpg")
    assert bad.stat().st_size < 1_000_000
    results = prepare([bad, *good], count=1, deadline=3)
    assert [result.failed for result in results] == ["it took longer than 3 s", *[None] * len(good)]


def test_metadata_without_end_cost_only_the_metadata(
    good: list[Path], tmp_path: Path, nothing_left: None
) -> None:
    bad = endless_exif(tmp_path / "exif.png")
    results = prepare([good[0], bad, *good[1:]], deadline=3)
    assert [result.failed for result in results] == [None] * (1 + len(good))
    lost = results[1]
    assert lost.warning == "its metadata could not be read: it took longer than 3 s"
    assert lost.inputs[SPEC.key].any()
    assert (lost.width, lost.height, lost.capture.camera) == (300, 200, None)
    assert all(result.warning is None and result.capture.iso == 200 for result in results if result != lost)


def test_a_picture_too_large_is_refused_by_its_header(tmp_path: Path, nothing_left: None) -> None:
    path = tmp_path / "bomb.png"
    path.write_bytes(png_header(40_000, 40_000))
    (result,) = prepare([path])
    assert result.failed == "too large: 1600 megapixels, the limit is 250 (--max-pixels)"


def test_an_exception_ends_the_processes(good: list[Path], nothing_left: None) -> None:
    with pytest.raises(RuntimeError, match="of the caller"), Workers(2, 30) as workers:
        for number, path in enumerate(good[:4]):
            workers.submit(Task(number, path, (SPEC,)))
        raise RuntimeError("of the caller")


def test_modules_in_the_current_folder_are_not_run(
    good: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("json", "numpy", "PIL"):
        (tmp_path / f"{name}.py").write_text("raise SystemExit(f'{__name__} was run')")
    monkeypatch.chdir(tmp_path)
    (result,) = prepare(good[:1])
    assert result.failed is None


PARENT = """
import sys
from pathlib import Path
from photocli.inputs.views import InputSpec
from photocli.scoring.process import Task
from photocli.scoring.pool import Workers
with Workers(2, 2.0) as workers:
    for number, path in enumerate(sys.argv[1:]):
        workers.submit(Task(number, Path(path), (InputSpec("image", 32, 32),)))
    print("started", flush=True)
    while workers.pending:
        list(workers.results(wait=True))
    print("done", flush=True)
    sys.stdin.read()
"""


@pytest.mark.skipif(sys.platform == "win32", reason="the alarm that ends a hanging orphan is POSIX")
@pytest.mark.parametrize("what", ["hang", None], ids=["hanging", "idle"])
def test_workers_end_when_their_parent_is_killed(
    what: str | None, good: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake_gif_reader(tmp_path / "fake", monkeypatch)
    paths = good[:2] if what is None else [harmful(tmp_path / f"{n}.gif", what) for n in range(2)]
    command = [sys.executable, "-c", PARENT, *map(str, paths)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        assert parent.stdout.readline() == "started\n"
        if what is None:
            assert parent.stdout.readline() == "done\n"
        workers = {child.pid for child in psutil.Process(parent.pid).children()}
        assert len(workers) == 2
        os.kill(parent.pid, signal.SIGKILL)
    assert not wait_for_end(workers)


@pytest.mark.skipif(sys.platform != "linux", reason="counted by Linux")
def test_a_worker_uses_the_same_memory_for_photo_after_photo(tmp_path: Path) -> None:
    path, counts = write_photo(tmp_path / "a.jpg", size=(1620, 1080)), []
    with Workers(1, 30.0) as workers:
        for number in range(30):
            workers.submit(Task(number, path, (SPEC,)))
            wait_for(workers)
            (worker,) = children()
            faults = Path(f"/proc/{worker}/stat").read_text().rpartition(")")[2].split()[7]
            counts.append(int(faults))
    # Each page that the system has to clear is one; a picture of this size has 1,300.
    assert (counts[-1] - counts[9]) / 20 < 1000
