"""Reasons of picks: they name what weighed most in the ranking, and nothing that did not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shoot import Camera, Shoot, packaged_scenes
from test_bursts import record

from photocli import Options, Run
from photocli.culling.cull import OUTPUTS, Culling
from photocli.culling.groups import Group
from photocli.culling.picks import Wanted, choose, rank
from photocli.culling.ranking import ranking_scores
from photocli.culling.reasons import Reasons, Standings
from photocli.culling.similarity import PhotoFeatures
from photocli.inputs import signature
from photocli.records import Record
from photocli.scoring.profiles import BUILTIN, FAULTS, GENERAL, Profile
from photocli.scoring.ratings import rate
from photocli.xmp.own_ratings import Judgement


def alike(count: int) -> PhotoFeatures:
    """Features of frames that look all the same."""
    pixels = np.random.default_rng(0).integers(0, 255, signature.SIZE)
    return PhotoFeatures(np.ones((count, 8)), np.tile(pixels, (count, 1)).astype(np.float32))


def scored(at: int, profile: Profile = GENERAL, **fields: Any) -> Record:
    """A frame of a burst whose score follows from its fields."""
    whole = {"aesthetic": 6.0, **fields}
    return replace(record(at, 0.0), **{**whole, **rate(whole, profile)})


def reasons(
    frames: Sequence[Record], wanted: Wanted | None = None, kind: str = "burst", **more: Any
) -> list[str | None]:
    """Why each frame of one group is picked or not, in their order."""
    lead = {at: 1000.0 * own.standing for at, own in more.get("judgements", {}).items()}
    standings = Standings(frames, alike(len(frames)), lead)
    members = tuple(range(len(frames)))
    groups = rank([Group(kind, members)], standings.compare)  # type: ignore[arg-type]
    ranks = choose(groups, [frame.score for frame in frames], wanted or Wanted(per_group=1))
    said = Reasons(groups, standings, **more)
    return [said.of(index, ranks) for index in members]


@pytest.mark.parametrize(
    ("better", "worse", "said"),
    [
        ({"aesthetic": 6.4}, {}, ("looks better by 0.4", "looks worse by 0.4")),
        ({"aesthetic": 6.03}, {}, ("looks better by 0.03", "looks worse by 0.03")),
        ({"noise": 0.1}, {"noise": 0.5}, ("less noise", "more noise")),
        ({"compression": 0.0}, {"compression": 0.5}, ("less compression", "more compression")),
        ({"blur": 0.0}, {"blur": 0.5}, ("sharper", "less sharp")),
        ({"motion_blur": 0.0}, {"motion_blur": 0.5}, ("sharper", "less sharp")),
        ({"overexposed": 0.0}, {"overexposed": 0.5}, ("better exposed", "less well exposed")),
        ({"technical": 9.0}, {"technical": 5.0}, ("fewer faults", "more faults")),
        ({"selfie": 9.0}, {"selfie": 6.0}, ("better portrait by 0.3", "weaker portrait by 0.3")),
        ({"face_sharpness": 0.9}, {"face_sharpness": 0.2}, ("sharper face", "softer face")),
        ({"taste": 7.0}, {"taste": 6.0}, ("more to your taste", "less to your taste")),
        ({"noise": 0.5}, {"noise": 0.5}, ("equal, comes first", "equal, comes later")),
        ({"noise": 0.03}, {"noise": 0.05}, ("nearly equal, comes first", "nearly equal, comes later")),
        # What weighs most is said, also where something else speaks against the frame.
        ({"blur": 0.0, "noise": 0.5}, {"blur": 0.6, "noise": 0.0}, ("sharper", "less sharp")),
        ({"aesthetic": 7.0, "blur": 0.1}, {"blur": 0.0}, ("looks better by 1.0", "looks worse by 1.0")),
    ],
)
def test_what_weighs_most_is_said(
    better: dict[str, float], worse: dict[str, float], said: tuple[str, str]
) -> None:
    assert tuple(reasons([scored(0, **better), scored(1, **worse)])) == said


@settings(max_examples=100, deadline=None)
@given(
    st.lists(
        st.fixed_dictionaries({"aesthetic": st.floats(3, 8), **{fault: st.floats(0, 1) for fault in FAULTS}}),
        min_size=2,
        max_size=5,
    ),
    st.sampled_from(sorted(BUILTIN)),
)
def test_no_reason_speaks_for_the_worse_frame(made: list[dict[str, float]], name: str) -> None:
    """Whatever is named, the leader is better in it, by a record's own fields."""
    profile = BUILTIN[name]
    frames = [scored(at, profile, **fields) for at, fields in enumerate(made)]
    order = np.argsort(-ranking_scores(frames, alike(len(frames)), range(len(frames))), kind="stable")
    first = frames[order[0]]
    for at, why in enumerate(reasons(frames, profile=profile)):
        assert why is not None
        other = frames[order[1]] if at == order[0] else frames[at]
        fields = {"noise": ("noise",), "compression": ("compression",), "looks": ("aesthetic",)}
        fields |= {"sharp": ("blur", "motion_blur"), "exposed": ("overexposed", "underexposed")}
        for word, names in fields.items():
            if word in why:
                sign = 1 if word == "looks" else -1
                assert any(sign * (getattr(first, n) - getattr(other, n)) > 0 for n in names), (why, names)


def test_a_score_by_other_weights_is_named_as_a_whole() -> None:
    frames = [replace(scored(at), score=score) for at, score in enumerate((7.0, 5.5))]
    assert reasons(frames) == ["higher score by 1.5", "lower score by 1.5"]


