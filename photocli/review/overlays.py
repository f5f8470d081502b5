"""What is drawn over a photo: faces, eyes, crops, and the map of where its score comes from."""

from __future__ import annotations

import io
import json
import threading
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from photocli.errors import DecodeError, PictureError
from photocli.scoring.options import Options
from photocli.taste.store import OFF

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from photocli.explaining.heat import Heat
    from photocli.records import Face, Record
    from photocli.review.pictures import Pictures, ShownPhoto, ShownPhotos

HEAT_SIDE = 480
"""The long side of a map in pixels; it is smooth, and browsers enlarge it."""

_STRENGTH = 0.78  # of the colour where the map is at its end
_VEIL = 0.55  # of a grey all over, so that the map's colours are told from the photo's own
_GREY = 96
_KIND = "aesthetics"


def geometry(entry: ShownPhoto) -> dict[str, Any]:
    """What the record has, in fractions of the upright photo.

    `faces`: [{"box": [left, top, right, bottom], "eyes": [[x, y], [x, y]], "confidence", "sharpness",
    "selfie"}]; `crop_frame`: [left, top, right, bottom] of the frame that the camera took, around the photo,
    or null; `focus_point`: [x, y] of the main point on which the camera focused, or null; `focus_points`: all
    of them, the main one first, [{"x", "y", "width", "height", "in_focus"}], null where not known; `horizon`:
    null, as no record has it yet.
    """
    record = entry.record
    faces = () if record is None else record.each_face
    points = () if record is None else record.focus_points
    return {
        "faces": [_face(face) for face in faces],
        "crop_frame": None if record is None else _frame(record),
        "focus_point": [points[0].x, points[0].y] if points else None,
        "focus_points": [point._asdict() for point in points],
        "horizon": None,
    }


def _face(face: Face) -> dict[str, Any]:
    return {
        "box": list(face.box),
        "eyes": [list(eye) for eye in face.eyes],
        "confidence": face.confidence,
        "sharpness": face.sharpness,
        "selfie": face.selfie,
    }


def _frame(record: Record) -> list[float] | None:
    """The camera's frame around a cropped photo; None where the photo is all of it, or that is not known.

    The record has the photo's place in the frame. In fractions of the photo, the frame goes beyond 0 and 1.
    """
    left, top, right, bottom = record.crop_left, record.crop_top, record.crop_right, record.crop_bottom
    if left is None or top is None or right is None or bottom is None:
        return None
    width, height = right - left, bottom - top
    if width <= 0 or height <= 0 or (width, height) == (1, 1):
        return None
    return [-left / width, -top / height, (1 - left) / width, (1 - top) / height]


class Overlays:
    """What takes some seconds to work out, once for each photo, one after the other. Threads may share it."""

    def __init__(self, shoot: ShownPhotos, pictures: Pictures, options: Options | None = None) -> None:
        """Of the options those count that `explain` reads, but for the taste and the profile."""
        self._shoot = shoot
        self._pictures = pictures
        self._options = replace(options or Options(), taste=OFF, outputs=())
        self._lock = threading.Lock()

    def heat(self, id: int) -> bytes:
        """A PNG with alpha, of the photo's shape: red where its score gains, blue where it loses, else grey.

        Raises `PictureError`.
        """
        return self._made(id, "heat", self._heat)

    def suggestion(self, id: int) -> dict[str, Any] | None:
        """The crop that is suggested, None if none gains; its `box` is [left, top, right, bottom].

        `aspect` is its ratio, `gain` its points; `area` the share of the photo's. Raises `PictureError`.
        """
        found: dict[str, Any] | None = json.loads(self._made(id, "suggestion", self._suggestion))
        return found

    def _made(self, id: int, kind: str, make: Callable[[Path | bytes, Options], bytes]) -> bytes:
        """What was made before by the same model, or is made now."""
        from photocli.models import store
        from photocli.models.serving import serving

        chosen = store.choose(self._options.assess) if self._options.assess else serving(store.cards())
        card = next((card for card in chosen if card.kind == _KIND), None)
        if card is None:
            raise PictureError("no model that judges aesthetics was chosen, so there is nothing to show")
        options = replace(self._options, assess=(card.name,))

        key = (kind, card.cache_key)

        def alone(_: Path | bytes) -> bytes:
            with self._lock:  # while it waited, another may have made it
                return self._pictures.known(id, key, lambda source: make(source, options))

        return self._pictures.known(id, key, alone)

    @staticmethod
    def _heat(source: Path | bytes, options: Options) -> bytes:
        from photocli.explaining import explain

        explained = explain(source, options)
        height, width = explained.frame.shape[:2]
        scale = HEAT_SIDE / max(width, height)
        size = (max(1, round(width * scale)), max(1, round(height * scale)))
        return _drawn(explained.found(_KIND), size)

    @staticmethod
    def _suggestion(source: Path | bytes, options: Options) -> bytes:
        from photocli.framing.suggestions import CropRun

        cropped = next(iter(CropRun([source], options=replace(options, follow_links=True))))
        if cropped.record.status != "ok":
            raise DecodeError(cropped.record.error or "it is no photo")
        if (found := cropped.suggestion) is None:
            return b"null"
        box = [found.box.left, found.box.top, found.box.right, found.box.bottom]
        rest = {"aspect": found.aspect, "gain": round(found.gain, 2), "area": round(found.box.area, 4)}
        return json.dumps({"box": box, **rest}).encode()


def _drawn(found: Heat, size: tuple[int, int]) -> bytes:
    """A map as a PNG of `size` (width, height): colours of places, the stronger the more these count."""
    import numpy as np
    from PIL import Image

    from photocli.explaining import canvas, shading

    points = Image.fromarray(found.points).resize(size, Image.Resampling.BICUBIC)
    share = np.clip(np.asarray(points) / np.float32(shading.end(found)), -1, 1)[:, :, None]
    colour, strength = np.where(share > 0, canvas.RAISES, canvas.LOWERS), _STRENGTH * np.abs(share)
    veil = (1 - strength) * _VEIL
    pixels = np.empty((size[1], size[0], 4), np.uint8)
    pixels[:, :, :3] = np.rint((strength * colour + veil * _GREY) / (strength + veil))
    pixels[:, :, 3:] = np.rint(255 * (strength + veil))
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG")
    return file.getvalue()
