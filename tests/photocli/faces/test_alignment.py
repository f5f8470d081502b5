from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
import pytest
from astronaut import BOX, POINTS, PUPILS, face_of
from PIL import Image
from skimage import data

from photocli.faces.alignment import OUTSIDE, Place, align, similarity

PLACE = Place()


@pytest.fixture(scope="module")
def portrait() -> np.ndarray:
    return np.asarray(data.astronaut())


@pytest.fixture(scope="module")
def face() -> np.ndarray:
    return face_of(BOX, POINTS, (512, 512))


def turned(
    portrait: np.ndarray, degrees: float, size: tuple[int, int] = (512, 512)
) -> tuple[np.ndarray, np.ndarray]:
    """The portrait turned about its face, drawn into another frame, and its face (15,)."""
    c, s = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
    middle, to = PUPILS.mean(axis=0), np.array(size) / 2
    # From the new picture to the old one, as Pillow wants it.
    matrix = np.array([[c, s], [-s, c]])
    shift = middle - matrix @ to
    picture = Image.fromarray(portrait).transform(
        size,
        Image.Transform.AFFINE,
        (*matrix[0], shift[0], *matrix[1], shift[1]),
        Image.Resampling.BICUBIC,
        fillcolor=OUTSIDE,
    )
    points = (POINTS - shift) @ matrix  # the inverse is the transpose
    half = np.ptp(BOX.reshape(2, 2), axis=0) / 2
    centre = (BOX.reshape(2, 2).mean(axis=0) - shift) @ matrix
    return np.asarray(picture), face_of(np.concatenate([centre - half, centre + half]), points, size)


def darkest(square: np.ndarray, near: tuple[float, float], reach: int) -> np.ndarray:
    """The middle of what is dark around a point of a square, x and y: the pupil of an eye."""
    x, y = round(near[0]), round(near[1])
    grey = square[y - reach : y + reach, x - reach : x + reach].mean(axis=2)
    weight = np.clip(np.percentile(grey, 12) - grey, 0, None)
    down, across = np.mgrid[: 2 * reach, : 2 * reach] + 0.5
    return np.array([(weight * across).sum(), (weight * down).sum()]) / weight.sum() + (x - reach, y - reach)


