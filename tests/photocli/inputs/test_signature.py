"""The signature tells what was done to a photo: moved, blurred, turned, exposed otherwise."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from networks import write_model
from photos import picture, write_photo
from PIL import Image, ImageFilter

from photocli import Options, Run
from photocli.inputs import signature


def parts(*images: Image.Image) -> tuple[np.ndarray, ...]:
    """Thumbnails, detail, directions and levels of some images."""
    return signature.split(np.stack([signature.take(np.asarray(image)) for image in images]))


@pytest.mark.parametrize("size", [(600, 400), (400, 600), (384, 20), (7, 5), (1, 1), (1, 300)])
def test_any_size(size: tuple[int, int]) -> None:
    code = signature.take(np.asarray(picture("coffee", size)))
    assert code.dtype == np.uint8
    assert code.shape == (signature.SIZE,)


def test_the_size_of_the_frame_hardly_matters() -> None:
    large, small = (signature.take(np.asarray(picture("coffee", size))) for size in ((1200, 800), (600, 400)))
    difference = np.abs(large.astype(int) - small)
    assert np.percentile(difference, 95) <= 8


def test_blur_lowers_the_detail_everywhere() -> None:
    sharp = picture("chelsea", (600, 400))
    _, detail, _, _ = parts(sharp, sharp.filter(ImageFilter.GaussianBlur(3)))
    assert (detail[1] < detail[0]).mean() > 0.95


def test_a_turn_moves_the_directions() -> None:
    lines = np.zeros((400, 400, 3), np.uint8)
    lines[:, np.arange(400) % 40 < 20] = 255
    image = Image.fromarray(lines)
    _, _, directions, _ = parts(image, image.rotate(20, Image.Resampling.BICUBIC).crop((100, 100, 300, 300)))
    round_trip = np.exp(2j * np.pi * np.arange(signature.DIRECTIONS) / signature.DIRECTIONS)
    angles = np.angle((directions**2) @ round_trip, deg=True) / 2
    assert np.allclose(angles, [0, -20], atol=0.5)


def test_levels_are_shares_of_the_picture() -> None:
    half = np.zeros((200, 200, 3), np.uint8)
    half[:100] = 255
    _, _, _, levels = parts(Image.fromarray(half))
    assert np.allclose((levels[0, 0] ** 2, levels[0, -1] ** 2), 0.5, atol=0.01)


def test_a_run_gives_it_and_remembers_it(tmp_path: Path, own_folders: Path) -> None:
    write_model(own_folders / "models")
    path = write_photo(tmp_path / "photo.jpg", size=(300, 200))
    options = Options(assess=("aesthetics",), outputs=("embedding", "signature"), workers=1)
    for cached in (0, 1):
        run = Run([path], options)
        (result,) = run.results()
        code = result.outputs["aesthetics"]["signature"]
        assert code.shape == (signature.SIZE,)
        assert run.summary.cached == cached
    assert code.max() > 100
