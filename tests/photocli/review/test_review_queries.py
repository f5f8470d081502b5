"""Filters and orders of the page: rules over any field, words, and a sentence for what is not understood."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from photocli.discover.batch import FileBatch, FoundFile
from photocli.errors import UsageError
from photocli.records import Answer, Record
from photocli.review import queries
from photocli.review.shoot import Shoot
from photocli.review.standing import Standing
from photocli.scoring.results import Result
from photocli.xmp.judgement import Judgement

ROOMS = Answer("rooms", "kitchen", 0.9, (("kitchen", 0.9), ("bath", 0.1)))
BURST = {"group": 3, "group_kind": "burst"}
RECORDS = [
    Record("s/IMG_1.jpg", score=7.5, stars=5, camera="NIKON Z 8", faces=2, blur=0.1, style="noir"),
    Record("s/IMG_2.jpg", score=6.0, stars=4, camera="Canon EOS R5", faces=0, blur=0.6, faults=("blur",)),
    Record("s/Garten/DSC 3.NEF", faces=1, blur=0.3),
    Record("s/IMG_4.jpg", "failed", "the file is broken"),
]
RECORDS[0] = replace(RECORDS[0], captured="2026-06-20T10:00:00", styles=(("noir", 0.8),), answers=(ROOMS,))
RECORDS[1] = replace(RECORDS[1], captured="2026-06-20T23:59:59.500", pick="pick", rank_in_group=1, **BURST)
RECORDS[2] = replace(RECORDS[2], captured="2026-06-21T00:00:00", rank_in_group=2, **BURST)
SAID = {0: Judgement(4, None, "red"), 1: Judgement(None, "pick"), 2: Judgement(-1, None, "My label")}
COLUMNS = ("rooms",)


@pytest.fixture
def shoot() -> Shoot:
    made = Shoot()
    files = [FoundFile(record.path[2:]) for record in RECORDS] + [FoundFile("IMG_5.jpg")]
    made.note(FileBatch("s/", "/s", files))
    for record in RECORDS:
        made.add(Result(record, {}))
    for id, judgement in SAID.items():
        made.set_judgement(id, Standing(judgement))
    return made


@pytest.mark.parametrize(
    ("text", "ids"),
    [
        ("", [0, 1, 2, 3, 4]),
        ("   ", [0, 1, 2, 3, 4]),
        ("score >= 6", [0, 1]),
        ("score>6", [0]),
        ("score == none", [2, 3, 4]),
        ("score != 6", [0, 2, 3, 4]),
        ("stars == 4", [0]),
        ("stars >= 1", [0]),
        ("stars == 0", [1, 2, 3, 4]),
        ("stars == none", [1, 2, 3, 4]),
        ("pick == none", [0, 3, 4]),
        ("proposed >= 4", [0, 1]),
        ("label == red", [0]),
        ("label == Red", [0]),
        ("label = 'my label'", [2]),
        ("label == none", [1, 3, 4]),
        ("label != red", [1, 2, 3, 4]),
        ("pick == 1", [1]),
        ("pick == reject", [2]),
        ("pick == -1", [2]),
        ("pick == 0", [0, 3, 4]),
        ("proposal == pick", [1]),
        ("style ~ noir", [0]),
        ("look ~ NOI", [0]),
        ("camera ~ nikon", [0]),
        ("camera !~ nikon", [1, 2, 3, 4]),
        ('camera == "canon eos r5"', [1]),
        ("captured >= 2026-06-21", [2]),
        ("captured <= 2026-06-20", [0, 1]),
        ("captured == 2026-06-20", [0, 1]),
        ("captured >= '2026-06-20 12:00' captured < 2026-06-21", [1]),
        ("faces >= 1", [0, 2]),
        ("faces>=1 and blur < 0.2", [0]),
        ("faults == blur", [1]),
        ("faults == blur,noise", [1]),
        ("faults == none", [0, 2, 3, 4]),
        ("group == 3 rank == 1", [1]),
        ("kind == burst", [1, 2]),
        ("status == pending", [4]),
        ("status == failed", [3]),
        ("error ~ broken", [3]),
        ("rooms == kitchen", [0]),
        ("rooms[bath] >= 0.05", [0]),
        ("rooms_confidence > 0.5", [0]),
        ("img", [0, 1, 3, 4]),
        ("'dsc 3'", [2]),
        ("folder == garten", [2]),
        ("img score >= 6 AND label == red", [0]),
        ("nothing like it", []),
    ],
)  # fmt: skip
def test_a_filter_keeps_the_photos_that_it_asks_for(shoot: Shoot, text: str, ids: list[int]) -> None:
    assert queries.listed(shoot, text, "name", down=False, columns=COLUMNS) == sorted(
        ids, key=lambda id: shoot.entry(id).name.casefold()
    )


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("scor >= 6", "did you mean score?"),
        ("score >= six", "score is a number"),
        ("score >=", "cannot be understood"),
        (">= 6", "cannot be understood"),
        ("score >= >= 6", "cannot be understood"),
        ('camera == "open', "cannot be understood"),
        ("each_face == 1", "no field"),
        ("x" * 2001, "2,000 characters"),
    ],
)
def test_what_is_not_understood_is_one_sentence(shoot: Shoot, text: str, said: str) -> None:
    with pytest.raises(UsageError, match=said) as caught:
        queries.listed(shoot, text, "score", down=True)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("sort", "down", "ids"),
    [
        ("score", True, [0, 1, 2, 3, 4]),
        ("score", False, [1, 0, 2, 3, 4]),
        ("captured", False, [0, 1, 2, 3, 4]),
        ("captured", True, [2, 1, 0, 3, 4]),
        ("stars", True, [0, 1, 2, 3, 4]),
        ("pick", True, [1, 0, 3, 4, 2]),
        ("camera", False, [1, 0, 2, 3, 4]),
        ("faces", True, [0, 2, 1, 3, 4]),
        ("rooms_confidence", True, [0, 1, 2, 3, 4]),
    ],
)
def test_any_field_sorts_and_photos_without_it_stand_last(
    shoot: Shoot, sort: str, down: bool, ids: list[int]
) -> None:
    assert queries.listed(shoot, "", sort, down=down, columns=COLUMNS) == ids


def test_every_field_that_is_offered_sorts_and_filters(shoot: Shoot) -> None:
    for field in queries.fields(COLUMNS):
        assert sorted(queries.listed(shoot, "", field, down=True, columns=COLUMNS)) == [0, 1, 2, 3, 4]
        queries.listed(shoot, f"{field} == none", "score", down=True, columns=COLUMNS)
    with pytest.raises(UsageError, match="no field"):
        queries.listed(shoot, "", "__class__", down=True)


@given(st.text(max_size=60))
def test_any_text_is_a_filter_or_one_sentence(text: str) -> None:
    made = Shoot()
    made.note(FileBatch("", "/", [FoundFile("a.jpg")]))
    made.add(Result(replace(RECORDS[0], path="a.jpg"), {}))
    try:
        assert queries.listed(made, text, "score", down=True) in ([], [0])
    except UsageError as error:
        assert str(error)
