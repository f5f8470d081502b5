from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rated import make_rated

from photocli.errors import UsageError
from trainers.aesthetics.data import extremes
from trainers.aesthetics.labels import BINS, classes, is_clear, moments, to_ten, votes_from_normal
from trainers.aesthetics.ratings import read_ratings
from trainers.common.splits import fold_of, split


def test_scales_map_linearly_to_ten() -> None:
    assert to_ten(np.array([1.0, 4.0, 7.0]), 1, 7) == pytest.approx([1.0, 5.5, 10.0])


@settings(deadline=None)  # the first example imports scipy
@given(st.floats(2.5, 8.5), st.floats(0.3, 1.2))
def test_normal_votes_have_the_mean_and_spread_they_were_made_from(mean: float, std: float) -> None:
    votes = votes_from_normal(np.array([mean]), np.array([std]))
    got_mean, got_std = moments(votes)
    assert votes.sum() == pytest.approx(1.0)
    assert (votes >= 0).all()
    assert got_mean[0] == pytest.approx(mean, abs=0.1)
    # Rounding to whole marks adds the variance of a uniform, 1/12.
    assert got_std[0] == pytest.approx(np.sqrt(std**2 + 1 / 12), abs=0.12)


def test_votes_of_an_extreme_photo_pile_up_at_the_end() -> None:
    assert votes_from_normal(np.array([10.0]), np.array([0.2]))[0, -1] > 0.97


def test_classes_are_parted_at_the_middle_and_around_it() -> None:
    mean = np.array([3.0, 5.4, 5.6, 8.0])
    assert classes(mean, "binary", 5.5, 0.5).tolist() == [0, 0, 1, 1]
    assert classes(mean, "three-way", 5.5, 0.5).tolist() == [0, 1, 1, 2]
    assert is_clear(mean, 5.5, 0.5).tolist() == [True, False, False, True]
    assert is_clear(np.array([5.5]), 5.5, 0.0).all()


def test_ava_is_read_and_deleted_photos_are_left_out(tmp_path: Path) -> None:
    (tmp_path / "images").mkdir()
    (tmp_path / "images" / "953619.jpg").touch()
    (tmp_path / "AVA.txt").write_text(
        "1 953619 0 1 5 17 38 36 15 6 5 1 1 22 1396\n2 953958 10 7 15 26 26 21 10 8 1 2 15 21 1396\n"
    )
    ratings = read_ratings(tmp_path)
    assert ratings.names == ("953619.jpg",)
    counts = np.array([0, 1, 5, 17, 38, 36, 15, 6, 5, 1])
    assert ratings.votes[0] == pytest.approx(counts / 124)
    assert ratings.mean[0] == pytest.approx(counts @ BINS / 124)


def test_a_broken_ava_file_is_a_clear_error(tmp_path: Path) -> None:
    (tmp_path / "AVA.txt").write_text("1 953619 0 1 5\n")
    with pytest.raises(UsageError, match="AVA's format"):
        read_ratings(tmp_path)


def test_csv_with_means_is_put_on_ten_and_the_wrong_scale_is_noticed(tmp_path: Path) -> None:
    folder = make_rated(tmp_path / "rated", 4)
    ratings = read_ratings(folder, scale=(1.0, 7.0))
    assert ratings.std == pytest.approx([1.35] * 4)
    assert sorted(ratings.mean) == pytest.approx([1.9, 4.3, 6.7, 9.1])
    assert set(ratings.categories) == {"cat", "thing"}
    with pytest.raises(UsageError, match="--scale"):
        read_ratings(folder, scale=(1.0, 3.0))


def test_csv_with_vote_counts_is_read_whatever_the_number_of_marks(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").touch()
    ten = ",".join(f"n{mark}" for mark in range(1, 11))
    (tmp_path / "ratings.csv").write_text(f"file,{ten}\na.jpg,0,0,0,0,1,1,0,0,0,0\n")
    assert read_ratings(tmp_path).mean[0] == pytest.approx(5.5)
    (tmp_path / "ratings.csv").write_text("file,n1,n2,n3,n4,n5\na.jpg,0,0,0,0,4\n")
    five = read_ratings(tmp_path)
    assert five.mean[0] == pytest.approx(10.0)
    assert five.votes.shape == (1, 10)


@pytest.mark.parametrize(
    "text", ["", "file\n", "file,mean\n", "file,mean\na.jpg,nice\n", "file,mean\nno.jpg,3\n"]
)
def test_an_unusable_csv_is_a_clear_error(tmp_path: Path, text: str) -> None:
    (tmp_path / "a.jpg").touch()
    (tmp_path / "ratings.csv").write_text(text)
    with pytest.raises(UsageError):
        read_ratings(tmp_path)


def test_the_fingerprint_of_the_data_does_not_depend_on_the_order_of_rows(tmp_path: Path) -> None:
    ratings = read_ratings(make_rated(tmp_path / "rated", 6), scale=(1.0, 7.0))
    assert ratings.take([3, 1, 0, 2, 5, 4]).fingerprint() == ratings.fingerprint()
    assert ratings.take([0, 1, 2]).fingerprint() != ratings.fingerprint()


def test_the_split_goes_by_name_alone() -> None:
    # Pinned: figures of different versions are comparable only while photos keep their folds.
    assert [fold_of(f"IMG_{number}.jpg", 5) for number in range(6)] == [2, 2, 1, 4, 2, 0]
    assert fold_of("a/b/IMG_1.jpg", 5) == fold_of("IMG_1.jpg", 5) == fold_of("c\\IMG_1.jpg", 5)
    names = [f"IMG_{number}.jpg" for number in range(200)]
    training, held = split(names, 5, 2)
    again, held_again = split(names[::-1], 5, 2)
    assert {names[row] for row in held} == {names[::-1][row] for row in held_again}
    assert len(training) + len(held) == 200
    assert 20 < len(held) < 60
    assert len(again) == len(training)
    assert len(split(names, 5, None)[1]) == 0


def test_series_stay_on_one_side() -> None:
    assert len({fold_of(f"Beach_{number}.jpg", 5, "series") for number in range(30)}) == 1
    assert len({fold_of(f"Beach_{number}.jpg", 5, "name") for number in range(30)}) == 5


def test_extremes_are_half_the_worst_and_half_the_best() -> None:
    mean = np.array([5.0, 1.0, 9.0, 6.0, 2.0, 8.0])
    assert sorted(mean[extremes(mean, 4)]) == [1.0, 2.0, 8.0, 9.0]
