from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from commands import photocli
from typer.testing import CliRunner

from photocli.cli import app
from photocli.files.atomic import atomic_write
from photocli.files.journal import Journal, runs

runner = CliRunner()


@pytest.fixture(autouse=True)
def state(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path_factory.mktemp("state")
    monkeypatch.setenv("PHOTOCLI_STATE", str(folder))
    return folder


def changed(path: Path, data: bytes) -> str:
    with Journal.begin("photocli score --xmp shoot") as journal:
        journal.replacing(path, data)
        with atomic_write(path) as file:
            file.write(data)
        journal.replaced(path)
    assert journal.id
    return journal.id


def test_the_last_run_is_taken_back(tmp_path: Path) -> None:
    file = tmp_path / "a.xmp"
    first = changed(file, b"first")
    changed(file, b"second")
    listed = runner.invoke(app, ["undo", "--list"])
    assert listed.exit_code == 0
    assert [line.split()[1:3] for line in listed.stdout.splitlines()] == [["1", "change"]] * 2
    assert "photocli score --xmp shoot" in listed.stdout
    done = runner.invoke(app, ["undo"])
    assert (done.exit_code, done.stdout) == (0, "1 restored\n")
    assert file.read_bytes() == b"first"
    assert "(taken back)" in runner.invoke(app, ["undo", "--list"]).stdout.splitlines()[0]
    named = runner.invoke(app, ["undo", first])
    assert (named.exit_code, named.stdout) == (0, "1 removed\n")
    assert not file.exists()
    again = runner.invoke(app, ["undo", first])
    assert (again.exit_code, again.stdout) == (0, "nothing was left to take back\n")
    assert all(run.undone for run in runs())


def test_what_was_changed_since_is_named_and_the_exit_code_says_so(tmp_path: Path) -> None:
    file = tmp_path / "a\x1b[31m.xmp"
    changed(file, b"ours")
    file.write_bytes(b"theirs")
    done = runner.invoke(app, ["undo"])
    assert done.exit_code == 3
    assert "changed since" in done.stderr
    assert "\x1b" not in done.output
    assert file.read_bytes() == b"theirs"


def test_nothing_to_take_back_is_wrong_use() -> None:
    assert runner.invoke(app, ["undo"]).exit_code == 2
    assert runner.invoke(app, ["undo", "19990101-000000"]).exit_code == 2
    listed = runner.invoke(app, ["undo", "--list"])
    assert (listed.exit_code, listed.stdout) == (0, "")


def test_help_loads_nothing_heavy() -> None:
    code = (
        "import sys\n"
        "from photocli.cli import app\n"
        "try:\n    app(['undo', '--help'])\n"
        "except SystemExit:\n    print(*sys.modules)\n"
    )
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert not {m for m in loaded.split() if m.startswith(("lxml", "numpy", "PIL", "onnxruntime"))}


def test_the_list_of_runs_breaks_between_words(tmp_path: Path) -> None:
    with Journal.begin("photocli cull shoot --move-rejects rejects --keep 20% --for lightroom") as journal:
        journal.replacing(tmp_path / "a.xmp", b"new")
        with atomic_write(tmp_path / "a.xmp") as file:
            file.write(b"new")
        journal.replaced(tmp_path / "a.xmp")
    (whole,) = photocli("undo", "--list").out.splitlines()
    first, *rest = photocli("undo", "--list", COLUMNS="60").out.splitlines()
    assert rest and max(map(len, (first, *rest))) <= 60
    assert " ".join([first, *(line.removeprefix("    ") for line in rest)]) == whole
