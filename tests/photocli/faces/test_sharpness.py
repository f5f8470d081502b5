"""The sharpness of a face: falls with blur of any kind, hardly changes with the size of the picture."""

from __future__ import annotations

import numpy as np
import pytest
from photos import picture
from PIL import Image, ImageFilter

from photocli.decode.levels import reduced
from photocli.faces.detection import FaceDetection
from photocli.faces.sharpness import LARGEST, measure
from photocli.models.lineup import choose

FACE = np.array([0.354, 0.105, 0.535, 0.348], np.float32)
"""Where the astronaut's face is."""


def blurred(by: float, side: int = 512) -> np.ndarray:
    """The astronaut, blurred by a share of the width of her face."""
    width = float(FACE[2] - FACE[0]) * side
    image = picture("astronaut", (side, side)).filter(ImageFilter.GaussianBlur(by * width))
    return np.asarray(image)


@pytest.mark.parametrize("side", [512, 700, 1000, 2000])
def test_sharpness_falls_with_blur_at_any_size(side: int) -> None:
    values = [measure(blurred(by, side), FACE) for by in (0.0, 0.01, 0.02, 0.04)]
    assert all(0 <= value <= 1 for value in values)
    assert values == sorted(values, reverse=True)
    assert values[0] - values[2] > 0.3
    assert values[3] < 0.15


def test_a_larger_picture_of_the_same_face_is_about_as_sharp() -> None:
    large = np.asarray(picture("astronaut"))
    small = np.asarray(picture("astronaut", (460, 460)))
    assert measure(large, FACE) == pytest.approx(measure(small, FACE), abs=0.15)


def test_motion_in_one_direction_counts() -> None:
    still = np.asarray(picture("astronaut"))
    kernel = np.ones(9) / 9
    moved = np.apply_along_axis(lambda row: np.convolve(row, kernel, "same"), 1, still.astype(float))
    assert measure(moved.astype(np.uint8), FACE) < measure(still, FACE) - 0.3


def test_what_is_flat_tiny_or_outside_is_not_sharp() -> None:
    flat = np.full((LARGEST, LARGEST, 3), 90, np.uint8)
    assert measure(flat, FACE) == 0
    noise = np.random.default_rng(0).integers(0, 256, (64, 64, 3), np.uint8)
    assert measure(noise, np.array([0, 0, 1, 1], np.float32)) == 0  # nothing but noise
    noise[:24] = noise[:, :24] = 90  # detail, beside what is flat
    assert measure(noise, np.array([0, 0, 1, 1], np.float32)) > 0.9
    assert measure(noise, np.array([0.5, 0.5, 0.55, 0.55], np.float32)) == 0
    assert measure(noise, np.array([1.2, -0.4, 1.5, -0.1], np.float32)) == 0
    assert measure(np.asarray(Image.new("RGB", (1, 1))), FACE) == 0


def test_blur_of_a_small_face_shows_in_the_larger_level() -> None:
    """In a frame of half the photo the face is 45 pixels wide, and seems as sharp as one that is."""
    (spec,) = (card.input for card in choose(("faces",)))
    photo = np.full((612, 612, 3), 120, np.uint8)
    told: dict[bool, list[float]] = {False: [], True: []}
    for blur in (0.0, 0.015):
        photo[50:562, 50:562] = blurred(blur)
        for larger in (None, photo):
            found = FaceDetection().detect(reduced(photo, 2), [spec], larger)[spec.key]
            assert len(found) == 1
            told[larger is not None].append(float(found[0, -1]))
    assert told[False][0] - told[False][1] < 0.1
    assert told[True][0] - told[True][1] > 0.3


def test_small_faces_are_cut_from_the_larger_level() -> None:
    faces, judged = (card.input for card in choose(("faces", "selfie")))
    photo = np.full((612, 612, 3), 120, np.uint8)
    photo[50:562, 50:562] = picture("astronaut")
    frame = reduced(photo, 2)
    (soft,) = FaceDetection().detect(frame, [faces, judged])[judged.key]
    (crisp,) = FaceDetection().detect(frame, [faces, judged], photo)[judged.key]
    inverted = FaceDetection().detect(frame, [faces, judged], photo, lambda pixels: 255 - pixels)
    assert np.abs(np.diff(crisp.astype(int))).mean() > 1.3 * np.abs(np.diff(soft.astype(int))).mean()
    np.testing.assert_array_equal(inverted[judged.key][0], 255 - crisp)
