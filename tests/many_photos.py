"""Thousands of photos that the cache knows already, made in seconds: a few are scored, the others copied."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from photos import sample_pictures, write_photo

from photocli import Options, Run
from photocli.culling.cull import OUTPUTS
from photocli.decode import DECODE_VERSION
from photocli.scoring.cache import Cache, Known, cache_file, identity

SEEDS = 8
BURST = 4
AXES = 60
START = datetime(2026, 6, 20, 9, 0, 0)


def many_photos(folder: Path, count: int, options: Options | None = None) -> Path:
    """A folder of `count` photos, in bursts of four, whose results are in the cache of this process.

    Each is a small file of its own; scores, times and embeddings differ, those of one burst are alike.
    """
    folder.mkdir(parents=True, exist_ok=True)
    options = replace(options or Options(device="cpu"), outputs=OUTPUTS)
    pictures = list(sample_pictures().values())[:SEEDS]
    seeds = [
        write_photo(folder / f"IMG_{number:05}.jpg", picture, size=(300, 200), quality=70)
        for number, picture in enumerate(pictures)
    ]
    run = Run(seeds, options)
    list(run.results())
    files = [seed.read_bytes() for seed in seeds]
    rng = np.random.default_rng(7)
    with Cache(cache_file()) as cache:
        known = [cache.find(seed, identity(seed, DECODE_VERSION), run.models.needs) for seed in seeds]
        for number in range(len(seeds), count):
            path = folder / f"IMG_{number:05}.jpg"
            path.write_bytes(files[number % len(seeds)])
            one = known[number % len(seeds)]
            assert one is not None
            cache.keep(path, identity(path, DECODE_VERSION), _varied(one, number, rng))
    return folder


@lru_cache(maxsize=1)
def _axes(size: int) -> Any:
    return np.random.default_rng(5).normal(size=(AXES, size))


def _varied(known: Known, number: int, rng: Any) -> Known:
    """The results of another photo: those of one burst have one embedding, but for some noise."""
    burst = np.random.default_rng(number // BURST)
    outputs = {}
    for key, one in known.outputs.items():
        outputs[key] = dict(one)
        if "embedding" in one:
            size = float(np.linalg.norm(one["embedding"]))
            # As real ones, they lie in few of their many dimensions.
            vector = (burst.normal(size=AXES) + 0.1 * rng.normal(size=AXES)) @ _axes(len(one["embedding"]))
            outputs[key]["embedding"] = (vector * size / np.linalg.norm(vector)).astype(np.float32)
            outputs[key]["signature"] = np.roll(one["signature"], number // BURST % 50)
            outputs[key]["votes"] = np.roll(one["votes"], number % 3) if number % 5 else one["votes"]
    time = START + timedelta(seconds=60 * (number // BURST) + 0.3 * (number % BURST))
    return replace(
        known,
        outputs=outputs,
        capture=replace(known.capture, captured=time.isoformat(), camera="Canon EOS R5"),
    )
