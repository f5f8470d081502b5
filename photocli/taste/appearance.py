"""What a photo looks like, in a few numbers: how dark, how contrasty, how colourful, how warm, how busy.

Networks that judge photos are trained to see past most of it; a person's taste often begins there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

NAME = "look"

MEASURES: tuple[str, ...] = (
    "brightness",
    "contrast",
    "dark tones",
    "light tones",
    "deep shadows",
    "bright lights",
    "colour",
    "variety of colour",
    "warmth",
    "green",
    "vertical detail",
    "horizontal detail",
)

_SIDE = 72  # pixels; tone and colour need no more
_LUMA = (0.299, 0.587, 0.114)
_SHADOW, _LIGHT = 0.15, 0.9


def measure(pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
    """The `MEASURES` of a model's input of shape (3, height, width): float32, each about -1 to 1."""
    import numpy as np

    step = max(1, min(pixels.shape[1:]) // _SIDE)
    red, green, blue = pixels[:, ::step, ::step].astype(np.float32) / 255
    light = _LUMA[0] * red + _LUMA[1] * green + _LUMA[2] * blue
    chroma = np.maximum(np.maximum(red, green), blue) - np.minimum(np.minimum(red, green), blue)
    ordered = np.sort(light, axis=None)
    values: list[Any] = [
        light.mean(),
        light.std(),
        _quantile(ordered, 0.1),
        _quantile(ordered, 0.9),
        (light < _SHADOW).mean(),
        (light > _LIGHT).mean(),
        chroma.mean(),
        chroma.std(),
        (red - blue).mean(),
        (green - (red + blue) / 2).mean(),
        _steps(light, 0),
        _steps(light, 1),
    ]
    return np.array(values, np.float32)


def _quantile(ordered: NDArray[np.float32], share: float) -> float:
    """What NumPy's linear quantile of ascending values is, without the masked arrays that it loads for it."""
    below = int(share * (len(ordered) - 1))
    part = share * (len(ordered) - 1) - below
    low, high = ordered[below], ordered[min(below + 1, len(ordered) - 1)]
    step = float(high - low)
    return float(low) + step * part if part < 0.5 else float(high) - step * (1 - part)


def _steps(light: NDArray[np.float32], axis: int) -> float:
    """The mean difference between neighbours; 0 where there are none."""
    import numpy as np

    return float(np.abs(np.diff(light, axis=axis)).mean()) if light.shape[axis] > 1 else 0.0
