"""A person's taste: learned from their own ratings of photos, and tested on ratings that it has not seen.

Ridge regression from what the networks and `look` measure of a photo to the stars that the person would give.
Pure functions over arrays, numpy alone; about a second for some hundred photos.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING, Any

import numpy as np

from photocli.ratings import STAR_THRESHOLDS

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Rows = NDArray[np.int64]

FEWEST = 20
"""Rated photos without which nothing is tried."""

MOST = 1200
"""Rated photos that are used; of more, a random choice. The work grows with their cube."""

FOLDS = 5
PERMUTATIONS = 199
"""Random orders of the ratings that the real one must beat."""

SIGNIFICANCE = 0.01
"""How often random ratings may do as well as the real ones."""

MARGIN_ERRORS = 1.645
"""Standard errors by which the gain over the general model must be above zero: 5% of chance, one side."""

_APPEARANCE_WEIGHTS = (0.5, 1.5)
_SCORE_WEIGHTS = (0.0, 1.0)
_PENALTIES = (0.03, 0.3, 3.0)
_SAME_SCENE = 0.95  # the cosine from which two photos are one scene, which stays on one side of a test


_Weights = tuple[float, float, float]


@dataclass(frozen=True, slots=True)
class Examples:
    """Photos with what is known of each, by row: embedding, appearance, general score, rating 0 to 5."""

    embedding: Floats
    appearance: Floats
    score: Floats
    rating: Floats

    def __len__(self) -> int:
        return len(self.rating)

    def take(self, rows: Any) -> Examples:
        """Some of them."""
        return Examples(self.embedding[rows], self.appearance[rows], self.score[rows], self.rating[rows])


@dataclass(frozen=True, slots=True)
class Head:
    """A linear function from a photo's embedding, appearance and general score to stars."""

    embedding: Floats
    appearance: Floats
    score: float
    constant: float

    def stars(self, embedding: Any, appearance: Any, score: Any) -> Any:
        """The stars that the person would give, not rounded; for one photo, or for rows of them."""
        known = as_kept(embedding) @ self.embedding + appearance @ self.appearance
        return known + score * self.score + self.constant


@dataclass(frozen=True, slots=True)
class Trial:
    """What a test on held-out ratings found; accuracies are shares of pairs in the right order.

    `chance` is how often shuffled ratings did as well; `error` the standard error of the gain.
    """

    photos: int
    accuracy: float
    general: float
    error: float
    chance: float

    @property
    def gain(self) -> float:
        """By how much the taste is better than the general model."""
        return self.accuracy - self.general

    @property
    def refused(self) -> str | None:
        """Why the taste is not to be used, or None if it has proven itself."""
        if self.chance > SIGNIFICANCE:
            return "your ratings follow no pattern that can be learned from these photos"
        if self.gain <= MARGIN_ERRORS * self.error:
            return "it is not surely better than the general model"
        return None


def as_kept(embedding: Any) -> Any:
    """An embedding as the cache gives it back, so that a first and a second run say the same."""
    return np.asarray(embedding).astype(np.float16).astype(np.float64)


def to_score(stars: float) -> float:
    """Stars on the scale of the overall score, so that rounding there gives those stars again."""
    edges = (1.5, 2.5, 3.5, 4.5)
    beyond = min(stars - edges[0], 0.0) + max(stars - edges[-1], 0.0)
    return float(np.clip(np.interp(stars, edges, STAR_THRESHOLDS) + beyond, 1, 10))


def fit(examples: Examples) -> Head:
    """Learn from all examples, at most `MOST`; strengths are chosen by leave-one-out error."""
    space = _FeatureSpace(_at_most(examples, MOST))
    everything = np.arange(len(space.rating))
    candidates = space.candidates(everything, space.rating[:, None])
    best = min(candidates, key=lambda candidate: float(candidate.errors[0]))
    weights = [
        weight**2 * scale * (block.T @ best.dual[:, 0])
        for block, scale, weight in zip(space.blocks, space.scales, best.weights, strict=True)
    ]
    middle = sum(float(mean @ part) for mean, part in zip(space.means, weights, strict=True))
    embedding, appearance, score = weights
    return Head(embedding, appearance, float(score[0]), float(space.rating.mean()) - middle)


def evaluate(examples: Examples, *, seed: int = 0) -> Trial:
    """Cross-validate, by scene: each rating is predicted by a head that has not seen it.

    Only pairs of one fold are compared. The ratings are also shuffled `PERMUTATIONS` times, to see how well
    noise does in the same test.
    """
    examples = _at_most(examples, MOST)
    rng = np.random.default_rng(seed)
    count = len(examples)
    columns = [examples.rating, *(rng.permutation(examples.rating) for _ in range(PERMUTATIONS))]
    ratings = np.stack(columns, axis=1)
    right, compared = np.zeros((count, ratings.shape[1])), np.zeros((count, ratings.shape[1]))
    gain = np.zeros(count)
    general = 0.0
    space, scenes = _FeatureSpace(examples), _scenes(examples.embedding)
    for _ in range(4 if count <= 150 else 1):
        for fold in _folds(scenes, rng):
            test = np.flatnonzero(fold)
            predicted = _predict(space, np.flatnonzero(~fold), test, ratings)
            for column in range(ratings.shape[1]):
                order, pairs = _pair_order(predicted[:, column], ratings[test, column])
                right[test, column] += order.sum(1)
                compared[test, column] += pairs.sum(1)
                if column == 0:
                    plain, _ = _pair_order(examples.score[test], ratings[test, 0])
                    gain[test] += (order - plain).sum(1)
                    general += plain.sum()
    total = np.maximum(compared.sum(0), 1)
    accuracy = right.sum(0) / total
    chance = float((1 + (accuracy[1:] >= accuracy[0]).sum()) / (1 + PERMUTATIONS))
    share = gain / np.maximum(compared[:, 0], 1)
    error = float(2 * share.std(ddof=1) / np.sqrt(count))
    return Trial(count, float(accuracy[0]), float(general / total[0]), error, chance)


