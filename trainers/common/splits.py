"""Which photos are held out: decided by a hash of the file name, never by the order of a listing."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from pathlib import PurePosixPath
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from photocli.errors import UsageError

SplitBy = Literal["name", "series"]


def fold_of(name: str, folds: int, by: SplitBy = "name") -> int:
    """The fold, 0 to folds - 1, of a photo.

    `series` drops the number at the end of the name first: `Acorns_2.jpg` and `Acorns_3.jpg`, often the
    same scene twice, then lie on the same side.
    """
    key = PurePosixPath(name.replace("\\", "/")).name
    if by == "series":
        key = re.sub(r"[\s_\-.]*\d+$", "", PurePosixPath(key).stem) or key
    return int(hashlib.sha256(key.encode()).hexdigest(), 16) % folds


def split(
    names: Sequence[str], folds: int, fold: int | None, by: SplitBy = "name"
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Rows to train on and rows held out. Without a fold, all are trained on and none is held out."""
    held = np.array([fold is not None and fold_of(name, folds, by) == fold for name in names], dtype=bool)
    return np.flatnonzero(~held), np.flatnonzero(held)


def check_fold(fold: str, folds: int) -> None:
    """Raise `UsageError` if this is neither `none` nor the number of one of so many folds."""
    if fold != "none" and not (fold.isdigit() and int(fold) < folds):
        raise UsageError(f"--fold is none or 0 to {folds - 1}, not {fold}")
