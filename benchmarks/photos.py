"""Makers of the photos that the benchmarks run over: distinct 24-megapixel JPEGs with a camera's grain."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np
from PIL import Image

WIDTH, HEIGHT = 6000, 4000
QUALITY = 90


def make_photos(folder: Path, count: int) -> list[Path]:
    """Write photos `0000.jpg` and so on, those that the folder lacks, and return their paths.

    Each shows another part of a real picture, enlarged, turned at random, with another grain: about 7 MB.
    """
    folder.mkdir(parents=True, exist_ok=True)
    paths = [folder / f"{number:04}.jpg" for number in range(count)]
    missing = [(path, number) for number, path in enumerate(paths) if not path.exists()]
    if missing:
        print(f"making {len(missing)} photos of 24 megapixels in {folder} ...", file=sys.stderr)
        with ProcessPoolExecutor(cores()) as pool:
            list(pool.map(_make_photo, *zip(*missing, strict=True)))
    return paths


def link_photos(sources: list[Path], folder: Path, count: int) -> Path:
    """Fill a folder with `count` names for the photos (hard links, in turn), and return the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(count):
        os.link(sources[number % len(sources)], folder / f"IMG_{number:05}.jpg")
    return folder


def cores() -> int:
    """How many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _make_photo(path: Path, number: int) -> None:
    chance = np.random.default_rng(number)
    source = _sources()[number % len(_sources())]
    width = int(source.width * chance.uniform(0.6, 1.0))
    height = min(source.height, width * HEIGHT // WIDTH)
    left = int(chance.integers(0, source.width - width + 1))
    top = int(chance.integers(0, source.height - height + 1))
    part = source.crop((left, top, left + width, top + height))
    if number % 2:
        part = part.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    large = np.asarray(part.resize((WIDTH, HEIGHT), Image.Resampling.BICUBIC)).astype(np.int16)
    grain = chance.integers(-7, 8, (HEIGHT, WIDTH, 1), dtype=np.int16)
    photo = Image.fromarray(np.clip(large + grain, 0, 255).astype(np.uint8))
    temporary = path.with_suffix(".part")
    photo.save(temporary, "JPEG", quality=QUALITY)
    temporary.replace(path)  # so that a benchmark that was stopped leaves no half photo behind


def _sources() -> list[Image.Image]:
    return list(_pictures())


def _pictures() -> Iterator[Image.Image]:
    from skimage import data
    from sklearn.datasets import load_sample_images

    for picture in (*load_sample_images().images, data.astronaut(), data.chelsea(), data.coffee()):
        yield Image.fromarray(picture)
