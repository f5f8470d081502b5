"""What must not be loaded, and what things cost: help is instant, importing does nothing, torch stays out."""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path

import pytest
from commands import Done, photocli, python
from photos import camera_exif, write_photo
from timing import slowness

HEAVY = (
    "numpy",
    "PIL",
    "onnx",
    "onnxruntime",
    "rich",
    "lxml",
    "exifread",
    "rawpy",
    "sqlite3",
    "torch",
    "pydantic",
    "platformdirs",
)

MODULES = """
import json, sys
from photocli.__main__ import main
sys.argv = ["photocli", *sys.argv[1:]]
try:
    main()
except SystemExit:
    pass
sys.stderr.write(json.dumps(sorted(sys.modules)))
"""


def modules_of(*arguments: str | Path) -> set[str]:
    """The modules that are loaded when the command has ended."""
    return set(json.loads(python("-c", MODULES, *arguments).lines[-1]))


@pytest.mark.parametrize(
    "arguments",
    [
        ["--help"],
        ["score", "--help"],
        ["crop", "--help"],
        ["models", "--help"],
        ["models", "list", "--help"],
        ["--version"],
        ["score", "--nonsense"],
        [],
    ],
)
def test_help_loads_nothing_heavy(arguments: list[str]) -> None:
    loaded = modules_of(*arguments)
    assert "photocli.cli" in loaded
    assert loaded.isdisjoint(HEAVY)


def test_a_command_loads_no_other() -> None:
    loaded = {name for name in modules_of("score", "--help") if name.startswith("photocli.cli.")}
    assert "photocli.cli.score" in loaded
    assert loaded.isdisjoint(f"photocli.cli.{name}" for name in ("cull", "check", "crop", "explain", "learn"))


def until_cheap(run: Callable[[int], Done], limit_s: float, tries: int = 12) -> tuple[list[Done], float]:
    """Runs until one takes less CPU time, and the least of their times, as of an undisturbed machine."""
    runs: list[Done] = []
    least = math.inf
    while len(runs) < tries and least >= limit_s:
        before = slowness()
        runs.append(run(len(runs)))
        least = min(least, runs[-1].cpu_s / ((before + slowness()) / 2))
    return runs, least


@pytest.mark.skipif(sys.platform == "win32", reason="measured by the system's accounts of processes")
@pytest.mark.parametrize(
    "arguments", [["--help"], ["score", "--help"], ["models", "list", "--help"], ["--version"]]
)
def test_help_answers_at_once(arguments: list[str]) -> None:
    runs, least_s = until_cheap(lambda _: photocli(*arguments), 0.15)
    assert {run.code for run in runs} == {0}
    assert least_s < 0.15


def test_importing_does_nothing(tmp_path: Path) -> None:
    code = """
import logging, os, signal, sys, threading, warnings
before = set(sys.modules), list(warnings.filters), dict(os.environ), signal.getsignal(signal.SIGINT)
import photocli
new = {name.split(".")[0] for name in set(sys.modules) - before[0]}
assert new <= {"photocli", *sys.stdlib_module_names}, new
import photocli.scoring.pipeline, photocli.cli, photocli.scoring.pool, photocli.decode
import photocli.xmp.merge, photocli.metadata.capture
assert before[1:] == (list(warnings.filters), dict(os.environ), signal.getsignal(signal.SIGINT))
assert not logging.getLogger().handlers and threading.active_count() == 1
assert not {"numpy", "PIL", "onnxruntime", "torch"} & set(sys.modules)
"""
    home = tmp_path / "home"
    done = python(
        "-c", code, cwd=tmp_path, HOME=str(home), PHOTOCLI_CACHE=str(home / "cache"), XDG_CACHE_HOME=str(home)
    )
    assert (done.code, done.out, done.err) == (0, "", "")
    assert list(tmp_path.iterdir()) == []


def test_names_of_the_library_load_when_they_are_used() -> None:
    code = "import photocli, sys; print(sorted(set(dir(photocli)))); print(photocli.Run, photocli.Record)"
    done = python("-c", code)
    assert done.code == 0
    assert "'Options', 'PhotocliError', 'Picture', 'Record', 'Run'" in done.out
    assert "photocli.scoring.pipeline.Run" in done.out
    assert "has no attribute 'nonsense'" in python("-c", "import photocli; photocli.nonsense").err


def test_scoring_never_loads_torch(tmp_path: Path) -> None:
    loaded = modules_of("score", write_photo(tmp_path / "a.jpg"), "--json", "-")
    assert loaded >= {"photocli.scoring.pipeline", "onnxruntime", "numpy"}
    assert loaded.isdisjoint(("torch", "torchvision", "lightning", "onnx", "trainers", "export"))
    # Pixels are decoded elsewhere, and what is not asked for is not loaded.
    assert loaded.isdisjoint(("PIL", "exifread", "rawpy", "lxml", "rich.table", "pydantic"))
    if version("numpy").split(".")[0] != "1":  # which loads it by itself
        assert "numpy.ma" not in loaded


@pytest.mark.skipif(sys.platform == "win32", reason="measured by the system's accounts of processes")
def test_one_photo_costs_less_than_a_second(tmp_path: Path) -> None:
    path = write_photo(tmp_path / "a.jpg", "china", size=(6000, 4000), quality=90, exif=camera_exif())
    without, without_s = until_cheap(lambda n: photocli("score", path, "--no-cache"), 0.8)
    fresh, fresh_s = until_cheap(
        lambda n: photocli("score", path, PHOTOCLI_CACHE=str(tmp_path / f"cache{n}")), 0.8
    )
    again = photocli("score", path, PHOTOCLI_CACHE=str(tmp_path / "cache0"))
    assert all("1 photo · 0 failed" in run.out for run in (*without, *fresh, again))
    assert "1 from the cache" in again.out
    assert without_s < 0.8
    assert fresh_s < 0.8
    assert again.cpu_s < min(run.cpu_s for run in fresh)


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="threads are counted in /proc")
def test_the_command_has_numpy_start_no_threads_unless_its_user_does() -> None:
    code = """
import os, sys
from photocli.__main__ import main
sys.argv[1:] = ["--version"]
try:
    main()
except SystemExit:
    import numpy
    print(os.environ["OPENBLAS_NUM_THREADS"], len(os.listdir("/proc/self/task")))
"""
    assert python("-c", code).out.splitlines()[-1] == "1 1"
    assert python("-c", code, OPENBLAS_NUM_THREADS="2").out.splitlines()[-1].startswith("2 ")


@pytest.mark.skipif(sys.platform == "win32", reason="measured by the system's accounts of processes")
def test_the_cpu_time_of_workers_is_counted(tmp_path: Path) -> None:
    code = "import subprocess, sys; subprocess.run([sys.executable, '-c', 'sum(range(10**7))'])"
    assert python("-c", code).cpu_s > python("-c", "sum(range(10**6))").cpu_s
    path = write_photo(tmp_path / "a.png", "china", size=(6000, 4000), compress_level=1)
    small = write_photo(tmp_path / "b.png", "china", size=(600, 400))
    # A PNG cannot be decoded at a smaller size, so a large one keeps the worker, and it alone, busy for long.
    large_s, small_s = (
        min(photocli("score", photo, "--no-cache").cpu_s for _ in range(2)) for photo in (path, small)
    )
    assert large_s > small_s + 0.1
