"""Golden screens: nothing is wider than its terminal, and each command prints what it is known to print."""

from __future__ import annotations

import re

import pytest
import screens
from rich.cells import cell_len


def test_every_screen_has_its_file() -> None:
    assert sorted(file.stem for file in screens.FOLDER.glob("*.txt")) == sorted(screens.SCREENS)


@pytest.mark.parametrize("name", screens.SCREENS)
def test_the_screen_is_as_it_was(name: str) -> None:
    # After a change that is meant, write them anew with: python tests/screens.py
    assert screens.golden(name) == (screens.FOLDER / f"{name}.txt").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", screens.SCREENS)
@pytest.mark.parametrize("width", [40, *screens.WIDTHS])
def test_every_line_fits(name: str, width: int) -> None:
    lines = screens.printed(name, width)
    assert max(map(cell_len, lines)) <= width
    assert not any(re.search(r"(?<![\w.\-])-\d", line) for line in lines)  # people read the minus sign


@pytest.mark.parametrize("name", [name for name in screens.SCREENS if name.startswith("score")])
@pytest.mark.parametrize("width", screens.WIDTHS)
def test_every_photo_has_one_row_with_its_number(name: str, width: int) -> None:
    lines = screens.printed(name, width)
    title = next(line for line in lines if line)
    assert title.startswith(("Best and worst of ", "First and last of ", "Photos of "))
    rows = [line for line in lines[lines.index(title) + 3 :] if line.startswith("IMG_2")]
    assert rows
    assert all(re.match(r"IMG_2.*0\d\d\d\.jpg", row) for row in rows)
    if name == "score":
        assert len([row for row in rows if "★" in row]) == 6
