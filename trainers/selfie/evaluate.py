"""Figures of a network that scores faces, on faces that it never saw, each beside what needs no training."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.stats import pearsonr, spearmanr
from torch import Tensor

from trainers.common.image_corruptions import SPOILS, spoiled
from trainers.common.metrics import Check, Floats, correlation
from trainers.common.runs import print_report as printed
from trainers.selfie.data import Faces
from trainers.selfie.network import LOWEST, FaceScorer
from trainers.selfie.siamese import distance, draw_pairs, hinge_embedding, score_classes

if TYPE_CHECKING:
    from trainers.selfie.train import Data

SEVERITIES = (0.4, 0.8)
"""Of the spoiled copies of held-out faces."""

_LUCK = 1.645  # standard errors that 95% of random orders stay below


def say(network: FaceScorer, squares: NDArray[np.uint8], mirrored: bool = True, head: int = 0) -> Floats:
    """The scores (n,), 1-10, of faces as they are served; of the face and its mirror image, averaged."""
    device, was_training = network.head.weight.device, network.training
    network.eval()
    said = []
    with torch.inference_mode():
        for part in chunks(squares, device):
            score = network(part)[:, head]
            if mirrored:
                score = (score + network(part.flip(3))[:, head]) / 2
            said.append(score.float().cpu().numpy())
    network.train(was_training)
    return np.concatenate(said).astype(np.float64) + LOWEST


def chunks(squares: NDArray[np.uint8], device: torch.device, size: int = 64) -> list[Tensor]:
    """Squares (n, side, side, 3) as batches for a network."""
    return [
        torch.from_numpy(squares[at : at + size]).permute(0, 3, 1, 2).contiguous().to(device)
        for at in range(0, len(squares), size)
    ]


def unseen_pairs(network: FaceScorer, faces: Faces, kind: str) -> float:
    """Hinge embedding loss of pairs of faces, half of them alike, as they are served."""
    first, second, same = draw_pairs(score_classes(faces.score), 400, np.random.default_rng(0))
    network.eval()
    with torch.inference_mode():
        known = torch.cat(
            [network.compare(part) for part in chunks(faces.squares, network.head.weight.device)]
        )
        apart = distance(known[first], known[second], kind)
        return float(hinge_embedding(apart, torch.from_numpy(same).to(apart.device)))


def judge(network: FaceScorer, data: Data, learned: Collection[str] = ()) -> dict[str, Any]:
    """Figures, checks and errors by who is shown, of the held-out faces; `learned` are the hashes of lists
    that taught the network."""
    assert data.held is not None
    said = say(network, data.held.squares)
    result = figures(said, data.held.score)
    result["craft"] = craft(network, data.held)
    if data.studio is not None:
        found = say(network, data.studio.squares)
        result["studio"] = {
            "faces": len(data.studio),
            "pearson": correlation(pearsonr, found, data.studio.score),
            "spearman": correlation(spearmanr, found, data.studio.score),
            "learned_from": data.studio.source["hash"] in learned,
        }
    found_checks = checks(result)
    return {
        "split": data.split,
        "figures": result,
        "groups": by_group(said, data.held),
        "checks": [vars(check) | {"passed": check.passed} for check in found_checks],
        "said": [round(float(score), 3) for score in said],
    }


def figures(said: Floats, truth: Floats) -> dict[str, Any]:
    """Agreement with people's means (n,), 1-10, and the error beside that of the best constant."""
    return {
        "photos": len(truth),
        "pearson": correlation(pearsonr, said, truth),
        "spearman": correlation(spearmanr, said, truth),
        "mae": float(np.abs(said - truth).mean()),
        "mae_constant": float(np.abs(np.median(truth) - truth).mean()),
        "spread": float(said.std()),
    }


def craft(network: FaceScorer, held: Faces) -> dict[str, float]:
    """How often a held-out face scores higher than its spoiled copy, by what spoiled it, and by how many
    marks."""
    images = torch.from_numpy(held.squares).permute(0, 3, 1, 2).float()
    own = say(network, held.squares)
    result: dict[str, float] = {}
    rights, drops = [], []
    for number, name in enumerate(SPOILS):
        right, drop = [], []
        for severity in SEVERITIES:
            generator = torch.Generator().manual_seed(number)
            kinds, hard = torch.full((len(images),), number), torch.full((len(images),), severity)
            copies = spoiled(images, kinds, hard, generator).round().to(torch.uint8)
            apart = own - say(network, copies.permute(0, 2, 3, 1).numpy())
            right.append(apart > 0)
            drop.append(apart)
        rights.append(np.mean(right))
        drops.append(np.mean(drop))
        result[name] = float(rights[-1])
    return {"ordered_right": float(np.mean(rights)), "marks_lost": float(np.mean(drops))} | result


def by_group(said: Floats, held: Faces) -> dict[str, Any]:
    """Error, bias (what is said too much) and correlation for each sex and each group."""
    found: dict[str, Any] = {}
    for kind, values in (("sex", held.sex), ("group", held.group)):
        for name in sorted(set(values) - {""}):
            rows = np.array([value == name for value in values])
            found[f"{kind}: {name}"] = {
                "photos": int(rows.sum()),
                "mae": float(np.abs(said[rows] - held.score[rows]).mean()),
                "bias": float((said[rows] - held.score[rows]).mean()),
                "pearson": correlation(pearsonr, said[rows], held.score[rows]),
                "mae_constant": float(np.abs(np.median(held.score) - held.score[rows]).mean()),
            }
    return found


def checks(result: dict[str, Any]) -> list[Check]:
    """The comparisons that a network must win to be worth anything."""
    luck = _LUCK / math.sqrt(max(result["photos"], 3) - 1)
    return [
        Check("Pearson", result["pearson"], luck, "chance, 95%"),
        Check("Spearman", result["spearman"], luck, "chance, 95%"),
        Check("mean error, marks", result["mae"], result["mae_constant"], "best constant", higher=False),
        Check("spoiled copies below their face", result["craft"]["ordered_right"], 0.5, "chance"),
    ]


def report(facts: dict[str, Any]) -> bool:
    """Print the figures beside their baselines; whether all are better."""
    return printed(facts, _more(facts) if "figures" in facts else ())


def _more(facts: dict[str, Any]) -> Iterator[str]:
    """What is told beside the checks."""
    spoils = ", ".join(f"{name} {value:.3f}" for name, value in facts["figures"]["craft"].items())
    yield f"spoiled copies below their face: {spoils}"
    if "studio" in facts["figures"]:
        studio = facts["figures"]["studio"]
        seen = "learned from" if studio["learned_from"] else "never learned from"
        yield f"faces from elsewhere ({studio['faces']}, {seen}): Pearson {studio['pearson']:.4f}"
    for name, group in facts["groups"].items():
        yield (
            f"{name}: {group['photos']} faces, error {group['mae']:.3f} (constant "
            f"{group['mae_constant']:.3f}), bias {group['bias']:+.3f}, Pearson {group['pearson']:.3f}"
        )
