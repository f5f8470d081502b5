"""The face detector: scores, boxes and five points for every cell of a photo."""

from __future__ import annotations

from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn.functional import interpolate

from trainers.common.backbones import IMAGENET_MEAN, IMAGENET_STD, mobilenet_layers
from trainers.faces.landmark_network import (
    LEAST_SIZE,
    LandmarkNetwork,
    candidate_cells,
    from_square,
    sample_squares,
    select_faces,
    square_maps,
)

STRIDE = 8
"""Pixels from one cell to the next; cells are squares."""

REACH = 0.2
"""How far a point is corrected, as a share of the face's size; cells as near as this learn to see it."""

_NEAR = 7  # MobileNetV2's first layers, down to an eighth of the size, with 32 channels
_FAR = 11  # its layers down to a sixteenth, with 64
_DEEP, _WIDTH = 128, 80
_LARGEST = 4.0  # logarithm of the largest distance from a cell to a side of its box, in cells


class DetectorOutput(NamedTuple):
    """What the detector tells of n photos of c cells, row by row.

    Logits (n, c) of being in a face's middle; boxes (n, c, 4), left, top, right and bottom; points
    (n, c, 10), x and y of five; and likewise where the cell itself sees the points `around` it. All but
    logits are in pixels of the canvas.
    """

    logits: Tensor
    boxes: Tensor
    points: Tensor
    around: Tensor


