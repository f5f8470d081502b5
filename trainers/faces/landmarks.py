"""Training of the landmark network on squares around faces.

The squares are shifted, scaled and turned as much as the places at which the detector finds faces are off.
"""

from __future__ import annotations

import math
import time
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
import typer
from PIL import Image
from torch import Tensor
from torch.nn.functional import smooth_l1_loss

from photocli.errors import UsageError
from photocli.faces.detectors.faces import PADDING
from trainers.common.frames import Picture
from trainers.common.image_corruptions import SPOILS, recoloured, spoiled
from trainers.common.schedule import cosine_factor
from trainers.common.yunet import MIRRORED
from trainers.faces.augmentation import Placement, Region, paste_photo, transform_faces
from trainers.faces.config import FacesConfig
from trainers.faces.data import FacePhotos
from trainers.faces.labels import Faces
from trainers.faces.landmark_network import LandmarkNetwork, into_square, sample_squares, square_maps

_SIZES = (160, 100, 62, 38)
"""Sizes of a face in pixels in which it is kept: as large and as small as on canvases."""

_ROOM = 2.0  # a kept picture's side in sizes of its face
_LEAST = 40.0  # size in pixels of the photo from which a face shows its points well enough
_SHIFT, _SCALE, _TURN = 0.04, 0.07, 5.0  # jitter of squares: sizes of a face, logarithm, degrees; deviations
_FARTHER = 2.5  # how much more one of ten is jittered
_SPOILED = 0.2
_OFTEN = (0.4, 0.3, 0.2, 0.1)  # of each of the sizes; a large face tells most of where points are
_WEIGHTS = (1.5, 1.5, 0.8, 0.6, 0.6)  # eyes count most: faces are aligned by them
_WARM_UP, _REPORT_STEPS = 100, 500  # steps

SETTINGS = (
    "refine_steps",
    "refine_batch",
    "refine_lr",
    "refine_colour",
    "weight_decay",
    "seed",
    "folds",
    "fold",
)
"""What a landmark network follows from, beside the photos."""

# Data


class LandmarkCrops(NamedTuple):
    """n faces, kept in each of `_SIZES`: `pictures`, uint8 (n, 3, w, w) each; `boxes` (n, 4) and `points`
    (n, 10) in sizes of the face, from the middle of its picture."""

    pictures: tuple[Tensor, ...]
    boxes: Tensor
    points: Tensor


def landmark_crops(photos: FacePhotos) -> LandmarkCrops:
    """Cuts out the faces of photos that are large enough, with all of their points.

    Raises `UsageError` if there are fewer than two.
    """
    pictures: list[list[Picture]] = [[] for _ in _SIZES]
    boxes, points = [], []
    for row in photos.photographed().rows:
        photo = photos.frames[row]
        across, down = photo.shape[1], photo.shape[0]
        for face in photos.sure(row):
            size = float(((face[2:4] - face[:2]) * np.array([across, down])).mean())
            if size < _LEAST or not np.isfinite(face).all():
                continue
            middle = (float(face[0] + face[2]) / 2, float(face[1] + face[3]) / 2)
            for kept, wanted in zip(pictures, _SIZES, strict=True):
                kept.append(_crop(photo, face, middle, wanted, wanted / size))
            placed = transform_faces(face[None], (across, down), Placement(middle, (0.0, 0.0), 1 / size))
            boxes.append(placed[0, :4])
            points.append(placed[0, 4:14])
    if len(boxes) < 2:
        raise UsageError("too few faces are large enough to learn from where their points are")
    stacked = tuple(torch.from_numpy(np.stack(kept)) for kept in pictures)
    return LandmarkCrops(stacked, torch.from_numpy(np.stack(boxes)), torch.from_numpy(np.stack(points)))


def _crop(photo: Picture, face: Faces, middle: tuple[float, float], size: int, scale: float) -> Picture:
    """Cuts out a face (15,) in this size, (3, w, w)."""
    side = round(_ROOM * size)
    canvas = Image.new("RGB", (side, side), (PADDING,) * 3)
    how = Placement(middle, (side / 2, side / 2), scale)
    paste_photo(canvas, Region(0, 0, side, side), photo, face[None], how)
    return np.asarray(np.asarray(canvas).transpose(2, 0, 1), np.uint8)


