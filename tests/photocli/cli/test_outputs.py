"""Where commands write: no output takes the place of another one, of a photo, of a folder or of an input."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import typer
from commands import photocli, start
from networks import write_model
from photos import write_photo
from typer.testing import CliRunner, Result

from photocli.cli import app, outputs
from photocli.errors import UsageError

RULE = ("--require", "aesthetic >= 1")
OUTPUTS = [
    ("score", "--csv"),
    ("score", "--json"),
    ("score", "--jsonl"),
    ("cull", "--csv"),
    ("cull", "--json"),
    ("cull", "--jsonl"),
    ("crop", "--json"),
    ("report", "--html"),
    *(("check", f"--{name}") for name in ("json", "junit", "sarif", "markdown", "write-baseline")),
]
"""Every option of a command that reads photos and names a file to write."""


@pytest.fixture
def shoot(tmp_path: Path, own_folders: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with one photo, below the current folder."""
    write_model(own_folders / "models")
    write_photo(tmp_path / "shoot" / "grey.png", np.full((32, 48, 3), 140, np.uint8))
    monkeypatch.chdir(tmp_path)
    return tmp_path / "shoot"


def run(command: str, *arguments: Any) -> Result:
    return CliRunner().invoke(app, [command, *map(str, arguments)])


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def refused(folder: Path, command: str, *arguments: Any) -> str:
    """What is said of a wrong use, which must leave all files as they are."""
    before = contents(folder)
    result = run(command, *arguments)
    assert result.exit_code == 2, result.output
    assert contents(folder) == before
    (line,) = result.stderr.splitlines()
    return line.removeprefix("photocli: ")


@pytest.mark.parametrize("spelling", ["{here}/out.x", "shoot/../out.x", "./out.x", "link.x", "folder/out.x"])
def test_two_spellings_of_one_file(spelling: str, shoot: Path, tmp_path: Path) -> None:
    Path("link.x").symlink_to("out.x")
    Path("folder").symlink_to(tmp_path, target_is_directory=True)
    other = spelling.format(here=tmp_path)
    said = refused(tmp_path, "check", shoot, *RULE, "--junit", "out.x", "--json", other)
    assert said == "--junit and --json both write out.x; give two files"


def test_two_names_of_a_file_that_is_there(shoot: Path, tmp_path: Path) -> None:
    Path("out.x").write_text("an earlier report")
    os.link("out.x", "other.x")
    said = refused(tmp_path, "score", shoot, "--csv", "out.x", "--json", "other.x")
    assert said == "--csv and --json both write out.x; give two files"


@pytest.mark.parametrize(("one", "other"), [("Out.x", "out.x"), ("caf\u00e9.x", "cafe\u0301.x")])
def test_names_that_some_file_systems_take_for_one(one: str, other: str, shoot: Path, tmp_path: Path) -> None:
    (tmp_path / "probe").mkdir()
    (tmp_path / "probe" / one).touch()
    if (tmp_path / "probe" / other).exists():
        said = refused(tmp_path, "check", shoot, *RULE, "--junit", one, "--json", other)
        assert said == f"--junit and --json both write {one}; give two files"
    else:
        assert run("check", shoot, *RULE, "--junit", one, "--json", other).exit_code == 0
        assert Path(one).read_bytes().startswith(b"<?xml")
        assert Path(other).read_bytes().startswith(b"{")
    assert not [path for path in tmp_path.iterdir() if path.name.startswith(".")]


@pytest.mark.parametrize("command", ["score", "cull"])
def test_stdout_takes_one_document(command: str, shoot: Path, tmp_path: Path) -> None:
    said = refused(tmp_path, command, shoot, "--csv", "-", "--json", "-")
    assert said == "--csv and --json both write stdout; give two files"


@pytest.mark.skipif(not Path("/dev/stdout").exists(), reason="a file that is standard output")
def test_stdout_by_another_name(shoot: Path) -> None:
    done = photocli("check", shoot, *RULE, "--sarif", "-", "--markdown", "/dev/stdout")
    assert (done.code, done.out) == (2, "")
    assert done.lines == ["photocli: --sarif and --markdown both write stdout; give two files"]


@pytest.mark.parametrize("command", ["score", "cull", "report", "crop", "check"])
def test_an_output_in_the_place_of_a_folder(command: str, shoot: Path, tmp_path: Path) -> None:
    option = "--html" if command == "report" else "--json"
    rule = RULE if command == "check" else ()
    said = refused(tmp_path, command, shoot, *rule, option, shoot)
    assert said == f"cannot write {shoot}: it is a folder; name a file in it"


