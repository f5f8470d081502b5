"""Thresholds of looks: fitted to several hands, within a budget of plain photos, with a gate for drawings."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from trainers.style.hands import AS_TAKEN, Answers, keep, kept
from trainers.style.looks import NAMES
from trainers.style.thresholds import across_hands, figures, fit, in_card, interval, named

PLAIN, PER_LOOK, DRAWN = 400, 30, 60


def answers(seed: int = 0) -> Answers:
    """What a network might say: the second hand's looks are as well told as the first's, but less surely."""
    rng = np.random.default_rng(seed)
    count = PLAIN + 2 * PER_LOOK * len(NAMES) + DRAWN
    hands = np.array([AS_TAKEN] * count, dtype="<U8")
    made, medium = np.full(count, -1), np.zeros(count, int)
    odds = rng.normal(-6, 1.5, (count, len(NAMES)))
    at = PLAIN
    for hand, middle in (("trainer", 4.0), ("editor", -0.5)):
        for look in range(len(NAMES)):
            rows = slice(at, at + PER_LOOK)
            hands[rows], made[rows] = hand, look
            odds[rows, look] = rng.normal(middle, 1.0, PER_LOOK)
            at += PER_LOOK
    medium[at:], odds[at:, 0] = 2, 3.0  # cartoons are taken for the first look
    known = np.zeros((count, len(NAMES)))
    known[made >= 0, made[made >= 0]] = 1
    said = np.full((count, 4), 0.02)
    said[np.arange(count), medium] = 0.94
    names = tuple(f"{place}.jpg" for place in range(count))
    return Answers(names, hands, made, medium, known, said, 1 / (1 + np.exp(-odds)))


def test_what_is_set_on_two_hands_names_the_looks_of_both() -> None:
    said = answers()
    alone = fit(said.rows(said.hands != "editor"), 0.05, 0.02, 1.0)
    both = fit(said, 0.05, 0.02, 1.0)
    of_editor = [figures(said, named(said, one, 1.0), "editor")["named"]["share"] for one in (alone, both)]
    assert of_editor[1] > 0.95 > of_editor[0]
    found = figures(said, named(said, both, 1.0), "trainer")
    assert found["named"]["share"] > 0.95
    assert found["plain_with_a_look"]["share"] <= 0.05
    assert found["drawings_with_a_look"]["share"] <= 0.02
    assert 0.01 < both.gate < 0.9
    assert np.mean([one["precision"] for one in found["each"].values()]) > 0.7


def test_without_a_gate_drawings_have_looks() -> None:
    said = answers()
    found = fit(said, 0.05, 1.0, 1.0)
    assert found.gate == 0
    assert figures(said, named(said, found, 1.0), "editor")["drawings_with_a_look"]["share"] > 0.9


def test_each_hand_is_judged_by_what_the_others_and_other_photos_say() -> None:
    said = answers()
    across = across_hands(said, 0.05, 0.02, 1.0)
    assert set(across) == {"trainer", "editor"}
    within = figures(said, named(said, fit(said, 0.05, 0.02, 1.0), 1.0), "editor")
    assert across["editor"]["named"]["share"] < within["named"]["share"], "a hand that was not fitted to"
    assert across["editor"]["named"]["of"] == PER_LOOK * len(NAMES)


def test_a_card_has_what_was_found() -> None:
    facts = in_card(fit(answers(), 0.05, 0.02, 1.0))
    assert set(facts["thresholds"]) == set(facts["calibration"]) == set(NAMES)
    assert all(curve["method"] == "logistic" for curve in facts["calibration"].values())
    assert facts["gate"]["medium"] == "photograph"


def test_answers_are_kept_whole(tmp_path: Path) -> None:
    said = answers()
    keep(said, tmp_path / "answers.npz")
    again = kept(tmp_path / "answers.npz")
    assert again.names == said.names
    assert all(np.array_equal(value, vars(again)[key]) for key, value in vars(said).items() if key != "names")


def test_an_interval_holds_the_share() -> None:
    assert interval(0, 0) == (0.0, 1.0)
    low, high = interval(45, 50)
    assert (low, high) == pytest.approx((0.786, 0.957), abs=2e-3)  # Wilson 1927
