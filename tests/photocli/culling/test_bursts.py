"""Grouping: bursts, look-alikes and series of a made shoot, and what time alone and looks alone may do."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shoot import Shot, made_shoot, packaged_scenes, shared_scenes

from photocli import Options, Run
from photocli.culling.groups import Group, group
from photocli.culling.similarity import PhotoFeatures
from photocli.inputs import signature
from photocli.records import Record


@dataclass
class Culled:
    """A made shoot with what the built-in model and the grouping say about it."""

    shots: list[Shot]
    records: list[Record]
    features: PhotoFeatures
    groups: list[Group]


def cull(folder: Path, shots: list[Shot], models: tuple[str, ...] = ("aesthetics",)) -> Culled:
    """Assess and group a shoot; records and shots in the same order."""
    options = Options(assess=models, outputs=("embedding", "signature"), cache=False, taste="off")
    results = list(Run([folder], options).results())
    of_path = {str(shot.path): shot for shot in shots}
    outputs = [result.outputs["aesthetics"] for result in results]
    features = PhotoFeatures(
        *(np.stack([output[name] for output in outputs]) for name in ("embedding", "signature"))
    )
    records = [result.record for result in results]
    return Culled([of_path[r.path] for r in records], records, features, group(records, features))


@pytest.fixture(scope="module")
def shoot(tmp_path_factory: pytest.TempPathFactory) -> Culled:
    """Twenty scenes from pictures that are always there."""
    folder = tmp_path_factory.mktemp("shoot")
    return cull(folder, made_shoot(folder, packaged_scenes()))


def pairs(labels: Sequence[int]) -> np.ndarray:
    """For every pair of photos, whether they have the same label."""
    array = np.asarray(labels)
    return (array[:, None] == array)[np.triu_indices(len(array), 1)]


def check_groups(culled: Culled) -> None:
    """Pair precision and recall, and every series whole and called what it is."""
    labels = np.empty(len(culled.records), int)
    for number, found in enumerate(culled.groups):
        labels[list(found.members)] = number
    said, true = pairs(labels), pairs([shot.scene for shot in culled.shots])
    assert (said & true).sum() / said.sum() >= 0.98
    assert (said & true).sum() / true.sum() >= 0.98
    for kind in ("bracket", "panorama", "focus stack"):
        for scene in {shot.scene for shot in culled.shots if shot.kind == kind}:
            members = {at for at, shot in enumerate(culled.shots) if shot.scene == scene}
            assert any(set(g.members) == members and g.kind == kind for g in culled.groups)
    kinds = Counter(g.kind for g in culled.groups if g.whole)
    assert sum(kinds.values()) == len({s.scene for s in culled.shots if s.kind != "burst"})


def test_a_made_shoot(shoot: Culled) -> None:
    assert len({shot.scene for shot in shoot.shots if shot.kind == "burst"}) == 20
    check_groups(shoot)


def test_two_cameras_whose_clocks_differ(shoot: Culled) -> None:
    """What both photographed is one group, although other scenes' photos lie between by the clocks."""
    cameras = [{shoot.records[index].camera for index in g.members} for g in shoot.groups]
    mixed = [g for g, names in zip(shoot.groups, cameras, strict=True) if len(names) > 1]
    assert len(mixed) == 5
    assert {g.kind for g in mixed} == {"look-alikes"}


@pytest.mark.slow
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_made_shoots_of_camera_photos(seed: int, tmp_path: Path) -> None:
    scenes = shared_scenes(20, seed)
    if not scenes:
        pytest.skip("needs the data beside the checkout: photos")
    culled = cull(tmp_path, made_shoot(tmp_path, scenes, seed))
    assert len({shot.scene for shot in culled.shots if shot.kind == "burst"}) == 20
    check_groups(culled)


def features_of(kinds: Sequence[int], seed: int = 0) -> PhotoFeatures:
    """Made-up features: photos of the same kind are alike, others are not."""
    rng = np.random.default_rng(seed)
    most = max(kinds, default=0) + 1
    embeddings = rng.random((most, 64), np.float32) ** 4
    signatures = rng.integers(0, 255, (most, signature.SIZE)).astype(np.float32)
    return PhotoFeatures(embeddings[list(kinds)], signatures[list(kinds)])


def record(number: int, seconds: float | None, camera: str | None = "A", **fields: float) -> Record:
    """A photo taken so many seconds into the shoot."""
    time = None if seconds is None else datetime(2024, 5, 1, 10) + timedelta(seconds=seconds)
    return Record(
        f"{number}.jpg",
        captured=None if time is None else time.isoformat(timespec="milliseconds"),
        camera=camera,
        **{"exposure_s": 0.01, "f_number": 4.0, "focal_mm": 50.0, **fields},  # type: ignore[arg-type]
    )