def test_each_pick_is_compared_with_the_next_frame_and_the_others_with_the_first() -> None:
    frames = [scored(0, noise=0.4), scored(1, noise=0.0), scored(2, blur=0.6), scored(3, blur=0.9)]
    assert reasons(frames, Wanted(per_group=2)) == ["sharper", "less noise", "less sharp", "less sharp"]
    assert reasons(frames[:2], Wanted(per_group=2)) == ["all of the group", "less noise"]


def test_limits_and_whole_groups() -> None:
    frames = [scored(0), scored(1, noise=0.5), scored(2)]
    assert reasons(frames[:1], kind="single") == ["only one"]
    assert reasons(frames[:1], Wanted(keep=0), kind="single") == ["no room within --keep"]
    assert reasons(frames[:2], Wanted(keep=0)) == ["no room within --keep", "more noise"]
    assert reasons(frames, kind="bracket") == ["bracket of 3"] * 3
    assert reasons(frames, Wanted(keep=2), kind="focus stack") == ["no room for all 3"] * 3


def test_a_closer_look_is_named_where_it_decided() -> None:
    frames = [scored(0), scored(1), scored(2, noise=0.4)]
    said = reasons(frames, closer={0: (-2, 1), 1: (3, 0)})
    assert said == ["closer look: sharper", "closer look: less sharp", "more noise"]
    said = reasons(frames[:2], closer={0: (2, 1), 1: (2, 3)})
    assert said == ["closer look: less noise", "closer look: more noise"]
    assert reasons(frames[:2], closer={0: (2,), 1: (2,)}) == ["equal, comes first", "equal, comes later"]


@pytest.mark.parametrize(
    ("first", "second", "said"),
    [
        (Judgement(rating=4), None, ("your 4 stars", "first: your 4 stars")),
        (Judgement(rating=1), None, ("your 1 star", "first: your 1 star")),
        (Judgement(rating=5), Judgement(rating=4), ("your 5 stars", "first: your 5 stars")),
        (Judgement(rating=4, flag="pick"), Judgement(rating=4), ("your pick", "first: your pick")),
        (Judgement(label="red"), None, ("your red label", "first: your red label")),
        (Judgement(label="To\nDo, some day"), None, ("your to\ufffddo, some label",) * 2),
        (Judgement(edited=True), None, ("you edited it", "first: you edited it")),
        (None, Judgement(flag="reject"), ("you rejected the next", "you rejected it")),
        (Judgement(rating=4), Judgement(rating=-1), ("your 4 stars", "you rejected it")),
        (Judgement(rating=4), Judgement(rating=4), ("looks better by 0.4", "looks worse by 0.4")),
    ],
)
def test_a_persons_own_judgement_leads(
    first: Judgement | None, second: Judgement | None, said: tuple[str, str]
) -> None:
    frames = [scored(0, aesthetic=6.4), scored(1)]
    own = {at: own for at, own in enumerate((first, second)) if own is not None}
    found = reasons(frames, judgements=own)
    assert found[0] == said[0]
    assert found[1] is not None
    assert found[1].removeprefix("first: ") == said[1].removeprefix("first: ")


def test_behind_a_pick_that_the_person_judged_alike_its_advantage_is_named() -> None:
    """The person's own pick leads, and takes nothing from the second place: there the frames compete."""
    frames = [scored(0, blur=0.9), scored(1), scored(2, noise=0.5), scored(3)]
    own = {0: Judgement(rating=5), 3: Judgement(flag="reject")}
    two = reasons(frames, Wanted(per_group=2), judgements=own)
    assert two == ["your 5 stars", "less noise", "more noise", "you rejected it"]
    assert reasons(frames, judgements=own)[1:3] == ["first: your 5 stars"] * 2


def test_a_single_photo_with_a_judgement() -> None:
    frames = [scored(0)]
    assert reasons(frames, kind="single", judgements={0: Judgement(rating=3)}) == ["your 3 stars"]
    rejected = {0: Judgement(flag="reject")}
    assert reasons(frames, Wanted(keep=0), kind="single", judgements=rejected) == ["you rejected it"]


def test_faults_of_made_bursts_are_named(tmp_path: Path) -> None:
    """Of real models and pictures: most frames with a fault are passed over for that very fault."""
    named = {
        "defocused": "less sharp",
        "shaken": "less sharp",
        "dark": "darker than the rest",
        "bright": "brighter than the rest",
        "tilted": "tilted",
    }
    shoot, camera, seconds = Shoot(tmp_path, np.random.default_rng(3)), Camera("Canon R5"), 0.0
    for number, picture in enumerate(packaged_scenes()[:2]):
        for fault in named:
            seconds = 600 + shoot.burst(camera, picture, seconds, number, [None, fault, None])
    # Pictures of one scene would be look-alikes; each burst is culled alone.
    options = Options(assess=("aesthetics", "technical"), outputs=OUTPUTS, cache=False, taste="off")
    results = {Path(result.record.path): result for result in Run([tmp_path], options).results()}
    right = []
    for start in range(0, len(shoot.shots), 3):
        culling = Culling()
        for shot in shoot.shots[start : start + 3]:
            culling.add(results[shot.path])
        faulty = culling.finish(Wanted(per_group=1))[1]
        right.append(faulty.pick_reason == list(named.values())[start // 3 % len(named)])
    assert sum(right) >= 0.8 * len(right), right
