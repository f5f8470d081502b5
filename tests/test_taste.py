from __future__ import annotations

import numpy as np
import pytest

from photocli import taste
from photocli.look import MEASURES, _quantile, measure
from photocli.ratings import stars
from photocli.taste import Examples


def examples(seed: int, count: int = 60, size: int = 200) -> Examples:
    """Photos without a pattern, rated at random."""
    rng = np.random.default_rng(seed)
    return Examples(
        rng.normal(size=(count, size)),
        rng.normal(size=(count, len(MEASURES))),
        rng.normal(5, 1, count),
        rng.integers(1, 6, count).astype(float),
    )


def rated(plain: Examples, values: np.ndarray) -> Examples:
    """The same photos, rated 1 to 5 by the order of these values."""
    rating = 1.0 + np.searchsorted(np.quantile(values, [0.2, 0.4, 0.6, 0.8]), values)
    return Examples(plain.embedding, plain.appearance, plain.score, rating)


@pytest.mark.parametrize("seed", range(8))
def test_noise_is_refused(seed: int) -> None:
    trial = taste.evaluate(examples(seed))
    assert trial.refused
    assert abs(trial.accuracy - 0.5) < 0.2


def test_a_pattern_is_learned_and_foretold() -> None:
    everything = rated(plain := examples(0, 160), plain.appearance[:, 0] + 0.5 * plain.appearance[:, 6])
    seen, unseen = everything.take(slice(60)), everything.take(slice(60, None))
    trial = taste.evaluate(seen)
    assert trial.refused is None
    assert trial.gain > 0.25
    foretold = taste.fit(seen).stars(unseen.embedding, unseen.appearance, unseen.score)
    assert taste.pairwise_accuracy(foretold, unseen.rating) > 0.85
    assert abs(taste.pairwise_accuracy(foretold, unseen.rating) - trial.accuracy) < 0.12


def test_what_the_general_model_says_already_is_not_learned_again() -> None:
    trial = taste.evaluate(rated(plain := examples(1), plain.score))
    assert trial.general > 0.95
    assert trial.refused == "it is not surely better than the general model"


def test_the_same_ratings_give_the_same_taste() -> None:
    some = rated(plain := examples(2, 40), plain.appearance[:, 0])
    assert taste.evaluate(some) == taste.evaluate(some)
    first, second = taste.fit(some), taste.fit(some)
    assert first.constant == second.constant
    assert (first.embedding == second.embedding).all()


def test_equal_values_everywhere_do_no_harm() -> None:
    flat = Examples(np.ones((30, 5)), np.ones((30, 12)), np.ones(30), np.arange(30) % 5 + 1.0)
    assert taste.evaluate(flat).refused
    assert np.isfinite(taste.fit(flat).stars(flat.embedding, flat.appearance, flat.score)).all()


def test_pairwise_accuracy() -> None:
    ratings = np.array([1.0, 2, 3, 3])
    assert taste.pairwise_accuracy(np.array([1.0, 2, 3, 4]), ratings) == 1
    assert taste.pairwise_accuracy(np.array([4.0, 3, 2, 1]), ratings) == 0
    assert taste.pairwise_accuracy(np.zeros(4), ratings) == 0.5


@pytest.mark.parametrize("value", [1, 2, 3, 4, 5])
def test_a_score_gives_the_stars_again(value: int) -> None:
    for near in (value - 0.4, value, value + 0.4):
        assert stars(taste.to_score(near)) == value
    assert taste.to_score(-20) == 1
    assert taste.to_score(20) == 10


def test_look_tells_dark_colourful_and_busy_photos() -> None:
    def look(pixels: np.ndarray) -> dict[str, float]:
        return dict(zip(MEASURES, map(float, measure(pixels.astype(np.uint8))), strict=True))

    black, red = np.zeros((3, 64, 96)), np.zeros((3, 64, 96))
    red[0] = 255
    assert look(black)["brightness"] == 0
    assert look(black)["deep shadows"] == 1
    assert look(black)["colour"] == 0
    assert look(red)["colour"] == look(red)["warmth"] == 1
    noise = np.random.default_rng(0).integers(0, 255, (3, 64, 96))
    assert look(noise)["vertical detail"] > 0.1 > look(red)["vertical detail"]
    assert np.isfinite(measure(np.zeros((3, 1, 1), np.uint8))).all()


def test_shares_of_light_are_quantiles() -> None:
    light = np.random.default_rng(5).random((7, 72, 97), np.float32)
    for one in light:
        want = np.percentile(one, (3, 10, 50, 90, 100)).astype(np.float32)
        got = [_quantile(np.sort(one, axis=None), share) for share in (0.03, 0.1, 0.5, 0.9, 1.0)]
        assert np.array_equal(np.array(got, np.float32), want)
