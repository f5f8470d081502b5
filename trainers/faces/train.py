"""Training of the face detector: data, network, loss, loop, in the order in which they happen.

YuNet says where the faces of photos are, and a smaller network learns it from scenes that are made of them;
see docs/training.md. The configuration is in config.py, the command line in __main__.py.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.fx.experimental.optimization import fuse
from torch.nn.functional import binary_cross_entropy_with_logits, smooth_l1_loss
from torch.utils.data import DataLoader

from photocli.errors import UsageError
from trainers.common.checkpoints import Model, load_model, previous_runs, save_model
from trainers.common.loop import last_checkpoint, make_trainer
from trainers.common.module import TrainingModule
from trainers.common.overlap import fits
from trainers.common.runs import RunRecord, command_line, commit, portable, write_json
from trainers.faces.config import FacesConfig
from trainers.faces.data import FacePhotos, Scene, Scenes, divide, epoch_batches
from trainers.faces.evaluate import evaluate, quick_metrics
from trainers.faces.labels import SURE, UNSURE
from trainers.faces.landmarks import train_landmarks
from trainers.faces.network import REACH, STRIDE, DetectorOutput, FaceDetector

LANDMARKS_FILE = "second_look.pt"
"""The file of a finished landmark network in a run's folder."""

_MIDDLE, _AROUND = 0.25, 0.4
"""Cells within the first share of a face's size from its middle answer for it; up to the second, nothing is
learned of them."""

_NEAREST = 0.72 * STRIDE  # pixels; every point has the middle of a cell as near as this

# Network


def start(config: FacesConfig) -> FaceDetector:
    """Returns the network before its first step."""
    torch.manual_seed(config.seed)
    network = FaceDetector(config.side)
    if not config.start:
        network.initialise(config.init)
        return network
    earlier = load_model(Path(config.start)).network
    if not isinstance(earlier, FaceDetector):
        raise UsageError(f"--start: {config.start} is no model of this trainer")
    earlier.landmarks = None  # they are learned apart, and anew
    network.load_state_dict(earlier.state_dict())
    return network


# Loss


class CellTargets(NamedTuple):
    """Of n scenes with c cells: the place (n, c) in its list of the face that a cell answers for, whether it
    answers for any, and whether it counts for the scores at all."""

    face: Tensor
    answers: Tensor
    counts: Tensor