class FaceDetector(nn.Module):
    """uint8 canvases of shape (n, 3, side, side) -> `DetectorOutput`; the side is a multiple of 32.

    One stage and without anchors, as FCOS (Tian et al. 2019): each cell says how far from its middle the
    sides of its box are. MobileNetV2's first layers read the photo; a few more at a 32nd of its size, which
    see all of it, tell what is around; both come together at an eighth.
    """

    mean: Tensor
    scale: Tensor
    middles: Tensor

    def __init__(self, side: int, with_landmarks: bool = False) -> None:
        """With landmarks, a `LandmarkNetwork` tells the points of the surest faces."""
        super().__init__()
        self.side = side
        self.landmarks = LandmarkNetwork() if with_landmarks else None
        features = mobilenet_layers("none")
        self.near, self.far = features[:_NEAR], features[_NEAR:_FAR]
        self.deep = nn.Sequential(
            _separable(64, _DEEP, 2), _separable(_DEEP, _DEEP), _separable(_DEEP, _DEEP)
        )
        self.from_near = nn.Conv2d(32, _WIDTH, 1)
        self.from_far = nn.Conv2d(64, _WIDTH, 1)
        self.from_deep = nn.Conv2d(_DEEP, _WIDTH, 1)
        self.middle = _separable(_WIDTH, _WIDTH)
        self.tell = nn.Sequential(_separable(_WIDTH, _WIDTH), _separable(_WIDTH, _WIDTH))
        self.where = _separable(_WIDTH, _WIDTH)  # for the points alone
        self.score, self.box, self.point, self.close = (nn.Conv2d(_WIDTH, size, 1) for size in (1, 4, 10, 10))
        assert self.score.bias is not None and self.box.bias is not None
        nn.init.constant_(self.score.bias, -4.0)  # hardly any cell is a face's
        nn.init.constant_(self.box.bias, 1.0)
        cells = side // STRIDE
        down, across = torch.meshgrid(torch.arange(cells), torch.arange(cells), indexing="ij")
        middles = (torch.stack([across, down], 2).reshape(-1, 2) + 0.5) * STRIDE
        self.register_buffer("middles", middles, persistent=False)
        self.register_buffer("mean", 255 * torch.tensor(IMAGENET_MEAN).view(1, 3, 1, 1), persistent=False)
        scale = 1 / (255 * torch.tensor(IMAGENET_STD).view(1, 3, 1, 1))
        self.register_buffer("scale", scale, persistent=False)
        self.to(memory_format=torch.channels_last)

    def initialise(self, init: str) -> None:
        """Loads MobileNetV2's starting weights into the layers that came from it; see `initialise`."""
        layers = mobilenet_layers(init)
        self.near.load_state_dict(layers[:_NEAR].state_dict())
        self.far.load_state_dict(layers[_NEAR:_FAR].state_dict())

    def at_side(self, side: int) -> FaceDetector:
        """Returns the same network for canvases of another side, on which nothing in it depends."""
        other = FaceDetector(side, with_landmarks=self.landmarks is not None)
        other.load_state_dict(self.state_dict())
        return other.eval()

    @property
    def backbone(self) -> nn.ModuleList:
        """The layers that start from MobileNetV2's weights."""
        return nn.ModuleList([self.near, self.far])

    @property
    def new_layers(self) -> nn.ModuleList:
        """All other layers that learn with them."""
        apart = {self.near, self.far, self.landmarks}
        return nn.ModuleList(module for module in self.children() if module not in apart)

    def forward(self, canvas: Tensor) -> DetectorOutput:
        return self.from_features(self.near(self.scaled(canvas)))

    def scaled(self, canvas: Tensor) -> Tensor:
        """Scales pixels 0-255 as MobileNetV2 expects them."""
        return (canvas.float() - self.mean) * self.scale

    def from_features(self, near: Tensor) -> DetectorOutput:
        """Returns the output from the first layers' features (n, 32, side / 8, side / 8)."""
        far = self.far(near)
        wide = self.middle(self.from_far(far) + interpolate(self.from_deep(self.deep(far)), scale_factor=2.0))
        shared = self.tell(self.from_near(near) + interpolate(wide, scale_factor=2.0))
        where = self.where(shared)
        outputs = (self.score(shared), self.box(shared), self.point(where), self.close(where))
        logits, sides, points, close = (output.flatten(2).transpose(1, 2).float() for output in outputs)
        away = sides.clamp_max(_LARGEST).exp() * STRIDE
        boxes = torch.cat([self.middles - away[..., :2], self.middles + away[..., 2:]], 2)
        # Points are learned as parts of the box, which must not move for their sake.
        size = (boxes[..., 2:] - boxes[..., :2]).detach().repeat(1, 1, 5)
        places = ((boxes[..., 2:] + boxes[..., :2]) / 2).detach().repeat(1, 1, 5) + points * size
        return DetectorOutput(logits[..., 0], boxes, places, self.middles.repeat(1, 5) + close * STRIDE)

    def points(self, output: DetectorOutput, canvas: Tensor) -> Tensor:
        """Returns the points (n, c, 10) of the faces in whose middle the cells are.

        Cells in the middle tell them. Points of what may be faces are corrected by the cells that they lie
        in, and those of the surest faces come from the landmark network.
        """
        best, cells = candidate_cells(output.logits, self.side // STRIDE)
        rows = cells[..., None].expand(-1, -1, 10)
        boxes = output.boxes.gather(1, rows[..., :4])
        points = self._corrected(output, output.points.gather(1, rows), boxes)
        if self.landmarks is not None:
            faces = select_faces(best, boxes)
            their_boxes, their_points = boxes[faces], points[faces]
            maps = square_maps(their_boxes, their_points)
            squares = sample_squares(canvas[faces[0]].float(), maps)
            better = from_square(self.landmarks.with_mirror(squares), maps)
            large = (their_boxes[:, 2:] - their_boxes[:, :2]).mean(1) >= LEAST_SIZE
            points = points.index_put(faces, torch.where(large[:, None], better, their_points))
        return output.points.scatter(1, rows, points)

    def _corrected(self, output: DetectorOutput, points: Tensor, boxes: Tensor) -> Tensor:
        """Corrects points (n, m, 10) of faces with these boxes by the cells that they lie in.

        Such a cell sees an eye from near. Where it is far from what the cell in the face's middle tells, the
        point stays as it is.
        """
        photos, faces, _ = points.shape
        across = self.side // STRIDE
        told = points.view(photos, faces * 5, 2)
        place = (told / STRIDE).floor().clamp(0, across - 1).long()
        kind = torch.arange(5, device=points.device).repeat(faces)
        row = 5 * (place[..., 1] * across + place[..., 0]) + kind
        near = output.around.view(photos, -1, 2).gather(1, row[..., None].expand(-1, -1, 2))
        size = (boxes[..., 2:] - boxes[..., :2]).mean(2).repeat_interleave(5, 1)[..., None]
        apart = (near - told).abs().amax(2, keepdim=True)
        return torch.where(apart < REACH * size, near, told).view_as(points)


def _separable(inner: int, outer: int, stride: int = 1) -> nn.Sequential:
    """Makes a depthwise and a pointwise convolution."""
    return nn.Sequential(
        nn.Conv2d(inner, inner, 3, stride, padding=1, groups=inner, bias=False),
        nn.BatchNorm2d(inner),
        nn.ReLU6(),
        nn.Conv2d(inner, outer, 1, bias=False),
        nn.BatchNorm2d(outer),
        nn.ReLU6(),
    )


def from_config(config: dict[str, Any]) -> FaceDetector:
    """Makes the detector of a configuration, with random weights."""
    side = config.get("serve_side") or config["side"]
    return FaceDetector(side, with_landmarks=config.get("refine_steps", 0) > 0)
