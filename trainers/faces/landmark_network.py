"""A second look at the faces that were found: a small network on an upright square around each of them says
where exactly their points are."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn.functional import grid_sample, interpolate, max_pool2d

from trainers.common.yunet import MIRRORED

SIDE = 72
"""Side of the square that it looks at, pixels; a multiple of 8."""

FACES = 16
"""Faces of a photo whose points are put right by the cells that they lie in, at most."""

MOST = 4
"""Faces of a photo that are looked at again at most, the surest; each costs a millisecond."""

SEEN = 0.0
"""The logit from which there may be a face that is worth a second look."""

LEAST = 20.0
"""Size of a face in pixels of the canvas from which a second look is worth it."""

_WIDTH, _DEEP = 64, 128
_CELL = 4  # pixels of the square from one place of the maps to the next
_ROOM = 1.25  # the square's side in sizes of the face
_LEVEL = 0.01  # a face whose eyes and mouth fall into one point counts as level


class Refiner(nn.Module):
    """Squares (n, 3, SIDE, SIDE), 0-255, with a face nearly upright in the middle -> its points (n, 5, 2), x
    and y from -1 to 1 within the square.

    Each point is the mean place of a map of where it may be (integral regression, Sun et al. 2018): so what
    is learned of an eye at one place serves at all others, which few faces could teach otherwise.
    """

    middles: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.see = nn.Sequential(
            *(*_block(3, 16, 2, 1), *_block(16, 32, 2, 1), *_block(32, _WIDTH, 1, 1, 1)),
            *(*_block(_WIDTH, _WIDTH, 1, _WIDTH), *_block(_WIDTH, _WIDTH, 1, 1, 1)),
        )
        self.around = nn.Sequential(
            *(*_block(_WIDTH, _WIDTH, 2, _WIDTH), *_block(_WIDTH, _DEEP, 1, 1, 1)),
            *(*_block(_DEEP, _DEEP, 1, _DEEP), *_block(_DEEP, _DEEP, 1, 1, 1)),
            *(*_block(_DEEP, _DEEP, 1, _DEEP), *_block(_DEEP, _WIDTH, 1, 1, 1)),
        )
        self.tell = nn.Sequential(
            *_block(_WIDTH, _WIDTH, 1, _WIDTH), *_block(_WIDTH, _WIDTH, 1, 1, 1), nn.Conv2d(_WIDTH, 5, 1)
        )
        along = (torch.arange(SIDE // _CELL) + 0.5) * (2 * _CELL / SIDE) - 1
        middles = torch.stack(torch.meshgrid(along, along, indexing="xy"), 2).reshape(-1, 2)
        self.register_buffer("middles", middles, persistent=False)
        self.to(memory_format=torch.channels_last)

    def forward(self, squares: Tensor) -> Tensor:
        scaled = ((squares - 118.0) / 60.0).contiguous(memory_format=torch.channels_last)
        near = self.see(scaled)
        maps = self.tell(near + interpolate(self.around(near), scale_factor=2.0))
        return maps.flatten(2).float().softmax(2) @ self.middles

    def both_ways(self, squares: Tensor) -> Tensor:
        """The points of squares as they and their mirror images have them on average, which errs less."""
        seen, other = self(torch.cat([squares, squares.flip(3)])).unflatten(0, (2, -1)).unbind()
        return (seen + other[:, MIRRORED] * other.new_tensor([-1.0, 1.0])) / 2


def _block(inner: int, outer: int, stride: int, groups: int, kernel: int = 3) -> list[nn.Module]:
    return [
        nn.Conv2d(inner, outer, kernel, stride, kernel // 2, groups=groups, bias=False),
        nn.BatchNorm2d(outer),
        nn.ReLU6(),
    ]


def around(boxes: Tensor, points: Tensor) -> Tensor:
    """The maps (n, 2, 3) from places in the square, -1 to 1, to pixels of the canvas, for faces with boxes
    (n, 4) and points (n, 10): the box's middle comes to the square's, and eyes and mouth to lie level."""
    size = (boxes[:, 2:] - boxes[:, :2]).mean(1)
    eyes_and_mouth = points[:, 2:4] - points[:, 0:2] + points[:, 8:10] - points[:, 6:8]
    across = eyes_and_mouth + torch.stack([_LEVEL * size, torch.zeros_like(size)], 1)
    across = across / across.square().sum(1, keepdim=True).sqrt().clamp_min(1e-6)
    half = (_ROOM / 2 * size)[:, None]
    right, middle = half * across, (boxes[:, 2:] + boxes[:, :2]) / 2
    down = torch.stack([-right[:, 1], right[:, 0]], 1)
    return torch.stack([right, down, middle], 2)


def look(canvases: Tensor, maps: Tensor) -> Tensor:
    """The squares (n, 3, SIDE, SIDE) of canvases (n, 3, h, w) that the maps (n, 2, 3) say."""
    height, width = canvases.shape[2:]
    along = (torch.arange(SIDE, device=maps.device, dtype=maps.dtype) + 0.5) * (2 / SIDE) - 1
    down, across = torch.meshgrid(along, along, indexing="ij")
    places = torch.stack([across, down, torch.ones_like(across)]).flatten(1)
    # As one product, since an exported affine_grid takes as long as the network that looks.
    scale, shift = maps.new_tensor([[2 / width], [2 / height]]), maps.new_tensor([0.0, 0.0, 1.0])
    grid = ((maps * scale - shift).flatten(0, 1) @ places).view(-1, 2, SIDE, SIDE).permute(0, 2, 3, 1)
    return grid_sample(canvases, grid, "bilinear", "border", align_corners=False)


def from_square(places: Tensor, maps: Tensor) -> Tensor:
    """Points (n, 10) in pixels of the canvas of those (n, 5, 2) in the squares."""
    return (places @ maps[:, :, :2].transpose(1, 2) + maps[:, None, :, 2]).flatten(1)


def into_square(points: Tensor, maps: Tensor) -> Tensor:
    """Points (n, 5, 2) in the squares of those (n, 10) in pixels of the canvas."""
    turn = maps[:, :, :2]
    scale = turn.square().sum(1, keepdim=True)  # the columns stand at right angles
    return (points.unflatten(1, (5, 2)) - maps[:, None, :, 2]) @ (turn / scale)


def candidates(logits: Tensor, across: int) -> tuple[Tensor, Tensor]:
    """Of photos (n, c), `across` cells to a row, logits and cells (n, `FACES`) of what may be faces: those
    that are surer than their neighbours, the surest first."""
    map_ = logits.view(-1, 1, across, across)
    highest = (map_ >= max_pool2d(map_, 3, 1, 1)).view(-1, across * across)
    best, cells = torch.where(highest, logits, logits - 100.0).topk(FACES, 1)
    return best, cells


def worth_a_look(best: Tensor, boxes: Tensor) -> tuple[Tensor, Tensor]:
    """Which of the candidates (n, `FACES`) with boxes (n, `FACES`, 4) are looked at again, by photo and
    place: the first of each photo, and the next ones that may be other faces, `MOST` in all."""
    left_top, right_bottom = boxes.split(2, 2)
    middle, reach = (left_top + right_bottom) / 2, (right_bottom - left_top) / 4
    same = ((middle[:, :, None] - middle[:, None]).abs() < reach[:, None]).all(3)
    other = ~(same & same.new_ones(FACES, FACES).tril(-1)).any(2)
    # The first in any case: ONNX Runtime cannot run all of the layers on no square at all.
    first = torch.arange(FACES, device=best.device) == 0
    worth = (best >= SEEN) & other | first
    photos, places = (worth & (worth.cumsum(1) <= MOST)).nonzero(as_tuple=True)
    return photos, places
