"""The layout: few things on each floor, no circles, nothing long or split too small, a name for one class."""

from __future__ import annotations

import ast
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from commands import python

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "docs"))

import models_page  # noqa: E402
import rooms  # noqa: E402

FILES = rooms.modules()
GRAPH = rooms.imports(FILES)

ENTRIES = {"trainers": 15, "photocli": 25}
"""What may stand on the top floor of a tree, at most."""

REGISTRIES = (
    "photocli.assessors",
    "photocli.cli",
    "photocli.decode",
    "photocli.explaining.panels",
    "photocli.faces.detectors",
    "photocli.checks.check.reports",
    "photocli.writers",
    "trainers.commands",
)
"""Packages with a module for each thing of a kind, which are found by their names."""


def functions(path: Path) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    """Yields the functions of a file, inner ones too."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


@pytest.mark.parametrize("tree", ENTRIES)
def test_few_things_stand_on_the_top_floor(tree: str) -> None:
    # Of a package that was moved away, what Python compiled may still be there.
    things = [entry for entry in (ROOT / tree).iterdir() if entry.is_file() or any(entry.glob("*.*"))]
    entries = [entry.name for entry in things if entry.name != "__pycache__"]
    assert len(entries) <= ENTRIES[tree], sorted(entries)


def test_no_modules_import_each_other_in_a_circle() -> None:
    assert rooms.circles(GRAPH) == []


def test_circles_are_found() -> None:
    assert rooms.circles({"a": {"b"}, "b": {"c"}, "c": {"a"}, "d": {"a"}}) == [["a", "b", "c"]]


def test_common_imports_no_trainer() -> None:
    for name, others in GRAPH.items():
        if name.startswith("trainers.common"):
            foreign = {other for other in others if other.startswith(("trainers.", "export"))}
            assert all(other.startswith("trainers.common") for other in foreign), (name, foreign)


def test_imports_go_down_the_trees() -> None:
    barred = {"export": set(), "trainers": {"export"}, "photocli": {"export", "trainers"}}
    for name, others in GRAPH.items():
        assert barred[name.split(".")[0]].isdisjoint(other.split(".")[0] for other in others), name


def test_files_and_functions_are_short() -> None:
    for name, path in FILES.items():
        assert len(path.read_text(encoding="utf-8").splitlines()) <= 300, name
        most = 60 if name.startswith("photocli.cli.") else 40
        for function in functions(path):
            assert (function.end_lineno or 0) - function.lineno < most, (name, function.name)


def test_no_small_module_has_one_user() -> None:
    for name, path in FILES.items():
        users = [other for other, imported in GRAPH.items() if name in imported]
        registered = any(name.startswith(f"{registry}.") for registry in REGISTRIES)
        if len(users) == 1 and path.stem not in ("__init__", "__main__") and not registered:
            assert len(path.read_text(encoding="utf-8").splitlines()) >= 25, (name, users)


def test_no_two_classes_have_one_name() -> None:
    names: Counter[str] = Counter()
    for path in FILES.values():
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.ClassDef):
                names[node.name] += 1
    assert [name for name, count in names.items() if count > 1] == []


def test_the_pages_that_are_made_from_the_code_are_up_to_date() -> None:
    contributing = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    assert contributing.split(rooms.START)[1].split(rooms.END)[0].strip() == rooms.diagram().strip()
    assert (ROOT / "docs" / "models.md").read_text(encoding="utf-8") == models_page.page()


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="measured by the system's accounts of processes")
@pytest.mark.parametrize(
    "trainer",
    [
        *("aesthetics", "technical", "crop", "selfie", "faces", "classes", "style", "styles", "stylize"),
        *("shared", "teachers"),
    ],
)
def test_the_help_of_a_trainer_answers_soon(trainer: str) -> None:
    pytest.importorskip("torch")
    runs = [python("-m", f"trainers.{trainer}", "--help", cwd=ROOT) for _ in range(2)]
    assert {run.code for run in runs} == {0}
    assert min(run.cpu_s for run in runs) < 3
