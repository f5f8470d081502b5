"""The command line: exit codes, one clear line for an error, clean output, and photos that stay untouched."""

from __future__ import annotations

import csv
import hashlib
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest
from commands import photocli, start
from hostile import fake_gif_reader, harmful
from networks import write_model
from photos import camera_exif, write_photo
from rich.cells import cell_len
from sidecars import CAPTURE_ONE

from photocli.records import RECORD_FIELDS
from photocli.scoring.cache import cache_file

PICTURES = ("chelsea", "coffee", "rocket")


@pytest.fixture(autouse=True)
def by_brightness(own_folders: Path) -> Path:
    """Have photos scored by brightness, by an added model that hides the built-in one."""
    return write_model(own_folders / "models")


@pytest.fixture
def shoot(tmp_path: Path) -> Path:
    """A folder of three photos."""
    folder = tmp_path / "shoot"
    for name in PICTURES:
        write_photo(folder / f"{name}.jpg", name, size=(90, 60), exif=camera_exif())
    return folder


def hashes(folder: Path) -> dict[str, str]:
    """What is in a folder: every file, with its content."""
    files = (path for path in sorted(folder.rglob("*")) if path.is_file())
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def test_a_run_says_what_it_did_on_stdout_and_nothing_else(shoot: Path) -> None:
    before = hashes(shoot)
    done = photocli("score", shoot)
    assert (done.code, done.err) == (0, "")
    assert all(f"{name}.jpg" in done.out for name in PICTURES)
    assert "3 photos · 0 failed · 0 from the cache · on CPU" in done.out
    assert hashes(shoot) == before  # nothing changed, and nothing written beside them
    again = photocli("score", shoot)
    assert "3 photos · 0 failed · 3 from the cache · " in again.out
    assert " · on CPU" not in again.out  # no model had to run


def test_photos_that_cannot_be_read_give_code_3_and_a_line_each(shoot: Path) -> None:
    (shoot / "bad.jpg").write_bytes(b"")
    (shoot / "notes.txt").write_text("notes")
    for arguments in ([], ["--quiet"]):
        done = photocli("score", shoot, *arguments)
        assert done.code == 3
        assert done.lines == [f"{shoot / 'bad.jpg'}: the file is empty"]
        assert done.out == "" if arguments else "4 photos · 1 failed" in done.out


def test_quiet_prints_nothing_on_success(shoot: Path, tmp_path: Path) -> None:
    done = photocli("score", shoot, "--quiet", "--csv", tmp_path / "scores.csv")
    assert (done.code, done.out, done.err) == (0, "", "")
    assert (tmp_path / "scores.csv").stat().st_size > 0


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["nowhere"], "no file or folder 'nowhere'"),
        ([".", "--sort", "beauty"], "no field 'beauty' to sort by"),
        ([".", "--assess", "smell"], "no model named 'smell'; there are: aesthetics"),
        ([".", "--device", "abacus"], "no device 'abacus'; choose one of auto, cpu, cuda, tensorrt"),
        ([".", "--csv", "-", "--json", "-"], "--csv and --json both write stdout; give two files"),
        ([".", "--csv", "chelsea.jpg"], "chelsea.jpg is the name of a photo"),
        (
            [".", "--csv", "scores", "--json", "./scores"],
            "--csv and --json both write scores; give two files",
        ),
        ([".", "--csv", "."], "it is a folder"),
        ([".", "--csv", "no/scores.csv"], "there is no such folder; make it first, or name another file"),
    ],
)
def test_wrong_use_is_code_2_and_one_line(arguments: list[str], reason: str, shoot: Path) -> None:
    before = hashes(shoot)
    done = photocli("score", *arguments, cwd=shoot)
    assert (done.code, done.out) == (2, "")
    (line,) = done.lines
    assert line.startswith("photocli: ")
    assert reason in line
    assert hashes(shoot) == before


@pytest.mark.parametrize(
    "arguments", [["score"], ["score", "--nonsense"], ["score", ".", "--top", "-1"], ["x"]]
)
def test_what_cannot_be_parsed_is_code_2_and_shows_the_usage(arguments: list[str]) -> None:
    done = photocli(*arguments)
    assert (done.code, done.out) == (2, "")
    assert done.err.startswith("Usage: photocli")
    assert "Traceback" not in done.err


@pytest.mark.skipif(shutil.which("nvidia-smi") is not None, reason="there is a GPU")
@pytest.mark.parametrize("device", ["cuda", "tensorrt"])
def test_a_gpu_that_is_not_there_is_code_4(device: str, shoot: Path) -> None:
    done = photocli("score", shoot, "--device", device, "--json", "-")
    assert done.code == 4
    (line,) = done.lines
    assert line.startswith(f"photocli: --device {device} cannot be used: ")
    assert line.endswith("or use --device cpu")
    assert "Failed to load" not in done.out


