"""The standard streams of the command: closed, full, without a reader, and in other encodings."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from commands import photocli
from networks import write_model
from photos import write_photo

posix = pytest.mark.skipif(sys.platform == "win32", reason="a shell of Unix closes them")
full = pytest.mark.skipif(not Path("/dev/full").exists(), reason="a device of Linux")


@pytest.fixture(autouse=True)
def own_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PHOTOCLI_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("PHOTOCLI_MODELS", str(tmp_path / "models"))
    write_model(tmp_path / "models")


@pytest.fixture
def shoot(tmp_path: Path) -> Path:
    (tmp_path / "shoot").mkdir()
    write_photo(tmp_path / "shoot" / "1.jpg")
    return tmp_path / "shoot"


def shell(line: str) -> subprocess.CompletedProcess[bytes]:
    """Run `photocli` as a shell does, with its way to close and lead streams; `line` follows the name."""
    command = f'"{sys.executable}" -m photocli {line}'
    return subprocess.run(["/bin/sh", "-c", command], capture_output=True, timeout=120)


@posix
def test_a_closed_stderr_changes_nothing(shoot: Path, tmp_path: Path) -> None:
    done = shell(f"score {shoot} --no-cache --csv {tmp_path}/x.csv 2>&-")
    assert done.returncode == 0
    assert b"1 photo " in done.stdout
    assert (tmp_path / "x.csv").read_text().count("\n") == 2
    assert shell(f"score {shoot}/nowhere 2>&-").returncode == 2


@posix
def test_a_closed_stdout_is_an_error_for_data_alone(shoot: Path) -> None:
    assert shell(f"score {shoot} -q --xmp <&- >&-").returncode == 0
    done = shell(f"score {shoot} -q --csv - >&-")
    assert (done.returncode, done.stderr) == (4, b"photocli: cannot write standard output: it is closed\n")


@full
@pytest.mark.parametrize("line", ["--csv - -q", "--json - -q", "-q --csv -", "--top 1"])
def test_a_full_disk_behind_stdout_is_one_clear_line(shoot: Path, line: str) -> None:
    done = shell(f"score {shoot} {line} >/dev/full")
    assert done.returncode == 4
    assert done.stderr == b"photocli: cannot write standard output: the disk is full\n"


@full
def test_help_on_a_full_disk_and_messages_on_one(shoot: Path) -> None:
    done = shell("score --help >/dev/full")
    assert done.returncode == 4
    assert done.stderr == b"photocli: cannot write standard output: the disk is full\n"
    assert shell(f"score {shoot} {shoot}/1.jpg 2>/dev/full").returncode == 0


@posix
def test_text_without_a_reader_ends_no_run(shoot: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "photocli", "score", str(shoot), "--csv", str(tmp_path / "x.csv")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.close()
        assert process.stderr is not None
        assert process.stderr.read() == b""
    assert process.returncode == 0
    assert (tmp_path / "x.csv").exists()


@pytest.mark.parametrize("encoding", ["latin-1", "cp1252", "ascii", "utf-8"])
def test_what_an_encoding_lacks_is_replaced(shoot: Path, encoding: str) -> None:
    write_photo(shoot / "Жаба 日本 ★.jpg")
    environment = {**os.environ, "PYTHONIOENCODING": encoding}
    for arguments in (["score", str(shoot)], ["cull", str(shoot), "--dry-run"], ["score", str(shoot / "Ж")]):
        command = [sys.executable, "-m", "photocli", *arguments]
        done = subprocess.run(command, capture_output=True, env=environment, timeout=120)
        assert done.returncode == (2 if arguments[-1].endswith("Ж") else 0), done.stderr
        out, err = done.stdout.decode(encoding), done.stderr.decode(encoding)
        assert "should not have happened" not in err
        if encoding == "utf-8" and arguments[0] == "score":
            assert "Ж" in out + err
        elif encoding != "utf-8":
            assert "Ж" not in out + err
            assert "Traceback" not in err


def test_help_is_in_the_encoding_that_was_asked_for() -> None:
    for command in ("score", "check", "cull", "learn"):
        done = photocli(command, "--help", PYTHONIOENCODING="ascii")
        assert done.code == 0
        assert done.out.isascii()


def test_data_is_utf_8_always(shoot: Path) -> None:
    write_photo(shoot / "Ж.jpg")
    rows = photocli("score", shoot, "--csv", "-", PYTHONIOENCODING="latin-1")
    assert f"{shoot / 'Ж.jpg'},ok," in rows.out
    document = photocli("score", shoot, "--json", "-", PYTHONIOENCODING="ascii")
    assert [Path(r["path"]).name for r in json.loads(document.out)["records"]] == ["1.jpg", "Ж.jpg"]
