"""Other programs, and other runs of ours, that write while we do: no edit is lost."""

from __future__ import annotations

import random
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timezone
from pathlib import Path

import pytest
from photos import write_photo
from sidecars import CAPTURE_ONE, LIGHTROOM

from photocli import exchange, moving
from photocli.embedding import embedded, packet_in
from photocli.errors import PhotocliError
from photocli.files import atomic_write
from photocli.journal import Journal, runs
from photocli.locks import folder_lock
from photocli.moving import move_file
from photocli.records import Record
from photocli.sidecar_plan import Outcome
from photocli.undo import undo
from photocli.writers.xmp import XmpWriter

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

HOWS = ("replace", "in-place")


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
    """A clock, which the writer asks between reading and writing: the first time for each of these files, in
    their order, it has the other program edit the file; the second time is the merge with that edit."""
    rng, asked = random.Random(1), iter([file for file in files for _ in range(2)])
    before: list[Path] = []

    def clock() -> datetime:
        assert process.stdin
        assert process.stdout
        file = next(asked)
        if [file] != before:
            before[:] = [file]
            process.stdin.write(f"{rng.choice(HOWS)} {file}\n")
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
        with XmpWriter(journal=journal, report=said.append, clock=clock) as writer:
            for photo in photos:
                writer.write(record_of(photo))
    assert [outcome.kind for outcome in said] == ["written"] * 100
    for sidecar in sidecars:
        assert b"urn:1" in sidecar.read_bytes()
        assert b"photocli:Score" in sidecar.read_bytes()
    assert strays(tmp_path) == []
    assert runs()[-1].entries == 100
    assert {item.action for item in undo()} == {"restored"}
    for sidecar in sidecars:  # it brings back what was replaced last
        assert b"urn:1" in sidecar.read_bytes()
        assert b"photocli" not in sidecar.read_bytes()


@pytest.mark.parametrize("how", HOWS)
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


def test_an_edit_inside_a_jpeg_is_kept_too(tmp_path: Path) -> None:
    photo = write_photo(tmp_path / "a.jpg", size=(60, 40))
    photo.write_bytes(embedded(photo.read_bytes(), LIGHTROOM.encode()))
    edit = embedded(photo.read_bytes(), LIGHTROOM.replace("Zürich", "Ribe").encode())
    said: list[Outcome] = []

    def clock() -> datetime:
        if (tmp_path / "edit").exists():
            command = [sys.executable, "-c", "import os; os.replace('edit', 'a.jpg')"]
            subprocess.run(command, cwd=tmp_path, check=True)
        return TIME

    (tmp_path / "edit").write_bytes(edit)
    with (
        Journal.begin("photocli test") as journal,
        XmpWriter(embed=True, journal=journal, report=said.append, clock=clock) as writer,
    ):
        writer.write(record_of(photo))
    assert [(outcome.kind, outcome.reason) for outcome in said] == [("written", None)]
    packet = packet_in(photo.read_bytes()) or b""
    assert b"Ribe" in packet
    assert b"photocli:Score" in packet
    undo()
    assert photo.read_bytes() == edit


def test_a_sidecar_that_another_program_makes_meanwhile_is_not_replaced(tmp_path: Path) -> None:
    (photo,) = shoot(tmp_path, 1)
    photo.with_suffix(".xmp").rename(tmp_path / "made")
    said: list[Outcome] = []

    def clock() -> datetime:
        if (tmp_path / "made").exists():
            (tmp_path / "made").rename(photo.with_suffix(".xmp"))
        return TIME

    with XmpWriter(report=said.append, clock=clock) as writer:
        writer.write(record_of(photo))
    assert [outcome.kind for outcome in said] == ["written"]
    assert b"Aarhus" in photo.with_suffix(".xmp").read_bytes()


def test_a_file_that_is_never_left_alone_is_left_as_it_is(tmp_path: Path) -> None:
    (photo,) = shoot(tmp_path, 1)
    count = 0

    def clock() -> datetime:
        nonlocal count
        count += 1
        photo.with_suffix(".xmp").write_text(CAPTURE_ONE.replace("Aarhus", f"town {count}"), newline="")
        return TIME

    said: list[Outcome] = []
    with (
        Journal.begin("photocli test") as journal,
        XmpWriter(report=said.append, clock=clock, journal=journal) as writer,
    ):
        writer.write(record_of(photo))
    assert [outcome.kind for outcome in said] == ["failed"]
    assert said[0].reason
    assert "left as it is: another program keeps changing it" in said[0].reason
    assert f"town {count}" in photo.with_suffix(".xmp").read_text()
    assert strays(tmp_path) == []
    assert runs()[-1].entries == 0
    assert undo() == []