def test_fatal_errors_are_code_4_and_one_line(shoot: Path, by_brightness: Path) -> None:
    (by_brightness / "model.onnx").write_bytes(b"changed")
    done = photocli("score", shoot, "--no-cache")
    assert done.code == 4
    (line,) = done.lines
    assert line.startswith("photocli: ")
    assert "not the one its card describes" in line
    assert "Traceback" not in done.err


def test_debug_shows_where_an_error_came_from(shoot: Path, by_brightness: Path) -> None:
    (by_brightness / "card.json").write_text("{")
    plain, debug = (photocli("score", shoot, *arguments) for arguments in ([], ["--debug"]))
    assert plain.code == 4
    assert len(plain.lines) == 1
    assert debug.code not in (0, 3)
    assert "Traceback" in debug.err
    assert "ModelError" in debug.err


def test_json_on_stdout_is_json_and_nothing_else(shoot: Path) -> None:
    (shoot / "bad.jpg").write_text("x")
    done = photocli("score", shoot, "--json", "-")
    assert done.code == 3
    document = done.document
    assert [Path(entry["path"]).name for entry in document["records"]] == [
        "bad.jpg",
        *(f"{name}.jpg" for name in PICTURES),
    ]
    assert tuple(document["records"][0]) == RECORD_FIELDS
    assert document["summary"]["photos"] == 4
    assert "4 photos · 1 failed" in done.err  # the summary goes where it does no harm


def test_names_like_formulas_are_marked_in_csv_unless_raw(tmp_path: Path, by_brightness: Path) -> None:
    write_photo(tmp_path / "=1+1.jpg")
    marked = photocli("score", "=1+1.jpg", "--csv", "-", "-q", cwd=tmp_path)
    raw = photocli("score", "=1+1.jpg", "--csv", "-", "--csv-raw", "-q", cwd=tmp_path)
    assert (marked.out.splitlines()[1][:5], raw.out.splitlines()[1][:4]) == ("'=1+1", "=1+1")
    alone = photocli("cull", "=1+1.jpg", "--csv-raw", cwd=tmp_path)
    assert alone.code == 2
    assert "give --csv, too" in alone.err


def test_csv_on_stdout_is_csv_and_nothing_else(shoot: Path) -> None:
    done = photocli("score", shoot, "--csv", "-", "-q")
    rows = list(csv.DictReader(done.out.splitlines()))
    assert [Path(row["path"]).stem for row in rows] == list(PICTURES)
    assert all(1 <= float(row["score"]) <= 10 for row in rows)


