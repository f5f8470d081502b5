"""How a model's input is cut from a frame. Workers run it while serving, trainers while training."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from photocli.inputs import patches as pieces
from photocli.inputs import pyramid, signature, thumbnails
from photocli.inputs import tiles as sheet

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from photocli.inputs.pyramid import Pyramid

FITS = ("squash", "sheet", "crop", "contain", "faces")
"""What models may ask for; the program itself asks for `SIGNATURE`, `FRAME`, `LEVEL` and thumbnails, too."""

_SHOWN = ("squash", "sheet", "crop")  # those that show a network the whole frame

DETAILS = ("frame", "native")
"""How photos are decoded: at twice the size of the frame, or whole, at their own resolution; the pieces of a
sheet come from that."""

FRAME_SIDE = 1024
"""The long side in pixels that a frame has at least, whichever models run: their scores would differ a little
with it. Less would hide blur and noise; of a photo of 24 megapixels it costs a sixth more than half of it."""


@dataclass(frozen=True, slots=True)
class InputSpec:
    """The input of one model: tensor name, size in pixels, and how a photo is fitted to it.

    `squash` shows the network the whole photo, warped to the size; composition stays visible, the aspect
    ratio does not. `sheet` shows it the whole photo small, with sharp pieces of it at full detail below.
    `crop` shows it a thumbnail and pieces from fixed places, turned to landscape; its size is that of
    `patches.lay`. With `detail` `native`, the photo is decoded at its own resolution.

    `contain` is for models that find faces, which run inside the workers (`detection.FaceDetection`) on a
    square that holds the whole photo: what comes of it are the faces. `faces` is for models that judge
    them: what comes are the photo's faces, aligned (`alignment.align`), as many as there are. Both name the
    `detector` (`Card.reference`), and a `version`, another one whenever other faces could come of it; `place`
    has the numbers of `alignment.Place`.
    """

    name: str
    height: int
    width: int
    fit: str = "squash"
    detail: str = "frame"
    detector: str = ""
    version: str = ""
    place: tuple[float, ...] = ()

    @property
    def frame_side(self) -> int:
        """The long side in pixels that a frame needs, so that a 3:2 photo is not enlarged to fit."""
        if self.fit == "thumbnail":
            return self.width
        if self.fit not in _SHOWN:  # its size counts values or nothing, or is of what is cut out of the frame
            return FRAME_SIDE
        return max(FRAME_SIDE, math.ceil(1.5 * max(self.height, self.width)))

    @property
    def key(self) -> str:
        """The same for two specifications that cut the same pixels."""
        native = "-native" if self.detail == "native" else ""
        version = f"-{self.version}" if self.version else ""
        return f"{self.fit}-{self.width}x{self.height}{native}{version}"


SIGNATURE = InputSpec("signature", 1, signature.SIZE, "signature")
"""Not for a network: it is kept as it is, beside the outputs of the model that looks at the whole photo."""

FRAME = InputSpec("frame", 1, 1, "frame")
"""Not for a network: the whole frame as it was decoded, (height, width, 3), to be shown."""

LEVEL = InputSpec("level", 1, 1, "level")
"""Not for a network: the largest level, (height, width, 3), to tell where tiles were cut from."""


def described(fit: str, width: int, height: int) -> str:
    """What a network of this input sees of a photo, in a few words, with the size in pixels."""
    seen = {
        "squash": "the whole photo",
        "sheet": "the whole photo, and sharp pieces of it below,",
        "crop": "the photo small, and pieces of it,",
        "contain": "the whole photo, in a square,",
        "faces": "each face",
    }
    return f"{seen[fit]} at {width} × {height} pixels"


def thumbnail(side: int = thumbnails.SIDE) -> InputSpec:
    """Not for a network: the photo as a WebP file, whose long side is at most `side` pixels."""
    return InputSpec("thumbnail", side, side, "thumbnail")


def cut(
    photo: NDArray[np.uint8] | Pyramid, spec: InputSpec, whole: NDArray[np.uint8] | None = None
) -> NDArray[np.uint8]:
    """Cut a model's input from a photo's levels, but for faces: `FaceDetection`.

    Of a photo that is cut once, the upright RGB pixels of shape (height, width, 3) will do. `whole` is the
    same photo at a larger level, which the tiles of sheets are cut from; where neither it nor the `detail` of
    the levels is there, the frame serves them, too.

    Returns uint8 of shape (3, spec.height, spec.width), or a signature, a thumbnail or the frame. Reduction
    is antialiased (`Pyramid.reduced`), as in training.
    """
    levels = pyramid.of(photo, whole)
    if spec.fit == "signature":
        return signature.take(levels)
    if spec.fit == "frame":
        return levels.pixels
    if spec.fit == "level":
        return levels.finest
    if spec.fit == "thumbnail":
        return thumbnails.encode(levels, spec.width)
    if spec.fit == "sheet":
        return sheet.lay(levels, spec.width, levels.detail)
    if spec.fit == "crop":
        return pieces.lay(levels)
    return pyramid.planes(levels.reduced(spec.width, spec.height))
