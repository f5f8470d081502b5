"""What killed runs leave behind is swept, and what living ones are writing is not."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from photocli.files import atomic_write, is_temporary
from photocli.output import open_output
from photocli.strays import exchanging, sweep

posix = pytest.mark.skipif(sys.platform == "win32", reason="a stray must be a minute old there")

KILLED = """
import os, signal, sys
from photocli.files import atomic_write
with atomic_write(sys.argv[1]) as file:
    file.write(b"new" * 1000)
    print("writing", flush=True)
    sys.stdin.readline()
"""


@pytest.fixture(autouse=True)
def state(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PHOTOCLI_STATE", str(tmp_path_factory.mktemp("state")))


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


@posix
def test_a_living_writer_keeps_its_file_and_a_killed_one_s_is_swept(tmp_path: Path) -> None:
    path = tmp_path / "scores.csv"
    command = [sys.executable, "-c", KILLED, str(path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        assert process.stdout.readline() == "writing\n"
        (temporary,) = names(tmp_path)
        sweep(tmp_path)
        open_output(tmp_path / "other.csv").discard()
        assert names(tmp_path) == [temporary]
        os.kill(process.pid, signal.SIGKILL)
    output = open_output(path)  # the next write into that folder
    assert temporary not in names(tmp_path)
    output.write(b"later")
    output.commit()
    assert names(tmp_path) == ["scores.csv"]


@posix
def test_only_files_of_our_own_are_swept(tmp_path: Path) -> None:
    ours = tmp_path / ".a.csv.photocli-0123abcd.tmp"
    ours.write_bytes(b"half")
    others = [".a.csv.tmp", "a.csv.photocli-0123abcd.tmp", ".a.photocli-0123.tmp", ".b.photocli-01234567.tmp"]
    for name in others[:3]:
        (tmp_path / name).write_bytes(b"")
    (tmp_path / others[3]).symlink_to("a.csv")
    sweep(tmp_path)
    assert names(tmp_path) == sorted(others)
    sweep(tmp_path / "nowhere")


@posix
def test_of_a_run_killed_while_two_files_changed_places_only_edits_are_kept(tmp_path: Path) -> None:
    path = tmp_path / "a.xmp"
    name = exchanging(tmp_path / ".a.xmp.photocli-0123abcd.tmp", b"new", b"old")
    assert is_temporary(name.name)
    for stray, present, kept in (
        (b"new", b"old", b"old"),  # killed before
        (b"old", b"new", b"new"),  # killed after
        (b"edit", b"new", b"edit"),  # killed just when another program had written
    ):
        name.write_bytes(stray)
        path.write_bytes(present)
        sweep(tmp_path)
        assert path.read_bytes() == kept
        assert names(tmp_path) == ["a.xmp"]


def test_what_is_dropped_leaves_nothing(tmp_path: Path) -> None:
    file = atomic_write(tmp_path / "a")
    assert len(names(tmp_path)) == 1
    del file
    assert names(tmp_path) == []
