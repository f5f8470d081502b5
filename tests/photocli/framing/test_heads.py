"""Heads and crops: none is cut, none that matters is left out, and crops are moved rather than given up."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from commands import photocli
from crafted_faces import write_detector
from hypothesis import given
from hypothesis import strategies as st
from networks import write_model
from photos import write_photo

from photocli.framing import Framing, suggest
from photocli.framing.boxes import WHOLE, Box, spread
from photocli.framing.heads import CHIN, HAIR, SIDES, Heads, of
from photocli.inputs.views import InputSpec

SPEC = InputSpec("image", 32, 32)


def face(left: float, top: float, right: float, bottom: float) -> list[float]:
    return [left, top, right, bottom, *([0.5] * 10), 0.9]


def faces(*boxes: list[float]) -> np.ndarray:
    return np.array(boxes, np.float32).reshape(-1, 15)


def brightness(inputs: list[np.ndarray]) -> list[float]:
    return [1 + 9 * float(each.mean()) / 255 for each in inputs]


def test_a_head_is_larger_than_its_face_and_ends_with_the_photo() -> None:
    heads = of(faces(face(0.4, 0.4, 0.6, 0.6), face(0.9, -0.05, 1.05, 0.1)))
    (first, second) = heads.all
    assert (first.left, first.right) == pytest.approx((0.4 - 0.2 * SIDES, 0.6 + 0.2 * SIDES))
    assert (first.top, first.bottom) == pytest.approx((0.4 - 0.2 * HAIR, 0.6 + 0.2 * CHIN))
    assert (second.top, second.right) == (0, 1)
    assert heads.kept == (first, second)  # the corner's is large enough
    assert of(faces(face(0.4, 0.4, 0.6, 0.6), face(0, 0, 0.05, 0.05))).kept == (first,)
    assert of(faces()) == Heads()


def test_cuts_and_losses_are_seen() -> None:
    heads = of(faces(face(0.4, 0.4, 0.6, 0.6), face(0.02, 0.1, 0.06, 0.15)))
    assert heads.spared(WHOLE)
    assert heads.spared(Box(0.2, 0.2, 0.9, 0.9))  # the small one is left out whole
    assert not heads.spared(Box(0.05, 0.0, 1, 1))  # and here it is cut
    assert not heads.spared(Box(0.2, 0.38, 0.9, 0.9))  # the hair is
    assert not heads.spared(Box(0.7, 0.2, 1, 0.9))


def test_a_head_at_the_edge_keeps_the_edge() -> None:
    heads = of(faces(face(0.3, 0.0, 0.6, 0.3)))
    assert heads.spared(Box(0.1, 0, 0.9, 0.8))
    assert not heads.spared(Box(0.1, 0.01, 0.9, 0.8))


sides = st.floats(0.02, 0.9)


@given(sides, sides, st.floats(0.02, 0.4), st.sampled_from(["own", "free", "4:5"]))
def test_a_moved_crop_is_as_large_holds_the_heads_and_stays_in_the_photo(
    left: float, top: float, size: float, aspect: str
) -> None:
    heads = of(faces(face(left, top, min(left + size, 1.1), min(top + size, 1.1))))
    limits = Framing(aspect, 0.3, 1).limits(600, 400)
    for box in spread(limits):
        moved = heads.moved(box, limits)
        if moved is None:
            (head,) = heads.kept
            wide, high = box.right - box.left, box.bottom - box.top
            pixels = 2 / 400
            assert head.right - head.left > wide - pixels or head.bottom - head.top > high - pixels
            continue
        assert heads.spared(moved)
        assert moved == box or not heads.spared(box)
        assert 0 <= moved.left < moved.right <= 1 and 0 <= moved.top < moved.bottom <= 1
        for value in ((moved.right - moved.left) * 600, (moved.bottom - moved.top) * 400):
            assert value == pytest.approx(round(value), abs=1e-6)
        assert moved.area == pytest.approx(box.area)


@pytest.mark.parametrize("aspect", ["own", "free", "1:1"])
def test_no_suggested_crop_cuts_a_head_that_the_score_would(aspect: str) -> None:
    frame = np.zeros((400, 600, 3), np.uint8)
    frame[:, 210:] = 255
    limits = Framing(aspect, 0.4, 1).limits(600, 400)
    without = suggest(frame, limits, SPEC, brightness)
    assert without is not None and without.box.left > 0.3
    heads = of(faces(face(0.24, 0.4, 0.34, 0.55)))
    assert not heads.spared(without.box)
    found = suggest(frame, limits, SPEC, brightness, heads=heads)
    assert found is not None
    assert heads.spared(found.box)
    assert found.gain < without.gain
    everywhere = of(faces(face(0, 0, 0.2, 0.2), face(0.8, 0.8, 1, 1)))
    assert suggest(frame, limits, SPEC, brightness, heads=everywhere) is None


def test_the_command_keeps_heads_whole(tmp_path: Path, own_folders: Path) -> None:
    write_model(own_folders / "models")
    pixels = np.zeros((600, 600, 3), np.uint8)
    pixels[:, 260:] = 170
    pixels[300:375, 150:225] = 255
    photo = write_photo(tmp_path / "a.png", pixels)

    def crop(*options: str) -> tuple[dict[str, float], int | None]:
        done = photocli("crop", photo, "--smallest", "100", "--json", "-", *options)
        (entry,) = done.document["records"]
        return entry["details"]["crop"], entry["faces"]

    free, looked = crop("--assess", "aesthetics")
    write_detector(own_folders / "models")
    kept, faces_found = crop("--assess", "aesthetics")
    assert faces_found == 1
    if looked is None:  # without a detector of the program's own
        assert free["left"] > 0.25
    assert kept is None or kept["left"] <= 150 / 600 - SIDES * 75 / 600
