from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from photocli.ratings import STAR_THRESHOLDS, overall, stars

scores = st.floats(min_value=1, max_value=10)


@given(scores, scores)
def test_better_scores_never_have_fewer_stars(one: float, other: float) -> None:
    low, high = sorted((one, other))
    fewer, more = stars(low), stars(high)
    assert fewer is not None and more is not None
    assert 1 <= fewer <= more <= 5


@given(scores)
def test_stars_stand_for_the_range_that_the_docstring_names(score: float) -> None:
    edges = (1.0, *STAR_THRESHOLDS, math.nextafter(10, 11) if hasattr(math, "nextafter") else 10.1)
    n = stars(score)
    assert n is not None
    assert edges[n - 1] <= score < edges[n]


def test_thresholds_are_included_and_rise() -> None:
    assert list(STAR_THRESHOLDS) == sorted(set(STAR_THRESHOLDS))
    assert [stars(t) for t in STAR_THRESHOLDS] == [2, 3, 4, 5]
    assert stars(1) == 1
    assert stars(10) == 5


@pytest.mark.parametrize("missing", [None, math.nan])
def test_no_score_is_unrated(missing: float | None) -> None:
    assert stars(missing) is None
    assert overall({"aesthetic": missing, "technical": 5.0}) is None


def test_overall_is_the_aesthetic_score() -> None:
    assert overall({"aesthetic": 6.5, "technical": None}) == 6.5
    assert overall({"technical": 6.5}) is None
