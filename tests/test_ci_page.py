"""docs/ci.md word for word: its commands, its settings, its rules, and the steps of its pipelines."""

from __future__ import annotations

import json
import os
import re
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
import yaml
from photos import picture
from PIL import ImageFilter

from photocli.checks.rules import parse
from photocli.errors import UsageError

PAGE = (Path(__file__).parents[1] / "docs" / "ci.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```([a-z]*)\n(.*?)^```", PAGE, re.M | re.S)
CLASSES = {"rooms": ("kitchen", "bathroom", "garden"), "content": ("safe", "suggestive", "nude")}

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the page is written for POSIX shells")


def block(kind: str, number: int = 0) -> str:
    return [text for name, text in BLOCKS if name == kind][number]


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository with photos, a sharp one and a blurred one, and `photocli` on the PATH."""
    photos = tmp_path / "project" / "photos"
    photos.mkdir(parents=True)
    picture("coffee", (600, 400)).save(photos / "sharp.jpg", quality=95)
    picture("chelsea", (600, 400)).filter(ImageFilter.GaussianBlur(9)).save(photos / "soft.jpg", quality=95)
    tool = tmp_path / "bin" / "photocli"
    tool.parent.mkdir()
    tool.write_text(f'#!/bin/sh\nexec {sys.executable} -m photocli "$@"\n')
    tool.chmod(tool.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", f"{tool.parent}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(tmp_path / "summary.md"))
    monkeypatch.chdir(photos.parent)
    return photos.parent


def shell(line: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["bash", "-e", "-c", line], capture_output=True, text=True, timeout=120, stdin=subprocess.DEVNULL
    )


def steps(document: Any) -> list[str]:
    """The commands of a pipeline, in their order: of jobs with steps, or of jobs with a script."""
    jobs = document.get("jobs", document)
    return [
        line
        for job in jobs.values()
        for line in (
            job["script"] if "script" in job else [step["run"] for step in job["steps"] if "run" in step]
        )
    ]


def test_every_command_runs(project: Path) -> None:
    lines = [line for kind, text in BLOCKS if kind == "" for line in text.splitlines()]
    assert len(lines) >= 2
    for line in lines:
        assert line.startswith("photocli check photos --require ")
        done = shell(line)
        assert done.returncode in (0, 1), done.stderr
        assert "photos checked" in done.stdout
    assert json.loads(Path("photocli-baseline.json").read_text())["findings"]


def test_the_settings_are_understood(project: Path) -> None:
    Path("photocli.toml").write_text(block("toml"))
    Path("photocli-baseline.json").write_text('{"photocli_baseline": 1, "findings": []}')
    done = shell("photocli check photos")
    assert done.returncode == 1
    assert "soft.jpg: " in done.stdout
    assert done.stdout.splitlines()[-1] == "2 photos checked · 1 falls short"


def test_rules_are_rules() -> None:
    rows = re.findall(r"^\| `([^`]+)` \|", PAGE, re.M)
    rules = [row for row in rows if re.search(r"[<>=]", row)]
    assert len(rules) >= 10
    for rule in rules:
        parse(rule, CLASSES)


def test_what_is_said_to_be_refused_is_refused(project: Path) -> None:
    for rule in ("group == 1", "pick == 'pick'", "sidecar == 'kept'"):
        with pytest.raises(UsageError):
            parse(rule)
    Path("photos/sharp.jpg").unlink()
    Path("photos/soft.jpg").unlink()
    command = "photocli check photos --require 'score > 1'"
    assert shell(command).returncode == 2
    assert shell(f"{command} --allow-empty").returncode == 0


@pytest.mark.parametrize("number", range(2))
def test_pipelines_do_what_they_should(number: int, project: Path, tmp_path: Path) -> None:
    Path("photocli.toml").write_text(block("toml").replace("baseline =", "# baseline ="))
    document = yaml.safe_load(block("yaml", number))
    install, *others = steps(document)
    assert install == 'pip install "$PHOTOCLI"'
    codes = [shell(line).returncode for line in others]
    assert codes == [1 if "photocli check" in line else 0 for line in others]
    suite = ElementTree.parse("photos.xml").getroot()[0]
    assert (suite.get("tests"), suite.get("failures")) == ("2", "1")
    if number == 0:
        used = json.dumps(document)
        assert {name for name in ("photos.xml", "photos.sarif") if Path(name).exists() and name in used} == {
            "photos.xml",
            "photos.sarif",
        }
        assert "1 falls short" in (tmp_path / "summary.md").read_text(encoding="utf-8").splitlines()[0]


def test_it_is_installed_from_where_it_is() -> None:
    lines = [*block("sh").splitlines(), *re.findall(r"PHOTOCLI: (\S+)", PAGE)]
    assert len(lines) == 4
    for line in lines:
        assert "./photocli" in line or "git+https://" in line
    assert not re.search(r"pip install photocli\b", PAGE)
