from __future__ import annotations

import numpy as np
import pytest

from trainers.common.corruptions import DEGRADATIONS, expose, from_light, gaussian_blur, to_light
from trainers.common.frames import Picture


@pytest.fixture(scope="module")
def picture() -> Picture:
    data = pytest.importorskip("skimage.data")
    return np.ascontiguousarray(data.chelsea()[:200, :301])


def change(one: Picture, other: Picture) -> float:
    return float(np.abs(one.astype(float) - other.astype(float)).mean())


@pytest.mark.parametrize("name", DEGRADATIONS)
def test_severity_0_is_the_same_picture_and_more_is_further_from_it(name: str, picture: Picture) -> None:
    fault = DEGRADATIONS[name]
    before = picture.copy()
    assert np.array_equal(fault(picture, 0.0, np.random.default_rng(1)), picture)
    mild, bad = (fault(picture, severity, np.random.default_rng(1)) for severity in (0.3, 1.0))
    for result in (mild, bad):
        assert result.shape == picture.shape
        assert result.dtype == np.uint8
    assert 0 < change(mild, picture) < change(bad, picture)
    assert np.array_equal(picture, before)


@pytest.mark.parametrize("name", DEGRADATIONS)
def test_the_same_draw_gives_the_same_picture_and_the_smallest_work(name: str, picture: Picture) -> None:
    fault = DEGRADATIONS[name]
    one, other = (fault(picture, 0.7, np.random.default_rng(5)) for _ in range(2))
    assert np.array_equal(one, other)
    tiny = picture[:8, :5]
    assert fault(tiny, 1.0, np.random.default_rng(0)).shape == tiny.shape


def test_light_survives_the_way_there_and_back() -> None:
    codes = np.arange(256, dtype=np.uint8).reshape(16, 16, 1).repeat(3, axis=2)
    assert np.array_equal(from_light(to_light(codes)), codes)


def test_exposure_is_stops_of_linear_light() -> None:
    # 18% grey is code 118; twice the light is 0.36, code 162; half is 0.09, code 85 (IEC 61966-2-1).
    grey = np.full((2, 2, 3), 118, np.uint8)
    assert expose(grey, 1.0)[0, 0, 0] == pytest.approx(162, abs=1)
    assert expose(grey, -1.0)[0, 0, 0] == pytest.approx(85, abs=1)
    assert (expose(grey, 4.0) == 255).all()
    assert np.array_equal(expose(grey, 0.0), grey)


def test_blur_in_light_keeps_the_light(picture: Picture) -> None:
    rng = np.random.default_rng(0)
    for name in ("defocus", "motion"):
        blurred = DEGRADATIONS[name](picture, 0.6, rng)
        assert to_light(blurred).mean() == pytest.approx(to_light(picture).mean(), rel=0.03)


def test_gaussian_blur_has_the_asked_width() -> None:
    point = np.zeros((101, 101, 3), np.uint8)
    point[50, 50] = 255
    row = gaussian_blur(np.kron(point, np.ones((1, 1, 1), np.uint8)), 0.03)[:, :, 0].astype(float).sum(axis=0)
    place = np.arange(101)
    assert np.sqrt((row * (place - 50) ** 2).sum() / row.sum()) == pytest.approx(3.03, rel=0.2)


def test_tilt_leaves_no_empty_corner() -> None:
    white = np.full((90, 160, 3), 255, np.uint8)
    assert DEGRADATIONS["tilt"](white, 1.0, np.random.default_rng(0)).min() > 250
