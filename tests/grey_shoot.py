"""A shoot of forty photos from dark to bright, each rated by its level in a sidecar."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
from photos import write_photo

SIDECAR = (
    '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
    '<rdf:Description rdf:about="" xmlns:xmp="http://ns.adobe.com/xap/1.0/" xmp:Rating="{}"/>'
    "</rdf:RDF></x:xmpmeta>"
)


def rate(photo: Path, rating: int) -> None:
    photo.with_name(photo.name + ".xmp").write_text(SIDECAR.format(rating))


def grey_shoot(folder: Path, rating: Callable[[int], int]) -> Path:
    """Forty photos from dark to bright, each rated by its level."""
    rng = np.random.default_rng(3)
    for number in range(40):
        level = 10 + 6 * number
        pixels = np.clip(rng.normal(level, 20, (32, 48, 3)), 0, 255).astype(np.uint8)
        rate(write_photo(folder / f"{number:02}.png", pixels), rating(level))
    return folder
