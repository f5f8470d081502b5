"""The Siamese stage: a network learns which two faces people scored alike, before it learns the scores."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from photocli.errors import PhotocliError
from trainers.common.metrics import Floats

MARGIN = 1.0
COLLAPSED = 0.45
"""Loss of held-out pairs from which on a network tells nothing apart: any constant distance costs 0.5."""

LEARNED_BY = 0.5
"""The share of the stage after which that is looked at."""

_SMALL = 1e-6


class CollapseError(PhotocliError):
    """The Siamese stage came to nothing."""


def score_classes(score: Floats) -> NDArray[np.int64]:
    """Classes of scores (n,): the whole number next to each."""
    return np.floor(np.asarray(score) + 0.5).astype(np.int64)


def has_pairs(classes: NDArray[np.int64]) -> bool:
    """Whether there are both kinds of pairs: two faces of one class, and two of different ones."""
    sizes = np.unique(classes, return_counts=True)[1]
    return len(sizes) > 1 and bool(sizes.max() > 1)


def draw_pairs(
    classes: NDArray[np.int64], count: int, rng: np.random.Generator
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.bool_]]:
    """Rows (count,) of one face and of another, and whether both are of one class; half of them are.

    Classes come up equally often, so that the rare very low and very high scores count as much.
    """
    names, sizes = np.unique(classes, return_counts=True)
    members = {name: np.flatnonzero(classes == name) for name in names}
    paired = names[sizes > 1]
    same = np.arange(count) % 2 == 0
    first, second = np.empty(count, np.int64), np.empty(count, np.int64)
    for place, alike in enumerate(same):
        if alike:
            first[place], second[place] = rng.choice(members[rng.choice(paired)], 2, replace=False)
        else:
            one, other = rng.choice(names, 2, replace=False)
            first[place], second[place] = rng.choice(members[one]), rng.choice(members[other])
    return first, second, same


def distance(one: Tensor, other: Tensor, kind: str) -> Tensor:
    """How far embeddings (n, k) are apart, (n,): L2, as the released code has it, or L1, as the text says."""
    if kind == "l1":
        return (one - other).abs().sum(1)
    return ((one - other).square().sum(1) + _SMALL).sqrt()


def hinge_embedding(apart: Tensor, same: Tensor, margin: float = MARGIN) -> Tensor:
    """The distance of pairs that are alike; what others lack to the margin; averaged over the pairs (n,)."""
    return torch.where(same, apart, (margin - apart).clamp_min(0)).mean()


def all_pairs(embeddings: Tensor, classes: Tensor, kind: str) -> tuple[Tensor, Tensor]:
    """Distances of every two of the embeddings (n, k), and which are of one of the classes (n,)."""
    one, other = torch.triu_indices(len(classes), len(classes), 1, device=embeddings.device)
    return distance(embeddings[one], embeddings[other], kind), classes[one] == classes[other]


def balanced_hinge(apart: Tensor, same: Tensor, margin: float = MARGIN) -> Tensor:
    """Hinge embedding loss of pairs of which those that are alike, few or many, count one half."""
    parts = [hinge_embedding(apart[of], same[of], margin) for of in (same, ~same) if bool(of.any())]
    return torch.stack(parts).mean()


def guard(loss: float, most: float = COLLAPSED) -> None:
    """Raise `CollapseError` where held-out pairs cost as much as without a network."""
    if not loss <= most:  # not a number, too
        raise CollapseError(
            f"the Siamese stage collapsed: pairs that it never saw cost {loss:.3f}, and {most} is next "
            "to nothing learned; a lower --pretrain-lr or --no-pretrain may help"
        )
