"""The help of trainers and of export has the shape of photocli's: plain, in sentences, with examples."""

from __future__ import annotations

import importlib
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

pytest.importorskip("torch")

TRAINERS = (
    "aesthetics",
    "classes",
    "crop",
    "faces",
    "quantisation",
    "selfie",
    "shared",
    "style",
    "style_transfer",
    "teachers",
    "technical",
)
MODULES = [
    *(f"trainers.{name}.__main__" for name in TRAINERS),
    "export.__main__",
    "export.quantised",
    "trainers.common.soup",
]


def commands(app: typer.Typer) -> list[Any]:
    """The command of an app, or all of them."""
    root: Any = typer.main.get_command(app)
    return list(getattr(root, "commands", {"": root}).values())


@pytest.mark.parametrize("module", MODULES)
def test_the_help_is_like_that_of_photocli(module: str) -> None:
    app = importlib.import_module(module).command()
    shown = CliRunner().invoke(app, ["--help"])
    assert shown.exit_code == 0
    assert shown.output.startswith("Usage: ")
    assert "╭" not in shown.output
    assert CliRunner().invoke(app, ["-h"]).output == shown.output
    for command in commands(app):
        assert command.help.endswith(".")
        for parameter in command.params:
            text = parameter.help or ""
            assert text.endswith((".", "...")), (parameter.name, text)
            first = text.split()[0]
            assert first[0].isupper() or not first.isalpha(), (parameter.name, text)
            assert parameter.metavar is None or parameter.metavar.isupper(), parameter.name


@pytest.mark.parametrize("name", TRAINERS)
def test_a_trainer_has_examples_and_says_its_exit_codes(name: str) -> None:
    app = importlib.import_module(f"trainers.{name}.__main__").command()
    texts = [
        command.help for command in commands(app) if command.name not in ("prepare", "evaluate", "generate")
    ]
    assert all("Examples:\n  python -m trainers." in text and "Exit codes: 0 " in text for text in texts)
