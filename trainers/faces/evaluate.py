"""Evaluation of a face detector on photos that it did not learn from, against what the teacher found.

Each metric stands beside a baseline.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trainers.common.metrics import BaselineCheck
from trainers.faces.config import FacesConfig
from trainers.faces.data import FacePhotos, halves
from trainers.faces.detections import (
    NEAR,
    DetectionCounts,
    Detections,
    assign_detections,
    count_detections,
    detect_in_mosaics,
    detect_in_photos,
    eye_errors,
    false_positive_share,
)
from trainers.faces.network import FaceDetector

SIZES = (16, 32, 64)
"""Limits of size, the root of a box's area, in pixels of the canvas, by which faces are counted apart."""

TURNS = (-30, -15, 15, 30)

_SHOWN = 24  # mistakes that are listed
_FALSE = 5.0  # what a share of photos without people with a face counts, beside recall and precision


def choose_threshold(people: Detections, nobody: Detections) -> float:
    """Chooses the score from which a candidate is best called a face.

    What counts are recall and precision of photos with people, less the photos without that show one. Of
    equally good scores it is the highest: halves of few photos without people differ most in the scores of
    the worst of them.
    """
    grid = np.round(np.arange(0.1, 0.91, 0.01), 2)
    worth = []
    for threshold in grid:
        metrics = count_detections(people, float(threshold)).metrics()
        false = false_positive_share(nobody, float(threshold)) if nobody.found else 0.0
        worth.append(metrics["recall"] + metrics["precision"] - _FALSE * false)
    best = np.flatnonzero(np.array(worth) >= max(worth) - 1e-3)
    return float(grid[best[-1]])