RUN = """
import sys
from pathlib import Path
from photocli.journal import Journal
from photocli.records import Record
from photocli.writers.xmp import XmpWriter

print("ready", flush=True)
sys.stdin.readline()
with Journal.begin("photocli test") as journal:
    with XmpWriter(journal=journal, embed=True, sidecars=True, report=print) as writer:
        for photo in sorted(Path(sys.argv[1]).glob("*.*")):
            if photo.suffix in (".CR2", ".jpg"):
                score = float(sys.argv[2])
                record = Record(str(photo), score=score, aesthetic=score, stars=int(score), models=("a@1",))
                writer.write(record)
    print(*writer.counts.items())
"""


def test_two_runs_at_once_say_nothing_and_lose_nothing(tmp_path: Path) -> None:
    folder = tmp_path / "shoot"
    folder.mkdir()
    shoot(folder, 25)
    for number in range(10):
        write_photo(folder / f"{number}.jpg", size=(60, 40))
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", RUN, str(folder), score],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for score in ("3.5", "4.5")
    ]
    for process in processes:
        assert process.stdout
        assert process.stdout.readline() == "ready\n"
    said = []
    for process in processes:
        assert process.stdin
        process.stdin.write("go\n")
        process.stdin.flush()
    for process in processes:
        said.append(process.communicate(timeout=60)[0])
        assert process.returncode == 0
    for text in said:
        assert "failed" not in text, text
        assert "differently" not in text
    for sidecar in folder.glob("*.CR2.xmp"):
        assert b"Aarhus" in sidecar.read_bytes()
    assert strays(folder) == []
    assert [run.entries > 0 for run in runs()] == [True, True]


# Where the system can't let two files change places


def test_other_systems_look_before_they_rename(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exchange, "_FLAGS", {})
    path = tmp_path / "a.xmp"
    for old, present, done in ((None, None, True), (b"new", b"new", True), (b"old", b"edit", False)):
        if present is not None:
            path.write_bytes(present)
        with atomic_write(path) as file:
            file.write(b"newer" if old else b"new")
            assert file.commit_over(old, b"newer" if old else b"new") is done
    assert path.read_bytes() == b"edit"
    with atomic_write(path) as file:
        file.write(b"new")
        assert not file.commit_over(None, b"new")
    assert path.read_bytes() == b"edit"
    assert [child.name for child in tmp_path.iterdir()] == ["a.xmp"]


# Undo, moves and locks


def test_undo_never_removes_what_another_program_just_wrote(tmp_path: Path) -> None:
    path = tmp_path / "a.xmp"
    path.write_bytes(b"edit")
    assert not moving.remove_file(path, b"ours")
    assert path.read_bytes() == b"edit"
    assert moving.remove_file(path, b"edit")
    assert not moving.remove_file(path, b"edit")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(not Path("/dev/shm").is_dir(), reason="needs a second disk")  # noqa: S108
def test_a_sidecar_that_is_edited_while_it_moves_keeps_the_edit(
    tmp_path: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    import shutil
    import tempfile

    path, copied = tmp_path / "a.xmp", shutil.copyfileobj
    path.write_bytes(b"old")

    def copy_and_edit(*arguments: object) -> None:
        copied(*arguments)  # type: ignore[arg-type]
        monkeypatch.setattr(shutil, "copyfileobj", copied)
        path.write_bytes(b"edited")

    monkeypatch.setattr(shutil, "copyfileobj", copy_and_edit)
    with tempfile.TemporaryDirectory(dir="/dev/shm") as other:
        move_file(path, Path(other) / "a.xmp")
        assert (Path(other) / "a.xmp").read_bytes() == b"edited"
        assert [child.name for child in Path(other).iterdir()] == ["a.xmp"]
    assert list(tmp_path.iterdir()) == []


def test_one_run_at_a_time_has_a_folder_s_lock_and_nothing_is_left_there(tmp_path: Path) -> None:
    with folder_lock(tmp_path) as held:
        assert held
        with pytest.raises(PhotocliError, match="another run of photocli"), folder_lock(tmp_path, 0.05):
            pass
        with folder_lock(tmp_path.parent, 0.05) as other:
            assert other
        assert list(tmp_path.iterdir()) == []
    with folder_lock(tmp_path, 0.05) as held:
        assert held


def test_a_folder_that_cannot_be_locked_has_a_lock_elsewhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("photocli.locks._the_folder", lambda folder: -1)
    with folder_lock(tmp_path) as held:
        assert held
        with pytest.raises(PhotocliError, match="another run of photocli"), folder_lock(tmp_path, 0.05):
            pass
    assert list(tmp_path.iterdir()) == []
