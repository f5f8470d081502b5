"""Text for a terminal: safe, and as wide as it says."""

from __future__ import annotations

import os

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from photocli.display import (
    BAD,
    GOOD,
    STARS,
    bar,
    cells,
    common_folder,
    folded,
    heading,
    joined,
    minus,
    percent,
    printable,
    shorten,
    shorten_name,
    shorten_names,
    signed,
)

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


@pytest.mark.parametrize(
    ("name", "width", "expected"),
    [
        ("IMG_20240501_102147.jpg", 14, "IMG_2…2147.jpg"),
        ("IMG_20240501_102147.jpg", 12, "IMG…2147.jpg"),
        ("holiday/beach/DSC_00012345.NEF", 20, "holiday/b…012345.NEF"),
        ("a.jpg", 5, "a.jpg"),
        ("no suffix at all but long", 11, "no su… long"),
    ],
)
def test_a_photo_keeps_its_number_and_suffix(name: str, width: int, expected: str) -> None:
    assert shorten_name(name, width) == expected
    assert shorten_names([name], width) == [expected]


def test_names_that_differ_are_cut_where_they_differ_least() -> None:
    numbered = [f"2026-11-28 {number:04} the wedding of Anna and Bela.jpg" for number in range(30)]
    assert len(set(shorten_names(numbered, 24))) == 30
    ended = [f"the wedding of Anna and Bela {number:04}.jpg" for number in range(30)]
    assert shorten_names(ended, 14)[7] == "the w…0007.jpg"


@given(st.lists(st.text(st.sampled_from("ab01.日\u0301"), max_size=30), max_size=6), st.integers(1, 20))
def test_names_that_were_cut_fit(names: list[str], width: int) -> None:
    short = shorten_names(names, width)
    assert len(short) == len(names)
    assert all(cells(text) <= width for text in short)
    assert all(text == name for text, name in zip(short, names, strict=True) if cells(name) <= width)


def test_a_heading_keeps_its_words_and_the_ends_of_the_name() -> None:
    assert heading("Best of ", "/home/anna/shoot/", ", by score", 80) == "Best of /home/anna/shoot/, by score"
    short = heading("Best of ", "/home/anna/pictures/2026/november/shoot/", ", by score", 40)
    assert short.startswith("Best of /home")
    assert short.endswith("shoot/, by score")
    assert cells(short) == 40


@given(st.text(st.sampled_from("ab 日·"), max_size=60), st.integers(6, 30))
def test_what_is_folded_fits_and_loses_no_word(text: str, width: int) -> None:
    lines = folded(text, width, 2)
    assert all(cells(line) <= width for line in lines)
    assert "…" in "".join(lines) or " ".join(line.strip() for line in lines).split() == text.split()


def test_a_summary_breaks_between_its_parts() -> None:
    parts = ["32 photos", "0 failed", "32 from the cache", "on CPU", "14.9 photos/s"]
    assert joined(parts, 80) == [" · ".join(parts)]
    assert joined(parts, 40) == ["32 photos · 0 failed · 32 from the cache", "on CPU · 14.9 photos/s"]


def test_numbers_for_people() -> None:
    assert [signed(value) for value in (0.3, -0.284, 0.0, -0.001)] == ["+0.30", "−0.28", "+0.00", "+0.00"]
    assert [percent(chance) for chance in (0, 0.001, 0.256, 0.999, 1)] == ["0%", "<1%", "26%", ">99%", "100%"]


@pytest.mark.parametrize("colour", [GOOD, BAD, STARS])
def test_colours_can_be_read_on_white_and_on_black(colour: str) -> None:
    from rich.color import Color

    red, green, blue = (channel / 255 for channel in Color.parse(colour).get_truecolor())
    linear = [
        value / 12.92 if value <= 0.03928 else ((value + 0.055) / 1.055) ** 2.4
        for value in (red, green, blue)
    ]
    light = 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
    assert 1.05 / (light + 0.05) > 3.8
    assert (light + 0.05) / 0.05 > 3.8


def test_a_minus_is_one_only_before_a_number() -> None:
    assert (
        minus("r -0.5 (-3, [-.2]) 16-24 a-1 2026-11-28 -q -x")
        == "r −0.5 (−3, [−.2]) 16-24 a-1 2026-11-28 -q -x"
    )
