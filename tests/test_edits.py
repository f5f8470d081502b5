"""Other programs, and other runs of ours, that write while we do: no edit is lost."""

from __future__ import annotations

import os
import random
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pytest
from commands import photocli
from networks import write_model
from photos import write_photo
from sidecars import CAPTURE_ONE

from photocli import exchange
from photocli.embedding import embedded
from photocli.journal import Journal, runs, undo
from photocli.locks import folder_lock
from photocli.errors import PhotocliError
from photocli.records import Record
from photocli.writers.xmp import Outcome, XmpWriter

TIME = datetime(2026, 1, 31, tzinfo=timezone.utc)

EDITOR = """
import os, re, sys
from pathlib import Path

def edited(text, mark):
    return text.replace(b"<rdf:Description ", b"<rdf:Description xmlns:e%s='urn:%s' e%s:by='me' "
                        .replace(b"%s", mark), 1)

def edit(path, mark, how):
    new = edited(path.read_bytes(), mark)
    if how == "replace":
        hidden = path.with_name("editor")
        hidden.write_bytes(new)
        hidden.replace(path)
    else:
        with path.open("r+b") as file:
            file.write(new)
"""

ON_DEMAND = """
for line in sys.stdin:
    how, path = line.rstrip().split(" ", 1)
    edit(Path(path), b"1", how)
    print("edited", flush=True)
"""

ALL_THE_TIME = """
path, how = Path(sys.argv[1]), sys.argv[2]
print("ready", flush=True)
made = 0
while made < 150 and not path.with_name("stop").exists():
    found = len(re.findall(rb"='urn:", path.read_bytes()))
    if found != made:
        print(f"{made - found} of {made} edits were lost", flush=True)
        sys.exit(1)
    made += 1
    edit(path, b"%d" % made, how)
print(made, flush=True)
"""

HOWS = ("replace", "in place")


@pytest.fixture(autouse=True)
def state(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PHOTOCLI_STATE", str(tmp_path_factory.mktemp("state")))


@contextmanager
def editor(code: str, *arguments: str | Path) -> Iterator[subprocess.Popen[str]]:
    """Another program, as a process of its own."""
    command = [sys.executable, "-c", EDITOR + code, *map(str, arguments)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield process
        finally:
            process.kill()


def record_of(photo: Path, score: float = 6.5) -> Record:
    return Record(str(photo), score=score, aesthetic=score, stars=4, models=("a@1",))


def shoot(folder: Path, count: int) -> list[Path]:
    photos = [folder / f"{number:03}.CR2" for number in range(count)]
    for photo in photos:
        photo.write_bytes(b"a photo")
        photo.with_suffix(".xmp").write_text(CAPTURE_ONE, newline="")
    return photos


def strays(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir() if path.name.startswith(".")]


def editing_clock(process: subprocess.Popen[str], files: list[Path]) -> Callable[[], datetime]:
    """A clock that is asked between reading and writing, and has the other program edit a file just then."""
    waiting, rng = {str(path) for path in files}, random.Random(1)

    def clock() -> datetime:
        assert process.stdin and process.stdout
        if waiting:
            path = min(waiting)
            waiting.discard(path)
            process.stdin.write(f"{rng.choice(HOWS).replace(' ', '-')} {path}\n")
            process.stdin.flush()
            assert process.stdout.readline() == "edited\n"
        return TIME

    return clock


def test_of_100_edits_between_reading_and_writing_none_is_lost(tmp_path: Path) -> None:
    photos = shoot(tmp_path, 100)
    sidecars = [photo.with_suffix(".xmp") for photo in photos]
    said: list[Outcome] = []
    with editor(ON_DEMAND) as process, Journal.begin("photocli test") as journal:
        clock = editing_clock(process, sidecars)
        # The clock edits one sidecar each time that it is asked: that of the photo, as they come in order.
        with XmpWriter(journal=journal, report=said.append, clock=_once_a_photo(clock)) as writer:
            for photo in photos:
                writer.write(record_of(photo))
    assert [outcome.kind for outcome in said] == ["written"] * 100
    for sidecar in sidecars:
        assert b"urn:1" in sidecar.read_bytes()
        assert b"Rating" in sidecar.read_bytes()
    assert strays(tmp_path) == []
    assert runs()[-1].entries == 100
    assert {item.action for item in undo()} == {"restored"}
    for sidecar in sidecars:  # it brings back what was replaced last
        assert b"urn:1" in sidecar.read_bytes()
        assert b"Rating" not in sidecar.read_bytes()


def _once_a_photo(clock: Callable[[], datetime]) -> Callable[[], datetime]:
    asked = 0

    def every_other() -> datetime:
        nonlocal asked
        asked += 1
        return clock() if asked % 2 else TIME  # the second time is the merge with the edit

    return every_other


@pytest.mark.parametrize("how", ["replace", "in-place"])
def test_an_editor_that_saves_all_the_time_loses_nothing(tmp_path: Path, how: str) -> None:
    (photo,) = shoot(tmp_path, 1)
    said: list[Outcome] = []
    with editor(ALL_THE_TIME, photo.with_suffix(".xmp"), how) as process:
        assert process.stdout
        assert process.stdout.readline() == "ready\n"
        with (
            Journal.begin("photocli test") as journal,
            XmpWriter(journal=journal, report=said.append) as writer,
        ):
            for number in range(60):
                writer.write(record_of(photo, 1 + number / 10))
        (tmp_path / "stop").touch()
        answer = process.stdout.readline().strip()
    assert answer.isdigit() and int(answer) > 5, answer
    assert strays(tmp_path) == []