def landmark_batch(faces: LandmarkCrops, config: FacesConfig, step: int) -> tuple[Tensor, Tensor]:
    """Returns squares (n, 3, SIDE, SIDE) with the points (n, 5, 2) in them; a function of seed and step."""
    generator = torch.Generator().manual_seed(
        int(np.random.SeedSequence([config.seed, step]).generate_state(1)[0])
    )
    rows = torch.randint(len(faces.boxes), (config.refine_batch,), generator=generator)
    which = int(torch.multinomial(torch.tensor(_OFTEN), 1, generator=generator))
    maps = _jittered(square_maps(faces.boxes[rows], faces.points[rows]), generator)
    truth = into_square(faces.points[rows], maps)
    pictures = faces.pictures[which][rows].float()
    pixels = maps * _SIZES[which] + torch.tensor([0.0, 0.0, pictures.shape[3] / 2])
    squares = recoloured(sample_squares(pictures, pixels), config.refine_colour, generator)
    hard = torch.nonzero(torch.rand(len(rows), generator=generator) < _SPOILED)[:, 0]
    if len(hard):
        kinds = torch.randint(len(SPOILS), (len(hard),), generator=generator)
        severity = 0.6 * torch.rand(len(hard), generator=generator)
        squares[hard] = spoiled(squares[hard], kinds, severity, generator)
    flipped = torch.rand(len(rows), generator=generator) < 0.5
    squares = torch.where(flipped[:, None, None, None], squares.flip(3), squares)
    mirror = truth[:, MIRRORED] * torch.tensor([-1.0, 1.0])
    return squares, torch.where(flipped[:, None, None], mirror, truth)


def _jittered(maps: Tensor, generator: torch.Generator) -> Tensor:
    """Returns maps of squares that lie a little beside, are larger or smaller, and turned."""
    count = len(maps)
    more = torch.where(torch.rand(count, generator=generator) < 0.1, _FARTHER, 1.0)
    turn = more * math.radians(_TURN) * torch.randn(count, generator=generator)
    scale = (more * _SCALE * torch.randn(count, generator=generator)).exp()
    cos, sin = scale * turn.cos(), scale * turn.sin()
    right, down = maps[:, :, 0], maps[:, :, 1]
    shift = more[:, None] * _SHIFT * torch.randn(count, 2, generator=generator)
    columns = [
        cos[:, None] * right + sin[:, None] * down,
        cos[:, None] * down - sin[:, None] * right,
        maps[:, :, 2] + shift,
    ]
    return torch.stack(columns, 2)


# Loss


def landmark_loss(points: Tensor, truth: Tensor) -> Tensor:
    """Returns the mean distance of points (n, 5, 2) from the true ones, x and y, in distances of the eyes.

    Faces from the side count as if their eyes were a fifth of the square apart.
    """
    apart = (truth[:, 1] - truth[:, 0]).square().sum(1).sqrt().clamp_min(0.4)[:, None, None]
    each = smooth_l1_loss(points / apart, truth / apart, reduction="none", beta=0.02)
    return (each * each.new_tensor(_WEIGHTS)[:, None]).mean()


# Loop


def train_landmarks(
    photos: FacePhotos, config: FacesConfig, kept: Path | None = None
) -> tuple[LandmarkNetwork, dict[str, float]]:
    """Trains a landmark network on the faces of photos; returns it with the last loss, and the time.

    It takes minutes, and begins anew where it was interrupted; one that is finished is `kept` in a file, from
    which the same settings get it back.
    """
    torch.manual_seed(config.seed)
    network = LandmarkNetwork()
    settings = {name: getattr(config, name) for name in SETTINGS}
    if kept is not None and kept.is_file():
        stored = torch.load(kept, map_location="cpu", weights_only=True)
        if stored["settings"] == settings:
            network.load_state_dict(stored["weights"])
            return network.eval(), stored["told"]
    faces, started = landmark_crops(photos), time.monotonic()
    losses = _optimise(network, faces, config)
    facts = {"faces": float(len(faces.boxes)), "loss": float(np.mean(losses[-_REPORT_STEPS:]))}
    facts["seconds"] = time.monotonic() - started
    network = network.cpu().eval()
    if kept is not None:
        torch.save({"weights": network.state_dict(), "settings": settings, "told": facts}, kept)
    return network, facts


def _optimise(network: LandmarkNetwork, faces: LandmarkCrops, config: FacesConfig) -> list[float]:
    """Takes all steps with AdamW, by a warm-up and half a cosine; returns their losses."""
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    network.to(device)
    optimizer = torch.optim.AdamW(network.parameters(), config.refine_lr, weight_decay=config.weight_decay)
    losses: list[float] = []
    for step in range(config.refine_steps):
        rate = cosine_factor(step / config.refine_steps, min(1.0, (step + 1) / _WARM_UP))
        for group in optimizer.param_groups:
            group["lr"] = rate * config.refine_lr
        squares, truth = landmark_batch(faces, config, step)
        # In bfloat16 so small a network would take twice the time on a CPU.
        loss = landmark_loss(network(squares.to(device)), truth.to(device))
        optimizer.zero_grad(set_to_none=True)
        torch.autograd.backward(loss)
        optimizer.step()
        losses.append(float(loss.detach()))
        if (step + 1) % _REPORT_STEPS == 0:
            typer.echo(f"second look, step {step + 1}  loss {np.mean(losses[-_REPORT_STEPS:]):.4f}")
    return losses
