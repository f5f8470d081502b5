"""Evaluation of a network that scores faces, on faces that it never saw.

Each metric stands beside what needs no training.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.stats import pearsonr, spearmanr
from torch import Tensor

from trainers.common.image_corruptions import SPOILS, spoiled
from trainers.common.metrics import BaselineCheck, Floats, correlation
from trainers.common.runs import print_report
from trainers.selfie.data import AlignedFaces, FaceLists, draw_pairs, has_pairs, score_classes
from trainers.selfie.losses import distance, hinge_embedding
from trainers.selfie.network import LOWEST, FaceScorer

SEVERITIES = (0.4, 0.8)
"""Of the spoiled copies of held-out faces."""

_LUCK = 1.645  # standard errors that 95% of random orders stay below

# Predictions


def predict(network: FaceScorer, squares: NDArray[np.uint8], mirrored: bool = True, head: int = 0) -> Floats:
    """Returns the scores (n,), 1-10, of faces as they are served.

    With `mirrored` they are those of the face and its mirror image, averaged.
    """
    device, was_training = network.head.weight.device, network.training
    network.eval()
    predictions = []
    with torch.inference_mode():
        for part in chunks(squares, device):
            score = network(part)[:, head]
            if mirrored:
                score = (score + network(part.flip(3))[:, head]) / 2
            predictions.append(score.float().cpu().numpy())
    network.train(was_training)
    return np.concatenate(predictions).astype(np.float64) + LOWEST


def chunks(squares: NDArray[np.uint8], device: torch.device, size: int = 64) -> list[Tensor]:
    """Returns squares (n, side, side, 3) as batches for a network."""
    return [
        torch.from_numpy(squares[at : at + size]).permute(0, 3, 1, 2).contiguous().to(device)
        for at in range(0, len(squares), size)
    ]


# Metrics


def least_pairs_loss(network: FaceScorer, lists: Sequence[AlignedFaces], kind: str) -> float:
    """Returns the loss of pairs of the list where it is least, 0 where no list has pairs.

    A network that tells the faces of one list apart has not collapsed.
    """
    paired = [part for part in lists if has_pairs(score_classes(part.score))]
    return min((_pairs_loss(network, part, kind) for part in paired), default=0.0)


def _pairs_loss(network: FaceScorer, faces: AlignedFaces, kind: str) -> float:
    """Returns the hinge embedding loss of pairs of faces, half of them alike, as they are served."""
    first, second, same = draw_pairs(score_classes(faces.score), 400, np.random.default_rng(0))
    network.eval()
    with torch.inference_mode():
        embeddings = torch.cat(
            [network.compare(part) for part in chunks(faces.squares, network.head.weight.device)]
        )
        apart = distance(embeddings[first], embeddings[second], kind)
        return float(hinge_embedding(apart, torch.from_numpy(same).to(apart.device)))


def evaluate(network: FaceScorer, data: FaceLists, learned: Collection[str] = ()) -> dict[str, Any]:
    """Returns metrics, checks and errors by who is shown, of the held-out faces.

    `learned` are the hashes of lists that taught the network.
    """
    assert data.held is not None
    predictions = predict(network, data.held.squares)
    metrics = score_metrics(predictions, data.held.score)
    metrics["craft"] = corruption_metrics(network, data.held)
    if data.studio is not None:
        elsewhere = predict(network, data.studio.squares)
        metrics["studio"] = {
            "faces": len(data.studio),
            "pearson": correlation(pearsonr, elsewhere, data.studio.score),
            "spearman": correlation(spearmanr, elsewhere, data.studio.score),
            "learned_from": data.studio.source["hash"] in learned,
        }
    return {
        "split": data.split,
        "figures": metrics,
        "groups": by_group(predictions, data.held),
        "checks": [vars(check) | {"passed": check.passed} for check in checks(metrics)],
        "said": [round(float(score), 3) for score in predictions],
    }


def score_metrics(predictions: Floats, truth: Floats) -> dict[str, Any]:
    """Returns agreement with people's means (n,), 1-10, and the error beside that of the best constant."""
    return {
        "photos": len(truth),
        "pearson": correlation(pearsonr, predictions, truth),
        "spearman": correlation(spearmanr, predictions, truth),
        "mae": float(np.abs(predictions - truth).mean()),
        "mae_constant": float(np.abs(np.median(truth) - truth).mean()),
        "spread": float(predictions.std()),
    }


