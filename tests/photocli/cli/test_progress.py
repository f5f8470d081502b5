"""The bar on the terminal: it is gone in the end, and keeps what is printed out of no file."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
from commands import photocli
from photos import write_photo
from terminal import on_terminal

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows has other terminals")


@pytest.fixture
def shoot(tmp_path: Path) -> Path:
    folder = tmp_path / "shoot"
    for name in ("chelsea", "coffee"):
        write_photo(folder / f"{name}.jpg", name)
    return folder


@pytest.mark.parametrize(
    ("command", "title", "columns"), [("score", "Best and worst", 60), ("cull", "Plan for", 80)]
)
def test_the_bar_leaves_no_trace(command: str, title: str, columns: int, shoot: Path) -> None:
    options = ["--dry-run"] if command == "cull" else []
    lines, _ = on_terminal(command, shoot, *options, columns=columns)
    assert not any("scoring" in line or "━" in line for line in lines)
    assert lines[0].startswith(title)


def test_what_is_printed_beside_the_bar_goes_where_it_should(shoot: Path) -> None:
    lines, out = on_terminal("cull", shoot, "--dry-run", piped=True)
    assert "chelsea.jpg" in out
    assert not any("chelsea" in line for line in lines)


def test_data_on_the_terminal_stand_alone(shoot: Path) -> None:
    lines, _ = on_terminal("score", shoot, "--json", "-", "-q")
    assert len(json.loads("\n".join(lines))["records"]) == 2
    lines, _ = on_terminal("score", shoot, "--csv", "-", columns=300)
    assert lines[0].startswith("path,status,")
    assert not any("scoring" in line for line in lines)


def test_a_log_with_colours_has_no_bar(shoot: Path) -> None:
    done = photocli("score", shoot, FORCE_COLOR="1")
    assert done.code == 0
    assert done.err == ""
    assert "\x1b[" in done.out
    plain = photocli("score", shoot, FORCE_COLOR="1", NO_COLOR="1")
    assert not any(f"\x1b[{code}" in plain.out for code in (3, 4, 9))
