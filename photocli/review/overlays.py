"""What is drawn over a photo: faces, eyes, crops, and the map of where its score comes from."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from photocli.review.pictures import Pictures, ShownPhoto, ShownPhotos
    from photocli.scoring.options import Options


def geometry(entry: ShownPhoto) -> dict[str, Any]:
    """What the record has, in fractions of the upright photo.

    `faces`: [{"box": [left, top, right, bottom], "eyes": [[x, y], [x, y]], "confidence", "sharpness",
    "selfie"}]; `crop_frame`: [left, top, right, bottom] of the uncropped picture in which the photo lies, or
    null; `focus_point`, `horizon`: null, as no record has them yet.
    """
    raise NotImplementedError


class Overlays:
    """What takes some seconds to work out, once for each photo. Threads may share it; use it off the loop."""

    def __init__(self, shoot: ShownPhotos, pictures: Pictures, options: Options | None = None) -> None: ...

    def heat(self, id: int) -> bytes:
        """A PNG with alpha of the photo's shape: red where the score gains, blue where it loses.

        Raises `PictureError`.
        """
        raise NotImplementedError

    def suggestion(self, id: int) -> dict[str, Any] | None:
        """The crop that is suggested: {"box": [l, t, r, b], "aspect": "4:5", "gain": 0.4}; None: none is.

        Raises `PictureError`.
        """
        raise NotImplementedError
