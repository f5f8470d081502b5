from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from photocli.assessors import crop
from photocli.inputs.patches import GRID, HEIGHT, PATCH, THUMBNAIL, WIDTH, corners, lay, patches

CARD = SimpleNamespace(
    facts={"calibration": {"cropped": {"slope": 2.0, "intercept": 0.0}}, "thresholds": {"doubt": 0.1}}
)


def answer(logit: float, doubt: float) -> dict[str, float | None]:
    outputs = {
        "cropped": np.array([logit]),
        "rectangle": np.array([0.1, 0.8, -0.02, 0.68]),
        "factor": np.array([0.7]),
        "doubt": np.array([doubt]),
    }
    return crop.assess(CARD, outputs)  # type: ignore[arg-type]


def test_pieces_lie_around_the_middles_of_the_cells() -> None:
    places = corners(600, 800)
    assert len(places) == GRID**2
    assert places[0] == (75 - 48, 100 - 48)
    assert places[15] == (525 - 48, 700 - 48)
    assert corners(100, 100, [(-8, 7)] * 16)[0] == (0, 0)
    assert all(0 <= top <= 4 and 0 <= left <= 4 for top, left in corners(100, 100))


@pytest.mark.parametrize("shape", [(800, 1200), (1200, 800), (40, 60), (1, 1), (96, 96), (50, 900)])
def test_any_photo_has_its_pieces(shape: tuple[int, int]) -> None:
    photo = np.random.default_rng(0).integers(0, 255, (*shape, 3), np.uint8)
    sheet = lay(photo)
    assert sheet.shape == (3, HEIGHT, WIDTH)
    assert sheet.dtype == np.uint8
    turned = shape[0] > shape[1]
    assert (sheet[:, : THUMBNAIL[0], THUMBNAIL[1] :] == (255 if turned else 0)).all()
    if not turned:
        piece = sheet[:, THUMBNAIL[0] : THUMBNAIL[0] + PATCH, :PATCH].transpose(1, 2, 0)
        assert np.array_equal(piece, patches(photo)[0])


def test_the_rectangle_is_told_where_there_is_evidence() -> None:
    sure = answer(1.0, 0.05)
    assert sure["cropped"] == pytest.approx(1 / (1 + np.exp(-2)))
    assert sure["crop_left"] == pytest.approx(0.1)
    assert sure["crop_top"] == 0
    assert sure["crop_factor"] == pytest.approx(0.7)
    unsure = answer(1.0, 0.2)
    assert unsure["cropped"] == sure["cropped"]
    assert all(unsure[name] is None for name in crop.FIELDS[1:])
    uncropped = answer(-1.0, 0.05)
    assert [uncropped[name] for name in crop.FIELDS[1:]] == [0, 0, 1, 1, 1]
