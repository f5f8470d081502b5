"""Looks explain faults: what was meant costs less, and a photo that was exposed wrongly finds no excuse."""

from __future__ import annotations

import numpy as np
import pytest
from photos import picture

from photocli import Record, breakdown
from photocli.inputs import light, tiles
from photocli.scoring.looks import explained, share_of, still_named
from photocli.scoring.ratings import in_words, rate

WHITE = {"aesthetic": 7.0, "overexposed": 0.5, "faults": ("overexposed",)}


def measured(pixels: np.ndarray) -> list[float]:
    """The light of a photo, as a run measures it."""
    return light.measure(tiles.lay(pixels, 176)).tolist()


def exposed(stops: float) -> np.ndarray:
    """A photo of many colours, exposed otherwise by so many EV."""
    linear = (np.asarray(picture("astronaut")) / 255.0) ** 2.2
    return np.clip(255 * np.clip(linear * 2**stops, 0, 1) ** (1 / 2.2) + 0.5, 0, 255).astype(np.uint8)


def on_white() -> np.ndarray:
    """A small dark thing on a white background."""
    pixels = np.full((600, 900, 3), 252, np.uint8)
    pixels[200:420, 380:560] = (40, 90, 50)
    return pixels


def test_a_high_key_explains_light_but_no_clipped_colours() -> None:
    assert explained({"high key": 0.98}, measured(on_white())) == (("overexposed", "high key", 0.98),)
    assert explained({"high key": 0.98}, measured(exposed(2))) == ()
    assert explained({"high key": 0.98}, None) == ()


def test_a_low_key_explains_darkness_with_highlights_alone() -> None:
    assert explained({"low key": 0.9}, measured(255 - on_white())) == (
        ("underexposed", "low key", pytest.approx(0.9, abs=0.1)),
    )
    assert explained({"low key": 0.9}, measured(exposed(-2.5))) == ()


@pytest.mark.parametrize(
    ("look", "fault", "share"),
    [
        ("shallow depth of field", "blur", 0.8),
        ("radial motion", "motion_blur", 0.8),
        ("radial motion", "blur", 0.8),
        ("film grain", "noise", 0.8),
        ("black and white", "noise", 0.4),
    ],
)
def test_each_look_explains_its_faults(look: str, fault: str, share: float) -> None:
    assert share_of({"explained": explained({look: 0.8}, None)}, fault) == (look, share)
    assert share_of({"explained": explained({look: 0.8}, None)}, "compression") == (None, 0.0)


def test_the_surer_the_look_the_less_the_fault_costs() -> None:
    scores = []
    for chance in np.linspace(0, 1, 101):
        rows = (("overexposed", "high key", float(chance)),)
        scores.append(rate({**WHITE, "explained": rows})["score"])
    steps = np.diff(scores)
    assert scores[0] == pytest.approx(7 - 0.4 * 9 * (0.8 * 0.5) ** 1.5, abs=1e-3) and scores[-1] == 7
    assert (steps > 0).all() and steps.max() < 2 * steps.mean()  # no cliff


def test_movement_along_a_line_explains_no_missed_focus() -> None:
    rows = explained({"motion blur": 0.8}, None)  # half of what is defocused is taken for it
    assert share_of({"explained": rows}, "motion_blur") == ("motion blur", 0.8)
    assert share_of({"explained": rows}, "blur") == (None, 0.0)


def test_what_explains_a_fault_is_said_and_the_fault_not_named() -> None:
    rows = (("overexposed", "high key", 0.98),)
    assert still_named(("overexposed", "noise"), rows) == ("noise",)
    assert still_named(("overexposed",), (("overexposed", "high key", 0.3),)) == ("overexposed",)
    (part,) = (part for part in breakdown({**WHITE, "explained": rows}) if part.name == "overexposed")
    assert (part.value, part.look, part.explained) == (0.5, "high key", 0.98)
    assert -0.05 < part.points <= 0
    record = Record("leaf.jpg", **{**WHITE, "explained": rows, "faults": ()})
    assert breakdown(record) == breakdown({**WHITE, "explained": rows})


def test_doubtful_faults_are_not_named_in_a_sum() -> None:
    parts = breakdown({"aesthetic": 8.7, "blur": 0.03, "compression": 0.05})
    assert in_words(parts, named=()) == "8.70 aesthetic − 0.05 slight faults"
    assert "blur" in in_words(parts, named=("blur",)) and "slight faults" in in_words(parts, named=("blur",))