@pytest.mark.parametrize("side", [64, 96, 128])
def test_eyes_come_to_lie_at_their_places_within_a_pixel(
    side: int, portrait: np.ndarray, face: np.ndarray
) -> None:
    square = align(portrait, face, side)
    assert square.shape == (side, side, 3) and square.dtype == np.uint8
    for across in (0.5 - PLACE.eyes_apart / 2, 0.5 + PLACE.eyes_apart / 2):
        place = (across * side, PLACE.eyes_height * side)
        assert np.abs(darkest(square, place, max(3, side // 24)) - place).max() < 1


def test_marks_on_the_eyes_land_where_the_place_says() -> None:
    picture = np.full((400, 600, 3), 30, np.uint8)
    points = np.array([(200.0, 150.0), (260.0, 190.0), (210, 200), (190, 220), (230, 245)])
    for number, (x, y) in enumerate(points[:2].astype(int)):
        picture[y - 4 : y + 4, x - 4 : x + 4, number] = 255
    face = face_of(np.array([150.0, 90, 300, 290]), points, (600, 400))
    place = Place(eyes_apart=0.4, eyes_height=0.5)
    square = align(picture, face, 100, place).astype(float) - 30
    down, across = np.mgrid[:100, :100] + 0.5
    for number, expected in enumerate(((30, 50), (70, 50))):
        weight = np.clip(square[:, :, number], 20, None) - 20
        found = np.array([(weight * across).sum(), (weight * down).sum()]) / weight.sum()
        assert found == pytest.approx(expected, abs=0.5)


@pytest.mark.parametrize("degrees", [-150, -40, -12, 25, 90])
def test_turned_faces_come_out_upright(degrees: float, portrait: np.ndarray, face: np.ndarray) -> None:
    upright = align(portrait, face, 128).astype(float)
    picture, leaning = turned(portrait, degrees)
    straight = align(picture, leaning, 128).astype(float)
    # Turned back, it shows the same; a corner may have left the picture.
    inner = (slice(16, 112), slice(16, 112))
    assert np.abs(upright[inner] - straight[inner]).mean() < 4
    assert np.abs(upright[inner] - upright[:, ::-1][inner]).mean() > 12  # what another face would give


def test_photos_that_are_not_square_are_not_warped(portrait: np.ndarray, face: np.ndarray) -> None:
    wide = np.full((512, 900, 3), 90, np.uint8)
    wide[:, 300:812] = portrait
    near = face_of(BOX + np.array([300, 0, 300, 0]), POINTS + np.array([300, 0]), (900, 512))
    # OpenCV 4 counts places in 32nds of a pixel.
    assert np.abs(align(wide, near, 128).astype(int) - align(portrait, face, 128)).max() <= 2


def test_large_faces_are_reduced_without_aliases(portrait: np.ndarray, face: np.ndarray) -> None:
    """Stripes of one pixel, which carry no face, become grey and not wider stripes."""
    striped = np.full((2400, 2400, 3), 0, np.uint8)
    striped[:, ::2] = 255
    points = POINTS * 2400 / 512
    square = align(striped, face_of(BOX * 2400 / 512, points, (2400, 2400)), 32)
    assert square.std() < 6 and abs(square.mean() - 127.5) < 6
    large = np.asarray(Image.fromarray(portrait).resize((2048, 2048), Image.Resampling.BICUBIC))
    same = align(large, face, 64).astype(int)
    assert np.abs(same - align(portrait, face, 64)).mean() < 2.5


def test_outside_the_photo_is_one_colour(portrait: np.ndarray) -> None:
    part = np.ascontiguousarray(portrait[90:, 190:])
    near = face_of(BOX - np.array([190, 90, 190, 90]), POINTS - np.array([190, 90]), (322, 422))
    square = align(part, near, 128)
    assert (square[:30] == OUTSIDE).all() and (square[:, :20] == OUTSIDE).all()
    assert (square[64:, 64:] != OUTSIDE).any(axis=2).mean() > 0.95
    away = near.copy()
    away[0:14:2] += 3  # wholly outside
    assert (align(part, away, 32) == OUTSIDE).all()


def test_faces_in_profile_are_not_blown_up(face: np.ndarray) -> None:
    box = np.array([100.0, 100.0, 180.0, 200.0])  # the larger side has 100 pixels

    def seen(apart: float) -> tuple[float, tuple[float, float]]:
        """Pixels of the photo per pixel of the square, and where the middle of the square lies."""
        points = np.array(
            [(120 - apart / 2, 140), (120 + apart / 2, 140), (105, 160), (110, 180), (120, 180.0)]
        )
        way = similarity((400, 400), face_of(box, points, (400, 400)), 128, PLACE)
        return way.scale, way.apply(64, PLACE.box_height * 128)

    frontal, least = seen(36)[0], PLACE.profile * 100
    assert frontal == pytest.approx(36 / (PLACE.eyes_apart * 128))
    assert seen(12)[0] == seen(2)[0] == seen(0)[0] == pytest.approx(least / (PLACE.eyes_apart * 128))
    assert seen(0)[1] == pytest.approx((140, 150), abs=0.01)  # the middle of the box
    # A pixel more or less between the eyes moves the cut by a pixel or two at most, whatever they are apart.
    at = [seen(apart) for apart in np.arange(0, 45, 0.5)]
    for (scale, middle), (next_scale, next_middle) in pairwise(at):
        assert abs(scale - next_scale) < 0.02
        assert math.dist(middle, next_middle) < 1.5


def test_profiles_are_still_turned_by_their_eyes() -> None:
    points = np.array([(100.0, 100.0), (103.0, 103.0), (90, 110), (95, 120), (98, 122)])
    way = similarity((400, 400), face_of(np.array([60.0, 60, 140, 160]), points, (400, 400)), 128, PLACE)
    assert math.degrees(math.atan2(way.b, way.a)) == pytest.approx(45, abs=0.1)


def test_eyes_that_a_detector_confused_do_not_turn_a_face_upside_down(face: np.ndarray) -> None:
    confused = face.copy()
    confused[4:8] = face[[6, 7, 4, 5]]
    as_it_is, as_found = (similarity((512, 512), each, 128, PLACE) for each in (face, confused))
    assert np.allclose(
        [as_it_is.a, as_it_is.b, as_it_is.c, as_it_is.d],
        [as_found.a, as_found.b, as_found.c, as_found.d],
        atol=1e-6,
    )


def test_the_smallest_faces_and_photos_give_a_square_too() -> None:
    dot = np.full((1, 1, 3), 200, np.uint8)
    assert align(dot, np.array([*(0, 0, 1, 1), *([0.5] * 10), 1], np.float32), 16).shape == (16, 16, 3)
    assert align(dot, np.zeros(15, np.float32), 16).shape == (16, 16, 3)
