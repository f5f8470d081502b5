"""Where the camera focused, on the page: squares over the photo, and a line that says it."""

from __future__ import annotations

from pathlib import Path

import maker_notes as notes
import numpy as np
import pytest
from networks import write_model
from photos import write_photo
from PIL import Image

from photocli import Options, explain
from photocli.explaining import canvas, focus
from photocli.explaining.canvas import Canvas
from photocli.records import FocusPoint

WORDS = {
    (): "",
    (FocusPoint(0.25, 0.2),): "The camera focused 25% from the left, 20% from the top",
    (FocusPoint(0.25, 0.2, in_focus=True), FocusPoint(0.5, 0.5), FocusPoint(0.6, 0.5)): (
        "The camera focused 25% from the left, 20% from the top, and at 2 more"
    ),
    (FocusPoint(0.5, 0.5, in_focus=False),): (
        "The camera did not find focus: 50% from the left, 50% from the top"
    ),
}


@pytest.mark.parametrize("points", WORDS)
def test_it_is_said_in_words(points: tuple[FocusPoint, ...]) -> None:
    assert focus.in_words(points) == WORDS[points]


def drawn(*points: FocusPoint) -> np.ndarray:
    """The pixels that differ from the bare ground, of a photo of 400 by 200 pixels."""
    drawing = Canvas(400, 200)
    focus.draw(drawing, points, (0, 0, 400, 200))
    difference = np.asarray(drawing.finished()).astype(int) - np.array(canvas.CARD)
    return np.abs(difference).sum(axis=2) > 60


def test_squares_lie_around_the_points_and_have_their_size() -> None:
    rows, columns = np.nonzero(drawn(FocusPoint(0.25, 0.5, 0.2, 0.3, True)))
    assert (columns.min(), columns.max() + 1) == pytest.approx((60, 140), abs=3)
    assert (rows.min(), rows.max() + 1) == pytest.approx((70, 130), abs=3)
    assert not drawn(FocusPoint(0.25, 0.5, 0.2, 0.3, True))[90:110, 80:120].any()  # it is hollow
    rows, columns = np.nonzero(drawn(FocusPoint(0.25, 0.5)))
    assert 15 < np.ptp(rows) == np.ptp(columns) < 40
    assert drawn(FocusPoint(1.0, 1.0)).any()  # in a corner, it stays inside
    assert not drawn().any()


def test_the_page_of_a_photo_has_it(tmp_path: Path, own_folders: Path) -> None:
    write_model(own_folders / "models", "bright")
    sony = notes.bare(notes.sony((6000, 4000, 1500, 2000), (600, 400, 257)), b"SONY DSC \0\0\0")
    grey = Image.new("RGB", (600, 400), (120, 120, 120))
    pages = []
    for name, exif in (("with.jpg", notes.exif("SONY", "ILCE-7M4", sony)), ("none.jpg", None)):
        path = write_photo(tmp_path / name, grey, exif=exif)
        explanation = explain(path, Options(assess=("bright",)))
        pages.append((explanation, np.asarray(explanation.picture()).astype(int)))
    (found, with_it), (_, without) = pages
    assert found.record.focus_points == (FocusPoint(0.25, 0.5, 0.1, 0.1, True),)
    # The photo lies at (60, 60), 820 pixels wide: the square is where a quarter of that is.
    around = (slice(60 + 240, 60 + 310), slice(60 + 160, 60 + 250))
    changed = np.abs(with_it[around] - without[around]).sum(axis=2) > 60
    rows, columns = np.nonzero(changed)
    assert (columns.mean() + 160, rows.mean() + 240) == pytest.approx((205, 273), abs=6)
