"""The tables of single models: what was asked for has its columns, and no score is made up."""

from __future__ import annotations

from pathlib import Path

import pytest
from commands import photocli
from photos import write_photo

from photocli.records import Face, Record
from photocli.writers._layouts import crop_columns, face_columns, layouts

HEADINGS = {
    "technical": "Technical Blur Motion blur Underexposed Overexposed Noise Compression",
    "faces": "Faces Size Place Sharpness Certain",
    "style": "Looks Medium",
    "crop": "Cropped Kept Left Top Right Bottom",
}


def cells(columns: dict, name: str) -> list[str]:
    """The cells of a column."""
    return [str(text) for text in columns[name].forms[0][1]]


@pytest.mark.parametrize("kinds", [["faces"], ["style"], ["technical", "crop", "style"]])
def test_what_was_asked_for_has_its_columns(kinds: list[str], tmp_path: Path) -> None:
    photo = write_photo(tmp_path / "astronaut.jpg", "astronaut")
    done = photocli("score", photo, "--assess", ",".join(kinds))
    assert done.code == 0
    lines = done.out.splitlines()
    assert " ".join(lines[1].split()) == " ".join(["Photo", *(HEADINGS[kind] for kind in kinds)])
    assert lines[3].startswith("astronaut.jpg ")
    assert "★" not in done.out


def test_with_a_score_there_is_the_usual_table() -> None:
    assert layouts(["aesthetics", "faces", "style"]) == []
    assert [layout.counted for layout in layouts(["faces", "selfie"])] == ["Selfie"]  # it shows faces, too
    assert [layout.counted for layout in layouts(["style", "crop", "technical"])] == [
        "Technical",
        "Crops",
        "Looks",
    ]
    assert [layout.counted for layout in layouts(["yunet"])] == ["Faces"]
    assert [layout.counted for layout in layouts(["classifier"], ["rooms"])] == ["rooms"]


@pytest.mark.parametrize(
    ("left", "top", "place"),
    [
        (0.0, 0.0, "upper left"),
        (0.4, 0.4, "middle"),
        (0.8, 0.4, "right"),
        (0.4, 0.8, "lower"),
        (1.2, 1.2, "lower right"),
    ],
)
def test_the_place_of_a_face_is_said_in_words(left: float, top: float, place: str) -> None:
    face = Face((left, top, left + 0.2, top + 0.2), ((0, 0), (0, 0)), 0.9, 0.5)
    columns = face_columns([Record("a.jpg", faces=1, each_face=(face,), face_sharpness=0.5)])
    assert (cells(columns, "Place"), cells(columns, "Size")) == ([place], ["20%"])


def test_sides_say_what_they_lost() -> None:
    record = Record(
        "a.jpg", cropped=0.9, crop_left=0.1, crop_top=0.0, crop_right=0.75, crop_bottom=1.0, crop_factor=0.8
    )
    columns = crop_columns([record, Record("b.jpg", cropped=0.6)])
    assert cells(columns, "Cropped") == ["90%", "60%"]
    assert cells(columns, "Kept") == ["80%", ""]
    assert [cells(columns, side)[0] for side in ("Left", "Top", "Right", "Bottom")] == ["10%", "", "25%", ""]