def pairwise_accuracy(predicted: Floats, ratings: Floats) -> float:
    """The share of pairs with different ratings that are predicted in the right order; ties count half."""
    order, pairs = _pair_order(predicted, ratings)
    return float(order.sum() / max(pairs.sum(), 1))


class _FeatureSpace:
    """Some photos' features, in blocks of one scale, and how similar the photos are in each block.

    Scales are those of all the photos; what is centred, and what is learned, is that of the training photos.
    """

    def __init__(self, examples: Examples) -> None:
        self.rating = examples.rating
        raw = [as_kept(examples.embedding), examples.appearance, examples.score[:, None]]
        self.means = [block.mean(0) for block in raw]
        self.scales = [
            1 / ((block.std(0) + 1e-2 * block.std() + 1e-9) * np.sqrt(block.shape[1])) for block in raw
        ]
        self.blocks = [
            (block - mean) * scale for block, mean, scale in zip(raw, self.means, self.scales, strict=True)
        ]
        self._kernels = [block @ block.T for block in self.blocks]

    def kernel(self, weights: _Weights) -> Floats:
        """How similar the photos are in all blocks together."""
        total: Floats = np.zeros_like(self._kernels[0])
        for weight, kernel in zip(weights, self._kernels, strict=True):
            total += weight**2 * kernel
        return total

    def candidates(self, train: Rows, ratings: Floats) -> Iterator[_Candidate]:
        """Every choice of strengths, learned from the training photos, for every column of their ratings."""
        centred = ratings - ratings.mean(0)
        for appearance, score in product(_APPEARANCE_WEIGHTS, _SCORE_WEIGHTS):
            weights = (1.0, appearance, score)
            kernel = self.kernel(weights)[np.ix_(train, train)]
            values, vectors = np.linalg.eigh(_centred(kernel, kernel))
            rotated = vectors.T @ centred
            for penalty in _PENALTIES:
                inverse = 1 / (np.maximum(values, 0) + penalty)
                dual = vectors @ (inverse[:, None] * rotated)
                diagonal = (vectors**2) @ inverse
                yield _Candidate(weights, dual, ((dual / diagonal[:, None]) ** 2).mean(0))


@dataclass(frozen=True, slots=True)
class _Candidate:
    """One choice of strengths: weights of the blocks, and dual weights and leave-one-out errors by column."""

    weights: _Weights
    dual: Floats
    errors: Floats


def _predict(space: _FeatureSpace, train: Rows, test: Rows, ratings: Floats) -> Floats:
    """For every column of ratings, what its best candidate, learned from `train`, says of `test`."""
    least = np.full(ratings.shape[1], np.inf)
    predicted = np.zeros((len(test), ratings.shape[1]))
    for candidate in space.candidates(train, ratings[train]):
        better = candidate.errors < least
        least[better] = candidate.errors[better]
        kernel = space.kernel(candidate.weights)
        across = _centred(kernel[np.ix_(test, train)], kernel[np.ix_(train, train)])
        predicted[:, better] = across @ candidate.dual[:, better]
    return predicted


def _centred(across: Floats, within: Floats) -> Floats:
    """Products of some photos with training photos, as if features were centred on the training photos."""
    centred: Floats = across - across.mean(1, keepdims=True) - within.mean(0) + within.mean()
    return centred


def _pair_order(predicted: Floats, ratings: Floats) -> tuple[Floats, Floats]:
    """For every pair: 1 where the order is right, half for a tie; and whether it can be compared at all."""
    wanted = np.sign(ratings[:, None] - ratings[None])
    pairs = wanted != 0
    right = (1 + np.sign(predicted[:, None] - predicted[None]) * wanted) / 2
    return np.where(pairs, right, 0.0), pairs.astype(float)


def _scenes(embedding: Floats) -> NDArray[np.int64]:
    """A number per photo; photos that look alike share it."""
    centred = embedding - embedding.mean(0)
    unit = centred / np.maximum(np.linalg.norm(centred, axis=1, keepdims=True), 1e-9)
    same = (unit @ unit.T >= _SAME_SCENE) | np.eye(len(unit), dtype=bool)
    return np.asarray(np.argmax(same, axis=1))  # the first photo that it resembles


def _folds(scenes: NDArray[np.int64], rng: np.random.Generator) -> Iterator[NDArray[np.bool_]]:
    """The test photos of each fold, scenes kept together, folds about equal."""
    sizes = np.zeros(FOLDS, int)
    fold_of = np.zeros(len(scenes), int)
    for scene in rng.permutation(np.unique(scenes)):
        smallest = int(sizes.argmin())
        fold_of[scenes == scene] = smallest
        sizes[smallest] += int((scenes == scene).sum())
    for fold in range(FOLDS):
        if 0 < sizes[fold] < len(scenes):  # few scenes make fewer folds
            yield fold_of == fold


def _at_most(examples: Examples, most: int) -> Examples:
    if len(examples) <= most:
        return examples
    return examples.take(np.sort(np.random.default_rng(0).permutation(len(examples))[:most]))