def test_all_outputs_at_once_agree_and_leave_the_photos_alone(shoot: Path, tmp_path: Path) -> None:
    before = hashes(shoot)
    done = photocli("score", shoot, "--xmp", "--csv", tmp_path / "a.csv", "--json", tmp_path / "a.json")
    assert done.code == 0
    assert "sidecars: 3 written" in done.out
    after = hashes(shoot)
    assert {name: after[name] for name in before} == before
    assert sorted(after.keys() - before.keys()) == [f"{name}.jpg.xmp" for name in PICTURES]
    entries = json.loads((tmp_path / "a.json").read_text())["records"]
    with (tmp_path / "a.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    for entry, row in zip(entries, rows, strict=True):
        assert (row["path"], float(row["score"])) == (entry["path"], entry["score"])
        assert f'xmp:Rating="{entry["stars"]}"' in Path(entry["path"] + ".xmp").read_text().replace(
            f"<xmp:Rating>{entry['stars']}</xmp:Rating>", f'xmp:Rating="{entry["stars"]}"'
        )


@pytest.mark.skipif(sys.platform == "win32", reason="such names cannot be had")
def test_nasty_names_are_printed_safely(shoot: Path) -> None:
    names = [b"[red]x[bold].jpg", b"new\nline.jpg", b"esc\x1b[31m\x07.jpg", b"latin-\xe9.jpg", b"-rf.jpg"]
    for name in names:
        shutil.copy(shoot / "coffee.jpg", os.fsencode(shoot) + b"/" + name)
        (shoot / "bad").mkdir(exist_ok=True)
        Path(os.fsdecode(os.fsencode(shoot) + b"/bad/" + name)).write_bytes(b"")
    done = photocli("score", ".", cwd=shoot)
    assert done.code == 3
    printed = done.out + done.err
    assert all(char.isprintable() or char == "\n" for char in printed)
    for shown in ("[red]x[bold].jpg", "new�line.jpg", "esc�[31m�.jpg", "latin-�.jpg", "-rf.jpg"):
        assert printed.count(shown) == 2, shown
    assert len(done.lines) == len(names)
    # Data keeps the names as they are.
    document = photocli("score", ".", "--json", "-", cwd=shoot).document
    paths = {os.fsencode(Path(entry["path"]).name) for entry in document["records"]}
    assert paths >= set(names)
    missing = photocli("score", b"no\nsuch\x1b[31m.jpg")
    assert missing.code == 2
    assert len(missing.lines) == 1
    assert "\x1b" not in missing.err


def test_sort_and_top_choose_what_is_shown(shoot: Path) -> None:
    done = photocli("score", shoot, "--sort", "path", "--top", "1")
    shown = [name for name in PICTURES if f"{name}.jpg" in done.out]
    assert shown == ["chelsea", "rocket"]
    none = photocli("score", shoot, "--top", "0")
    assert none.code == 0
    assert ".jpg" not in none.out
    assert "3 photos" in none.out


@pytest.mark.parametrize("columns", [60, 80])
def test_no_line_is_wider_than_the_terminal(columns: int, shoot: Path) -> None:
    long = shoot / ("a folder with a long name " * 5) / ("日本語" * 20 + ".jpg")
    write_photo(long, size=(60, 40))
    done = photocli("score", shoot, "--csv", shoot / "x.csv", "--xmp", COLUMNS=str(columns))
    assert done.code == 0
    assert max(map(cell_len, done.out.splitlines())) <= columns
    assert ".jpg" in done.out


def test_output_that_nobody_reads_any_more_ends_quietly(shoot: Path) -> None:
    command = [sys.executable, "-m", "photocli", "score", str(shoot), "--json", "-", "-q"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        assert process.stderr.read() == b""
    assert process.returncode == 0


def test_models_are_listed_and_verified(by_brightness: Path) -> None:
    done = photocli("models", "list")
    assert done.code == 0
    assert "aesthetics@1.0  (aesthetics, " in done.out
    assert "sees:  the whole photo at 32 × 32 pixels" in done.out
    assert str(by_brightness / "card.json") in done.out
    verified = photocli("models", "verify").out.splitlines()[0]
    assert verified.startswith("aesthetics@1.0: whole, but put there by hand and never tried")
    (by_brightness / "model.onnx").write_bytes(b"changed")
    damaged = photocli("models", "verify")
    assert damaged.code == 1
    assert "not the one its card describes" in damaged.out


def test_the_version_is_the_package_s() -> None:
    from photocli import __version__

    done = photocli("--version")
    assert (done.code, done.out) == (0, f"photocli {__version__}\n")


@pytest.mark.skipif(sys.platform == "win32", reason="signals to a group of processes are POSIX")
def test_ctrl_c_leaves_nothing_running_and_keeps_the_cache(
    shoot: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake_gif_reader(tmp_path / "fake", monkeypatch)
    harmful(shoot / "z.gif", "hang")
    process = start("score", shoot, "--csv", "-", "--workers", "2")
    assert process.stdout is not None
    lines = [process.stdout.readline() for _ in range(4)]  # the head and the three good photos
    assert all(name in "".join(lines) for name in PICTURES)
    workers = psutil.Process(process.pid).children()
    assert workers
    os.killpg(process.pid, signal.SIGINT)
    out, err = process.communicate(timeout=20)
    assert (process.returncode, out) == (130, "")
    assert err == "stopped; what was scored is kept, run the same command to go on\n"
    until = time.monotonic() + 5
    while any(worker.is_running() for worker in workers) and time.monotonic() < until:
        time.sleep(0.05)
    assert not any(worker.is_running() for worker in workers)
    assert cache_file().exists()
    (shoot / "z.gif").unlink()
    assert "3 photos · 0 failed · 3 from the cache" in photocli("score", shoot).out


@pytest.mark.skipif(sys.platform == "win32", reason="signals to a group of processes are POSIX")
@pytest.mark.parametrize(
    ("arguments", "folder"),
    [
        (("score", "--no-cache", "--csv", "-"), "cache"),
        (("score", "--csv", "-"), "file/cache"),
        (("crop", "--smallest", "20", "--json", "-"), "cache"),
    ],
)
def test_nothing_is_called_kept_that_is_not(
    arguments: tuple[str, ...],
    folder: str,
    shoot: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    fake_gif_reader(tmp_path / "fake", monkeypatch)
    harmful(shoot / "z.gif", "hang")
    (tmp_path / "file").touch()
    monkeypatch.setenv("PHOTOCLI_CACHE", str(tmp_path / folder))
    process = start(arguments[0], shoot, *arguments[1:], "-q", "--workers", "2")
    assert process.stdout is not None
    lines = [process.stdout.readline() for _ in range(4)]
    assert PICTURES[0] in "".join(lines)
    process.send_signal(signal.SIGINT)
    err = process.communicate(timeout=60)[1]
    assert process.returncode == 130
    assert err.splitlines()[-1] == "stopped"
    assert not list((tmp_path / "cache").glob("*"))


@pytest.mark.skipif(sys.platform == "win32", reason="signals to a group of processes are POSIX")
@pytest.mark.parametrize(
    "module", ["typer", "photocli.cli.score", "photocli.scoring.pipeline", "numpy", "onnxruntime"]
)
def test_ctrl_c_while_starting_shows_no_traceback(module: str, shoot: Path) -> None:
    process = start("score", shoot, "--no-cache", options=("-X", "importtime"), stdout=subprocess.DEVNULL)
    assert process.stderr is not None
    for line in process.stderr:
        if line.split("|")[-1].strip() == module:
            break
    os.killpg(process.pid, signal.SIGINT)
    err = process.communicate(timeout=30)[1]
    assert process.returncode == 130, err[-2000:]
    assert "Traceback" not in err


@pytest.mark.skipif(sys.platform == "win32", reason="signals to a group of processes are POSIX")
@pytest.mark.parametrize(("name", "code"), [("SIGINT", 130), ("SIGTERM", 143), ("SIGHUP", 129)])
def test_signals_that_end_a_run_leave_nothing_behind(
    name: str, code: int, shoot: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake_gif_reader(tmp_path / "fake", monkeypatch)
    harmful(shoot / "z.gif", "hang")
    process = start("score", shoot, "--xmp", "--csv", shoot / "scores.csv", "--workers", "2")
    until = time.monotonic() + 60
    while len(list(shoot.glob("*.xmp"))) < len(PICTURES) and time.monotonic() < until:
        time.sleep(0.01)
    assert list(shoot.glob(".*.tmp"))  # the table, which is not whole yet
    workers = psutil.Process(process.pid).children()
    process.send_signal(getattr(signal, name))
    out, err = process.communicate(timeout=60)
    assert (process.returncode, out) == (code, "")
    assert err == "stopped; what was scored is kept, run the same command to go on\n"
    assert psutil.wait_procs(workers, timeout=20)[1] == []
    sidecars = [f"{name}.jpg.xmp" for name in PICTURES]
    assert hashes(shoot).keys() == {*(f"{name}.jpg" for name in PICTURES), "z.gif", *sidecars}
    assert photocli("undo").out == "3 removed\n"


@pytest.mark.skipif(sys.platform == "win32", reason="signals to a group of processes are POSIX")
def test_what_is_started_in_the_background_goes_on_ignoring_signals(
    shoot: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake_gif_reader(tmp_path / "fake", monkeypatch)
    harmful(shoot / "z.gif", "hang")
    process = start("score", shoot, "--csv", "-", ignored=("SIGINT", "SIGHUP"))
    assert process.stdout is not None
    for _ in range(4):
        process.stdout.readline()
    for name in ("SIGINT", "SIGHUP"):
        os.killpg(process.pid, getattr(signal, name))
    with pytest.raises(subprocess.TimeoutExpired):
        process.wait(1)
    process.terminate()
    assert process.wait(60) == 143
    process.stdout.close()


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="signals are POSIX")
@pytest.mark.parametrize(("name", "count"), [("SIGKILL", 20), ("SIGTERM", 10), ("SIGHUP", 10)])
def test_runs_that_are_ended_at_any_moment_damage_nothing(name: str, count: int, shoot: Path) -> None:
    rng, end = random.Random(name), getattr(signal, name)
    for number in range(12):
        shutil.copy(shoot / "coffee.jpg", shoot / f"{number}.jpg")
    photos = hashes(shoot)
    command = ("score", shoot, "--xmp", "--csv", shoot / "scores.csv", "--workers", "1")
    took = -time.monotonic()
    assert photocli(*command).code == 0
    took += time.monotonic()
    for _ in range(count):
        for photo in photos:
            (shoot / f"{photo}.xmp").write_text(CAPTURE_ONE, newline="")
        process = start(*command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        until = time.monotonic() + 60
        while process.poll() is None and not list(shoot.glob(".*")) and time.monotonic() < until:
            time.sleep(0.001)
        time.sleep(rng.random() * took / 3)
        process.send_signal(end)
        # It may be over already.
        assert process.wait(60) in (0, -end if end == signal.SIGKILL else 128 + end)
        if end != signal.SIGKILL:
            assert not list(shoot.glob(".*"))
        for photo, digest in photos.items():
            sidecar = (shoot / f"{photo}.xmp").read_bytes()
            assert b"Aarhus" in sidecar
            assert sidecar.rstrip().endswith(b"</x:xmpmeta>")
            assert hashlib.sha256((shoot / photo).read_bytes()).hexdigest() == digest
    assert photocli(*command).code == 0
    assert not list(shoot.glob(".*"))
