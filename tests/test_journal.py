from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from photocli import ledger, moving
from photocli.errors import PhotocliError, UsageError
from photocli.files import atomic_write
from photocli.journal import Journal, _common_ends, runs
from photocli.moving import move_file
from photocli.undo import undo

needs_fork = pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")


@pytest.fixture(autouse=True)
def state(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path_factory.mktemp("state")
    monkeypatch.setenv("PHOTOCLI_STATE", str(folder))
    return folder


@pytest.fixture
def no_sync(monkeypatch: pytest.MonkeyPatch) -> None:
    """A kill loses nothing that the system has; syncing to the disk would only take time."""
    monkeypatch.setattr(os, "fsync", lambda fd: None)


def tree(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


def written(journal: Journal, path: Path, data: bytes, *, told: bool = True) -> None:
    journal.replacing(path, data if told else None)
    with atomic_write(path) as file:
        file.write(data)
    journal.replaced(path)


def problems(undone: list[Any]) -> list[str]:
    return [item.problem for item in undone if item.problem]


# Taking back


@pytest.mark.parametrize("told", [True, False])
def test_everything_is_taken_back_in_reverse_order(tmp_path: Path, told: bool) -> None:
    for name in ("a", "b", "d"):
        (tmp_path / name).write_bytes(f"old {name}".encode() * 100)
    (tmp_path / "rejects").mkdir()
    before = tree(tmp_path)
    with Journal.begin("photocli test") as journal:
        written(journal, tmp_path / "a", b"new a", told=told)
        written(journal, tmp_path / "c", b"made", told=told)
        written(journal, tmp_path / "a", b"newer a", told=told)
        journal.move(tmp_path / "a", tmp_path / "rejects" / "a")
        written(journal, tmp_path / "rejects" / "a", b"newest a", told=told)
        written(journal, tmp_path / "d", b"", told=told)
    (info,) = runs()
    assert (info.command, info.entries, info.undone) == ("photocli test", 6, False)
    assert info.id == journal.id
    undone = undo()
    assert problems(undone) == []
    assert [item.action for item in undone] == [
        "restored", "restored", "moved", "restored", "removed", "restored",
    ]  # fmt: skip
    assert tree(tmp_path) == before
    assert runs()[0].undone
    assert undo(info.id) == []
    assert tree(tmp_path) == before


def test_nothing_is_on_the_disk_before_the_first_entry(state: Path, tmp_path: Path) -> None:
    with Journal.begin("photocli test"):
        pass
    assert list(state.iterdir()) == []
    assert runs() == []
    with pytest.raises(UsageError, match="no run to take back"):
        undo()
    with pytest.raises(UsageError, match="no run '2024'"):
        undo("2024")


def test_the_last_run_goes_first_then_the_one_before(tmp_path: Path) -> None:
    file = tmp_path / "a"
    for number in range(3):
        with Journal.begin(f"run {number}") as journal:
            written(journal, file, f"{number}".encode() * 3)
    assert [run.command for run in runs()] == ["run 0", "run 1", "run 2"]
    assert len({run.id for run in runs()}) == 3
    for left in (b"111", b"000"):
        undo()
        assert file.read_bytes() == left
    undo()
    assert not file.exists()


def test_what_someone_changed_since_is_left_alone(tmp_path: Path) -> None:
    for name in ("edited", "gone"):
        (tmp_path / name).write_bytes(b"old")
    with Journal.begin("photocli test") as journal:
        for name in ("edited", "gone", "made", "made and gone", "mine"):
            written(journal, tmp_path / name, b"new")
    (tmp_path / "edited").write_bytes(b"by a person")
    (tmp_path / "made").write_bytes(b"by a person, too")
    (tmp_path / "gone").unlink()
    (tmp_path / "made and gone").unlink()
    undone = {item.path.name: (item.action, item.problem) for item in undo()}
    assert undone == {
        "edited": ("left", "it was changed since"),
        "gone": ("left", "it was removed since"),
        "made": ("left", "it was changed since"),
        "made and gone": ("left", None),
        "mine": ("removed", None),
    }
    assert tree(tmp_path) == {"edited": b"by a person", "made": b"by a person, too"}
    # When the person has made room, the rest can be taken back by the run's name.
    (tmp_path / "edited").write_bytes(b"new")
    assert {item.path.name: item.action for item in undo(journal.id)}["edited"] == "restored"
    assert (tmp_path / "edited").read_bytes() == b"old"


def test_a_move_is_taken_back_only_to_a_free_place(tmp_path: Path) -> None:
    (tmp_path / "to").mkdir()
    for name in ("taken", "lost", "fine"):
        (tmp_path / name).write_bytes(name.encode())
    with Journal.begin("photocli test") as journal:
        for name in ("taken", "lost", "fine"):
            journal.move(tmp_path / name, tmp_path / "to" / name)
    (tmp_path / "taken").write_bytes(b"another")
    (tmp_path / "to" / "lost").unlink()
    said = {item.path.name: (item.action, item.problem) for item in undo()}
    assert said["fine"] == ("moved", None)
    assert said["taken"][0] == said["lost"][0] == "left"
    assert "its place is taken" in (said["taken"][1] or "")
    assert "no longer" in (said["lost"][1] or "")
    assert tree(tmp_path) == {"taken": b"another", "to/taken": b"taken", "fine": b"fine"}


def test_a_move_to_a_taken_place_is_refused_and_undo_knows(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"a")
    (tmp_path / "b").write_bytes(b"b")
    with Journal.begin("photocli test") as journal, pytest.raises(PhotocliError, match="exists already"):
        journal.move(tmp_path / "a", tmp_path / "b")
    (undone,) = undo()
    assert (undone.action, undone.problem) == ("left", None)
    assert tree(tmp_path) == {"a": b"a", "b": b"b"}


def test_a_file_stopped_between_two_names_gets_its_old_one(tmp_path: Path) -> None:
    """Also when it was replaced after the move: then the disk knows it by another number."""
    (tmp_path / "a").write_bytes(b"a")
    with Journal.begin("photocli test") as journal:
        journal.move(tmp_path / "a", tmp_path / "b")
        written(journal, tmp_path / "b", b"spliced")
    (tmp_path / "kept").hardlink_to(tmp_path / "b")  # so that its number is not given again
    (tmp_path / "a").write_bytes(b"another")
    assert "its place is taken" in (undo(journal.id)[-1].problem or "")
    (tmp_path / "a").unlink()
    (tmp_path / "a").hardlink_to(tmp_path / "b")
    assert problems(undo(journal.id)) == []
    assert tree(tmp_path) == {"a": b"a", "kept": b"spliced"}


def test_links_stay_links(tmp_path: Path) -> None:
    (tmp_path / "real").write_bytes(b"old")
    (tmp_path / "link").symlink_to("real")
    (tmp_path / "moved").symlink_to("real")
    with Journal.begin("photocli test") as journal:
        written(journal, tmp_path / "link", b"new")
        journal.move(tmp_path / "moved", tmp_path / "elsewhere")
    assert (tmp_path / "elsewhere").is_symlink()
    assert problems(undo()) == []
    assert (tmp_path / "real").read_bytes() == b"old"
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "moved").is_symlink()


@pytest.mark.skipif(sys.platform in ("win32", "darwin"), reason="names are text there")
def test_names_that_are_no_text_come_back(tmp_path: Path) -> None:
    file = tmp_path / os.fsdecode(b"latin-\xe9\n.xmp")
    file.write_bytes(b"old")
    with Journal.begin("photocli score " + str(file)) as journal:
        written(journal, file, b"new")
    assert undo()[0].path == Path(os.path.realpath(file))
    assert file.read_bytes() == b"old"


def test_only_the_difference_is_kept(tmp_path: Path, state: Path) -> None:
    photo = tmp_path / "photo"
    pixels = os.urandom(3_000_000)
    photo.write_bytes(b"\xff\xd8" + b"old packet" + pixels)
    with Journal.begin("photocli test") as journal:
        written(journal, photo, b"\xff\xd8" + b"a longer packet" + pixels)
    assert sum(file.stat().st_size for file in state.rglob("*.journal")) < 2000
    undo()
    assert photo.read_bytes() == b"\xff\xd8" + b"old packet" + pixels


@given(st.binary(max_size=12), st.binary(max_size=12), st.binary(max_size=6), st.binary(max_size=6))
def test_common_ends_never_overlap_and_give_the_old_back(a: bytes, b: bytes, c: bytes, d: bytes) -> None:
    old, new = a + c + b, a + d + b
    head, tail = _common_ends(old, new)
    assert head + tail <= min(len(old), len(new))
    assert new[:head] + old[head : len(old) - tail] + new[len(new) - tail :] == old


# Runs that stop midway


def work(folder: Path) -> None:
    """What a run does: new files, changed ones, moves."""
    with Journal.begin("photocli work") as journal:
        for number in range(3):
            written(journal, folder / f"{number}.xmp", b"new" * 500)
            journal.move(folder / f"{number}.jpg", folder / "rejects" / f"{number}.jpg")
        written(journal, folder / "rejects" / "0.jpg", b"spliced")


def prepared(folder: Path) -> dict[str, bytes]:
    (folder / "rejects").mkdir(parents=True)
    (folder / "0.xmp").write_bytes(b"old" * 400)
    (folder / "1.xmp").write_bytes(b"")
    for number in range(3):
        (folder / f"{number}.jpg").write_bytes(f"photo {number}".encode() * 100)
    return tree(folder)


def killed_at(step: int, task: Callable[[], object]) -> bool:
    """Run the task in a process that is killed at its n-th change to the disk; whether it came that far."""
    child = os.fork()
    if child:
        status = os.waitpid(child, 0)[1]
        assert os.WIFSIGNALED(status) or os.WEXITSTATUS(status) == 0
        return os.WIFSIGNALED(status)
    count = 0

    def counted(real: Callable[..., Any]) -> Callable[..., Any]:
        def call(*arguments: Any, **options: Any) -> Any:
            nonlocal count
            count += 1
            if count >= step:
                if real is os_write and len(arguments[1]) > 1:  # half of it gets through
                    real(arguments[0], bytes(arguments[1])[: len(arguments[1]) // 2])
                os.kill(os.getpid(), signal.SIGKILL)
            return real(*arguments, **options)

        return call

    os_write = os.write
    for name in ("write", "fsync", "open", "replace", "rename", "link", "unlink", "ftruncate", "close"):
        setattr(os, name, counted(getattr(os, name)))
    try:
        task()
    except BaseException:
        traceback.print_exc()
        os._exit(1)
    os._exit(0)


def without_temporaries(found: dict[str, bytes]) -> dict[str, bytes]:
    return {name: data for name, data in found.items() if not name.endswith(".tmp")}


@needs_fork
@pytest.mark.usefixtures("no_sync")
def test_a_run_that_is_killed_anywhere_is_taken_back(tmp_path: Path) -> None:
    step = 0
    while True:
        step += 1
        folder = tmp_path / str(step)
        before = prepared(folder)
        if not killed_at(step, lambda folder=folder: work(folder)):  # type: ignore[misc]
            break
        if runs() and not runs()[-1].undone:
            assert problems(undo()) == [], step
        assert without_temporaries(tree(folder)) == before, step
    assert step > 60  # their number depends on how many runs there are in one second


@needs_fork
@pytest.mark.usefixtures("no_sync")
def test_an_undo_that_is_killed_anywhere_can_be_called_again(tmp_path: Path) -> None:
    step = 0
    while True:
        step += 1
        folder = tmp_path / str(step)
        before = prepared(folder)
        work(folder)
        name = runs()[-1].id
        killed = killed_at(step, undo)
        assert problems(undo(name)) == [], step
        assert without_temporaries(tree(folder)) == before, step
        if not killed:
            break
    assert step > 25


def test_a_process_killed_from_outside_is_taken_back(tmp_path: Path) -> None:
    folder = tmp_path / "shoot"
    folder.mkdir()
    for number in range(400):
        (folder / f"{number}.xmp").write_bytes(b"by a person" * number)
    before = tree(folder)
    code = """if True:
        import sys
        from pathlib import Path
        from photocli.files import atomic_write
        from photocli.journal import Journal
        with Journal.begin("photocli score") as journal:
            for path in sorted(Path(sys.argv[1]).iterdir()):
                journal.replacing(path, b"machine")
                with atomic_write(path) as file:
                    file.write(b"machine")
                journal.replaced(path)
                print(path, flush=True)
        """
    process = subprocess.Popen([sys.executable, "-c", code, str(folder)], stdout=subprocess.PIPE)
    assert process.stdout
    for _ in range(25):
        process.stdout.readline()
    process.kill()
    process.wait()
    process.stdout.close()
    assert tree(folder) != before
    assert problems(undo()) == []
    assert without_temporaries(tree(folder)) == before


def test_a_file_whose_writing_was_never_noted_is_left_and_reported(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"old")
    with Journal.begin("photocli test") as journal:
        journal.replacing(tmp_path / "a")
        (tmp_path / "a").write_bytes(b"new")
    (undone,) = undo()
    assert undone.problem and "stopped while writing" in undone.problem
    assert (tmp_path / "a").read_bytes() == b"new"


def test_damaged_journals_are_passed_over(tmp_path: Path, state: Path) -> None:
    (tmp_path / "a").write_bytes(b"old" * 50)
    with Journal.begin("photocli test") as journal:
        written(journal, tmp_path / "a", b"new")
    file = ledger.run_file(str(journal.id))
    for junk in (
        b"",
        b"\0" * 100,
        b"{}\n",
        b'{"action": "begin"}\n',
        b"[1]\n",
        b'{"action": 1, "size": 0}\n',
    ):
        (file.parent / "20200101-000000.journal").write_bytes(junk)
        assert [run.id for run in runs()] == [journal.id]
    data = file.read_bytes().replace(b"oldold", b"odlold")
    file.write_bytes(data)
    (undone,) = undo()
    assert undone.problem == "what was kept of it is damaged"
    assert (tmp_path / "a").read_bytes() == b"new"


# Keeping, and where it cannot be done


def test_old_runs_and_too_many_are_removed(tmp_path: Path, state: Path) -> None:
    for number in range(ledger.KEPT_RUNS + 5):
        with Journal.begin(f"run {number}") as journal:
            written(journal, tmp_path / "a", b"%d" % number)
    assert next(run.command for run in runs()) == "run 5"
    assert len(runs()) == ledger.KEPT_RUNS
    for file in ledger.journal_files()[:30]:
        os.utime(file, (time.time(), time.time() - ledger.KEPT_S - 60))
    with Journal.begin("last") as journal:
        written(journal, tmp_path / "a", b"last")
    assert len(runs()) == ledger.KEPT_RUNS - 30 + 1


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such modes")
def test_what_is_kept_is_private(tmp_path: Path, state: Path) -> None:
    with Journal.begin("run") as journal:
        written(journal, tmp_path / "a", b"new")
    assert [file.stat().st_mode & 0o777 for file in state.rglob("*.journal")] == [0o600]
    assert (state / "undo").stat().st_mode & 0o077 == 0


def test_where_no_note_can_be_kept_the_caller_hears_of_it(tmp_path: Path, state: Path) -> None:
    (state / "undo").write_bytes(b"not a folder")
    with Journal.begin("run") as journal, pytest.raises(PhotocliError, match="undo"):
        journal.replacing(tmp_path / "a", b"new")
    assert runs() == []
    (tmp_path / "folder").mkdir()
    with Journal.begin("run") as journal, pytest.raises(PhotocliError, match="cannot read"):
        journal.replacing(tmp_path / "folder")


def test_the_folder_of_the_platform_is_used_without_the_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PHOTOCLI_STATE")
    assert "photocli" in str(ledger.journal_folder())


def test_importing_the_journal_is_cheap() -> None:
    code = "import sys, photocli.journal; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert not {m for m in loaded.split() if m.startswith(("lxml", "numpy", "PIL", "rich", "platformdirs"))}


# Moving


def test_a_move_to_another_disk_is_a_whole_copy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = os.link

    def link(source: Any, target: Any, **options: Any) -> None:
        if Path(source).parent != Path(target).parent:
            raise OSError(18, "Invalid cross-device link")
        real(source, target, **options)

    monkeypatch.setattr(moving.os, "link", link)
    monkeypatch.setattr(moving, "rename_fresh", lambda source, target: False)
    (tmp_path / "other").mkdir()
    (tmp_path / "a").write_bytes(b"a" * 5000)
    os.utime(tmp_path / "a", (1e9, 1e9))
    move_file(tmp_path / "a", tmp_path / "other" / "a")
    assert tree(tmp_path) == {"other/a": b"a" * 5000}
    assert (tmp_path / "other" / "a").stat().st_mtime == 1e9
    (tmp_path / "a").write_bytes(b"new")
    with pytest.raises(PhotocliError, match="exists already"):
        move_file(tmp_path / "a", tmp_path / "other" / "a")
    with pytest.raises(PhotocliError, match="cannot move"):
        move_file(tmp_path / "a", tmp_path / "nowhere" / "a")
    assert tree(tmp_path) == {"a": b"new", "other/a": b"a" * 5000}


def test_disks_without_links_rename(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def link(source: Any, target: Any, **options: Any) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(moving.os, "link", link)
    monkeypatch.setattr(moving, "rename_fresh", lambda source, target: False)
    (tmp_path / "a").write_bytes(b"a")
    move_file(tmp_path / "a", tmp_path / "b")
    (tmp_path / "a").write_bytes(b"new")
    with pytest.raises(PhotocliError, match="exists already"):
        move_file(tmp_path / "a", tmp_path / "b")
    assert tree(tmp_path) == {"a": b"new", "b": b"a"}


def test_a_line_of_the_journal_says_how_many_bytes_follow(tmp_path: Path, state: Path) -> None:
    (tmp_path / "a").write_bytes(b"{}\n")
    with Journal.begin("run") as journal:
        written(journal, tmp_path / "a", b"")
        written(journal, tmp_path / "b", b"")
    lines = ledger.run_file(str(journal.id)).read_bytes().split(b"\n")
    assert json.loads(lines[1])["size"] == 3
    assert runs()[0].entries == 2
