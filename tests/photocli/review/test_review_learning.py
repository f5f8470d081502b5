"""Learning from ratings given on the page: what is said of it, what is kept, and the new order."""

from __future__ import annotations

from pathlib import Path

import pytest
from grey_shoot import grey_shoot
from judging import Table, TablePhoto
from networks import write_model

from photocli.review.judging import Change, Judge
from photocli.review.learning import NAME, learn
from photocli.scoring.options import Options
from photocli.scoring.pipeline import Run
from photocli.taste import store

OPTIONS = Options(device="cpu", workers=1)


@pytest.fixture
def shoot(tmp_path: Path, own_folders: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Photos from dark to bright, with a model that likes them bright; nobody rated them."""
    write_model(own_folders / "models")
    monkeypatch.setenv("PHOTOCLI_TASTES", str(own_folders / "tastes"))
    return grey_shoot(tmp_path / "shoot", lambda level: 0)


def rate_on_the_page(photos: list[Path], stars: list[int]) -> None:
    judge = Judge(Table([TablePhoto(photo) for photo in photos]))
    for id, count in enumerate(stars):
        assert judge.judge([id], Change(stars=count), {id: judge.standing(id).state}).ids == (id,)


def test_ratings_on_the_page_are_learned_and_the_order_turns_round(shoot: Path) -> None:
    before = list(Run(shoot, OPTIONS))
    photos = [Path(record.path) for record in before]
    order = sorted(range(len(before)), key=lambda at: before[at].score or 0.0)
    stars = {id: 5 - place * 5 // len(order) for place, id in enumerate(order)}
    rate_on_the_page(photos, [stars[id] for id in range(len(photos))])
    seen: list[str] = []
    learned = learn(shoot, OPTIONS, advance=lambda record: seen.append(record.path))
    assert learned.kept, learned.message
    assert (learned.ratings, len(seen)) == (len(photos), 2 * len(photos))
    assert learned.held_out is not None
    assert learned.general is not None
    assert learned.held_out > 0.8 > 0.5 > learned.general
    assert f"{learned.held_out:.1%} are in your order" in learned.message
    assert [record.path for record in learned.records] == [record.path for record in before]
    assert (learned.records[order[0]].score or 0) > (learned.records[order[-1]].score or 0)
    assert store.names() == [NAME]
    assert not any(record.taste for record in Run(shoot, OPTIONS))  # what is used by itself is none of this


def test_too_few_ratings_are_a_message(shoot: Path) -> None:
    photos = [Path(record.path) for record in Run(shoot, OPTIONS)]
    rate_on_the_page(photos[:3], [1, 3, 5])
    learned = learn(shoot, OPTIONS)
    assert learned.message == "3 of these photos have ratings of yours; to learn, at least 20 are needed"
    assert (learned.kept, learned.ratings, learned.records, store.names()) == (False, 3, (), [])


def test_ratings_that_are_all_alike_are_a_message(shoot: Path) -> None:
    photos = [Path(record.path) for record in Run(shoot, OPTIONS)]
    rate_on_the_page(photos, [3] * len(photos))
    assert "all" in learn(shoot, OPTIONS).message
    assert store.names() == []


def test_what_is_not_better_is_not_kept(shoot: Path) -> None:
    photos = [Path(record.path) for record in Run(shoot, OPTIONS)]
    rate_on_the_page(photos, [1 + (7 * at) % 5 for at in range(len(photos))])
    learned = learn(shoot, OPTIONS)
    assert not learned.kept
    assert "Not kept: " in learned.message
    assert (learned.records, store.names()) == ((), [])
