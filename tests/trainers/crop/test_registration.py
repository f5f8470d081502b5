"""How the colours of a piece lie on each other."""

from __future__ import annotations

import numpy as np
import pytest
import skimage.data
import torch

from trainers.crop.registration import Registration, agreements


def _piece(red: tuple[int, int], blue: tuple[int, int]) -> torch.Tensor:
    """96 pixels of a real photo in grey, its red and blue moved by (down, across)."""
    grey = skimage.data.camera().astype(np.float32) / 64
    parts = [
        grey[200 - down : 296 - down, 200 - across : 296 - across] for down, across in (red, (0, 0), blue)
    ]
    return torch.from_numpy(np.stack(parts))[None]


@pytest.mark.parametrize("move", [(0, 0), (4, 2), (-2, 6), (0, -4)])
def test_colours_agree_most_where_they_were_moved_to(move: tuple[int, int]) -> None:
    wide = agreements(_piece(move, (-move[0], -move[1]))).reshape(58, 1, 2)[
        :49
    ]  # by two pixels, seven by seven
    for colour, sign in ((0, 1), (1, -1)):
        down, across = divmod(int(wide[:, 0, colour].argmax()), 7)
        assert (2 * (down - 3), 2 * (across - 3)) == (sign * move[0], sign * move[1])
        assert (
            wide[:, 0, colour].max() > 0.6
        )  # energy near the edges of the piece is counted on one side only


def test_colours_that_lie_on_each_other_agree_wholly() -> None:
    fine = agreements(_piece((0, 0), (0, 0))).reshape(58, 1, 2)[49:]
    assert fine[4, 0].tolist() == pytest.approx([1, 1], abs=0.1)
    assert (fine[:, 0, 0].argmax(), fine[:, 0, 1].argmax()) == (4, 4)


def test_flat_pieces_agree_on_nothing() -> None:
    found = agreements(torch.full((1, 3, 96, 96), 0.4))
    assert found.abs().max() < 1e-3
    assert torch.isfinite(Registration(64).eval()(torch.full((2, 3, 96, 96), 0.4))).all()