def test_photos_without_a_time_are_grouped_by_their_looks() -> None:
    records = [record(at, None) for at in range(6)]
    found = group(records, features_of([0, 1, 0, 2, 1, 0]))
    assert [(g.kind, g.members) for g in found] == [
        ("look-alikes", (0, 2, 5)),
        ("look-alikes", (1, 4)),
        ("single", (3,)),
    ]


def test_a_burst_is_in_the_order_of_its_times_not_its_names() -> None:
    records = [record(0, 0.2), record(1, 0.1), record(2, 0.0)]
    assert [(g.kind, g.members) for g in group(records, features_of([0, 0, 0]))] == [("burst", (2, 1, 0))]


def test_time_alone_groups_nothing() -> None:
    records = [record(at, 0.1 * at) for at in range(5)]
    assert [g.kind for g in group(records, features_of([0, 1, 2, 3, 4]))] == ["single"] * 5


@pytest.mark.parametrize(
    ("stops", "biases", "kind"),
    [
        ([-2, 0, 2], None, "bracket"),
        ([0, -1, 1], None, "bracket"),
        ([0, -0.7, 0.7, -1.3, 1.3], None, "bracket"),
        ([0, 0, 0], [-0.33, 0, 0.33], "bracket"),
        ([0, 0.33, 0.67], None, "burst"),  # automatic exposure follows the light
        ([0, 2, 2], None, "burst"),
        ([-2, 0, 1], None, "burst"),
        ([0, 2], None, "burst"),
    ],
)
def test_brackets(stops: list[float], biases: list[float] | None, kind: str) -> None:
    records = [
        record(at, 0.5 * at, exposure_s=0.01 * 2**stop, **({"exposure_bias": biases[at]} if biases else {}))
        for at, stop in enumerate(stops)
    ]
    assert [g.kind for g in group(records, features_of([0] * len(stops)))] == [kind]


def test_brackets_one_after_the_other_are_two() -> None:
    records = [record(at, 0.5 * at, exposure_s=0.01 * 2.0 ** (at % 3)) for at in range(6)]
    assert [g.members for g in group(records, features_of([0] * 6))] == [(0, 1, 2), (3, 4, 5)]


def test_long_exposures_do_not_split_a_bracket() -> None:
    begins = [0, 5, 26]
    records = [record(at, begins[at], exposure_s=5.0 * 2.0 ** (2 * at)) for at in range(3)]
    assert [g.kind for g in group(records, features_of([0] * 3))] == ["bracket"]


def test_nothing_at_all() -> None:
    assert group([], PhotoFeatures(np.zeros((0, 8)), np.zeros((0, signature.SIZE)))) == []


@settings(max_examples=50, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.integers(0, 3),
            st.one_of(st.none(), st.floats(0, 100)),
            st.sampled_from(["A", "B", None]),
            st.sampled_from([0.01, 0.02, 0.04]),
        ),
        max_size=30,
    )
)
def test_every_photo_is_in_exactly_one_group(
    shots: list[tuple[int, float | None, str | None, float]],
) -> None:
    records = [record(at, s, camera, exposure_s=e) for at, (_, s, camera, e) in enumerate(shots)]
    found = group(records, features_of([kind for kind, *_ in shots])) if shots else []
    assert sorted(index for g in found for index in g.members) == list(range(len(shots)))
    for g in found:
        assert len({shots[index][0] for index in g.members}) == 1
        assert (g.kind == "single") == (len(g.members) == 1)


def test_20_000_photos_in_seconds() -> None:
    rng = np.random.default_rng(0)
    count, per = 20_000, 4
    mixture = rng.normal(0, 1, (80, 1280)).astype(np.float32)
    scenes = 0.25 + 0.09 * rng.normal(0, 1, (count // per, 80)).astype(np.float32) @ mixture
    embeddings = np.maximum(np.repeat(scenes, per, 0), 0)
    embeddings += rng.normal(0, 0.05, embeddings.shape).astype(np.float32)
    codes = rng.integers(0, 255, (count // per, signature.SIZE), np.uint8)
    records = [record(at, 20 * (at // per) + 0.2 * (at % per)) for at in range(count)]
    before = time.process_time()
    found = group(records, PhotoFeatures(embeddings, np.repeat(codes, per, 0)))
    assert [len(g.members) for g in found] == [per] * (count // per)
    assert time.process_time() - before < 60  # about 6 on one core; tests share the machine
