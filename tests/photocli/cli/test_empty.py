"""Paths without photos: one sentence and exit code 2, or with --allow-empty empty outputs and exit code 0."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest
from networks import write_model
from photos import write_photo
from typer.testing import CliRunner, Result

from photocli.cli import app
from photocli.discover import without_photos

ADVICE = "name a folder with photos, or add --allow-empty where none is all right"
RULE = ("--require", "aesthetic >= 1")
COMMANDS = {
    "score": ("--csv", "out", "--json", "out.json"),
    "cull": ("--csv", "out", "--json", "out.json", "--move-rejects", "rejects"),
    "crop": ("--json", "out.json"),
    "report": ("--html", "out"),
    "check": (*RULE, "--junit", "out", "--json", "out.json", "--markdown", "out.md", "--sarif", "out.sarif"),
}


@pytest.fixture
def empty(tmp_path: Path, own_folders: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder below the current one."""
    write_model(own_folders / "models")
    monkeypatch.chdir(tmp_path)
    Path("empty").mkdir()
    return Path("empty")


def run(command: str, *arguments: Any) -> Result:
    return CliRunner().invoke(app, [command, *map(str, arguments)])


@pytest.mark.parametrize("command", COMMANDS)
def test_an_empty_folder_is_wrong_use(command: str, empty: Path) -> None:
    result = run(command, empty, *COMMANDS[command])
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr == f"photocli: no photos found in empty: it is empty; {ADVICE}\n"
    assert [path.name for path in Path().iterdir()] == ["empty"]


@pytest.mark.parametrize("command", COMMANDS)
def test_an_empty_folder_may_be_allowed(command: str, empty: Path) -> None:
    result = run(command, empty, *COMMANDS[command], "--allow-empty")
    assert result.exit_code == 0, result.output
    assert result.stderr == "no photos found in empty: it is empty\n"
    if (out := Path("out.json")).exists():
        document = json.loads(out.read_text())
        assert document["summary"]["photos"] == 0
        assert document.get("records", document.get("photos")) == []
    if command == "check":
        suite = ElementTree.parse("out").getroot()[0]
        assert (suite.get("tests"), list(suite)) == ("0", [])
        assert json.loads(Path("out.sarif").read_text())["runs"][0]["results"] == []
        assert Path("out.md").read_text().startswith("## photocli check: 0 photos checked")
    elif command == "report":
        assert Path("out").read_text().rstrip().endswith("</html>")
    elif Path("out").exists():
        with Path("out").open(newline="") as file:
            header, *rows = csv.reader(file)
        assert (header[0], rows) == ("path", [])


def test_learning_needs_photos(empty: Path) -> None:
    result = run("learn", empty)
    assert result.exit_code == 2
    assert result.stderr == (
        "photocli: no photos found in empty: it is empty; name a folder of photos that you rated\n"
    )


def test_what_lies_there_instead_is_said(empty: Path) -> None:
    (empty / ".hidden.jpg").touch()
    assert without_photos([empty]) == {empty: "it holds only 1 hidden file or folder"}
    (empty / "notes.txt").write_text("notes")
    (empty / "deeper").mkdir()
    (empty / "deeper" / "more.txt").write_text("notes")
    write_photo(Path("elsewhere") / "a.png", np.full((8, 8, 3), 99, np.uint8))
    (empty / "link.png").symlink_to(Path("elsewhere").resolve() / "a.png")
    said = "2 files that are no photos, 1 hidden file or folder and 1 link that leads out of it"
    assert without_photos([empty]) == {empty: f"it holds only {said}"}
    assert without_photos([empty], follow_links=True) == {}


def test_a_folder_of_sidecars_is_not_empty(empty: Path) -> None:
    (empty / "a.xmp").touch()
    assert without_photos([empty]) == {empty: "nothing in it is a photo"}


def test_one_path_of_several_may_be_empty(empty: Path) -> None:
    write_photo(Path("shoot") / "deeper" / "grey.png", np.full((32, 48, 3), 140, np.uint8))
    result = run("check", "shoot", empty, *RULE)
    assert result.exit_code == 0
    assert result.stderr == "no photos found in empty: it is empty\n"
    assert run("check", "shoot", empty, *RULE, "-q").output == ""
    for number in range(4):
        Path(f"e{number}").mkdir()
    result = run("check", empty, "e0", "e1", "e2", "e3", *RULE)
    assert result.exit_code == 2
    assert result.stderr == (
        "photocli: no photos found in empty: it is empty; e0: it is empty; e1: it is empty; and in 2 more; "
        f"{ADVICE}\n"
    )


def test_photos_that_cannot_be_read_are_photos(empty: Path) -> None:
    (empty / "broken.jpg").write_bytes(b"")
    result = run("check", empty, *RULE)
    assert result.exit_code == 3
    assert result.stdout == "1 photo checked · 0 fall short · 1 could not be read\n"
