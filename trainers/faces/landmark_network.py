"""The landmark network: it tells exact points of a face from an upright square around it.

The detector shows it the surest faces that it found.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn.functional import grid_sample, interpolate, max_pool2d

from trainers.common.yunet import MIRRORED

SIDE = 72
"""The side of the square, in pixels; a multiple of 8."""

CANDIDATES = 16
"""The most faces of a photo whose points are corrected by the cells that they lie in."""

MAX_FACES = 4
"""The most faces of a photo that the landmark network sees, the surest; each costs a millisecond."""

LEAST_LOGIT = 0.0
"""The logit from which there may be a face that is worth the landmark network."""

LEAST_SIZE = 20.0
"""The size of a face, in pixels of the canvas, from which the landmark network is worth it."""

_WIDTH, _DEEP = 64, 128
_CELL = 4  # pixels of the square from one place of the maps to the next
_ROOM = 1.25  # the square's side in sizes of the face
_LEVEL = 0.01  # a face whose eyes and mouth fall into one point counts as level


class LandmarkNetwork(nn.Module):
    """Squares (n, 3, SIDE, SIDE), 0-255, with a face nearly upright in the middle -> its points (n, 5, 2).

    Points are x and y from -1 to 1 within the square. Each point is the mean place of a map of where it may
    be (integral regression, Sun et al. 2018): so what is learned of an eye at one place serves at all others,
    which few faces could teach otherwise.
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
        maps: Tensor = self.tell(near + interpolate(self.around(near), scale_factor=2.0))
        return maps.flatten(2).float().softmax(2) @ self.middles

    def with_mirror(self, squares: Tensor) -> Tensor:
        """Returns the points of squares, averaged with those of their mirror images, which errs less."""
        both: Tensor = self(torch.cat([squares, squares.flip(3)]))
        plain, other = torch.unflatten(both, 0, (2, -1)).unbind()
        mean: Tensor = (plain + other[:, MIRRORED] * other.new_tensor([-1.0, 1.0])) / 2
        return mean


def _block(inner: int, outer: int, stride: int, groups: int, kernel: int = 3) -> list[nn.Module]:
    return [
        nn.Conv2d(inner, outer, kernel, stride, kernel // 2, groups=groups, bias=False),
        nn.BatchNorm2d(outer),
        nn.ReLU6(),
    ]


def square_maps(boxes: Tensor, points: Tensor) -> Tensor:
    """Returns the maps (n, 2, 3) from places in the square, -1 to 1, to pixels of the canvas.

    Faces have boxes (n, 4) and points (n, 10): the box's middle comes to the square's, and eyes and mouth
    come to lie level.
    """
    size = (boxes[:, 2:] - boxes[:, :2]).mean(1)
    eyes_and_mouth = points[:, 2:4] - points[:, 0:2] + points[:, 8:10] - points[:, 6:8]
    across = eyes_and_mouth + torch.stack([_LEVEL * size, torch.zeros_like(size)], 1)
    across = across / across.square().sum(1, keepdim=True).sqrt().clamp_min(1e-6)
    half = (_ROOM / 2 * size)[:, None]
    right, middle = half * across, (boxes[:, 2:] + boxes[:, :2]) / 2
    down = torch.stack([-right[:, 1], right[:, 0]], 1)
    return torch.stack([right, down, middle], 2)


def sample_squares(canvases: Tensor, maps: Tensor) -> Tensor:
    """Samples squares (n, 3, SIDE, SIDE) from canvases (n, 3, h, w) by the maps (n, 2, 3)."""
    height, width = canvases.shape[2:]
    along = (torch.arange(SIDE, device=maps.device, dtype=maps.dtype) + 0.5) * (2 / SIDE) - 1
    down, across = torch.meshgrid(along, along, indexing="ij")
    places = torch.stack([across, down, torch.ones_like(across)]).flatten(1)
    # As one product, since an exported affine_grid takes as long as the network itself.
    scale, shift = maps.new_tensor([[2 / width], [2 / height]]), maps.new_tensor([0.0, 0.0, 1.0])
    grid = ((maps * scale - shift).flatten(0, 1) @ places).view(-1, 2, SIDE, SIDE).permute(0, 2, 3, 1)
    return grid_sample(canvases, grid, "bilinear", "border", align_corners=False)


def from_square(places: Tensor, maps: Tensor) -> Tensor:
    """Turns points (n, 5, 2) in the squares into pixels of the canvas, (n, 10)."""
    return (places @ maps[:, :, :2].transpose(1, 2) + maps[:, None, :, 2]).flatten(1)


def into_square(points: Tensor, maps: Tensor) -> Tensor:
    """Turns points (n, 10) in pixels of the canvas into places in the squares, (n, 5, 2)."""
    turn = maps[:, :, :2]
    scale = turn.square().sum(1, keepdim=True)  # the columns stand at right angles
    return (torch.unflatten(points, 1, (5, 2)) - maps[:, None, :, 2]) @ (turn / scale)


def candidate_cells(logits: Tensor, across: int) -> tuple[Tensor, Tensor]:
    """Returns logits and cells (n, `CANDIDATES`) of what may be faces, the surest first.

    `logits` (n, c) are those of photos with `across` cells to a row. A candidate is surer than its
    neighbours.
    """
    map_ = logits.view(-1, 1, across, across)
    highest = (map_ >= max_pool2d(map_, 3, 1, 1)).view(-1, across * across)
    best, cells = torch.where(highest, logits, logits - 100.0).topk(CANDIDATES, 1)
    return best, cells


def select_faces(best: Tensor, boxes: Tensor) -> tuple[Tensor, Tensor]:
    """Selects the candidates that the landmark network sees; returns their photos and places.

    Candidates have logits `best` (n, `CANDIDATES`) and boxes (n, `CANDIDATES`, 4). Selected are the first of
    each photo, and the next ones that may be other faces, `MAX_FACES` in all.
    """
    left_top, right_bottom = torch.split(boxes, 2, 2)
    middle, reach = (left_top + right_bottom) / 2, (right_bottom - left_top) / 4
    same = ((middle[:, :, None] - middle[:, None]).abs() < reach[:, None]).all(3)
    other = ~(same & same.new_ones(CANDIDATES, CANDIDATES).tril(-1)).any(2)
    # The first in any case: ONNX Runtime cannot run all of the layers on no square at all.
    first = torch.arange(CANDIDATES, device=best.device) == 0
    worth = (best >= LEAST_LOGIT) & other | first
    photos, places = (worth & (worth.cumsum(1) <= MAX_FACES)).nonzero(as_tuple=True)
    return photos, places
