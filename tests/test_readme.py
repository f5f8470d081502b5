"""The documents against the program: commands and options that they name exist, and examples run."""

from __future__ import annotations

import importlib
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import typer
from networks import write_model
from photos import write_photo

from photocli import __version__
from photocli.cli import app

ROOT = Path(__file__).parents[1]
DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")])
_BLOCK = re.compile(r"^```[a-z]*\n(.*?)^```", re.M | re.S)
_OPTION = re.compile(r"(?<![\w-])--[a-z][a-z0-9-]+")


def commands() -> dict[tuple[str, ...], set[str]]:
    """The options of every command, by the words that call it."""
    found: dict[tuple[str, ...], set[str]] = {}
    waiting: list[tuple[tuple[str, ...], Any]] = [((), typer.main.get_command(app))]
    while waiting:
        words, command = waiting.pop()
        found[words] = {"--help"}.union(*(each.opts + each.secondary_opts for each in command.params))
        waiting += [((*words, name), child) for name, child in getattr(command, "commands", {}).items()]
    return found


def code_of(document: Path) -> list[str]:
    """The lines of the code blocks, and the spans of code, of a document."""
    text = document.read_text()
    blocks = _BLOCK.findall(text)
    spans = re.findall(r"`([^`\n]+)`", _BLOCK.sub("", text))
    return [*spans, *(line for block in blocks for line in block.replace("\\\n", " ").splitlines())]


def calls_of(line: str) -> list[list[str]]:
    """The words after each `photocli` that a line of code calls."""
    calls = []
    for part in re.split(r"[|;&]+|\$\(|#", line):
        match = re.search(r"(?:^|[\s/])photocli ([a-z-].*)$", part.strip())
        if match and "import" not in part and not part.strip().startswith(("pip", "photocli ·")):
            calls.append(match[1].split())
    return calls


def marked_line(name: str) -> str:
    """The one line of code that follows a marker in the README."""
    text = (ROOT / "README.md").read_text()
    match = re.search(rf"^<!-- {name} -->\n```sh\n(.*?)^```", text, re.M | re.S)
    assert match is not None
    (line,) = match[1].splitlines()
    return str(line)


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_commands_and_options_in_the_documents_exist(document: Path) -> None:
    known = commands()
    for line in code_of(document):
        for words in calls_of(line):
            names = [word for word in words if not word.startswith("-")]
            path = next(tuple(names[:n]) for n in (2, 1, 0) if tuple(names[:n]) in known)
            assert path or words[0].startswith("-"), f"no such command: photocli {' '.join(words)}"
            options = set(_OPTION.findall(" ".join(words)))
            assert options <= known[path], (line, options - known[path])


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_options_that_stand_alone_exist_somewhere(document: Path) -> None:
    tools = "".join(
        path.read_text()
        for folder in ("trainers", "export", "benchmarks", "docs")
        for path in (ROOT / folder).rglob("*.py")
    )
    known = set().union(*commands().values())
    for line in code_of(document):
        if line.startswith("--"):
            option = _OPTION.match(line)
            assert option is not None
            name = option[0]
            # The tools' parsers name their options themselves, or take them from the fields of a dataclass.
            field = name.removeprefix("--").removeprefix("no-").replace("-", "_")
            assert name in known or f'"{name}"' in tools or f"    {field}:" in tools, line


def test_the_marked_commands_are_one_line_that_a_shell_takes() -> None:
    for name in ("score-command", "test-command"):
        line = marked_line(name)
        assert subprocess.run(["bash", "-n", "-c", line]).returncode == 0
        assert shlex.split(line, comments=False)
        assert "python3 -m venv .venv" in line
    assert "pytest" in marked_line("test-command")
    assert "photocli score" in marked_line("score-command")
    assert os.access(ROOT / ".ci" / "run", os.X_OK)
    assert "<!-- test-command -->" in (ROOT / ".ci" / "run").read_text()


def test_the_example_of_the_library_runs(
    tmp_path: Path, own_folders: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    write_model(own_folders / "models")
    write_photo(tmp_path / "shoot" / "a.jpg", size=(60, 40))
    monkeypatch.chdir(tmp_path)
    match = re.search(r"^```python\n(.*?)^```", (ROOT / "README.md").read_text(), re.M | re.S)
    assert match is not None
    exec(compile(match[1], "README.md", "exec"), {})
    printed = capsys.readouterr().out
    assert "a.jpg" in printed
    assert "Summary(photos=1, failed=0" in printed


def test_the_requirements_without_a_gpu_are_those_of_the_package() -> None:
    toml: Any = importlib.import_module("tomllib" if sys.version_info >= (3, 11) else "tomli")
    needed = toml.loads((ROOT / "pyproject.toml").read_text())["project"]["dependencies"]
    expected = [
        line.split(";")[0] if line.startswith("onnxruntime>") else line
        for line in needed
        if not line.startswith("onnxruntime-gpu")
    ]
    lines = (ROOT / "requirements-cpu.txt").read_text().splitlines()
    assert [line for line in lines if not line.startswith("#")] == expected


def test_the_version_stands_in_the_changelog() -> None:
    newest = re.search(r"^## (\S+)", (ROOT / "CHANGELOG.md").read_text(), re.M)
    assert newest is not None
    assert newest[1] == __version__


def test_an_entry_of_the_changelog_is_short() -> None:
    entries = re.split(r"^- ", (ROOT / "CHANGELOG.md").read_text(), flags=re.M)[1:]
    assert len(entries) > 200
    assert [entry for entry in entries if len(" ".join(entry.split())) > 220] == []
