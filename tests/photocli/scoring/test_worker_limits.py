"""Limits of memory, time, pixels and bytes, in real processes; and workers that are ended from outside."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest
from hostile import fake_gif_reader, harmful
from photos import picture, sample_pictures, write_photo
from PIL import Image

from photocli.inputs.views import InputSpec
from photocli.scoring.pool import Workers
from photocli.scoring.process import Prepared, Task

SPEC = InputSpec("image", 32, 48)
TWO_GB = 2e9
linux = pytest.mark.skipif(sys.platform != "linux", reason="only Linux has limits of memory that hold")
posix = pytest.mark.skipif(sys.platform == "win32", reason="signals are POSIX")


def score(*arguments: object, limit: str = "", **environment: str) -> tuple[int, list[dict[str, Any]], str]:
    """The exit code, the records and the messages of a run of the program; `limit` is a line of shell."""
    command = [
        sys.executable,
        "-m",
        "photocli",
        "score",
        *map(str, arguments),
        "--json",
        "-",
        "-q",
        "--no-cache",
    ]
    command += ["--assess", "aesthetics"]
    shell = ["sh", "-c", f'{limit}\nexec "$@"', "sh", *command] if limit else command
    done = subprocess.run(shell, capture_output=True, text=True, env={**os.environ, **environment})
    records = json.loads(done.stdout)["records"] if done.returncode in (0, 3) else []
    return done.returncode, records, done.stderr


def finish(workers: Workers) -> list[Prepared]:
    results: list[Prepared] = []
    while workers.pending:
        results += workers.results(wait=True)
    return results


def worker_of(test: psutil.Process, seconds: float = 60) -> psutil.Process:
    until = time.monotonic() + seconds
    while not (found := test.children()) and time.monotonic() < until:
        time.sleep(0.01)
    return found[0]


@linux
def test_photos_are_scored_under_a_limit_of_address_space(tmp_path: Path) -> None:
    for number in range(3):
        write_photo(tmp_path / f"{number}.jpg", size=(300, 200))
    code, records, errors = score(tmp_path, limit="ulimit -v 3900000")
    assert (code, errors) == (0, "")
    assert [record["status"] for record in records] == ["ok"] * 3


@linux
def test_workers_that_cannot_start_are_one_fatal_error(tmp_path: Path) -> None:
    for number in range(6):
        write_photo(tmp_path / "shoot" / f"{number}.jpg", size=(300, 200))
    small = (
        "import sys, threading\n"
        "threading.Thread(target=threading.Event().wait, daemon=True).start()  # none is forked beside it\n"
        "if any('photocli.scoring.worker' in word for word in sys.orig_argv):\n"
        "    import resource\n"
        "    resource.setrlimit(resource.RLIMIT_AS, (40_000_000, 40_000_000))\n"
    )
    (tmp_path / "sitecustomize.py").write_text(small)
    code, records, errors = score(tmp_path / "shoot", PYTHONPATH=str(tmp_path))
    assert (code, records) == (4, [])
    assert errors.count("\n") == 1
    assert errors.startswith("photocli: no process that decodes photos could start (")
    assert "ulimit -v" in errors


@posix
@pytest.mark.parametrize("ended_by", ["SIGKILL", "SIGXCPU"])
def test_a_photo_is_tried_again_when_its_worker_was_killed_from_outside(
    ended_by: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake_gif_reader(tmp_path / "fake", monkeypatch)
    flag = tmp_path / "fake" / "formats" / "gif.py"
    flag.write_text(
        "import os, time\nfrom pathlib import Path\nfrom photocli.decode.png import read as read_png\n"
        "def read(file, side, reading):\n"
        "    if not Path(__file__).with_name('went').exists():\n"
        "        Path(__file__).with_name('went').touch()\n        time.sleep(600)\n"
        f"    return read_png(open({str(tmp_path / 'real.png')!r}, 'rb'), side, reading)\n"
    )
    write_photo(tmp_path / "real.png", size=(60, 40))
    slow = harmful(tmp_path / "slow.gif", "hang")
    with Workers(1, 300) as workers:
        workers.submit(Task(1, slow, (SPEC,)))
        workers.submit(Task(2, write_photo(tmp_path / "good.jpg"), (SPEC,)))
        process = worker_of(psutil.Process())
        until = time.monotonic() + 60
        while not flag.with_name("went").exists() and time.monotonic() < until:
            list(workers.results(wait=True))
        os.kill(process.pid, getattr(signal, ended_by))
        results = sorted(finish(workers), key=lambda result: result.number)
    assert [(result.number, result.failed) for result in results] == [(1, None), (2, None)]


@posix
def test_a_photo_whose_workers_are_killed_twice_is_to_blame(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake_gif_reader(tmp_path / "fake", monkeypatch)
    (tmp_path / "fake" / "formats" / "gif.py").write_text(
        "import os, signal\ndef read(file, side, reading):\n    os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    with Workers(1, 300) as workers:
        workers.submit(Task(1, harmful(tmp_path / "a.gif", "x"), (SPEC,)))
        workers.submit(Task(2, write_photo(tmp_path / "good.jpg"), (SPEC,)))
        results = sorted(finish(workers), key=lambda result: result.number)
    assert results[0].failed == "its worker was killed twice; the memory may be too little for it"
    assert results[1].failed is None


def test_a_photo_may_take_so_long(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fake_gif_reader(tmp_path / "fake", monkeypatch)
    shoot = tmp_path / "shoot"
    write_photo(shoot / "good.jpg")
    harmful(shoot / "slow.gif", "hang")
    code, records, _ = score(shoot, "--timeout", "2", PYTHONPATH=str(tmp_path / "fake"))
    assert code == 3
    assert [record["error"] for record in records] == [None, "it took longer than 2 s"]


def test_a_photo_may_have_so_many_pixels(tmp_path: Path) -> None:
    write_photo(tmp_path / "large.tif", size=(1200, 1000))
    write_photo(tmp_path / "small.tif", size=(120, 100))
    code, records, _ = score(tmp_path, "--max-pixels", "1")
    assert code == 3
    assert [record["error"] for record in records] == [
        "too large: 1.2 megapixels, the limit is 1 (--max-pixels)",
        None,
    ]
    assert score(tmp_path, "--max-pixels", "1.2")[0] == 0


@pytest.mark.parametrize("wrong", [("--timeout", "0"), ("--max-pixels", "0"), ("--max-pixels", "nan")])
def test_limits_that_are_none_are_wrong_use(wrong: tuple[str, str], tmp_path: Path) -> None:
    code, _, errors = score(write_photo(tmp_path / "a.jpg"), *wrong)
    assert code == 2
    assert wrong[0] in errors


def sparse(path: Path, content: bytes, size: int) -> Path:
    """A file that claims a size and has little."""
    path.write_bytes(content)
    try:
        os.truncate(path, size)
    except OSError as error:
        pytest.skip(f"no file of this size can be made here: {error}")
    return path


@linux
def test_sparse_files_get_a_clear_answer_quickly(tmp_path: Path) -> None:
    jpeg = write_photo(tmp_path / "a.jpg", size=(1500, 1000)).read_bytes()
    sparse(tmp_path / "a.jpg", jpeg, 3_000_000_000)
    sparse(tmp_path / "b.jpg", jpeg[: len(jpeg) // 2], 3_000_000_000)
    sparse(tmp_path / "c.jpg", jpeg, 60_000_000_000)
    sparse(tmp_path / "d.tif", b"II*\0", 60_000_000_000)
    paths = [tmp_path / name for name in ("a.jpg", "b.jpg", "c.jpg", "d.tif")]
    results, peak = measured(paths)
    assert [result.failed for result in results] == [
        None,
        "truncated: the picture data ends early",
        "too large: the file has 60 GB, the limit is 4.3",
        "too large: the file has 60 GB, the limit is 4.3",
    ]
    assert peak < 300e6


def measured(paths: list[Path]) -> tuple[list[Prepared], float]:
    """What one worker makes of the photos, and its peak of resident memory in bytes."""
    peak, done = 0.0, threading.Event()

    def watch() -> None:
        nonlocal peak
        process = worker_of(psutil.Process())
        while not done.wait(0.01):
            try:
                lines = Path(f"/proc/{process.pid}/status").read_text().splitlines()
            except OSError:
                return
            peak = max([peak, *(1024 * int(line.split()[1]) for line in lines if line.startswith("VmHWM"))])

    watcher = threading.Thread(target=watch)
    results = []
    with Workers(1, 300) as workers:
        watcher.start()
        for number, path in enumerate(paths):
            while workers.room <= 0:
                results += workers.results(wait=True)
            workers.submit(Task(number, path, (SPEC,)))
        results += finish(workers)
        time.sleep(0.05)
        done.set()
        watcher.join()
    assert peak > 0
    return sorted(results, key=lambda result: result.number), peak


def large(megapixels: int) -> Image.Image:
    """A picture of so many million pixels with some detail."""
    tile = sample_pictures()["astronaut"]
    side = int((megapixels * 1e6) ** 0.5) + 1
    times = side // 512 + 1
    return Image.fromarray(np.tile(tile, (times, times, 1))[:side, :side])


@linux
@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "megapixels", "options"),
    [
        ("a.jpg", 200, {}),
        ("progressive.jpg", 200, {"progressive": True, "subsampling": 0}),
        ("a.png", 200, {"compress_level": 1}),
        ("a.tif", 200, {"compression": "tiff_lzw"}),
        ("turned.tif", 200, {"tiffinfo": {274: 6}}),
        ("a.webp", 100, {"method": 0, "quality": 5}),
        ("a.heic", 100, {"quality": 5, "enc_params": {"preset": "ultrafast"}}),
    ],
)
def test_large_photos_take_less_than_two_gigabytes(
    name: str, megapixels: int, options: dict[str, Any], tmp_path: Path
) -> None:
    path = write_photo(tmp_path / name, large(megapixels), **{"quality": 75, **options})
    (result,), peak = measured([path])
    path.unlink()
    assert result.failed is None
    assert result.width * result.height >= megapixels * 1e6
    assert peak < TWO_GB


def test_a_webp_that_would_take_more_is_refused(tmp_path: Path) -> None:
    path = write_photo(tmp_path / "a.webp", size=(64, 64), lossless=False)
    content = bytearray(path.read_bytes())
    at = content.index(b"VP8 ") + 8 + 6
    content[at : at + 4] = (12_000).to_bytes(2, "little") * 2
    path.write_bytes(content)
    (result,), _ = measured([path])
    assert result.failed == "too large: 144 megapixels, the limit for WEBP is 110"


def test_pictures_that_are_converted_in_bands_have_no_seams(tmp_path: Path) -> None:
    whole = picture("china", (3000, 2400))
    grey = np.asarray(whole.convert("L"))
    palette = whole.quantize(256)
    palette.save(tmp_path / "a.png")
    Image.fromarray(grey.astype(np.float32) / 255).save(tmp_path / "b.tif")
    Image.fromarray(grey.astype(np.uint16) * 257).save(tmp_path / "c.png")
    from photocli.decode import decode

    for name, expected in (("a.png", palette.convert("RGB")), ("b.tif", grey), ("c.png", grey)):
        reduced = np.asarray(
            (expected if isinstance(expected, Image.Image) else Image.fromarray(expected))
            .reduce(4)
            .convert("RGB")
        )
        found = decode(tmp_path / name, 600).pixels
        assert np.abs(found.astype(int) - reduced).max() <= 1
