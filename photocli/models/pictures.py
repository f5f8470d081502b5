"""Pictures on which models and devices are tried: made here, from numbers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Pixels = NDArray[np.uint8]


def pictures() -> Iterator[Pixels]:
    """Make the pictures that models are tried on: like photos, and black, white, and noise.

    Those like photos have the spectrum of natural pictures: the finer, the less there is of it.
    """
    import numpy as np
    from PIL import Image

    rng = np.random.default_rng(20)
    height, width = 192, 288
    pitch = np.hypot(np.fft.fftfreq(height)[:, None], np.fft.fftfreq(width)[None])
    for light, contrast in ((120, 55), (60, 35), (190, 80)):
        waves = np.fft.fft2(rng.normal(size=(4, height, width))) / np.maximum(pitch, 1 / width)
        grey, *tints = np.real(np.fft.ifft2(waves))
        shades = np.stack([grey / grey.std() + 0.3 * tint / tint.std() for tint in tints], axis=-1)
        pixels = np.clip(light + contrast * shades, 0, 255).astype(np.uint8)
        yield np.asarray(Image.fromarray(pixels).resize((1024, 683), Image.Resampling.BILINEAR))
    yield np.zeros((683, 1024, 3), np.uint8)
    yield np.full((1024, 683, 3), 255, np.uint8)
    yield rng.integers(0, 256, (683, 1024, 3), np.uint8)
