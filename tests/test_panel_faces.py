"""The panels of faces and selfies: boxes where faces are, the aligned crop, and the heat on what counts."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from crafted_faces import squares, write_detector, write_judge
from photos import write_photo
from PIL import Image

from photocli import Options, explain
from photocli.explaining import canvas, faces
from photocli.explaining.canvas import Canvas
from photocli.explaining.panels import faces as panel
from photocli.explaining.panels import selfie, yunet
from photocli.records import Face

ONLY = Options(assess=("selfie",), device="cpu")


@pytest.fixture
def models(own_folders: Path) -> Path:
    root = own_folders / "models"
    write_detector(root)
    write_judge(root, side=64)
    return root


def near(drawn: np.ndarray, colour: tuple[int, int, int], spot: tuple[float, float]) -> bool:
    """Whether a colour is drawn within three pixels of a place (x, y)."""
    x, y = (round(value) for value in spot)
    part = drawn[max(0, y - 3) : y + 4, max(0, x - 3) : x + 4].astype(int)
    return bool((np.abs(part - colour).max(axis=2) < 40).any())


def test_faces_are_drawn_where_they_are_and_listed(models: Path, tmp_path: Path) -> None:
    pixels = squares((2, 2, 2), (6, 6, 1))
    pixels[128:256, 128:256, 0] = 250
    found = explain(write_photo(tmp_path / "a.png", pixels), ONLY)
    assert [view.card.kind for view, _ in found.findings] == ["faces", "selfie"]
    (view, _), (judge, heat) = found.findings
    drawn = np.asarray(panel.draw(view, None, 1360).finished())
    side = canvas.PICTURE[1]
    assert drawn.shape[1] == 1360 and drawn.shape[0] >= side
    for x, y in ((0.25, 0.3), (0.5, 0.4), (0.3, 0.5)):  # on the edges of the first box
        assert near(drawn, canvas.ACCENT, (x * side, 34 + y * side))
    for x, y in found.record.each_face[0].eyes:
        assert near(drawn, canvas.ACCENT, (x * side, 34 + y * side))
    assert near(drawn, canvas.TEXT, (6 / 8 * side, 34 + 6.6 / 8 * side))
    assert yunet.draw is panel.draw
    # The judge likes red alone, which is all over the crop's middle.
    assert judge.input.shape == (2, 3, 64, 64)
    assert heat.score == pytest.approx(found.record.selfie, abs=1e-3)
    assert heat.points[24:40, 24:40].min() > 0 > heat.points[:3, :3].max()
    page = selfie.draw(judge, heat, 1360).finished()
    crop = np.asarray(Image.fromarray(judge.input[0].transpose(1, 2, 0)))
    assert np.abs(np.asarray(page)[34 + 208, 208].astype(int) - crop[32, 32]).max() < 12
    assert found.picture().width > 1360


def test_a_photo_without_faces_says_so(models: Path, tmp_path: Path) -> None:
    found = explain(write_photo(tmp_path / "a.png", squares()), ONLY)
    assert (found.record.faces, found.record.selfie, found.found("selfie")) == (0, None, None)
    assert found.picture().height > 700
    assert [panel.count_in_words(count) for count in (0, 1, 2)] == [
        "No face was found",
        "One face",
        "2 faces",
    ]


def test_faces_beyond_the_edge_and_in_any_number_can_be_drawn() -> None:
    eyes = ((-0.2, 0.1), (0.1, 1.3))
    crowd = [Face((-0.1, -0.2, 0.1 + 0.02 * n, 1.4), eyes, 0.9, 0.5, None) for n in range(40)]
    drawing = Canvas(200, 100)
    faces.draw(drawing, crowd, (0, 0, 200, 100))
    assert len(drawing.finished().getcolors(1 << 20) or ()) > 2
    assert faces.tag(3, crowd[0]) == "3"
    assert faces.tag(1, Face((0, 0, 1, 1), eyes, 1, 1, 6.789)) == "1: 6.8"
