from __future__ import annotations

import numpy as np
import pytest
from PIL import Image, ImageFilter
from skimage import data

from photocli.inputs.tiles import GRID, LARGE, lay, places
from photocli.inputs.views import FRAME, FRAME_SIDE, SIGNATURE, InputSpec, cut

SIDE = 176
TILE = SIDE // GRID


def photo(width: int, height: int) -> np.ndarray:
    return np.asarray(Image.fromarray(data.astronaut()).resize((width, height)))


def test_above_lies_the_whole_photo_and_below_its_pieces_unchanged() -> None:
    pixels = photo(640, 480)
    sheet = cut(pixels, InputSpec("image", 2 * SIDE, SIDE, "sheet"))
    assert sheet.shape == (3, 2 * SIDE, SIDE)
    whole = np.asarray(Image.fromarray(pixels).resize((SIDE, SIDE), Image.Resampling.BILINEAR), int)
    assert np.abs(sheet[:, :SIDE].transpose(1, 2, 0) - whole).mean() < 1
    for row, line in enumerate(places(pixels, TILE)):
        for column, (top, left) in enumerate(line):
            tile = sheet[:, SIDE + row * TILE : SIDE + (row + 1) * TILE, column * TILE : (column + 1) * TILE]
            assert (tile.transpose(1, 2, 0) == pixels[top : top + TILE, left : left + TILE]).all()
            # The middle of each tile lies in its own cell.
            assert row / GRID <= (top + TILE / 2) / 480 <= (row + 1) / GRID
            assert column / GRID <= (left + TILE / 2) / 640 <= (column + 1) / GRID


def test_the_sharp_part_of_each_cell_is_taken() -> None:
    soft = Image.fromarray(photo(800, 800)).filter(ImageFilter.GaussianBlur(6))
    pixels = np.asarray(soft).copy()
    grass = np.random.default_rng(0).integers(0, 255, (TILE, TILE, 3), np.uint8)
    pixels[308:352, 506:550] = grass  # on the lattice of windows: 22 pixels
    assert places(pixels, TILE)[1][2] == (308, 506)


@pytest.mark.parametrize("shape", [(1, 1), (30, 40), (43, 900), (44, 44), (100, 60), (333, 77), (700, 1050)])
def test_every_size_has_a_sheet(shape: tuple[int, int]) -> None:
    pixels = photo(shape[1], shape[0]) if min(shape) > 1 else np.full((*shape, 3), 7, np.uint8)
    sheet = lay(pixels, SIDE)
    assert sheet.shape == (3, 2 * SIDE, SIDE)
    assert sheet.dtype == np.uint8


def test_the_frame_is_the_same_whichever_models_run() -> None:
    specs = (InputSpec("a", 288, 288), InputSpec("b", 2 * SIDE, SIDE, "sheet"), SIGNATURE, FRAME)
    assert {spec.frame_side for spec in specs} == {FRAME_SIDE}


def test_tiles_of_the_whole_photo_below_the_thumbnail_of_the_frame() -> None:
    frame, whole = photo(640, 480), photo(2560, 1920)
    native = InputSpec("image", 2 * SIDE, SIDE, "sheet", "native")
    sheet = cut(frame, native, whole)
    assert (sheet[:, :SIDE] == lay(frame, SIDE)[:, :SIDE]).all()
    (top, left), tile = (
        places(whole, TILE)[2][1],
        sheet[:, SIDE + 2 * TILE : SIDE + 3 * TILE, TILE : 2 * TILE],
    )
    assert (tile.transpose(1, 2, 0) == whole[top : top + TILE, left : left + TILE]).all()
    assert (cut(frame, native) == lay(frame, SIDE)).all()
    assert native.key != InputSpec("image", 2 * SIDE, SIDE, "sheet").key


def test_detail_is_measured_on_fewer_rows_of_large_photos_alone() -> None:
    """The sharpest part of a cell is found all the same."""
    soft = photo(LARGE, 1400).astype(np.int16)
    grain = np.random.default_rng(0).integers(-60, 60, (TILE, TILE, 1))
    soft[440 : 440 + TILE, 1100 : 1100 + TILE] += grain
    pixels = np.clip(soft, 0, 255).astype(np.uint8)
    assert places(pixels, TILE)[1][2] == (440, 1100)