def test_an_output_in_the_place_of_the_folder_for_rejects(shoot: Path, tmp_path: Path) -> None:
    said = refused(tmp_path, "cull", shoot, "--csv", "rejects", "--move-rejects", tmp_path / "rejects")
    assert said == "--csv and --move-rejects both write rejects; give two files"


def test_a_photo_behind_a_link(shoot: Path, tmp_path: Path) -> None:
    Path("scores.csv").symlink_to(shoot / "grey.png")
    said = refused(tmp_path, "score", shoot, "--csv", "scores.csv")
    assert said == f"{(shoot / 'grey.png').resolve()} is the name of a photo; nothing else is written there"


@pytest.mark.parametrize("command", ["score", "cull", "report", "crop"])
def test_an_output_that_is_an_input(command: str, shoot: Path, tmp_path: Path) -> None:
    (shoot / "grey.png").rename("scan")
    option = "--html" if command == "report" else "--json"
    said = refused(tmp_path, command, "scan", option, tmp_path / "scan")
    assert said == f"{option} would write over {tmp_path / 'scan'}, which is read; name another file"


def test_settings_are_inputs(shoot: Path, tmp_path: Path) -> None:
    Path("photocli.toml").write_text('[check]\nrequire = ["aesthetic >= 1"]\nbaseline = "known.json"\n')
    Path("own.toml").write_text("technical = 0.3\n")
    Path("known.json").write_text('{"version": 1, "findings": []}')
    for name in ("photocli.toml", "own.toml", "known.json"):
        said = refused(tmp_path, "check", shoot, "--profile", "own.toml", "--json", name)
        assert said == f"--json would write over {name}, which is read; name another file"


def test_a_baseline_may_be_written_anew(shoot: Path) -> None:
    rule = ("--require", "aesthetic >= 9")
    assert run("check", shoot, *rule, "--write-baseline", "known.json").exit_code == 0
    known = Path("known.json").read_bytes()
    write_photo(shoot / "dark.png", np.full((32, 48, 3), 30, np.uint8))
    again = run("check", shoot, *rule, "--baseline", "known.json", "--write-baseline", "./known.json")
    assert again.exit_code == 0
    assert Path("known.json").read_bytes() != known
    assert run("check", shoot, *rule, "--baseline", "known.json").exit_code == 0


def test_pages_of_photos_of_one_name(shoot: Path, tmp_path: Path) -> None:
    write_photo(tmp_path / "other" / "grey.png", np.full((32, 48, 3), 30, np.uint8))
    said = refused(tmp_path, "explain", shoot / "grey.png", "other/grey.png", "-o", "pages")
    assert said == "two photos are named grey.png; explain them one by one"
    assert not Path("pages").exists()


def test_a_taste_is_not_exported_over_a_folder_or_a_photo(shoot: Path, tmp_path: Path) -> None:
    assert "it is a folder" in refused(tmp_path, "learn", "--export", shoot)
    assert "is the name of a photo" in refused(tmp_path, "learn", "--export", shoot / "grey.png")


def test_many_places_are_compared_quickly(tmp_path: Path) -> None:
    places = [tmp_path / f"{number}.png" for number in range(2000)]
    assert outputs.twins(places) is None
    assert outputs.twins([*places, tmp_path / "x" / ".." / "7.png"]) == (7, 2000)


def test_what_is_no_slip_is_let_through(tmp_path: Path) -> None:
    assert not outputs.check({"--csv": tmp_path / "a", "--json": None})
    assert outputs.check({"--csv": tmp_path / "a", "--json": Path("-")}, [tmp_path / "b"])
    for folder in ("new", "b", "x"):
        (tmp_path / folder).mkdir()
    assert not outputs.check({"--csv": tmp_path / "new" / "a", "--json": tmp_path / "b" / "a"})
    assert not outputs.check({}, folders={"--move-rejects": tmp_path / "not" / "yet" / "there"})
    assert not list(tmp_path.rglob("*.tmp"))
    with pytest.raises(UsageError, match="--csv and --json both write"):
        outputs.check({"--csv": tmp_path / "new" / "a", "--json": tmp_path / "x" / ".." / "new" / "a"})


def test_every_output_is_among_those_that_are_tried() -> None:
    found = set()
    for name, command in typer.main.get_command(app).commands.items():  # type: ignore[attr-defined]
        for parameter in command.params:
            if parameter.metavar == "FILE" and "rite" in (parameter.help or ""):
                found.add((name, parameter.opts[0]))
    assert found - {("learn", "--export"), ("doctor", "--json")} <= set(OUTPUTS), found


