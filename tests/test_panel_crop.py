"""The panel of crop models: the photo in its frame, the maps of its pieces, and abstention in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from crafted import write_cropper
from photos import write_photo

from photocli.explaining import canvas, explain
from photocli.explaining.panels import crop
from photocli.options import Options

if TYPE_CHECKING:
    from pathlib import Path

    from photocli.explaining import Explanation

ONLY = Options(assess=("crop",), device="cpu")


def explained(
    folder: Path, size: tuple[int, int], monkeypatch: pytest.MonkeyPatch, **said: float
) -> Explanation:
    write_cropper(folder / "models", **said)
    monkeypatch.setenv("PHOTOCLI_MODELS", str(folder / "models"))
    return explain(write_photo(folder / "a.jpg", size=size), ONLY)


@pytest.mark.parametrize("size", [(600, 400), (400, 600)])
def test_pieces_are_mapped_upright_and_the_photo_is_framed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, size: tuple[int, int]
) -> None:
    found = explained(tmp_path, size, monkeypatch)
    cells = found.found("crop")
    for row in range(4):
        for column in range(4):
            assert np.argwhere(cells[row, column] == 1).tolist() == [[row, column]]
    ((view, _),) = found.findings
    drawn = np.asarray(crop.draw(view, cells, 1360).finished())
    assert drawn.shape[1] == 1360
    # The photo fills the right half of its frame, and half of its height in the middle.
    assert (drawn[60:100, 10:60] == canvas.BACK).all()
    assert "to 50% of the frame" in crop.sentence_of({"cropped": 0.95, "crop_factor": 0.5})
    assert found.picture().width > 1360


def test_abstention_is_said_in_words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = explained(tmp_path, (600, 400), monkeypatch, doubt=0.5)
    assert found.record.crop_factor is None
    assert found.picture().height > 400
    assert "does not show clearly enough" in crop.sentence_of({"cropped": 0.6, "crop_factor": None})
    assert "whole frame" in crop.sentence_of({"cropped": 0.2, "crop_factor": 1.0})
