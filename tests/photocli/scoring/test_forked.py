"""Workers that begin as copies of the command: as well parted from it as those that begin anew."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest
from commands import python
from hostile import fake_gif_reader, harmful
from photos import write_photo

from photocli.scoring import forked

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="workers are forked on Linux alone")

PARENT = """
import json, sys
from pathlib import Path
import psutil
from photocli.inputs.views import InputSpec
from photocli.scoring.pool import Workers
from photocli.scoring.process import Task
ours = open(sys.argv[1])
with Workers(2, 30.0, fork=True) as workers:
    for number, path in enumerate(sys.argv[2:]):
        workers.submit(Task(number, Path(path), (InputSpec("image", 32, 32),)))
    found, started = {}, psutil.Process().children()
    while workers.pending:
        for result in workers.results(wait=True):
            found[result.number] = result.failed
    children = [
        {
            "pid": child.pid,
            "first": child in started,
            "alike": child.cmdline() == psutil.Process().cmdline(),
            "files": [file.path for file in child.open_files()],
            "descriptors": child.num_fds(),
        }
        for child in psutil.Process().children()
    ]
    print(json.dumps({"children": children, "found": found}), flush=True)
    sys.stdin.read()
"""


def test_a_process_is_copied_only_while_it_has_one_thread() -> None:
    code = """
import threading
from photocli.scoring.forked import is_possible
print(is_possible())
threading.Thread(target=threading.Event().wait, daemon=True).start()
print(is_possible())
"""
    assert python("-c", code).out.split() == ["True", "False"]


def test_copies_hold_no_file_of_their_parent_and_end_with_it(tmp_path: Path) -> None:
    paths = [write_photo(tmp_path / f"{number}.jpg", size=(90, 60)) for number in range(4)]
    own = tmp_path / "journal"
    own.write_text("of the parent's alone")
    command = [sys.executable, "-c", PARENT, str(own), *map(str, paths)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        said = json.loads(parent.stdout.readline())
        pids = {child["pid"] for child in said["children"]}
        os.kill(parent.pid, signal.SIGKILL)
    until = time.monotonic() + 60
    while (left := {pid for pid in pids if _runs(pid)}) and time.monotonic() < until:
        time.sleep(0.05)
    assert not left
    assert said["found"] == dict.fromkeys("0123")
    assert len(pids) == 2
    for child in said["children"]:
        assert child["alike"]  # not begun by another command line
        assert str(own) not in child["files"]
        assert child["descriptors"] == 6  # four that lead nowhere, tasks and answers


def test_a_copy_that_dies_costs_its_photo_and_another_takes_its_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake_gif_reader(tmp_path / "fake", monkeypatch)
    # So many that the other copy cannot do all of them before the end of this one is noticed.
    photo, others = write_photo(tmp_path / "1.jpg", size=(90, 60)), range(1, 400)
    paths = [harmful(tmp_path / "0.gif", "crash"), *(photo for _ in others)]
    said = json.loads(python("-c", PARENT, os.devnull, *paths).out)
    crashed = "the decoder crashed on this file"
    assert said["found"] == {"0": crashed, **dict.fromkeys(str(number) for number in others)}
    assert [child["alike"] for child in said["children"]] == [True, False]
    assert [child["first"] for child in said["children"]] == [True, False]


def test_how_a_copy_ended_is_known_as_of_any_process() -> None:
    code = """
import os, signal, subprocess
from photocli.scoring.forked import ForkedProcess
one, other = ForkedProcess(), ForkedProcess()
one.stdin.close()
print(one.wait(60), one.wait())
try:
    other.wait(0.05)
except subprocess.TimeoutExpired:
    print("runs")
other.kill()
print(other.wait(60) == -signal.SIGKILL)
other.kill()
"""
    done = python("-c", code)
    assert (done.out.split(), done.err) == (["0", "0", "runs", "True"], "")


def test_other_systems_copy_no_processes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    assert not forked.is_possible()


def _runs(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
