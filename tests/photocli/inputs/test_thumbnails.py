"""Thumbnails of the pass: made from the frame that is scored, and of known photos, too."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from networks import write_model
from photos import write_photo
from PIL import Image

from photocli import Options, Run
from photocli.errors import UsageError
from photocli.scoring.pipeline import Result


def results(folder: Path, **options: Any) -> list[Result]:
    asked = Options(device="cpu", workers=1, **{"outputs": ("thumbnail",), **options})
    return list(Run([folder], asked).results())


def picture(result: Result) -> Image.Image:
    assert result.thumbnail is not None
    return Image.open(io.BytesIO(result.thumbnail))


@pytest.fixture
def shoot(tmp_path: Path, own_folders: Path) -> Path:
    """Wide, tall, small and turned ones, and one that cannot be read; a model that scores by brightness."""
    write_model(own_folders / "models")
    folder = tmp_path / "shoot"
    write_photo(folder / "a.jpg", size=(1800, 1200))
    write_photo(folder / "b.png", size=(600, 1800))
    write_photo(folder / "c.jpg", size=(90, 40))
    write_photo(folder / "d.jpg", size=(800, 400), orientation=6)
    (folder / "e.jpg").write_bytes(b"\xff\xd8\xff\xe0 no more")
    return folder


def test_they_have_the_shape_and_the_look_of_the_photo(shoot: Path) -> None:
    found = results(shoot, cache=False)
    assert [picture(result).size for result in found[:4]] == [(512, 341), (171, 512), (90, 40), (512, 256)]
    assert {picture(result).format for result in found[:4]} == {"WEBP"}
    assert found[4].thumbnail is None
    for result in found[:2]:
        small = np.asarray(picture(result).convert("RGB"), float)
        size = (small.shape[1], small.shape[0])
        whole = Image.open(result.record.path).convert("RGB").resize(size, Image.Resampling.LANCZOS)
        assert np.abs(small - np.asarray(whole, float)).mean() < 6


def test_they_change_no_score(shoot: Path) -> None:
    plain = [result.record for result in results(shoot, cache=False, outputs=())]
    assert [result.record for result in results(shoot, cache=False)] == plain
    assert all(result.thumbnail is None for result in results(shoot, cache=False, outputs=()))


def test_photos_that_the_cache_knows_have_them_too(shoot: Path) -> None:
    first = results(shoot)
    options = Options(device="cpu", workers=1, outputs=("thumbnail",), thumbnail_side=100)
    run = Run([shoot], options)
    again = list(run.results())
    assert run.summary.cached == 4
    assert [result.record for result in again] == [result.record for result in first]
    sizes = np.array([picture(result).size for result in again[:4]])
    assert sizes.max(axis=1).tolist() == [100, 100, 90, 100]
    # They are made of smaller frames, whose sides were rounded.
    assert np.abs(sizes - [(100, 67), (33, 100), (90, 40), (100, 50)]).max() <= 1


def test_a_side_of_nothing_is_refused() -> None:
    with pytest.raises(UsageError, match="thumbnails need a side"):
        Options(thumbnail_side=0)