UNWRITABLE = {
    "none/out": "there is no such folder; make it first, or name another file",
    "file/out": "a part of its path is not a folder; name another file",
    "x" * 300: "the name is too long; name another file",
    "circle": "its symbolic links go round in a circle; name another file",
}


@pytest.mark.parametrize("place", UNWRITABLE)
@pytest.mark.parametrize(("command", "option"), OUTPUTS)
def test_what_cannot_be_written_is_refused_before_the_run(
    command: str, option: str, place: str, shoot: Path, tmp_path: Path
) -> None:
    Path("file").touch()
    Path("circle").symlink_to("circle")
    rule = RULE if command == "check" else ()
    # The photo is broken: a run that began would say so.
    (shoot / "grey.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    assert (
        refused(tmp_path, command, shoot, *rule, option, place)
        == f"cannot write {place}: {UNWRITABLE[place]}"
    )


@pytest.mark.parametrize("place", UNWRITABLE)
def test_pages_and_tastes_that_cannot_be_written(place: str, shoot: Path, tmp_path: Path) -> None:
    Path("file").touch()
    Path("circle.png").symlink_to("circle.png")
    said = refused(tmp_path, "explain", shoot / "grey.png", "-o", f"{place}.png")
    assert said == f"cannot write {place}.png: {UNWRITABLE[place]}"
    Path("circle").symlink_to("circle")
    said = refused(tmp_path, "learn", "--export", place)
    assert said == f"cannot write {place}: {UNWRITABLE[place]}"


def test_rejects_that_have_no_place(shoot: Path, tmp_path: Path) -> None:
    Path("file").touch()
    for place in ("file", "file/rejects"):
        said = refused(tmp_path, "cull", shoot, "--move-rejects", place)
        assert said == f"cannot write to {place}: {tmp_path / 'file'} is no folder; name another folder"


def test_places_that_are_write_protected(
    shoot: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Path("locked").mkdir(mode=0o555)
    if os.access("locked", os.W_OK):
        pytest.skip("needs a user whom modes hold back")
    Path("old.csv").touch(mode=0o444)
    said = refused(tmp_path, "score", shoot, "--csv", "locked/a.csv")
    assert said == "cannot write locked/a.csv: permission denied; name another file"
    said = refused(tmp_path, "score", shoot, "--csv", "old.csv")
    assert said == "cannot write old.csv: it is write-protected; name another file"
    said = refused(tmp_path, "cull", shoot, "--move-rejects", "locked/rejects")
    assert said == "cannot write to locked/rejects: permission denied; name another folder"
    monkeypatch.setenv("PHOTOCLI_STATE", str(tmp_path / "locked"))
    said = refused(tmp_path, "score", shoot, "--xmp")
    assert said.endswith("permission denied; undo needs it; set PHOTOCLI_STATE to another folder")
    monkeypatch.delenv("PHOTOCLI_STATE")
    shoot.chmod(0o555)
    try:
        for command in ("score", "cull", "crop"):
            said = refused(tmp_path, command, shoot, "--xmp")
            assert said == f"cannot write to {shoot}: permission denied; sidecars lie beside the photos"
        assert run("cull", shoot, "--xmp", "--dry-run").exit_code == 0
    finally:
        shoot.chmod(0o755)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="a device that takes nothing")
def test_a_device_that_is_full(shoot: Path) -> None:
    for out in ("-", "/dev/full"):
        with Path("/dev/full").open("wb") as full:
            process = start("score", shoot, "--json", out, stdout=full)
            assert process.stderr is not None
            said = process.stderr.read()
            code = process.wait(60)
        if out == "-":  # as where it takes no more later on
            assert (code, said) == (4, "photocli: cannot write standard output: the disk is full\n")
        else:
            assert (code, said) == (2, f"photocli: cannot write {out}: the disk is full; name another file\n")


@pytest.mark.skipif(sys.platform == "win32", reason="closed by a shell")
def test_a_standard_output_that_is_closed(shoot: Path, tmp_path: Path) -> None:
    command = f"{sys.executable} -m photocli check {shoot} --require 'aesthetic >= 1' --json - >&-"
    done = subprocess.run(["sh", "-c", command], capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout) == (4, "")
    assert done.stderr == "photocli: cannot write standard output: it is closed\n"
