"""Crops as Camera Raw and Lightroom keep them: reversible, in the frame of the sensor; and whether there are
develop settings already, which are never touched."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from photocli.decode.signature import RAW_SUFFIXES, RENDERED_SUFFIXES
from photocli.xmp.editors import CAMERA_RAW, OWN_CROP
from photocli.xmp.edits import crop_note
from photocli.xmp.limits import SEARCHED
from photocli.xmp.search import find

if TYPE_CHECKING:
    from photocli.framing.boxes import Box
    from photocli.xmp.packet import Packet


@dataclass(frozen=True, slots=True)
class SensorCrop:
    """What is kept of the picture as the sensor lay, before it is turned upright: fractions, 0 to 1."""

    left: float
    top: float
    right: float
    bottom: float

    def __post_init__(self) -> None:
        if not (0 <= self.left < self.right <= 1 and 0 <= self.top < self.bottom <= 1):
            raise ValueError(f"a crop lies within its photo, not at {self}")

    def properties(self) -> dict[str, str]:
        """The properties that say it, by local name."""
        return {
            "HasCrop": "True",
            "CropTop": _number(self.top),
            "CropLeft": _number(self.left),
            "CropBottom": _number(self.bottom),
            "CropRight": _number(self.right),
            "CropAngle": "0",
            "CropConstrainToWarp": "0",
        }


def placed(box: Box, orientation: int) -> SensorCrop:
    """Where a box of the upright photo lies on the sensor; `orientation` is EXIF's, 1 to 8."""
    left, top, right, bottom = box.left, box.top, box.right, box.bottom
    lies = {
        1: (left, top, right, bottom),
        2: (1 - right, top, 1 - left, bottom),
        3: (1 - right, 1 - bottom, 1 - left, 1 - top),
        4: (left, 1 - bottom, right, 1 - top),
        5: (top, left, bottom, right),
        6: (top, 1 - right, bottom, 1 - left),
        7: (1 - bottom, 1 - right, 1 - top, 1 - left),
        8: (1 - bottom, left, 1 - top, right),
    }
    return SensorCrop(*(min(max(side, 0.0), 1.0) for side in lies[orientation]))


def can_hold(photo: Path) -> bool:
    """Whether a crop can be written for this kind of file: a RAW file or a JPEG."""
    suffix = photo.suffix.lower()
    return suffix in RAW_SUFFIXES or RENDERED_SUFFIXES.get(suffix) == "jpeg"


def developed(photo: Path, twin: Path | None = None) -> Path | None:
    """The file that holds develop settings of a photo: itself, its RAW file, or a sidecar of any name.

    Files are searched for the namespace of the settings, so that nothing is overlooked in a container that
    is not understood; one that merely declares it counts, too. Raises `OSError`.
    """
    files = [photo] if twin is None else [photo, twin]
    names = {name.casefold() for file in files for name in (f"{file.name}.xmp", f"{file.stem}.xmp")}
    sidecars = [each for each in photo.parent.iterdir() if each.name.casefold() in names]
    return next((file for file in (*sidecars, *files) if _mentions(file)), None)


def put(packet: Packet, crop: SensorCrop) -> bool:
    """Write a crop into a packet without any develop settings; whether it was, or stands there already."""
    wanted = {(CAMERA_RAW, name): value for name, value in crop.properties().items()}
    if packet.names(CAMERA_RAW):
        return all(packet.values(key) == [value] for key, value in wanted.items())
    for key, value in wanted.items():
        packet.put(key, value)
    packet.put(OWN_CROP, crop_note(crop.properties()))
    return True


def _mentions(file: Path) -> bool:
    if not file.is_file() or not file.stat().st_size:
        return False
    codes = ("utf-8", "utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be")
    texts = [CAMERA_RAW.rstrip("/").encode(code) for code in codes]
    with file.open("rb") as opened:
        # What is too large to be searched may have settings.
        return file.stat().st_size > SEARCHED or find(opened, texts, SEARCHED) >= 0


def _number(value: float) -> str:
    return f"{value:.6f}".rstrip("0").rstrip(".")
