"""Looks by other hands: each is plain to see, and another picture than the first hand makes."""

from __future__ import annotations

import numpy as np
import pytest
import third_hand
from photos import sample_pictures
from PIL import Image

from trainers.common.frames import Picture
from trainers.style import editor
from trainers.style.looks import LOOKS, NAMES

HANDS = {"editor": editor.LOOKS, "third": third_hand.LOOKS}
PHOTOS = ("astronaut", "coffee", "china")


def small(name: str, side: int = 200) -> Picture:
    image = Image.fromarray(sample_pictures()[name])
    image.thumbnail((side, side))
    return np.asarray(image)


def luma(picture: Picture) -> np.ndarray:
    return picture @ np.array([0.2126, 0.7152, 0.0722]) / 255


def chroma(picture: Picture) -> float:
    return float(np.ptp(picture.astype(int), axis=2).mean()) / 255


def detail(picture: Picture) -> float:
    return float(np.abs(np.diff(luma(picture), axis=1)).mean())


@pytest.mark.parametrize("hand", HANDS)
@pytest.mark.parametrize("name", NAMES)
def test_a_look_of_another_hand_is_plain_to_see_and_not_that_of_the_first(hand: str, name: str) -> None:
    assert tuple(HANDS[hand]) == NAMES
    for photo in PHOTOS:
        picture = small(photo)
        before = picture.copy()
        for strength in (0.0, 1.0):
            made, again = (HANDS[hand][name](picture, strength, np.random.default_rng(3)) for _ in range(2))
            assert (made.shape, made.dtype) == (picture.shape, np.uint8)
            assert np.array_equal(made, again), "a draw decides, nothing else"
            assert np.abs(made.astype(int) - picture).mean() > 2, (photo, strength)
            first = LOOKS[name](picture, strength, np.random.default_rng(3))
            assert np.abs(made.astype(int) - first).mean() > 2, (photo, strength)
        assert np.array_equal(picture, before), "the photo itself stays as it was"


@pytest.mark.parametrize("hand", HANDS)
@pytest.mark.parametrize("shape", [(60, 300), (300, 60), (64, 64), (65, 83)])
def test_any_shape_will_do(hand: str, shape: tuple[int, int]) -> None:
    picture = np.asarray(Image.fromarray(small("coffee")).resize(shape[::-1]))
    for name, look in HANDS[hand].items():
        assert look(picture, 1.0, np.random.default_rng(0)).shape == (*shape, 3), name


@pytest.mark.parametrize("hand", HANDS)
@pytest.mark.parametrize("photo", PHOTOS)
def test_each_does_what_its_name_says(hand: str, photo: str) -> None:
    plain = small(photo)
    made = {name: look(plain, 0.5, np.random.default_rng(1)) for name, look in HANDS[hand].items()}
    assert chroma(made["noir"]) == chroma(made["black and white"]) == 0
    assert luma(made["noir"]).std() > luma(made["black and white"]).std()
    brown = made["sepia"].reshape(-1, 3).mean(0)
    assert brown[0] > brown[1] > brown[2]
    assert luma(made["high key"]).mean() > 0.65
    assert luma(made["low key"]).mean() < 0.35
    assert luma(made["hazy"]).std() < 0.75 * luma(plain).std()
    assert np.quantile(luma(made["pastel"]), 0.01) > 0.25
    assert chroma(made["vivid"]) > 1.2 * chroma(plain) > 1.2 * chroma(made["pastel"])
    assert detail(made["hdr"]) > 1.2 * detail(plain)
    for blurred in ("shallow depth of field", "radial motion", "motion blur"):
        assert detail(made[blurred]) < 0.85 * detail(plain), blurred
    assert detail(made["film grain"]) > 1.1 * detail(plain)
    corner, middle = ((slice(0, 12), slice(0, 12)), (slice(70, 90), slice(80, 100)))
    darker = [luma(made["vignette"])[part].mean() / luma(plain)[part].mean() for part in (corner, middle)]
    assert darker[0] < 0.5 < 0.8 < darker[1]
