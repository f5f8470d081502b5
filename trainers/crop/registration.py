"""Measures how the colours of a piece lie on each other: the trace of lateral chromatic aberration.

A lens magnifies red, green and blue a little differently, so that their edges are shifted against each other,
away from the optical axis and the more the farther from it (Van Hoorick & Vondrick 2021 find it among the
traces that a network uses). A small network hardly finds products of colours by itself; here they are given.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

_SPANS = ((2, 3), (1, 1))
"""Reductions, and up to how many pixels of the reduced piece the colours are shifted: six pixels in all,
and one."""
_SMOOTH = 5  # pixels; what is wider is content, not edges
_FAINT = 1e-3  # squared; pieces without edges have no shift
_SLOPES = 3  # rows and columns of means, which show where the light falls off


class Registration(nn.Module):
    """Maps pieces (n, 3, h, w), scaled, to (n, `features`).

    A perceptron reads how red and blue agree with green where they are shifted against it, and how the light
    falls off across the piece.
    """

    def __init__(self, features: int, width: int = 96) -> None:
        super().__init__()
        shifts = 2 * sum((2 * reach + 1) ** 2 for _, reach in _SPANS)
        self.tell = nn.Sequential(
            nn.BatchNorm1d(shifts + 3 * _SLOPES**2),
            nn.Linear(shifts + 3 * _SLOPES**2, width),
            nn.ReLU(),
            nn.Linear(width, features),
        )

    def forward(self, pieces: Tensor) -> Tensor:
        with torch.no_grad():  # nothing before it is trained
            found = torch.cat([agreements(pieces), _slopes(pieces)], dim=1)
        return self.tell(found)


def agreements(pieces: Tensor) -> Tensor:
    """Returns correlations (n, 116), -1 to 1, of the edges of red and of blue with those of green.

    Green is shifted by each of the places of `_SPANS`: for each place, row by row, red's and blue's.
    """
    return torch.cat([_correlations(pieces, by, reach) for by, reach in _SPANS], dim=1)


def _correlations(pieces: Tensor, by: int, reach: int) -> Tensor:
    edges = _edges(nn.functional.avg_pool2d(pieces, by) if by > 1 else pieces)
    height, width = (length - 2 * reach for length in edges.shape[2:])
    places = range(2 * reach + 1)
    # Red and blue are shifted down and green across, so that all places are one product of matrices.
    others = torch.cat([edges[:, ::2, at : at + height] for at in places], dim=1).flatten(2)
    green = edges[:, 1:2, reach : reach + height, reach : reach + width]
    shifted = torch.cat([nn.functional.pad(green, (at, 2 * reach - at)) for at in places], dim=1).flatten(2)
    found = others @ shifted.transpose(1, 2) / (height * width)
    found = found.unflatten(1, (len(places), 2))  # type: ignore[no-untyped-call]
    return found.transpose(2, 3).flatten(1)


def _edges(pieces: Tensor) -> Tensor:
    """Returns what is finer than `_SMOOTH` pixels, of unit energy in each colour."""
    wide, pool = pieces, nn.functional.avg_pool2d
    for size in ((1, _SMOOTH), (_SMOOTH, 1)):
        wide = pool(wide, size, 1, (size[0] // 2, size[1] // 2), count_include_pad=False)
    fine = pieces - wide
    return fine * (fine.square().mean((2, 3), keepdim=True) + _FAINT).rsqrt()


def _slopes(pieces: Tensor) -> Tensor:
    """Returns the means (n, 27) of parts of each colour, over the piece's own."""
    parts = nn.functional.avg_pool2d(pieces, pieces.shape[2] // _SLOPES)
    return (parts - parts.mean((2, 3), keepdim=True)).flatten(1)
