"""Grouping and ranking very many photos: what comes of it is what comes of comparing them one by one."""

from __future__ import annotations

import time

import numpy as np
import pytest
from timing import slowness

from photocli.culling import shifts
from photocli.culling.groups import group
from photocli.culling.neighbours import Neighbours
from photocli.culling.picks import rank
from photocli.culling.ranking import points_of_groups, ranking_points
from photocli.culling.reasons import Standings
from photocli.culling.similarity import PhotoFeatures
from photocli.inputs import signature
from photocli.records import Record


def crowd(n: int, seed: int = 0, spread: float = 0.3, size: int = 96) -> np.ndarray:
    """Unit vectors, most of them in small heaps, some of which lie near each other; some are the same."""
    rng = np.random.default_rng(seed)
    middles = rng.standard_normal((n // 7 + 1, size)) * np.geomspace(3, 0.2, size)
    vectors = middles[rng.integers(0, len(middles), n)] + spread * rng.standard_normal((n, size))
    vectors[1::50] = vectors[::50][: len(vectors[1::50])]
    return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True), np.float32)


def nearest(vectors: np.ndarray, least: float, most: int, known: np.ndarray) -> set[tuple[int, int]]:
    """The pairs that `Neighbours` is to find, one row after the other."""
    found: set[tuple[int, int]] = set()
    for row in range(len(vectors)):
        product = vectors[row + 1 :] @ vectors[row]
        others = np.flatnonzero((product >= least) & (known[row + 1 :] != known[row]))
        order = others[np.argsort(-product[others], kind="stable")][:most]
        found.update((row, row + 1 + int(other)) for other in order)
    return found


@pytest.mark.parametrize("least", [0.6, 0.8, 0.95])
@pytest.mark.parametrize("most", [2, 16])
def test_neighbours_are_those_of_all_products(least: float, most: int) -> None:
    vectors = crowd(700)
    known = np.arange(700) // 3
    found = Neighbours(vectors, least, most)
    now = np.arange(700)
    pairs = [pair for part in found.blocks() for pair in found.pairs(part, known, now, np.zeros(700, bool))]
    said = [(int(a), int(b)) for first, second in pairs for a, b in zip(first, second, strict=True)]
    wanted = nearest(vectors, least, most, known)
    assert len(set(said)) == len(said)
    # Products that are equal but for their last digit may be told apart in another order.
    assert len(set(said) ^ wanted) <= len(wanted) // 200
    assert len(wanted) > 50


def test_neighbours_of_a_dense_crowd_are_found_where_they_still_matter() -> None:
    vectors = crowd(600, spread=0.02)[np.zeros(600, int)] + 0.001 * crowd(600, 1)
    found = Neighbours(np.asarray(vectors, np.float32), 0.8, 16)
    apart, none = np.arange(600), np.zeros(600, bool)
    first = next(found.blocks())
    pairs = list(found.pairs(first, apart, apart, none))
    assert sum(len(rows) for rows, _ in pairs) == 16 * (first.stop - first.start)
    joined = np.zeros(600, np.intp)  # all are one group by now
    assert sum(len(rows) for rows, _ in found.pairs(first, apart, joined, none)) == 0
    alone = apart == 0  # but for one that counts for no other
    numbers = np.where(alone, 1, 0)
    assert sum(len(rows) for rows, _ in found.pairs(first, apart, numbers, alone)) == 0
    assert sum(len(rows) for rows, _ in found.pairs(first, apart, numbers, none)) > 0


def slow_shift(first: np.ndarray, second: np.ndarray) -> tuple[float, float]:
    """The shift of one pair at which most agrees, and how well, pixel by pixel."""
    rows, width = first.shape
    best, where = -1.0, 0.0
    for across in (*range(-24, -4), *range(5, 25)):
        a = first[:, max(across, 0) : width + min(across, 0)]
        b = second[:, max(-across, 0) : width + min(-across, 0)]
        for down in range(-2, 3):
            upper = a[max(down, 0) : rows + min(down, 0)].ravel()
            lower = b[max(-down, 0) : rows + min(-down, 0)].ravel()
            upper, lower = upper - upper.mean(), lower - lower.mean()
            found = upper @ lower / ((np.linalg.norm(upper) + 1) * (np.linalg.norm(lower) + 1))
            if found > best:
                best, where = found, across / width
    return where, best


def test_shifts_are_those_of_every_window() -> None:
    wide = np.random.default_rng(3).integers(0, 255, (6, 16, 60)).astype(np.float32)
    wide = (wide[:, :, :-3] + wide[:, :, 1:-2] + wide[:, :, 2:-1] + wide[:, :, 3:]) / 4
    first, second = wide[:, :, :32], wide[:, :, 14:46]
    where, agreement, gain = shifts.best_shifts(first, second)
    for at in range(6):
        assert (where[at], agreement[at]) == pytest.approx(slow_shift(first[at], second[at]), abs=1e-4)
    assert agreement == pytest.approx(1, abs=0.01)
    still = shifts.correlations(first, second)
    assert (agreement - gain >= np.maximum(still, 0) - 1e-5).all()


def shoot(n: int, *, seconds: float | None, size: int = 64) -> tuple[list[Record], PhotoFeatures]:
    """Records and features of so many photos, each so many seconds after the one before, or of no time."""
    rng = np.random.default_rng(7)
    codes = rng.integers(60, 200, (n // 6 + 1, signature.SIZE))[np.arange(n) // 6]
    codes = np.clip(codes + rng.normal(0, 3, codes.shape), 0, 255).astype(np.uint8)
    vectors = rng.standard_normal((n // 6 + 1, size))[np.arange(n) // 6] + 0.1 * rng.standard_normal(
        (n, size)
    )
    records = [
        Record(
            f"{at}.jpg",
            width=6000,
            height=4000,
            camera="A",
            captured=None if seconds is None else _time(at * seconds),
            score=float(score),
        )
        for at, score in enumerate(rng.normal(5, 1, n))
    ]
    return records, PhotoFeatures(vectors, codes)


def _time(seconds: float) -> str:
    hours, rest = divmod(seconds, 3600)
    return f"2024-05-{1 + int(hours // 24):02}T{int(hours % 24):02}:{int(rest // 60):02}:{rest % 60:06.3f}"


def test_groups_that_are_measured_together_get_what_each_gets_alone() -> None:
    records, features = shoot(120, seconds=2)
    groups = [
        tuple(range(start, start + count)) for start, count in ((0, 2), (2, 5), (7, 5), (12, 60), (72, 1))
    ]
    together = {members[0]: found for members, found in points_of_groups(records, features, groups)}
    assert len(together) == len(groups)
    for members in groups:
        alone = ranking_points(records, features, members)
        assert alone.keys() == together[members[0]].keys()
        for name, values in alone.items():
            assert together[members[0]][name] == pytest.approx(values, abs=1e-4), name


@pytest.mark.parametrize("seconds", [2.0, 0.00004, None], ids=["a shoot", "within a second", "of no time"])
def test_thousands_of_photos_take_little_time(seconds: float | None) -> None:
    records, features = shoot(6000, seconds=seconds)
    before, began = slowness(), time.process_time()
    found = group(records, features)
    standings = Standings(records, features)
    standings.measure(one.members for one in found if len(one.members) > 1)
    ranked = rank(found, standings.compare)
    taken = (time.process_time() - began) / ((before + slowness()) / 2)
    assert len(ranked) == 1000
    assert all(len(one.members) == 6 for one in ranked)
    assert taken < 2.5
