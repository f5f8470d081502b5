"""Scoring from Python, as others' programs do: to the end, in part, interrupted, in threads and loops."""

from __future__ import annotations

import gc
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import psutil
import pytest
from commands import python
from networks import write_model
from photos import write_photo

import photocli
from photocli import DecodeError, Options, UsageError

OPTIONS = Options(device="cpu", assess=("aesthetics",))


@pytest.fixture
def shoot(own_folders: Path, tmp_path: Path) -> Path:
    """Twelve photos, scored by brightness."""
    write_model(own_folders / "models")
    for number in range(12):
        write_photo(tmp_path / "shoot" / f"{number:02}.jpg", size=(60, 40))
    return tmp_path / "shoot"


def workers() -> list[psutil.Process]:
    """The processes that decode, of this one."""
    gc.collect()
    found = psutil.Process().children()
    return [child for child in found if "photocli.scoring.worker" in " ".join(child.cmdline())]


def test_one_photo_is_scored(shoot: Path) -> None:
    (wanted, *_) = photocli.score(shoot, options=OPTIONS)
    assert photocli.score_one(shoot / "00.jpg", options=OPTIONS) == wanted
    assert photocli.score_one((shoot / "00.jpg").read_bytes(), options=OPTIONS).score == wanted.score


@pytest.mark.parametrize(
    ("source", "error", "reason"),
    [
        (b"no photo", DecodeError, "not a photo: plain text"),
        (None, DecodeError, "not an image: NoneType; give a path"),
        (np.zeros((5, 5)), DecodeError, "5 x 5 is no colour image"),
        ("missing.jpg", UsageError, "no file or folder 'missing.jpg'"),
        ("shoot", UsageError, "'shoot' is a folder; score its photos with photocli.score"),
    ],
)
def test_one_photo_that_cannot_be_scored(
    source: object, error: type[Exception], reason: str, shoot: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(shoot.parent)
    with pytest.raises(error, match=reason):
        photocli.score_one(source, options=OPTIONS)  # type: ignore[arg-type]


def test_progress_is_told(shoot: Path) -> None:
    (shoot / "notes.txt").write_text("not a photo")
    array = np.zeros((20, 30, 3), np.uint8)
    told: list[tuple[int, int | None]] = []

    def progress(done: int, total: int | None) -> None:
        told.append((done, total))

    list(photocli.score([shoot, array], options=OPTIONS, progress=progress))
    assert told == [(done, 14) for done in range(1, 15)]
    told.clear()
    list(photocli.score((array for _ in range(3)), options=OPTIONS, progress=progress))
    assert told == [(1, None), (2, None), (3, None)]


def test_leaving_a_loop_ends_the_processes(shoot: Path) -> None:
    run = photocli.score(shoot, options=OPTIONS)
    for record in run:
        assert record.status == "ok"
        assert workers()
        break
    assert workers() == []
    assert len(list(run)) == 12, "and it can be run again"
    records = iter(photocli.score(shoot, options=Options(cache=False, assess=("aesthetics",))))
    next(records)
    assert workers()
    del records
    assert workers() == []


def test_an_error_of_an_iterator_of_images_comes_out(shoot: Path) -> None:
    def broken() -> object:
        yield np.zeros((20, 30, 3), np.uint8)
        raise LookupError("the camera is gone")

    with pytest.raises(LookupError, match="the camera is gone"):
        list(photocli.score(broken(), options=OPTIONS))
    assert workers() == []


FOREVER = """
import sys, itertools, numpy, photocli
frames = (numpy.zeros((600, 900, 3), numpy.uint8) for _ in itertools.count())
for record in photocli.score(frames, options=photocli.Options(assess=("aesthetics",), workers=2)):
    print(record.path, flush=True)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="sends the signal of Ctrl-C")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL], ids=["Ctrl-C", "killed"])
def test_a_program_that_is_stopped_leaves_no_process(number: int, shoot: Path) -> None:
    program = subprocess.Popen(
        [sys.executable, "-c", FOREVER],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )
    assert program.stdout is not None
    assert program.stdout.readline() == b"image 1\n"
    children = psutil.Process(program.pid).children()
    assert children
    os.kill(program.pid, number)
    _, said = program.communicate(timeout=60)
    until = time.monotonic() + 30
    while any(child.is_running() and child.status() != "zombie" for child in children):
        assert time.monotonic() < until, "processes are left"
        time.sleep(0.05)
    if number == signal.SIGINT:
        assert said.decode().strip().endswith("KeyboardInterrupt")


SCRIPT = """
import asyncio, sys, threading, numpy, photocli
options = photocli.Options(assess=("aesthetics",), workers=2, cache=False)

def of_folder():
    return list(photocli.score(sys.argv[1], options=options))

async def main():
    inside = of_folder()
    beside, ticks = asyncio.create_task(asyncio.to_thread(of_folder)), 0
    while not beside.done():
        await asyncio.sleep(0.01)
        ticks += 1
    assert ticks > 5, "the loop went on"
    return inside, beside.result()

first, second = asyncio.run(main())
found = []
def work():
    grey = [numpy.full((20, 30, 3), 90, numpy.uint8)] * 5
    found.append([record.aesthetic for record in photocli.score(grey, options=options)])
threads = [threading.Thread(target=work) for _ in range(3)]
[thread.start() for thread in threads]
[thread.join() for thread in threads]
assert len(found) == 3 and found[0] == found[1] == found[2] and len(set(found[0])) == 1
print(len(first), first == second)
"""


def test_it_works_in_a_script_without_a_guard_in_a_loop_and_in_threads(shoot: Path, tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(SCRIPT)
    done = python(script, shoot)
    assert (done.code, done.out.strip(), done.err) == (0, "12 True", "")


def test_importing_the_library_is_light() -> None:
    code = """
import sys, photocli
from photocli import Options, check, crop, cull, report, score, score_one, Picture
print(sorted({"numpy", "PIL", "onnxruntime", "lxml", "rich", "onnx"} & set(sys.modules)))
"""
    assert python("-c", code).out.strip() == "[]"
