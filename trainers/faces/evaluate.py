"""Figures of a finder on photos that it did not learn from, against what the teacher saw,
beside baselines."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from trainers.common.metrics import Check
from trainers.faces.data import FacePhotos, halves
from trainers.faces.detections import (
    NEAR,
    Looks,
    Tally,
    count,
    eyes_off,
    false_share,
    look_at,
    look_at_mosaics,
    match,
)
from trainers.faces.network import Finder

if TYPE_CHECKING:
    from trainers.faces.train import Config

SIZES = (16, 32, 64)
"""Limits of size, the root of a box's area, in pixels of the canvas, by which faces are counted apart."""

TURNS = (-30, -15, 15, 30)

_SHOWN = 24  # mistakes that are listed
_FALSE = 5.0  # what a share of photos without people with a face counts, beside recall and precision


def choose(people: Looks, nobody: Looks) -> float:
    """The score from which a candidate is best called a face: recall and precision of photos with people,
    less the photos without that show one. Of equally good ones the highest: halves of few photos without
    people differ most in the scores of the worst of them."""
    grid = np.round(np.arange(0.1, 0.91, 0.01), 2)
    worth = []
    for threshold in grid:
        figures = count(people, float(threshold)).figures()
        false = false_share(nobody, float(threshold)) if nobody.found else 0.0
        worth.append(figures["recall"] + figures["precision"] - _FALSE * false)
    best = np.flatnonzero(np.array(worth) >= max(worth) - 1e-3)
    return float(grid[best[-1]])


