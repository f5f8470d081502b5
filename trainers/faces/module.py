"""Training a finder of faces: which cells answer for which face, the loss, and the averaged weights."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.fx.experimental.optimization import fuse
from torch.nn.functional import binary_cross_entropy_with_logits, smooth_l1_loss
from torch.utils.data import DataLoader

from trainers.common.module import TrainingModule
from trainers.common.overlap import fits
from trainers.faces.data import SURE, UNSURE, FacePhotos
from trainers.faces.network import REACH, STRIDE, Finder, Seen
from trainers.faces.scenes import Scene, Scenes, epoch_draws

if TYPE_CHECKING:
    from trainers.faces.train import Config

_MIDDLE, _AROUND = 0.25, 0.4
"""Cells within the first share of a face's size from its middle answer for it; up to the second, nothing is
said of them."""

_NEAREST = 0.72 * STRIDE  # pixels; every point has the middle of a cell as near as this


class Finding(TrainingModule):
    """Trains a finder on scenes of training photos; see `TrainingModule`.

    The network's first layers, which make most of the work, stay as they are until the last epochs; their
    batch norm goes by the statistics that it came with all the time.
    """

    network: Finder

    def __init__(self, network: Finder, config: Config, training: FacePhotos, held: FacePhotos) -> None:
        super().__init__(network, config, "faces")
        self.held = held
        self.scenes = Scenes(training, config.side, config.seed, config.people)
        self._still: tuple[nn.Module, ...] = ()  # the first layers while they wait, no part of the module
        self._seen: Callable[[Tensor], Any] = network.forward
        self._read: Callable[[Tensor], Any] = network.read
        if config.compile:
            self._seen, self._read = torch.compile(network.forward), torch.compile(network.read)

    @property
    def steps(self) -> int:
        return max(1, self.config.scenes // self.config.batch)

    def train_dataloader(self) -> DataLoader[Scene]:
        """The batches of the current epoch (Lightning asks anew for each)."""
        config = self.config
        return self.loader(self.scenes, epoch_draws(self.current_epoch, config.scenes, config.batch))

    def on_train_epoch_start(self) -> None:
        super().on_train_epoch_start()
        self.network.near.eval()
        tuned = self.current_epoch >= self.config.epochs - self.config.tune_epochs
        near = fuse(self.network.near).to(memory_format=torch.channels_last)
        self._still = () if tuned else (near,)

    def training_step(self, batch: list[Tensor], step: int) -> Tensor:
        canvases, faces = batch
        if not self._still:
            seen = Seen(*self._seen(canvases))
        else:
            with torch.no_grad():
                pixels = self.network.scaled(canvases)
                near = self._still[0](pixels.contiguous(memory_format=torch.channels_last))
            seen = Seen(*self._read(near))
        return self.record_loss(face_loss(seen, faces, self.network.middles, self.config))

    def configure_optimizers(self) -> dict[str, Any]:
        return self.adamw(self.network.backbone, self.network.own)

    def validation_metrics(self) -> dict[str, float]:
        from trainers.faces.evaluate import quick_figures

        if not len(self.held):
            return {}
        return quick_figures(self.averaged, self.held, self.config)  # type: ignore[arg-type]


class Duties(NamedTuple):
    """Of n scenes with c cells: the place (n, c) in its list of the face that a cell answers for, whether it
    answers for any, and whether it counts for the scores at all."""

    face: Tensor
    answers: Tensor
    counts: Tensor


def duties(faces: Tensor, middles: Tensor) -> Duties:
    """Which cells, with these middles (c, 2), answer for which of the faces (n, m, 15).

    Where faces overlap, a cell answers for the one to whose middle it is nearest, as a share of its size.
    """
    size = (faces[:, None, :, 2:4] - faces[:, None, :, :2]).clamp_min(1e-3)
    away = (middles[None, :, None] - (faces[:, None, :, 2:4] + faces[:, None, :, :2]) / 2).abs()
    sure, unsure = faces[:, None, :, 14] == SURE, faces[:, None, :, 14] == UNSURE

    def within(share: float, least: float) -> Tensor:
        return (away / (share * size).clamp_min(least)).square().sum(3) <= 1

    mine = within(_MIDDLE, _NEAREST) & sure
    around = within(_AROUND, 1.3 * _NEAREST) & sure
    nobody_knows = (away <= size / 2).all(3) & unsure
    distance = (away / size).square().sum(3).masked_fill(~mine, torch.inf)
    answers = mine.any(2)
    counts = answers | ~(around | nobody_knows).any(2)
    return Duties(distance.argmin(2), answers, counts)


def face_loss(seen: Seen, faces: Tensor, middles: Tensor, config: Config) -> Tensor:
    """Scores by the quality focal loss (Li et al. 2020), whose target is partly how well the box fits;
    boxes by the generalised intersection over union; points by their distance as a share of the face's size,
    both as its middle tells them, and as the cells around each of them see it.

    `faces` (n, m, 15) are in pixels, rows of zeros, which come last, none; points that are NaN count for
    nothing.
    """
    faces = faces[:, : max(1, int((faces[..., 14] != 0).sum(1).max()))]
    with torch.no_grad():
        duty = duties(faces, middles)
        taken = duty.face[..., None].expand(-1, -1, 15)
        wanted = faces.gather(1, taken)[duty.answers]
    boxes, points = seen.boxes[duty.answers].float(), seen.points[duty.answers].float()
    iou, giou = fits(boxes, wanted[:, :4])
    quality = torch.zeros_like(seen.logits, dtype=torch.float32)
    quality[duty.answers] = 1 - config.quality * (1 - iou.detach())
    logits = seen.logits.float()
    each = binary_cross_entropy_with_logits(logits, quality, reduction="none")
    each = each * (logits.sigmoid() - quality).abs().square() * duty.counts
    many = duty.answers.sum().clamp_min(1)
    weight = iou.detach().clamp_min(0.1)
    size = (wanted[:, 2:4] - wanted[:, :2]).prod(1).sqrt().clamp_min(1.0)
    apart = _apart(points - wanted[:, 4:14], size[:, None])
    near = _apart(*seen_from_around(seen, faces, middles))
    loss = config.score_weight * each.sum() / many
    loss = loss + config.box_weight * ((1 - giou) * weight).sum() / weight.sum().clamp_min(1)
    return loss + config.point_weight * (apart + near)


def seen_from_around(seen: Seen, faces: Tensor, middles: Tensor) -> tuple[Tensor, Tensor]:
    """How far off the points are as the cells near them see them, x and y (n, c, m, 10), NaN where it does
    not matter; and the sizes of their faces (n, 1, m, 1)."""
    size = (faces[..., 2:4] - faces[..., :2]).mean(2)[:, None, :, None]
    points = faces[:, None, :, 4:14].unflatten(3, (5, 2))
    away = (middles[None, :, None, None] - points).abs().amax(4)
    reach = (REACH * size).clamp_min(STRIDE)
    matters = (away <= reach) & (faces[:, None, :, 14:15] == SURE)
    off = seen.around.float().unflatten(2, (5, 2))[:, :, None] - points
    return off.where(matters[..., None], torch.nan).flatten(3), size


def _apart(off: Tensor, size: Tensor) -> Tensor:
    """The mean of what is off as a share of the size, where it is known."""
    known = off.isfinite()
    share = torch.where(known, off, 0.0) / size.clamp_min(1.0)
    each = smooth_l1_loss(share, torch.zeros_like(share), reduction="none", beta=0.02)
    return (each * known).sum() / known.sum().clamp_min(1)
