"""The undecided first: which groups are asked about, in which order, why, and until when."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from networks import write_model
from photos import camera_exif, sample_pictures, write_photo

from photocli.culling.cull import OUTPUTS, Culling
from photocli.culling.doubts import by_photos_alone, doubts
from photocli.culling.groups import Group
from photocli.culling.picks import Wanted, rank
from photocli.culling.reasons import Reasons, Standings
from photocli.culling.similarity import PhotoFeatures
from photocli.inputs import signature
from photocli.records import Record
from photocli.review.undecided import UNSURE, undecided
from photocli.scoring.options import Options
from photocli.scoring.pipeline import Run
from photocli.scoring.ratings import rate
from photocli.xmp.judgement import Judgement


def alike(count: int) -> PhotoFeatures:
    """Features of frames that look all the same."""
    pixels = np.random.default_rng(0).integers(0, 255, signature.SIZE)
    return PhotoFeatures(np.ones((count, 8)), np.tile(pixels, (count, 1)).astype(np.float32))


def scored(at: int, **fields: float) -> Record:
    """A frame whose score follows from its fields."""
    whole = {"aesthetic": 6.0, **fields}
    return Record(f"IMG_{at}.jpg", width=600, height=400, **{**whole, **rate(whole)})


def doubt_of(frames: list[Record], kind: str = "burst", **more: object) -> list[tuple[float, str]]:
    """The doubts of one group of frames."""
    closer = more.get("closer", {})
    standings = Standings(frames, alike(len(frames)), more.get("lead", {}))  # type: ignore[arg-type]
    groups = rank([Group(kind, tuple(range(len(frames))))], standings.compare)  # type: ignore[arg-type]
    reasons = Reasons(groups, standings)
    alone = by_photos_alone(groups, standings, closer)  # type: ignore[arg-type]
    found = doubts(alone, standings, reasons, closer)  # type: ignore[arg-type]
    return [(each.doubt, each.why) for each in found]


def test_a_group_is_the_more_doubtful_the_closer_its_frames_are() -> None:
    by_lead = [
        doubt_of([scored(0, aesthetic=6 + lead), scored(1, aesthetic=6.0)])[0][0]
        for lead in (0.0, 0.1, 0.5, 1.0, 3.0)
    ]
    assert by_lead == sorted(by_lead, reverse=True)
    assert by_lead[0] == 0.5
    assert by_lead[-1] < UNSURE < by_lead[1]
    assert doubt_of([scored(at) for at in range(5)])[0][0] == pytest.approx(0.8)


def test_why_names_what_speaks_for_either() -> None:
    sharp, pretty = {"blur": 0.0, "aesthetic": 6.0}, {"blur": 0.3, "aesthetic": 7.0}
    ((_, why),) = doubt_of([scored(0, **sharp), scored(1, **pretty)])
    assert "sharper" in why
    assert "looks better by 1.0" in why
    assert "; the second: " in why
    assert doubt_of([scored(0), scored(1)])[0][1] == "the first two are nearly equal"
    ((_, why),) = doubt_of([scored(0, aesthetic=6.3), scored(1), scored(2)])
    assert why == "3 of 3 are close; the first: looks better by 0.3, by little"


def test_series_and_single_photos_are_not_asked_about() -> None:
    assert doubt_of([scored(0), scored(1), scored(2)], kind="bracket") == []
    assert doubt_of([scored(0)]) == []


def test_a_closer_look_takes_doubt_away() -> None:
    frames = [scored(0), scored(1)]
    assert doubt_of(frames, closer={0: (0, 0), 1: (1, 0)})[0][0] < doubt_of(frames)[0][0]


def test_what_a_person_said_takes_no_doubt_away() -> None:
    frames = [scored(0), scored(1, aesthetic=6.2)]
    assert doubt_of(frames, lead={0: 4000.0}) == doubt_of(frames)


def test_a_judged_photo_that_stands_alone_is_in_no_doubt() -> None:
    # It is compared with none, so it has no place in the ranking.
    assert doubt_of([scored(0)], "single", lead={0: 100.0}) == []


@pytest.fixture
def culled(tmp_path: Path, own_folders: Path) -> tuple[Culling, dict[int, Record]]:
    """Two bursts, one of two equal frames, the other with a plainly brighter one; and a photo alone."""
    write_model(own_folders / "models")
    for name, factors, hour in (("A", (0.9, 0.9), 10), ("B", (0.3, 1.0), 12), ("C", (1.0,), 14)):
        picture = sample_pictures()[{"A": "chelsea", "B": "coffee", "C": "rocket"}[name]]
        for at, factor in enumerate(factors):
            exif = camera_exif(captured=f"2024:05:01 {hour}:00:00", subsec=f"{at}0")
            pixels = (picture * factor).astype(np.uint8)
            write_photo(tmp_path / f"{name}_{at}.jpg", pixels, size=(300, 200), exif=exif)
    culling = Culling()
    for result in Run(tmp_path, Options(outputs=OUTPUTS, workers=1)).results():
        culling.add(result)
    return culling, dict(enumerate(culling.finish(Wanted(per_group=1))))


def test_only_unsure_groups_come_and_only_until_they_are_decided(
    culled: tuple[Culling, dict[int, Record]],
) -> None:
    culling, records = culled
    (one,) = undecided(records, culling.doubts, {})
    assert {Path(records[id].path).name for id in one.ids} == {"A_0.jpg", "A_1.jpg"}
    assert one.doubt == 0.5
    assert one.as_dict() == {"group": one.group, "ids": list(one.ids), "doubt": 0.5, "why": one.why}
    first, second = one.ids
    for said, asked in (
        ({first: Judgement(label="red")}, True),
        ({first: Judgement(flag="pick")}, False),
        ({second: Judgement(rating=2)}, False),
        ({second: Judgement(flag="reject")}, False),
        ({first: Judgement(edited=True)}, True),
    ):
        assert bool(undecided(records, culling.doubts, said)) is asked, said
