"""How often proposals were followed: what is counted, of which photos, and how sure it is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from photocli.culling.picks import GroupRank
from photocli.records import Record
from photocli.review.agreement import Agreement, agreement, interval
from photocli.xmp.judgement import Judgement

PICK, REJECT = Judgement(flag="pick"), Judgement(flag="reject")


def photo(name: str, **fields: Any) -> Record:
    return Record(name, **fields)


def found(rows: list[Agreement]) -> dict[tuple[str, str], tuple[int, int]]:
    return {(row.kind, row.what): (row.followed, row.n) for row in rows}


def test_flags_are_compared_with_picks_by_kind() -> None:
    burst: Mapping[str, Any] = {"group": 1, "group_kind": "burst"}
    judged = [
        (photo("a", pick="pick", rank_in_group=1, **burst), PICK),
        (photo("b", rank_in_group=2, selfie=6.0, **burst), REJECT),
        (photo("c", rank_in_group=3, **burst), PICK),
        (photo("d", pick="pick", selfie=7.0), REJECT),
        (photo("e", pick="pick"), Judgement(label="red")),
        (photo("f", pick="pick", group=2, group_kind="panorama", rank_in_group=1), PICK),
    ]
    assert found(agreement(judged)) == {
        ("all", "picks"): (2, 3),
        ("all", "not picked"): (1, 2),
        ("single", "picks"): (0, 1),
        ("burst", "picks"): (1, 1),
        ("burst", "not picked"): (1, 2),
        ("series", "picks"): (1, 1),
        ("portraits", "picks"): (0, 1),
        ("portraits", "not picked"): (1, 1),
    }


def test_stars_are_compared_exactly_and_within_one() -> None:
    judged = [(photo(str(stars), stars=3), Judgement(rating=stars)) for stars in (1, 2, 3, 4, 3, -1)]
    assert found(agreement(judged)) == {
        ("all", "not picked"): (1, 1),
        ("single", "not picked"): (1, 1),
        ("all", "stars"): (2, 5),
        ("all", "stars within one"): (4, 5),
        ("single", "stars"): (2, 5),
        ("single", "stars within one"): (4, 5),
    }


def test_the_best_of_a_group_is_whom_the_person_puts_first() -> None:
    def of_group(number: int, best: int) -> list[tuple[Record, Judgement]]:
        return [
            (
                photo(f"{number}-{rank}", group=number, group_kind="burst", rank_in_group=rank),
                Judgement(rating=5 if rank == best else 2),
            )
            for rank in (1, 2, 3)
        ]

    tied = [(record, Judgement(rating=4)) for record, _ in of_group(4, 1)]
    rows = agreement([*of_group(1, 1), *of_group(2, 3), *of_group(3, 1), *tied])
    assert found(rows) == {("all", "best of group"): (2, 3), ("burst", "best of group"): (2, 3)}


def test_places_by_the_photos_alone_lead_where_the_record_follows_the_person() -> None:
    led = photo("a", pick="pick", group=1, group_kind="burst", rank_in_group=1)
    proposed = {"a": GroupRank(1, 2, picked=False)}
    assert found(agreement([(led, PICK)], proposed)) == {
        ("all", "not picked"): (0, 1),
        ("burst", "not picked"): (0, 1),
        ("all", "best of group"): (0, 1),
        ("burst", "best of group"): (0, 1),
    }


@pytest.mark.parametrize(
    ("followed", "n", "low", "high"),  # by the tables of R's prop.test(correct=FALSE)
    [(8, 10, 0.4902, 0.9433), (0, 5, 0.0, 0.4345), (50, 50, 0.9287, 1.0), (1, 1, 0.2065, 1.0)],
)
def test_intervals_are_those_of_wilson(followed: int, n: int, low: float, high: float) -> None:
    assert interval(followed, n) == pytest.approx((low, high), abs=1e-4)


def test_rows_are_json() -> None:
    (row, _) = agreement([(photo("a", pick="pick"), PICK)])
    assert row.as_dict() == {
        "kind": "all", "what": "picks", "n": 1, "followed": 1, "share": 1.0,
        "low": row.low, "high": 1.0,
    }  # fmt: skip


def test_nothing_said_is_nothing_compared() -> None:
    assert agreement([]) == []
    assert agreement([(photo("a", pick="pick", stars=3), Judgement(edited=True))]) == []
