"""SECURITY.md and the workflow against the repository: the tests and commands that they name are there."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from test_readme import marked_line

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "SECURITY.md"
WORKFLOW = ROOT / ".github" / "workflows" / "ci.yml"
TESTS = re.findall(r"`(tests/[a-z_0-9/]+\.py)::([a-zA-Z_0-9]+)`", PAGE.read_text(encoding="utf-8"))


def functions(file: str) -> set[str]:
    """The names of a file's functions."""
    tree = ast.parse((ROOT / file).read_text(encoding="utf-8"))
    return {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}


def commands(job: dict[str, Any]) -> list[str]:
    """What the steps of a job run."""
    return [step["run"].strip() for step in job["steps"] if "run" in step]


@pytest.fixture(scope="module")
def workflow() -> dict[str, Any]:
    document: dict[str, Any] = yaml.safe_load(WORKFLOW.read_text(encoding="utf-8"))
    return document


@pytest.mark.parametrize(("file", "name"), sorted(set(TESTS)), ids="::".join)
def test_a_test_that_the_page_names_exists(file: str, name: str) -> None:
    assert (ROOT / file).is_file()
    assert name in functions(file)


def test_every_promise_says_what_could_go_wrong_how_it_is_stopped_and_what_shows_it() -> None:
    promises, header, kept = [], True, False
    for line in PAGE.read_text(encoding="utf-8").splitlines():
        if not line.startswith("|"):
            header = True
            continue
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if header:
            kept = cells[0] == "promise"
            assert not kept or cells[1:] == ["what could go wrong", "how it is stopped", "test"]
        elif kept and cells[0] != "---":
            promises.append(cells)
        header = False
    assert len(promises) >= 35
    assert [cells[0] for cells in promises if len(cells) != 4 or not all(cells) or "`" not in cells[3]] == []


def test_the_page_is_found_from_the_readme() -> None:
    assert "SECURITY.md" in (ROOT / "README.md").read_text(encoding="utf-8")


def test_the_workflow_runs_the_command_of_the_readme(workflow: dict[str, Any]) -> None:
    linux = workflow["jobs"]["linux"]
    assert linux["strategy"]["matrix"]["python"] == ["3.10", "3.11", "3.12", "3.13", "3.14"]
    assert commands(linux) == [marked_line("test-command")]


def test_the_workflow_runs_the_tests_elsewhere(workflow: dict[str, Any]) -> None:
    elsewhere = workflow["jobs"]["elsewhere"]
    assert elsewhere["strategy"]["matrix"]["os"] == ["macos-latest", "windows-latest"]
    assert commands(elsewhere) == ["python -m pip install -q -e '.[dev]'", "python -m pytest"]


def test_the_workflow_checks_style_lowest_versions_and_known_vulnerabilities(
    workflow: dict[str, Any],
) -> None:
    jobs = workflow["jobs"]
    assert {"ruff check .", "ruff format --check .", "mypy"} <= set(commands(jobs["style"]))
    assert commands(jobs["lowest"])[-1] == "PYTHON=python .ci/lowest"
    assert any("pip-audit" in command for command in commands(jobs["audit"]))
    assert ".ci/lowest" in (ROOT / ".ci" / "run").read_text(encoding="utf-8")


def test_the_workflow_may_only_read(workflow: dict[str, Any]) -> None:
    assert workflow["permissions"] == {"contents": "read"}
    assert not any("permissions" in job for job in workflow["jobs"].values())
    assert "secrets." not in WORKFLOW.read_text(encoding="utf-8")
    # YAML 1.1 reads the key `on` as true.
    assert "pull_request_target" not in str(workflow[True])
