"""What is drawn over a photo: where the record has it, and where a model finds it."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from networks import write_model
from photos import write_photo
from PIL import Image
from shown import ShownFile, ShownFiles

from photocli.errors import PictureError
from photocli.records import Face, FocusPoint, Photo, Record
from photocli.review.overlays import HEAT_SIDE, Overlays, geometry
from photocli.review.pictures import Pictures
from photocli.scoring.options import Options

EYES = ((0.2, 0.3), (0.4, 0.3))


@pytest.fixture
def over(tmp_path: Path, own_folders: Path) -> Iterator[Overlays]:
    """Overlays of two photos: one that is bright on the left alone, in a black border; and a broken one."""
    write_model(own_folders / "models", "bright")
    pixels = np.zeros((1200, 1800, 3), np.uint8)
    pixels[120:1080, 180:800] = 230
    pixels[120:1080, 800:1620] = 60
    shoot = ShownFiles([write_photo(tmp_path / "a.jpg", pixels), tmp_path / "b.jpg"])
    (tmp_path / "b.jpg").write_text("no photo")
    pictures = Pictures(shoot, tmp_path / "kept")
    yield Overlays(shoot, pictures, Options(assess=("bright",)))
    pictures.close()


def test_a_photo_without_a_record_has_nothing_to_draw() -> None:
    assert geometry(ShownFile(Photo(Path("a.jpg")))) == {
        "faces": [],
        "crop_frame": None,
        "focus_point": None,
        "focus_points": [],
        "horizon": None,
    }


def test_points_of_focus_come_from_the_record() -> None:
    points = (FocusPoint(0.2, 0.3, 0.05, 0.04, True), FocusPoint(0.5, 0.5))
    found = geometry(ShownFile(Photo(Path("a.jpg")), Record("a.jpg", focus_points=points)))
    assert found["focus_point"] == [0.2, 0.3]
    assert found["focus_points"] == [
        {"x": 0.2, "y": 0.3, "width": 0.05, "height": 0.04, "in_focus": True},
        {"x": 0.5, "y": 0.5, "width": None, "height": None, "in_focus": None},
    ]


def test_faces_and_the_camera_s_frame_come_from_the_record() -> None:
    faces = (Face((0.1, 0.2, 0.5, 0.6), EYES, 0.9, 0.7, 5.5), Face((0.6, 0.2, 0.8, 0.4), EYES, 0.6, None))
    sides = {"crop_left": 0.25, "crop_top": 0.0, "crop_right": 0.75, "crop_bottom": 0.5}
    found = geometry(ShownFile(Photo(Path("a.jpg")), Record("a.jpg", each_face=faces, **sides)))
    assert found["faces"][0] == {
        "box": [0.1, 0.2, 0.5, 0.6],
        "eyes": [[0.2, 0.3], [0.4, 0.3]],
        "confidence": 0.9,
        "sharpness": 0.7,
        "selfie": 5.5,
    }
    assert found["faces"][1]["sharpness"] is None
    assert found["crop_frame"] == [-0.5, 0.0, 1.5, 2.0]  # twice as wide and high, its top is the photo's


def test_a_photo_that_is_the_whole_frame_has_none_around_it() -> None:
    sides = {"crop_left": 0.0, "crop_top": 0.0, "crop_right": 1.0, "crop_bottom": 1.0}
    assert geometry(ShownFile(Photo(Path("a.jpg")), Record("a.jpg", **sides)))["crop_frame"] is None


def test_the_map_shows_where_the_score_comes_from(over: Overlays) -> None:
    data = over.heat(0)
    heat = np.asarray(Image.open(io.BytesIO(data)), int)
    assert heat.shape == (HEAT_SIDE * 2 // 3, HEAT_SIDE, 4)
    bright, dark = heat[160, 140], heat[160, 440]
    assert bright[0] > bright[2] and dark[2] > dark[0]  # red and blue
    assert bright[3] > heat[10, 475, 3] > 100
    assert np.ptp(heat[10, 475, :3]) < np.ptp(bright[:3]) / 2  # the border is nearly grey
    assert heat[..., 3].max() < 255  # the photo shines through


def test_what_was_worked_out_once_is_kept(over: Overlays) -> None:
    first = over.heat(0)
    suggestion = over.suggestion(0)
    assert over.heat(0) == first
    assert over.suggestion(0) == suggestion


def test_a_crop_is_suggested_where_it_gains(over: Overlays) -> None:
    found = over.suggestion(0)
    assert found is not None
    left, top, right, bottom = found["box"]
    assert 0 <= left < right <= 1 and 0 <= top < bottom <= 1
    assert found["gain"] > 0.8
    assert found["area"] == pytest.approx((right - left) * (bottom - top), abs=1e-4)
    assert found["aspect"] == "3:2"


def test_a_broken_photo_is_said_to_be_broken(over: Overlays) -> None:
    with pytest.raises(PictureError, match=r"b\.jpg cannot be shown: not a photo"):
        over.heat(1)
    with pytest.raises(PictureError, match=r"b\.jpg cannot be shown: not a photo"):
        over.suggestion(1)
    with pytest.raises(PictureError, match="there is no such photo on this page"):
        over.heat(2)
