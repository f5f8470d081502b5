"""The shoot: photos have the numbers of their discovery, and every change is told, to several threads too."""

from __future__ import annotations

import threading

import pytest

from photocli.discover.batch import FileBatch, FoundFile
from photocli.records import Record
from photocli.review.shoot import Shoot, UnknownPhoto
from photocli.review.standing import Standing
from photocli.scoring.results import Result
from photocli.xmp.judgement import Judgement


def found(prefix: str, *names: str) -> FileBatch:
    return FileBatch(prefix, "/real", [FoundFile(name) for name in names])


def test_photos_are_numbered_as_they_are_found_and_others_are_none() -> None:
    shoot = Shoot()
    notes = FoundFile("notes.txt", reason="not a photo: text")
    shoot.note(FileBatch("s/", "/s", [FoundFile("a.jpg", "a.nef"), notes, FoundFile("b.jpg")]))
    assert [shoot.entry(id).file for id in range(2)] == ["s/a.jpg", "s/b.jpg"]
    assert shoot.entry(0).raw == "s/a.nef"
    assert shoot.add(Result(Record("s/a.jpg", score=5.0), {})) == 0
    assert shoot.add(Result(Record("s/notes.txt", "skipped", "not a photo: text"), {})) is None
    assert shoot.add(Result(Record("s/b.jpg", "failed", "broken"), {})) == 1
    assert (shoot.progress.done, shoot.progress.failed, shoot.progress.total) == (2, 1, 2)
    for id in (-1, 2):
        with pytest.raises(UnknownPhoto, match="reload the page"):
            shoot.entry(id)


def test_what_is_dropped_between_takes_no_record_of_another() -> None:
    shoot = Shoot()
    shoot.note(found("", "a.jpg"))
    dropped = shoot.drop(Record("b.jpg", score=9.0))
    shoot.note(found("", "b.jpg"))
    assert shoot.add(Result(Record("a.jpg", score=1.0), {})) == 0
    assert shoot.add(Result(Record("b.jpg", score=2.0), {})) == 2
    assert [record and record.score for record in shoot.records()] == [1.0, 9.0, 2.0]
    assert not shoot.entry(dropped).can_judge
    assert shoot.progress.total == 2


def test_each_change_is_told_once() -> None:
    shoot = Shoot()
    shoot.note(found("", *(f"{number}.jpg" for number in range(5))))
    before = shoot.version
    assert shoot.changed_since(before) == []
    shoot.add(Result(Record("0.jpg", score=1.0), {}))
    assert shoot.changed_since(before) == [0]
    now = shoot.version
    shoot.set_judgement(3, Standing(Judgement(4)))
    assert shoot.changed_since(now) == [3]
    now = shoot.version
    shoot.set_judgement(3, Standing(Judgement(4)))
    assert shoot.changed_since(now) == []


def test_places_in_groups_are_told_best_first_and_one_alone_is_no_group() -> None:
    shoot = Shoot()
    shoot.note(found("", "a.jpg", "b.jpg", "c.jpg"))
    records = [
        Record("a.jpg", group=1, rank_in_group=2, group_kind="burst"),
        Record("b.jpg", group=1, rank_in_group=1, group_kind="burst", pick="pick"),
        Record("c.jpg", group=2, rank_in_group=1, group_kind="single", pick="pick"),
    ]
    shoot.place([0, 1, 2], records)
    assert shoot.groups() == {1: [1, 0]}
    assert (shoot.entry(2).group, shoot.members(None)) == (None, [])
    now = shoot.version
    shoot.place([0, 1, 2], records)
    assert shoot.changed_since(now) == []
    shoot.rescore({"b.jpg": Record("b.jpg", score=8.0, taste=8.0, stars=5)})
    record = shoot.entry(1).record
    assert record is not None
    assert (record.score, record.stars, record.rank_in_group) == (8.0, 5, 1)


def test_several_threads_may_change_it() -> None:
    shoot = Shoot()
    shoot.note(found("", *(f"{number}.jpg" for number in range(400))))

    def judge(start: int) -> None:
        for id in range(start, 400, 4):
            shoot.set_judgement(id, Standing(Judgement(id % 5 + 1)))
            shoot.add(Result(Record(f"{id}.jpg"), {}))
            shoot.entries()

    threads = [threading.Thread(target=judge, args=(start,)) for start in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert shoot.progress.done == 400
    assert len(shoot.changed_since(0)) == 400
    assert {shoot.entry(id).version for id in range(400)} <= set(range(shoot.version + 1))