def corruption_metrics(network: FaceScorer, held: AlignedFaces) -> dict[str, float]:
    """Returns how often a held-out face scores higher than its spoiled copy, by what spoiled it, and by how
    many marks."""
    images = torch.from_numpy(held.squares).permute(0, 3, 1, 2).float()
    own = predict(network, held.squares)
    result: dict[str, float] = {}
    rights, drops = [], []
    for number, name in enumerate(SPOILS):
        right, drop = [], []
        for severity in SEVERITIES:
            generator = torch.Generator().manual_seed(number)
            kinds, hard = torch.full((len(images),), number), torch.full((len(images),), severity)
            copies = spoiled(images, kinds, hard, generator).round().to(torch.uint8)
            apart = own - predict(network, copies.permute(0, 2, 3, 1).numpy())
            right.append(apart > 0)
            drop.append(apart)
        rights.append(np.mean(right))
        drops.append(np.mean(drop))
        result[name] = float(rights[-1])
    return {"ordered_right": float(np.mean(rights)), "marks_lost": float(np.mean(drops))} | result


def by_group(predictions: Floats, held: AlignedFaces) -> dict[str, Any]:
    """Returns error, bias (what is predicted too much) and correlation for each sex and each group."""
    groups: dict[str, Any] = {}
    for kind, values in (("sex", held.sex), ("group", held.group)):
        for name in sorted(set(values) - {""}):
            rows = np.array([value == name for value in values])
            groups[f"{kind}: {name}"] = {
                "photos": int(rows.sum()),
                "mae": float(np.abs(predictions[rows] - held.score[rows]).mean()),
                "bias": float((predictions[rows] - held.score[rows]).mean()),
                "pearson": correlation(pearsonr, predictions[rows], held.score[rows]),
                "mae_constant": float(np.abs(np.median(held.score) - held.score[rows]).mean()),
            }
    return groups


def checks(metrics: dict[str, Any]) -> list[BaselineCheck]:
    """Returns the comparisons that a network must win to be worth anything."""
    luck = _LUCK / math.sqrt(max(metrics["photos"], 3) - 1)
    return [
        BaselineCheck("Pearson", metrics["pearson"], luck, "chance, 95%"),
        BaselineCheck("Spearman", metrics["spearman"], luck, "chance, 95%"),
        BaselineCheck(
            "mean error, marks", metrics["mae"], metrics["mae_constant"], "best constant", higher=False
        ),
        BaselineCheck("spoiled copies below their face", metrics["craft"]["ordered_right"], 0.5, "chance"),
    ]


# Report


def report(facts: dict[str, Any]) -> bool:
    """Prints the metrics beside their baselines; returns whether all are better."""
    return print_report(facts, report_lines(facts) if "figures" in facts else ())


def report_lines(facts: dict[str, Any]) -> Iterator[str]:
    """Yields what is told beside the checks."""
    spoils = ", ".join(f"{name} {value:.3f}" for name, value in facts["figures"]["craft"].items())
    yield f"spoiled copies below their face: {spoils}"
    if "studio" in facts["figures"]:
        studio = facts["figures"]["studio"]
        learned = "learned from" if studio["learned_from"] else "never learned from"
        yield f"faces from elsewhere ({studio['faces']}, {learned}): Pearson {studio['pearson']:.4f}"
    for name, group in facts["groups"].items():
        yield (
            f"{name}: {group['photos']} faces, error {group['mae']:.3f} (constant "
            f"{group['mae_constant']:.3f}), bias {group['bias']:+.3f}, Pearson {group['pearson']:.3f}"
        )
