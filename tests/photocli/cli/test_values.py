"""Values of options that are answered without pydantic are those that Typer itself would give."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import pytest
import typer
from commands import python
from typer.testing import CliRunner

from photocli.cli.group import QuickCommand
from photocli.cli.options import Detail

SEEN: list[dict[str, Any]] = []


def command(
    paths: Annotated[list[Path], typer.Argument()],
    detail: Detail = Detail.FRAME,
    top: Annotated[int, typer.Option(min=0, max=50)] = 10,
    timeout: float = 30.0,
    name: str = "",
    file: Path | None = None,
    there: Annotated[Path | None, typer.Option(exists=True)] = None,
    folder: Annotated[Path | None, typer.Option(file_okay=False)] = None,
    rule: Annotated[list[str] | None, typer.Option()] = None,
    quiet: Annotated[bool, typer.Option("--quiet")] = False,
) -> None:
    SEEN.append(dict(locals()))


def answer(line: list[str]) -> tuple[int, str, list[dict[str, Any]]]:
    app = typer.Typer(add_completion=False, rich_markup_mode=None)
    app.command(cls=QuickCommand)(command)
    SEEN.clear()
    done = CliRunner().invoke(app, line)
    return done.exit_code, done.output, [*SEEN]


@pytest.mark.parametrize(
    "line",
    [
        "",
        "a.jpg",
        "a.jpg b --detail native --top 0 --timeout 2.5 --name x --file new.csv --quiet --rule a --rule b",
        "a.jpg --detail NATIVE",
        "a.jpg --detail nonsense",
        "a.jpg --top 007",
        "a.jpg --top -1",
        "a.jpg --top 51",
        "a.jpg --top 1.0",
        "a.jpg --top 1.5",
        "a.jpg --top many",
        "a.jpg --top 1_0",
        "a.jpg --top ٣",
        "a.jpg --top 99999999999999999999",
        "a.jpg --timeout 1e3",
        "a.jpg --timeout 5",
        "a.jpg --timeout inf",
        "a.jpg --timeout soon",
        "a.jpg --file .",
        "a.jpg --file -",
        "a.jpg --there .",
        "a.jpg --there nowhere",
        "a.jpg --folder .",
        "a.jpg --folder there.txt",
        "a.jpg --file there.txt",
        "a.jpg --nonsense",
        "--help",
    ],
)
def test_values_are_as_typer_gives_them(line: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("there.txt").write_text("x")
    quick = answer(line.split())
    monkeypatch.setattr("photocli.cli.group.answer_plain_values", lambda parameter: None)
    own = answer(line.split())
    assert quick == own
    for seen, expected in zip(quick[2], own[2], strict=True):
        assert {name: type(value) for name, value in seen.items()} == {
            name: type(value) for name, value in expected.items()
        }


@pytest.mark.parametrize("line", [["doctor"], ["undo", "--list"], ["score", "missing.jpg", "--top", "3"]])
def test_plain_values_load_no_pydantic(line: list[str], tmp_path: Path) -> None:
    code = """
import sys
from photocli.__main__ import main
try:
    main()
except SystemExit:
    print("pydantic" in sys.modules)
"""
    done = python("-c", code, *line, cwd=tmp_path)
    assert done.out.splitlines()[-1] == "False"