def quick_figures(network: Finder, held: FacePhotos, config: Config) -> dict[str, float]:
    """A few figures for the history, at the threshold 0.5."""
    portraits = _portraits(held, config)
    some = portraits.part(portraits.rows[:100])
    tally = count(look_at(network, some, config.overlap), 0.5).figures()
    nobody = held.without_people()
    nobody = nobody.part(nobody.rows[:: max(1, len(nobody) // 100)])
    false = false_share(look_at(network, nobody, config.overlap), 0.5) if len(nobody) else 0.0
    return {name: tally.get(name, 0.0) for name in ("recall", "precision", "eyes_near")} | {"false": false}


def _portraits(photos: FacePhotos, config: Config) -> FacePhotos:
    """The photos with faces of the folder of portraits, or all with faces if it is not there."""
    people = photos.photographed().with_faces()
    portraits = people.of(config.portraits)
    return portraits if len(portraits) else people


def judge(network: Finder, training: FacePhotos, held: FacePhotos, config: Config) -> dict[str, Any]:
    """Figures on held-out photos, checks beside baselines, the thresholds, and the worst mistakes.

    Portraits and photos without people are judged by the threshold that was chosen on the other half of all
    photos; the rest by that of all, which is the one that is kept.
    """
    people, nobody = held.photographed().with_faces(), held.without_people()
    portraits = _portraits(held, config)
    seen, none = (look_at(network, part, config.overlap) for part in (people, nobody))
    threshold = choose(seen, none)
    mine = np.isin(people.rows, portraits.rows)
    crossed, false = _cross_fitted(seen, none, halves(people), halves(nobody), mine)
    still = _constant(_portraits(training, config), portraits)
    mosaics = look_at_mosaics(network, held, config.overlap)
    result: dict[str, Any] = {
        "photos": len(held),
        "portraits": crossed | {"photos": len(portraits)},
        "without_people": {
            "photos": len(nobody),
            "with_a_face": false,
            "with_a_face_at_threshold": false_share(none, threshold) if len(nobody) else 0.0,
        },
        "by_source": _by_source(network, held, config, threshold),
        "mosaics": count(mosaics, threshold).figures(),
        "by_size": _by_size(mosaics, threshold),
        "turned": {
            str(turn): count(look_at(network, portraits, config.overlap, turn), threshold).figures()
            for turn in TURNS
        },
        "constant_box": still,
        "missed": _missed(seen.take(np.flatnonzero(mine)), portraits, threshold),
        "false": _false(none, nobody, threshold),
    }
    found = list(checks(result))
    return {
        "figures": result,
        "thresholds": {"score": threshold, "overlap": config.overlap},
        "checks": [vars(check) | {"passed": check.passed} for check in found],
    }


def _cross_fitted(
    seen: Looks, none: Looks, half: NDArray[np.intp], half_none: NDArray[np.intp], mine: NDArray[np.bool_]
) -> tuple[dict[str, Any], float]:
    """Figures of portraits (`mine` among photos with people), and the share of photos without people with a
    face."""
    total, false = Tally(), 0.0
    for side in (0, 1):
        rest = none.take(np.flatnonzero(half_none != side))
        threshold = choose(seen.take(np.flatnonzero(half != side)), rest)
        tally = count(seen.take(np.flatnonzero((half == side) & mine)), threshold)
        total = Tally(
            *(one + two for one, two in zip(vars(total).values(), vars(tally).values(), strict=True))
        )
        own = none.take(np.flatnonzero(half_none == side))
        false += false_share(own, threshold) * len(own.found) if own.found else 0.0
    return total.figures(), false / max(1, len(none.found))


def _constant(training: FacePhotos, portraits: FacePhotos) -> dict[str, Any]:
    """The baseline: the mean box, in every photo, and the eyes at their mean places within the true box."""
    faces = np.concatenate([training.sure(row)[:1] for row in training.rows])
    box = faces[:, :4].mean(axis=0)
    size = np.tile(faces[:, 2:4] - faces[:, :2], 2)
    eyes = ((faces[:, 4:8] - np.tile(faces[:, :2], 2)) / size).mean(axis=0)
    always = np.concatenate([box, np.zeros(10), [1.0]]).astype(np.float32)[None]
    looks = Looks(
        [portraits.faces[row] for row in portraits.rows], [always] * len(portraits), np.arange(len(portraits))
    )
    near = total = 0
    for row in portraits.rows:
        height, width = portraits.frames.shapes[row]
        for face in portraits.sure(row):
            guess = np.zeros(15, np.float32)
            guess[4:8] = np.tile(face[:2], 2) + eyes * np.tile(face[2:4] - face[:2], 2)
            pixels = np.array([width, height] * 7 + [1], np.float32)
            off, apart = eyes_off(face * pixels, guess * pixels)
            near, total = near + int((off <= NEAR * apart).sum()), total + 2
    figures = count(looks, 0.5).figures()
    return {name: figures[name] for name in ("recall", "precision")} | {"eyes_near": near / max(1, total)}


def _by_source(network: Finder, held: FacePhotos, config: Config, threshold: float) -> dict[str, Any]:
    """Figures of each folder's photos."""
    result = {}
    for origin in sorted({held.origins[row] for row in held.rows}):
        part = held.of(origin)
        result[origin] = count(look_at(network, part, config.overlap), threshold).figures()
        result[origin]["photos"] = len(part)
    return result


def _by_size(looks: Looks, threshold: float) -> dict[str, Any]:
    limits = (0, *SIZES, np.inf)
    return {
        f"{low}-{high}" if high < np.inf else f"{low}-": count(looks, threshold, (low, high)).figures()
        for low, high in pairwise(limits)
    }


def _missed(looks: Looks, photos: FacePhotos, threshold: float) -> list[dict[str, Any]]:
    """Portraits with a face that was not found, or with one too many; files with what is wrong."""
    listed = []
    for at, (there, found) in enumerate(zip(looks.there, looks.found, strict=True)):
        mine, wrong = match(there, found[found[:, 14] >= threshold])
        if (mine < 0).any() or wrong.any():
            told = {"missed": int((mine < 0).sum()), "wrong": int(wrong.sum())}
            listed.append({"file": photos.names[photos.rows[at]]} | told)
    return listed[:_SHOWN]


def _false(looks: Looks, photos: FacePhotos, threshold: float) -> list[dict[str, Any]]:
    """Photos without people that show a face, the surest first, with score and box as fractions."""
    shown = []
    for at, found in enumerate(looks.found):
        if len(found) and found[0, 14] >= threshold:
            row = photos.rows[at]
            shown.append({"file": photos.names[row], "score": float(found[0, 14])})
    return sorted(shown, key=lambda row: -row["score"])[:_SHOWN]


def checks(figures: dict[str, Any]) -> Sequence[Check]:
    """The comparisons that a model must win to be worth anything."""
    still, portraits = figures["constant_box"], figures["portraits"]
    found = [
        Check(f"portraits: {name}", portraits[name], still[name], "mean box")
        for name in ("recall", "precision")
    ]
    if "eyes_near" in portraits:
        found.append(
            Check("portraits: eyes near", portraits["eyes_near"], still["eyes_near"], "mean place in the box")
        )
    if figures["without_people"]["photos"]:
        false = figures["without_people"]["with_a_face"]
        found.append(Check("photos without people with a face", false, 1.0, "a box always", higher=False))
    return found


def others(facts: dict[str, Any]) -> Iterator[str]:
    """What the report says beside the checks: figures of mosaics, sizes, turns and folders."""
    figures = facts["figures"]
    parts = {"mosaics": figures["mosaics"]}
    parts |= {f"size {size}": part for size, part in figures["by_size"].items()}
    parts |= {f"turned {turn}": part for turn, part in figures["turned"].items()}
    parts |= figures["by_source"]
    for name, part in parts.items():
        yield f"{name}: " + ", ".join(f"{key} {value:.4g}" for key, value in part.items())
    yield f"threshold {facts['thresholds']['score']}"
