"""Figures of teachers on rated photos: all folds, by series and by name, with intervals."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import pearsonr, spearmanr

from trainers.common.metrics import Floats, correlation, interval
from trainers.teachers.answers import out_of_fold
from trainers.teachers.photos import TeachingPhotos

MEAN = "mean of all"


def figures(photos: TeachingPhotos, found: Mapping[str, NDArray[np.float32]]) -> dict[str, Any]:
    """Returns for each teacher, and for the mean of all, agreement with people by series and by name."""
    rated = photos.rated
    mean = photos.mean[rated]
    result: dict[str, Any] = {"rated": len(rated)}
    for by, fold in (("series", photos.fold[rated]), ("name", photos.fold_by_name[rated])):
        given = {name: out_of_fold(each[rated], mean, fold) for name, each in found.items()}
        given[MEAN] = np.mean(list(given.values()), axis=0)
        result[by] = {name: _agreement(score, mean) for name, score in given.items()}
        result[by][MEAN]["spearman_by_fold"] = [
            correlation(spearmanr, given[MEAN][fold == number], mean[fold == number])
            for number in np.unique(fold)
        ]
    return result


def _agreement(score: Floats, mean: Floats) -> dict[str, Any]:
    spread = interval(lambda rows: correlation(spearmanr, score[rows], mean[rows]), len(mean))
    return {
        "spearman": correlation(spearmanr, score, mean),
        "spearman_interval": list(spread),
        "pearson": correlation(pearsonr, score, mean),
    }