def quick_metrics(network: FaceDetector, held: FacePhotos, config: FacesConfig) -> dict[str, float]:
    """Returns a few metrics for the history, at the threshold 0.5."""
    portraits = _portraits(held, config)
    some = portraits.part(portraits.rows[:100])
    metrics = count_detections(detect_in_photos(network, some, config.overlap), 0.5).metrics()
    nobody = held.without_people()
    nobody = nobody.part(nobody.rows[:: max(1, len(nobody) // 100)])
    false = (
        false_positive_share(detect_in_photos(network, nobody, config.overlap), 0.5) if len(nobody) else 0.0
    )
    return {name: metrics.get(name, 0.0) for name in ("recall", "precision", "eyes_near")} | {"false": false}


def _portraits(photos: FacePhotos, config: FacesConfig) -> FacePhotos:
    """Returns the photos with faces of the folder of portraits, or all with faces if it is not there."""
    people = photos.photographed().with_faces()
    portraits = people.of(config.portraits)
    return portraits if len(portraits) else people


def evaluate(
    network: FaceDetector, training: FacePhotos, held: FacePhotos, config: FacesConfig
) -> dict[str, Any]:
    """Returns metrics of held-out photos, checks beside baselines, thresholds, and the worst mistakes.

    Portraits and photos without people are judged by the threshold that was chosen on the other half of all
    photos; the rest by that of all, which is the one that is kept.
    """
    people, nobody = held.photographed().with_faces(), held.without_people()
    portraits = _portraits(held, config)
    with_people, without = (detect_in_photos(network, part, config.overlap) for part in (people, nobody))
    threshold = choose_threshold(with_people, without)
    mine = np.isin(people.rows, portraits.rows)
    crossed, false = _cross_fitted(with_people, without, halves(people), halves(nobody), mine)
    constant = _constant_box(_portraits(training, config), portraits)
    mosaics = detect_in_mosaics(network, held, config.overlap)
    metrics: dict[str, Any] = {
        "photos": len(held),
        "portraits": crossed | {"photos": len(portraits)},
        "without_people": {
            "photos": len(nobody),
            "with_a_face": false,
            "with_a_face_at_threshold": false_positive_share(without, threshold) if len(nobody) else 0.0,
        },
        "by_source": _by_source(network, held, config, threshold),
        "mosaics": count_detections(mosaics, threshold).metrics(),
        "by_size": _by_size(mosaics, threshold),
        "turned": _by_turn(network, portraits, config, threshold),
        "constant_box": constant,
        "missed": _missed(with_people.take(np.flatnonzero(mine)), portraits, threshold),
        "false": _false_positives(without, nobody, threshold),
    }
    return {
        "figures": metrics,
        "thresholds": {"score": threshold, "overlap": config.overlap},
        "checks": [vars(check) | {"passed": check.passed} for check in checks(metrics)],
    }


def _cross_fitted(
    people: Detections,
    nobody: Detections,
    half: NDArray[np.intp],
    half_nobody: NDArray[np.intp],
    mine: NDArray[np.bool_],
) -> tuple[dict[str, Any], float]:
    """Returns metrics of portraits, and the share of photos without people that show a face.

    `mine` says which of the photos with people are portraits. Each half is judged by the threshold that was
    chosen on the other.
    """
    total, false = DetectionCounts(), 0.0
    for side in (0, 1):
        rest = nobody.take(np.flatnonzero(half_nobody != side))
        threshold = choose_threshold(people.take(np.flatnonzero(half != side)), rest)
        total += count_detections(people.take(np.flatnonzero((half == side) & mine)), threshold)
        own = nobody.take(np.flatnonzero(half_nobody == side))
        false += false_positive_share(own, threshold) * len(own.found) if own.found else 0.0
    return total.metrics(), false / max(1, len(nobody.found))


def _constant_box(training: FacePhotos, portraits: FacePhotos) -> dict[str, Any]:
    """Returns metrics of the baseline: the mean box in every photo, and eyes at their mean places in the
    true box."""
    faces = np.concatenate([training.sure(row)[:1] for row in training.rows])
    box = faces[:, :4].mean(axis=0)
    size = np.tile(faces[:, 2:4] - faces[:, :2], 2)
    eyes = ((faces[:, 4:8] - np.tile(faces[:, :2], 2)) / size).mean(axis=0)
    always = np.concatenate([box, np.zeros(10), [1.0]]).astype(np.float32)[None]
    truth = [portraits.faces[row] for row in portraits.rows]
    constant = Detections(truth, [always] * len(portraits), np.arange(len(portraits)))
    near = total = 0
    for row in portraits.rows:
        height, width = portraits.frames.shapes[row]
        for face in portraits.sure(row):
            guess = np.zeros(15, np.float32)
            guess[4:8] = np.tile(face[:2], 2) + eyes * np.tile(face[2:4] - face[:2], 2)
            pixels = np.array([width, height] * 7 + [1], np.float32)
            off, apart = eye_errors(face * pixels, guess * pixels)
            near, total = near + int((off <= NEAR * apart).sum()), total + 2
    metrics = count_detections(constant, 0.5).metrics()
    return {name: metrics[name] for name in ("recall", "precision")} | {"eyes_near": near / max(1, total)}


def _by_source(
    network: FaceDetector, held: FacePhotos, config: FacesConfig, threshold: float
) -> dict[str, Any]:
    """Returns metrics of each folder's photos."""
    result = {}
    for origin in sorted({held.origins[row] for row in held.rows}):
        part = held.of(origin)
        result[origin] = count_detections(
            detect_in_photos(network, part, config.overlap), threshold
        ).metrics()
        result[origin]["photos"] = len(part)
    return result


def _by_size(detections: Detections, threshold: float) -> dict[str, Any]:
    limits = (0, *SIZES, np.inf)
    return {
        f"{low}-{high}" if high < np.inf else f"{low}-": count_detections(
            detections, threshold, (low, high)
        ).metrics()
        for low, high in pairwise(limits)
    }


def _by_turn(
    network: FaceDetector, photos: FacePhotos, config: FacesConfig, threshold: float
) -> dict[str, Any]:
    turned = {turn: detect_in_photos(network, photos, config.overlap, turn) for turn in TURNS}
    return {str(turn): count_detections(found, threshold).metrics() for turn, found in turned.items()}


def _missed(detections: Detections, photos: FacePhotos, threshold: float) -> list[dict[str, Any]]:
    """Lists portraits with a face that was not found, or with one too many: files with what is wrong."""
    listed = []
    for at, (truth, found) in enumerate(zip(detections.truth, detections.found, strict=True)):
        assigned, false = assign_detections(truth, found[found[:, 14] >= threshold])
        if (assigned < 0).any() or false.any():
            mistakes = {"missed": int((assigned < 0).sum()), "wrong": int(false.sum())}
            listed.append({"file": photos.names[photos.rows[at]]} | mistakes)
    return listed[:_SHOWN]


def _false_positives(detections: Detections, photos: FacePhotos, threshold: float) -> list[dict[str, Any]]:
    """Lists photos without people that show a face, with its score, the surest first."""
    shown = []
    for at, found in enumerate(detections.found):
        if len(found) and found[0, 14] >= threshold:
            row = photos.rows[at]
            shown.append({"file": photos.names[row], "score": float(found[0, 14])})
    return sorted(shown, key=lambda row: -row["score"])[:_SHOWN]


def checks(metrics: dict[str, Any]) -> Sequence[BaselineCheck]:
    """Returns the comparisons that a model must win to be worth anything."""
    constant, portraits = metrics["constant_box"], metrics["portraits"]
    result = [
        BaselineCheck(f"portraits: {name}", portraits[name], constant[name], "mean box")
        for name in ("recall", "precision")
    ]
    if "eyes_near" in portraits:
        near, baseline = portraits["eyes_near"], constant["eyes_near"]
        result.append(BaselineCheck("portraits: eyes near", near, baseline, "mean place in the box"))
    if metrics["without_people"]["photos"]:
        false = metrics["without_people"]["with_a_face"]
        result.append(
            BaselineCheck("photos without people with a face", false, 1.0, "a box always", higher=False)
        )
    return result


def report_lines(facts: dict[str, Any]) -> Iterator[str]:
    """Yields what the report says beside the checks: metrics of mosaics, sizes, turns and folders."""
    metrics = facts["figures"]
    parts = {"mosaics": metrics["mosaics"]}
    parts |= {f"size {size}": part for size, part in metrics["by_size"].items()}
    parts |= {f"turned {turn}": part for turn, part in metrics["turned"].items()}
    parts |= metrics["by_source"]
    for name, part in parts.items():
        yield f"{name}: " + ", ".join(f"{key} {value:.4g}" for key, value in part.items())
    yield f"threshold {facts['thresholds']['score']}"
