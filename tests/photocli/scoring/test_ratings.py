"""Scores, what they are made of, and stars."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from photocli.records import Record
from photocli.scoring.profiles import BUILTIN, FAULTS, GENERAL, Profile
from photocli.scoring.ratings import (
    STAR_SHARES,
    STAR_THRESHOLDS,
    USUAL_FACE,
    breakdown,
    rate,
    relative_stars,
    stars,
    technical,
)

scores = st.floats(min_value=1, max_value=10)
severities = st.floats(min_value=0, max_value=1)
weights = st.floats(min_value=0, max_value=1)
profiles = st.sampled_from(list(BUILTIN.values())) | st.builds(
    Profile, st.just("own"), weights, weights, st.fixed_dictionaries(dict.fromkeys(FAULTS, weights))
)
assessed = st.fixed_dictionaries(
    {"aesthetic": scores},
    optional={"selfie": st.none() | scores, **{fault: st.none() | severities for fault in FAULTS}},
)


def score_of(fields: Mapping[str, Any], profile: Profile = GENERAL) -> float:
    score = rate(fields, profile)["score"]
    assert isinstance(score, float)
    return score


def points(fields: Mapping[str, Any], profile: Profile = GENERAL) -> dict[str, float]:
    return {part.name: part.points for part in breakdown(fields, profile)}


@given(assessed, profiles)
def test_the_parts_add_up_to_the_score(fields: dict[str, float], profile: Profile) -> None:
    score = score_of(fields, profile)
    parts = breakdown(fields, profile)
    assert abs(sum(part.points for part in parts) - score) < 1e-9
    assert 1 <= score <= 10
    assert score == round(score, 4)
    assert all(part.points < 0 for part in parts if part.name in FAULTS)
    assert len({part.name for part in parts}) == len(parts)


@given(assessed, profiles, st.sampled_from(["aesthetic", "selfie"]), scores)
def test_the_score_never_falls_with_a_better_one(
    fields: dict[str, float], profile: Profile, name: str, other: float
) -> None:
    if fields.get(name) is None:
        return
    low, high = sorted((fields[name], other))
    assert score_of({**fields, name: low}, profile) <= score_of({**fields, name: high}, profile)


@given(assessed, profiles, st.sampled_from(FAULTS), severities, severities)
def test_a_worse_fault_never_raises_the_score_nor_the_quality(
    fields: dict[str, float], profile: Profile, fault: str, one: float, other: float
) -> None:
    little, much = ({**fields, fault: severity} for severity in sorted((one, other)))
    assert score_of(much, profile) <= score_of(little, profile)
    assert technical(much, profile.faults) <= technical(little, profile.faults)


@given(scores, st.none() | scores, profiles)
def test_a_photo_without_faults_keeps_its_score(
    aesthetic: float, selfie: float | None, profile: Profile
) -> None:
    unassessed = {"aesthetic": aesthetic, "selfie": selfie}
    clean = {**unassessed, **dict.fromkeys(FAULTS, 0.0)}
    assert score_of(clean, profile) == score_of(unassessed, profile)
    assert rate(clean, profile)["technical"] == 10


def test_a_worked_example() -> None:
    fields = {"aesthetic": 7.0, "selfie": 8.0, "blur": 0.3, "noise": 0.1}
    # Left are 1 - 1.0 * 0.3 = 0.7 and 1 - 0.6 * 0.1 = 0.94, together 0.658.
    # What is lacking of 9 points is 3.078, a share of .342; to the power of 1.5 that is .2, of 3.6 points.
    assert rate(fields) == {"technical": 6.922, "score": 6.58, "stars": 4}
    assert points(fields) == {"aesthetic": 7.0, "selfie": 0.3, "blur": -0.6136, "noise": -0.1064}
    blur = breakdown(fields)[2]
    assert (blur.value, blur.weight) == (0.3, 1.0)


def test_a_ruined_photo_loses_three_to_four_points_and_none_leaves_the_scale() -> None:
    ruined = {"aesthetic": 7.0, "blur": 1.0}
    assert rate(ruined)["technical"] == 1
    assert 3 <= 7.0 - score_of(ruined) <= 4
    assert points({**ruined, "aesthetic": 2.0}) == {"aesthetic": 2.0, "blur": -3.6, "limit": 2.6}
    assert score_of({**ruined, "aesthetic": 2.0}) == 1


@given(scores, st.none() | severities, profiles)
def test_a_usual_face_moves_no_score(aesthetic: float, blur: float | None, profile: Profile) -> None:
    fields = {"aesthetic": aesthetic, "blur": blur}
    assert score_of({**fields, "selfie": USUAL_FACE}, profile) == score_of(fields, profile)


def test_slight_faults_cost_far_less_than_grave_ones() -> None:
    lost = [7.0 - score_of({"aesthetic": 7.0, "blur": blur}) for blur in (0.05, 0.1, 0.5, 1.0)]
    assert lost == sorted(lost)
    assert lost[0] < 0.05 and lost[1] < 0.12, "what clean photos are given"
    assert lost[2] > 1.2, "what nobody overlooks"
    assert lost[3] == pytest.approx(3.6)


def test_a_quality_of_unknown_reason_counts_as_such() -> None:
    assert points({"aesthetic": 7.0, "technical": 8.0}) == {"aesthetic": 7.0, "technical": -0.3771}
    assert rate({"aesthetic": 7.0, "technical": 8.0})["technical"] == 8.0
    # Where severities say more, they count.
    assert points({"aesthetic": 7.0, "technical": 8.0, "blur": 0.0}) == {"aesthetic": 7.0}


def test_a_taste_is_the_whole_score() -> None:
    fields = {"aesthetic": 7.0, "blur": 0.9, "taste": 4.4}
    assert points(fields) == {"taste": 4.4}
    assert score_of(fields) == 4.4


def test_a_record_is_broken_down_like_its_fields() -> None:
    fields = {"aesthetic": 7.0, "selfie": 8.0, "blur": 0.3, "noise": 0.1}
    assert breakdown(Record("a.jpg", **fields)) == breakdown(fields)


def test_without_severities_nothing_is_said_of_the_quality() -> None:
    assert rate({"aesthetic": 6.5}) == {"technical": None, "score": 6.5, "stars": 4}


@pytest.mark.parametrize("missing", [None, math.nan])
def test_without_aesthetics_there_is_no_score(missing: float | None) -> None:
    fields = {"aesthetic": missing, "selfie": 9.0, "blur": 0.0}
    assert rate(fields) == {"technical": 10.0, "score": None, "stars": None}
    assert breakdown(fields) == ()
    assert stars(missing) is None


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


@pytest.mark.parametrize("count", [10, 50, 1000])
def test_relative_stars_are_shares_of_the_shoot(count: int) -> None:
    found = relative_stars([1 + 8 * n / count for n in range(count)])
    assert found == sorted(found)  # type: ignore[type-var]
    edges = [0, *STAR_SHARES, 100]
    shares = {5 - n: (edges[n + 1] - edges[n]) * count // 100 for n in range(5)}
    assert {n: found.count(n) for n in shares} == shares


@given(st.lists(st.none() | st.sampled_from([2.0, 5.5, 6.0]) | scores, max_size=40))
def test_relative_stars_follow_the_order_and_equals_share_them(given_scores: list[float | None]) -> None:
    found = relative_stars(given_scores)
    pairs = [(score, n) for score, n in zip(given_scores, found, strict=True) if score is not None]
    assert [n for score, n in zip(given_scores, found, strict=True) if score is None] == [None] * (
        len(found) - len(pairs)
    )
    assert all(n is not None and 1 <= n <= 5 for _, n in pairs)
    for one, fewer in pairs:
        for other, more in pairs:
            assert fewer is not None and more is not None
            assert one > other or fewer <= more


def test_small_shoots_and_equal_scores() -> None:
    assert relative_stars([]) == []
    assert relative_stars([None, math.nan]) == [None, None]
    assert relative_stars([9.9]) == [3]
    assert relative_stars([5.0] * 7) == [3] * 7
    assert relative_stars([3, None, 9, 5]) == [2, None, 4, 3]