def assign_cells(faces: Tensor, middles: Tensor) -> CellTargets:
    """Assigns cells with these middles (c, 2) to the faces (n, m, 15) that they answer for.

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
    return CellTargets(distance.argmin(2), answers, counts)


def detection_loss(output: DetectorOutput, faces: Tensor, middles: Tensor, config: FacesConfig) -> Tensor:
    """Returns the loss of scores, boxes and points.

    Scores by the quality focal loss (Li et al. 2020), whose target is partly how well the box fits; boxes by
    the generalised intersection over union; points by their distance as a share of the face's size, both as
    its middle tells them, and as the cells around each of them see it. `faces` (n, m, 15) are in pixels, rows
    of zeros, which come last, none; points that are NaN count for nothing.
    """
    faces = faces[:, : max(1, int((faces[..., 14] != 0).sum(1).max()))]
    with torch.no_grad():
        targets = assign_cells(faces, middles)
        taken = targets.face[..., None].expand(-1, -1, 15)
        wanted = faces.gather(1, taken)[targets.answers]
    boxes, points = output.boxes[targets.answers].float(), output.points[targets.answers].float()
    iou, giou = fits(boxes, wanted[:, :4])
    quality = torch.zeros_like(output.logits, dtype=torch.float32)
    quality[targets.answers] = 1 - config.quality * (1 - iou.detach())
    logits = output.logits.float()
    each = binary_cross_entropy_with_logits(logits, quality, reduction="none")
    each = each * (logits.sigmoid() - quality).abs().square() * targets.counts
    many = targets.answers.sum().clamp_min(1)
    weight = iou.detach().clamp_min(0.1)
    size = (wanted[:, 2:4] - wanted[:, :2]).prod(1).sqrt().clamp_min(1.0)
    apart = _mean_error(points - wanted[:, 4:14], size[:, None])
    near = _mean_error(*errors_around(output, faces, middles))
    loss = config.score_weight * each.sum() / many
    loss = loss + config.box_weight * ((1 - giou) * weight).sum() / weight.sum().clamp_min(1)
    return loss + config.point_weight * (apart + near)


def errors_around(output: DetectorOutput, faces: Tensor, middles: Tensor) -> tuple[Tensor, Tensor]:
    """Returns how far off the points are as the cells near them see them, and the sizes of their faces.

    The former are x and y (n, c, m, 10), NaN where it does not matter, the latter (n, 1, m, 1).
    """
    size = (faces[..., 2:4] - faces[..., :2]).mean(2)[:, None, :, None]
    points = torch.unflatten(faces[:, None, :, 4:14], 3, (5, 2))
    away = (middles[None, :, None, None] - points).abs().amax(4)
    reach = (REACH * size).clamp_min(STRIDE)
    matters = (away <= reach) & (faces[:, None, :, 14:15] == SURE)
    off = torch.unflatten(output.around.float(), 2, (5, 2))[:, :, None] - points
    return off.where(matters[..., None], torch.nan).flatten(3), size


def _mean_error(off: Tensor, size: Tensor) -> Tensor:
    """Returns the mean of what is off as a share of the size, where it is known."""
    known = off.isfinite()
    share = torch.where(known, off, 0.0) / size.clamp_min(1.0)
    each = smooth_l1_loss(share, torch.zeros_like(share), reduction="none", beta=0.02)
    return (each * known).sum() / known.sum().clamp_min(1)


# Loop


class DetectorTraining(TrainingModule):
    """Trains a detector on scenes of training photos; see `TrainingModule`.

    The network's first layers, which make most of the work, stay as they are until the last epochs; their
    batch norm goes by the statistics that it came with all the time.
    """

    network: FaceDetector

    def __init__(
        self, network: FaceDetector, config: FacesConfig, training: FacePhotos, held: FacePhotos
    ) -> None:
        super().__init__(network, config, "faces")
        self.held = held
        self.scenes = Scenes(training, config.side, config.seed, config.people)
        self._frozen: tuple[nn.Module, ...] = ()  # the first layers while they wait, no part of the module
        self._forward: Callable[[Tensor], Any] = network.forward
        self._from_features: Callable[[Tensor], Any] = network.from_features
        if config.compile:
            self._forward = torch.compile(network.forward)
            self._from_features = torch.compile(network.from_features)

    @property
    def steps(self) -> int:
        return max(1, int(self.config.scenes // self.config.batch))

    def train_dataloader(self) -> DataLoader[Scene]:
        """Returns the batches of the current epoch (Lightning asks anew for each)."""
        config = self.config
        return self.loader(self.scenes, epoch_batches(self.current_epoch, config.scenes, config.batch))

    def on_train_epoch_start(self) -> None:
        super().on_train_epoch_start()
        self.network.near.eval()
        tuned = self.current_epoch >= self.config.epochs - self.config.tune_epochs
        near = fuse(self.network.near).to(memory_format=torch.channels_last)
        self._frozen = () if tuned else (near,)

    def training_step(self, batch: list[Tensor], step: int) -> Tensor:
        canvases, faces = batch
        if not self._frozen:
            output = DetectorOutput(*self._forward(canvases))
        else:
            with torch.no_grad():
                pixels = self.network.scaled(canvases)
                near = self._frozen[0](pixels.contiguous(memory_format=torch.channels_last))
            output = DetectorOutput(*self._from_features(near))
        return self.record_loss(detection_loss(output, faces, self.network.middles, self.config))

    def configure_optimizers(self) -> Any:
        return self.adamw(self.network.backbone, self.network.new_layers)

    def validation_metrics(self) -> dict[str, float]:
        if not len(self.held):
            return {}
        averaged = self.averaged
        assert isinstance(averaged, FaceDetector)
        return quick_metrics(averaged, self.held, self.config)


def train(config: FacesConfig, photos: FacePhotos, out: Path, resume: bool) -> dict[str, Any]:
    """Trains with the configuration's fold held out, evaluates, saves model.ckpt and run.json.

    Returns the facts of run.json. With `resume` it goes on from last.ckpt in `out`, if it is there.
    """
    training, held = divide(photos, config.folds, config.fold)
    resume = resume and last_checkpoint(out).exists()
    network = FaceDetector(config.side) if resume else start(config)
    module = DetectorTraining(network, config, training, held)
    make_trainer(config, out, watch=False).fit(module, ckpt_path=last_checkpoint(out) if resume else None)
    averaged = module.averaged.cpu().eval()
    assert isinstance(averaged, FaceDetector)
    landmark_facts: dict[str, float] = {}
    if config.refine_steps:
        kept = out / LANDMARKS_FILE
        if not resume:
            kept.unlink(missing_ok=True)
        averaged.landmarks, landmark_facts = train_landmarks(training, config, kept)
    averaged = averaged.at_side(config.serve_side or config.side)
    facts = _facts(config, photos, training, module.history, landmark_facts)
    if len(held):
        split = f"fold {config.fold} of {config.folds}, by a hash of the name"
        facts |= {"split": split} | evaluate(averaged, training, held, config)
    stored = portable(asdict(config)) | {"trainer": "faces"}
    save_model(out / "model.ckpt", Model(averaged, stored, RunRecord.of(portable(facts))))
    write_json(out / "run.json", portable(facts))
    return facts


def _facts(
    config: FacesConfig,
    photos: FacePhotos,
    training: FacePhotos,
    history: list[dict[str, float]],
    landmark_facts: dict[str, float],
) -> dict[str, Any]:
    """Returns what run.json says of a run, beside its evaluation."""
    return {
        "trainer": "faces",
        "command": command_line("trainers.faces"),
        "commit": commit(),
        "seed": config.seed,
        "before": previous_runs(Path(config.start)) if config.start else [],
        "config": asdict(config),
        "data": list(photos.sources),
        "training_photos": len(training),
        "thresholds": {"score": 0.5, "overlap": config.overlap},
        "history": history,
        "second_look": landmark_facts,
    }
