"""What in a photo speaks for a class: by the network's own maps, or by covering one place after another."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from photocli.calibration import log_odds
from photocli.explaining import canvas, heat, lettering, shading
from photocli.explaining.canvas import Canvas, fit

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from photocli.explaining.heat import Heat
    from photocli.explaining.panels import Pixels, View

    Outputs = Mapping[str, NDArray[np.float32]]

MAPS = "maps"
"""The output (k, rows, columns) with what each place adds to the logit of each class."""

_MAPPED = (
    "Red places speak for {name}, blue ones against it: what each adds to the network's answer{rivals}. The "
    "places are coarse, and each knows something of its surroundings."
)
_COVERED = (
    "Red places speak for {name}, blue ones against it: without what is there the network would be less sure "
    "of it, or surer. A network sees places together, so they do not add up."
)


def find(view: View, place: int, rivals: slice | None, chance: Callable[[Outputs], float]) -> Heat:
    """What speaks for the class at `place` of the maps, in log odds; `score` is that of `chance`.

    `chance` gives the class's probability by a model's outputs, to cover places by where there are no maps.
    Of classes of which one holds, `rivals`, only differences count: what is for all of them is taken off.
    """
    import numpy as np

    if MAPS in view.outputs:
        maps = np.asarray(view.outputs[MAPS], np.float32)
        places = maps[place] if rivals is None else maps[place] - maps[rivals].mean(axis=0)
        height, width = view.input.shape[1:]
        return heat.activation(places, (height, width), log_odds(chance(view.outputs)))

    def score(inputs: Pixels) -> NDArray[np.float32]:
        return np.asarray([log_odds(chance(outputs)) for outputs in view.run(list(inputs))], np.float32)

    height, width = view.frame.shape[:2]
    return heat.measure(view.input, width / height, score, view.advance)


def draw(view: View, found: Heat, name: str, *, rivals: bool) -> Canvas:
    """The photo with its map, and below it what the colours mean."""
    size = fit((view.frame.shape[1], view.frame.shape[0]), *canvas.PICTURE)
    title = lettering.shorten(f"What speaks for {name}", canvas.TITLE, size[0])
    shaded = shading.titled(title, view.frame, found, size)
    others = ", compared with the other classes" if rivals else ""
    note = (_MAPPED if MAPS in view.outputs else _COVERED).format(name=name, rivals=others)
    legend = shading.legend(size[0], shading.end(found), note, ("against it", "for it"))
    return canvas.column([shaded, legend], 14)
