"""Text for a terminal: safe, and as wide as it says."""

from __future__ import annotations

import os

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from photocli.display import bar, cells, common_folder, printable, shorten

NASTY = "a\x1b[31mb\nc\rd\x07e\x9bf\u202eg\u2028h\x00i"


def test_nothing_that_moves_the_cursor_is_printed() -> None:
    assert printable(NASTY) == "a�[31mb�c�d�e�f�g�h�i"
    assert printable(os.fsdecode(b"latin-\xe9.jpg")).encode() == "latin-�.jpg".encode()
    assert printable("[red] 日本 ünï 🎞.jpg") == "[red] 日本 ünï 🎞.jpg"


@given(st.text())
def test_printable_text_stays_and_keeps_its_length(text: str) -> None:
    assert printable(text).isprintable()
    assert len(printable(text)) == len(text)


@pytest.mark.parametrize(
    ("value", "expected"), [(0, ""), (10, "████"), (5, "██"), (0.01, "▏"), (2.5, "█"), (6.25, "██▌")]
)
def test_a_bar_is_as_long_as_its_value(value: float, expected: str) -> None:
    assert bar(value, 10, 4) == expected


def test_a_bar_of_nothing() -> None:
    assert bar(0, 0, 4) == ""


@pytest.mark.parametrize(
    ("paths", "expected"),
    [
        ([], ""),
        (["a/b/1.jpg", "a/b/2.jpg"], "a/b/"),
        (["a/b/1.jpg", "a/c/2.jpg"], "a/"),
        (["1.jpg", "2.jpg"], ""),
        (["/x/1.jpg", "y/2.jpg"], ""),
        (["/1.jpg"], "/"),
    ],
)
def test_the_folder_that_paths_share(paths: list[str], expected: str) -> None:
    shared = common_folder(paths)
    assert shared == expected.replace("/", os.sep)
    assert all(path.startswith(shared) for path in paths)


def test_a_name_is_cut_in_its_middle() -> None:
    assert shorten("IMG_20240501_102030.jpg", 11) == "IMG_2…0.jpg"
    assert shorten("short.jpg", 9) == "short.jpg"
    assert shorten("日本語の写真です.jpg", 11) == "日本…す.jpg"


@given(
    st.text(st.characters(codec="ascii") | st.sampled_from("日本語のé写真e\u0301한ａ")), st.integers(1, 40)
)
def test_what_was_cut_fits(text: str, width: int) -> None:
    text = printable(text)
    short = shorten(text, width)
    assert cells(short) <= width
    assert cells(short) == cell_len(short)
    assert short == text or "…" in short
