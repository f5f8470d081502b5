"""Figures of the shared network on held-out photos, per head: beside its baseline, with an interval."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict
from itertools import islice
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.stats import pearsonr, spearmanr
from torch import Tensor

from trainers.aesthetics.evaluate import FAULTS as DEGRADED
from trainers.aesthetics.labels import is_clear
from trainers.common.frames import Picture
from trainers.common.metrics import BaselineCheck, Floats, agreement, auc, correlation, interval
from trainers.shared.config import SharedConfig
from trainers.shared.data import SharedPhotos
from trainers.shared.heads import FAULTS, TURNS
from trainers.shared.losses import mark
from trainers.shared.network import SharedNetwork
from trainers.shared.views import show
from trainers.style.data import MEDIA
from trainers.style.looks import NAMES
from trainers.style.looks.targets import make_looks
from trainers.technical.corruptions import corrupt

MIDDLE, DELTA = 5.5, 1.095
MODERATE = 0.5
"""Severity of the faults that are to be told from clean photos."""

_MOST = 160  # photos that are turned, styled and spoiled: each is judged a dozen times
_SEED = 30_000
_BATCH = 8

Raw = dict[str, Tensor]


def judge(network: SharedNetwork, pictures: Iterable[Picture], config: SharedConfig) -> Raw:
    """Returns raw outputs (n, k) by head for pictures (height, width, 3), as served."""
    network.eval()
    quick = config.precision == "bf16"
    views = iter([show(picture, config.pixels) for picture in pictures])
    found: list[Raw] = []
    with torch.inference_mode(), torch.autocast("cpu", torch.bfloat16, enabled=quick):
        for part in _of_one_size(list(views)):
            images = torch.from_numpy(np.stack([picture for _, picture in part]))
            raw = network(images.to(network.mean.device))
            found.append(
                {name: value.float().cpu() for name, value in raw.items()}
                | {"place": torch.tensor([place for place, _ in part])}
            )
    order = torch.cat([each["place"] for each in found]).argsort()
    return {name: torch.cat([each[name] for each in found])[order] for name in found[0] if name != "place"}


def _of_one_size(views: Sequence[Picture]) -> Iterator[list[tuple[int, Picture]]]:
    sizes: dict[tuple[int, ...], list[tuple[int, Picture]]] = {}
    for place, view in enumerate(views):
        sizes.setdefault(view.shape, []).append((place, view))
    for of_size in sizes.values():
        rest = iter(of_size)
        while part := list(islice(rest, _BATCH)):
            yield part


def judge_plain(network: SharedNetwork, photos: SharedPhotos, config: SharedConfig) -> Raw:
    """Returns raw outputs for the photos of this part, in the order of its rows."""
    return judge(network, [photos.frames[row] for row in photos.rows], config)


def evaluate(network: SharedNetwork, held: SharedPhotos, config: SharedConfig) -> dict[str, Any]:
    """Returns `figures` and `checks` of all heads, and which split they are of."""
    raw = judge_plain(network, held, config)
    known = held.taught.photos
    good = np.array([known.roles[row] in ("rated", "photos") for row in held.rows])
    good &= held.upright[held.rows]
    chosen = np.random.default_rng(_SEED).permutation(np.flatnonzero(good))[:_MOST]
    some = [held.frames[held.rows[place]] for place in np.sort(chosen)]
    ask: Callable[[Iterable[Picture]], Raw] = lambda pictures: judge(network, pictures, config)  # noqa: E731
    figures = {
        "votes": _votes(raw, held, ask),
        "medium": _medium(raw, known.medium[held.rows]),
        "turns": _turns(some, ask),
        "looks": _looks(some, ask),
        "faults": _faults(some, ask),
        "embedding": _embedding(raw["embedding"], held),
    }
    checks = [asdict(check) | {"passed": check.passed} for check in _checks(figures)]
    split = f"fold {config.fold}: rated photos by series, others by name"
    return {"split": split, "photos_held_out": len(held), "figures": figures, "checks": checks}


def _votes(raw: Raw, held: SharedPhotos, ask: Callable[[Iterable[Picture]], Raw]) -> dict[str, Any]:
    people = held.people[held.rows]
    rated = np.flatnonzero(np.isfinite(people))
    mean, score = people[rated], mark(raw["votes"]).numpy().astype(np.float64)[rated]
    clear = is_clear(mean, MIDDLE, DELTA)
    guess, truth = (score > MIDDLE).astype(np.int64), (mean > MIDDLE).astype(np.int64)
    teachers = held.mean[held.rows][rated]
    found: dict[str, Any] = {
        "photos": len(rated),
        "spearman": correlation(spearmanr, score, mean),
        "spearman_interval": interval(lambda at: correlation(spearmanr, score[at], mean[at]), len(mean)),
        "pearson": correlation(pearsonr, score, mean),
        "all": agreement(truth, guess, 2),
        "polarised": agreement(truth[clear], guess[clear], 2),
        "mae": float(np.abs(score - mean).mean()) if len(mean) else 0.0,
        "mae_constant": float(np.abs(np.median(mean) - mean).mean()) if len(mean) else 0.0,
        "photos_of_teachers": len(teachers),
    }
    pictures = [held.frames[held.rows[place]] for place in rated]
    for name, fault in DEGRADED.items() if pictures else ():
        worse = mark(ask([fault(picture) for picture in pictures])["votes"]).numpy()
        found[f"above_{name}"] = float((score > worse).mean())
    return found


def _medium(raw: Raw, medium: NDArray[np.intp]) -> dict[str, Any]:
    guess = raw["medium"].argmax(1).numpy().astype(np.int64)
    right = (guess == medium).astype(np.float64)
    found = agreement(medium.astype(np.int64), guess, len(MEDIA))
    found["accuracy_interval"] = interval(lambda at: float(right[at].mean()), len(right))
    found["recall"] = {
        name: float(right[medium == place].mean())
        for place, name in enumerate(MEDIA)
        if (medium == place).any()
    }
    return found


def _turns(pictures: Sequence[Picture], ask: Callable[[Iterable[Picture]], Raw]) -> dict[str, Any]:
    """Every photo in each of the four turns."""
    right, found = [], 0.0
    for turn in range(len(TURNS)):
        turned = [np.ascontiguousarray(np.rot90(picture, turn)) for picture in pictures]
        sure = ask(turned)["turns"].softmax(1).numpy()
        right.append(sure.argmax(1) == turn)
        if turn == 0:
            upright = sure[:, 0]
        else:
            right_turn = sure.argmax(1) == turn
            # The doubt about upright above which at most one of 200 upright photos would be turned.
            limit = np.quantile(1 - upright, 0.995)
            found += float((right_turn & (1 - sure[:, 0] > limit)).mean()) / 3
    each = np.concatenate(right).astype(np.float64)
    return {
        "photos": len(pictures),
        "accuracy": float(each.mean()),
        "accuracy_interval": interval(lambda at: float(each[at].mean()), len(each)),
        "found_at_half_a_percent": found,
        "chance": 0.25,
    }


def _looks(pictures: Sequence[Picture], ask: Callable[[Iterable[Picture]], Raw]) -> dict[str, Any]:
    """AUC of each look between photos with it and photos of which it is known not to hold."""
    rng = np.random.default_rng(_SEED)
    plain = [make_looks(picture, {}, rng) for picture in pictures]
    views, targets = [picture for picture, _ in plain], [target for _, target in plain]
    for place, picture in enumerate(pictures):
        for name in (NAMES[(2 * place) % len(NAMES)], NAMES[(2 * place + 1) % len(NAMES)]):
            styled, target = make_looks(picture, {name: float(rng.uniform())}, rng)
            views.append(styled)
            targets.append(target)
    given, truth = ask(views)["looks"].numpy(), np.stack(targets)
    found = {
        name: auc(given[truth[:, at] == 0, at], given[truth[:, at] == 1, at])
        for at, name in enumerate(NAMES)
        if (truth[:, at] == 1).any() and (truth[:, at] == 0).any()
    }
    return {
        "photos": len(pictures),
        "auc": found,
        "mean_auc": float(np.mean(list(found.values()))) if found else 0.5,
    }


def _faults(pictures: Sequence[Picture], ask: Callable[[Iterable[Picture]], Raw]) -> dict[str, Any]:
    """AUC of each fault at moderate severity against the photos as they are."""
    rng = np.random.default_rng(_SEED)
    clean = ask(pictures)["faults"].numpy()
    found: dict[str, Any] = {"photos": len(pictures), "severity": MODERATE}
    for at, name in enumerate(FAULTS):
        spoiled = ask([corrupt(picture, {name: MODERATE}, rng) for picture in pictures])["faults"].numpy()
        without, having = clean[:, at].astype(np.float64), spoiled[:, at].astype(np.float64)
        found[name] = auc(without, having)
        low, high = interval(lambda rows: auc(without[rows], having[rows]), len(pictures), 100)  # noqa: B023
        found[f"{name}_interval"] = (low, high)
    return found


def _embedding(raw: Tensor, held: SharedPhotos) -> dict[str, Any]:
    truth = held.taught.embedding[held.rows].astype(np.float64)
    given = torch.nn.functional.normalize(raw, dim=1).numpy().astype(np.float64)
    cosine: Floats = (given * truth).sum(1)
    constant = truth.mean(0) / max(float(np.linalg.norm(truth.mean(0))), 1e-9)
    return {
        "photos": len(truth),
        "cosine": float(cosine.mean()),
        "cosine_interval": interval(lambda at: float(cosine[at].mean()), len(cosine)),
        "cosine_constant": float((truth @ constant).mean()),
    }


def _checks(figures: dict[str, Any]) -> Iterator[BaselineCheck]:
    votes = figures["votes"]
    if votes["photos"] > 2:
        luck = 1.645 / np.sqrt(votes["photos"] - 1)
        for name in ("spearman", "pearson"):
            yield BaselineCheck(f"votes: {name}", votes[name], float(luck), "chance, 95%")
        yield BaselineCheck("votes: mae", votes["mae"], votes["mae_constant"], "best constant", higher=False)
        for name in DEGRADED:
            yield BaselineCheck(f"votes: above {name}", votes[f"above_{name}"], 0.5, "chance")
    medium, embedding = figures["medium"], figures["embedding"]
    yield BaselineCheck("medium: accuracy", medium["accuracy"], medium["majority"], "majority")
    yield BaselineCheck("turns: accuracy", figures["turns"]["accuracy"], 0.25, "chance")
    yield BaselineCheck("looks: mean AUC", figures["looks"]["mean_auc"], 0.5, "chance")
    for name in FAULTS:
        yield BaselineCheck(f"faults: AUC of {name}", figures["faults"][name], 0.5, "chance")
    yield BaselineCheck(
        "embedding: cosine", embedding["cosine"], embedding["cosine_constant"], "best constant"
    )
