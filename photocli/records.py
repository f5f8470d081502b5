"""What flows through the pass and into the writers: plain, frozen, picklable values."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

if TYPE_CHECKING:
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

VERSION = "0.1.0"
"""The version of photocli, which documents of records name."""

Status = Literal["ok", "failed", "skipped"]

CONFIDENCE = "_confidence"
"""Ends the name of the second column of a classifier; the first has that of the model."""

DECODED = ("photo", "preview", "developed")
"""What a photo was looked at by: its own pixels, a preview inside the file, or a RAW file's, developed."""

SEPARATOR = "; "
"""Stands between classes that hold at once; the name of a class has none."""


@dataclass(frozen=True, slots=True)
class Photo:
    """A photo that was found: the file to decode, and the RAW file stacked under it, if any."""

    path: Path
    twin: Path | None = None


@dataclass(frozen=True, slots=True)
class Skipped:
    """A file that is no photo and does not claim to be one (`notes.txt` in a folder), with the reason."""

    path: Path
    reason: str


@dataclass(frozen=True, slots=True)
class Frame:
    """One decoded photo: upright 8-bit sRGB, reduced to about the size that was asked for.

    `pixels` has shape (height, width, 3), dtype uint8, C-contiguous. `width` and `height` are those of the
    upright original, so boxes are stored as fractions. `exif` is the bare EXIF block (starting with the TIFF
    header), where the file has one. `orientation` (EXIF, 1-8) says how the sensor lay: what turns the file's
    own picture upright; None where that is not known.

    `detail` is the same photo at the largest level that was decoded, where that is larger than the frame:
    uint8 (h, w, 3), not always C-contiguous. It is sRGB, too, unless there is a `detail_profile` (ICC): then
    what is cut from it is still to be converted (`decode.colour.converted`), as converting all of it would
    take longer than decoding. `scale` (above 0, 1 at most) is the long side of the largest level by that of
    the original. `decoded` (`DECODED`) is what the pixels were decoded from.
    """

    pixels: NDArray[np.uint8]
    width: int
    height: int
    format: str
    exif: bytes | None = None
    orientation: int | None = None
    detail: NDArray[np.uint8] | None = None
    scale: float = 1.0
    decoded: str = "photo"
    detail_profile: bytes | None = None


class FocusPoint(NamedTuple):
    """A place on which the camera focused; its middle and its size are fractions of the upright photo.

    `width` and `height` are None where the camera does not tell them. `in_focus` is False for a place that
    was chosen and on which the camera did not find focus; None where it does not say whether it did.
    """

    x: float
    y: float
    width: float | None = None
    height: float | None = None
    in_focus: bool | None = None


@dataclass(frozen=True, slots=True)
class Capture:
    """How a photo was taken, by its metadata; ISO 8601 time, seconds, f-number, millimetres, EV.

    `focus_x` and `focus_y` are the middle of the first of the `focus_points`, the one that counts most.
    """

    captured: str | None = None
    camera: str | None = None
    lens: str | None = None
    iso: int | None = None
    exposure_s: float | None = None
    f_number: float | None = None
    focal_mm: float | None = None
    exposure_bias: float | None = None
    focus_x: float | None = None
    focus_y: float | None = None
    focus_points: tuple[FocusPoint, ...] = field(default=())


def capture_of(values: Mapping[str, Any]) -> Capture:
    """A capture from its fields as JSON gives them back. Raises `TypeError` for what are none."""
    points = tuple([FocusPoint(*point) for point in values.get("focus_points", ())])
    return Capture(**{**values, "focus_points": points})


@dataclass(frozen=True, slots=True)
class Face:
    """One face of a photo; places are fractions of it, upright, and may lie slightly outside.

    `box` is left, top, right and bottom; `eyes` x and y of the eye at the left of the picture, and of the one
    at the right. `confidence` (0-1) is how sure the detector is, `sharpness` is 0-1 and `selfie` 1-10; None
    where they were not judged.
    """

    box: tuple[float, float, float, float]
    eyes: tuple[tuple[float, float], tuple[float, float]]
    confidence: float
    sharpness: float | None
    selfie: float | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """What one classifier says of a photo; there may be several, each with columns of its own.

    `probabilities` has every class in the model's order, calibrated. `label` is the most probable one; where
    several may hold at once, all that do, the most probable first, joined by `SEPARATOR`, None if none does.
    `confidence` (0-1) is the probability of the first of them; where none holds, 1 less the highest one.
    """

    model: str
    label: str | None
    confidence: float
    probabilities: tuple[tuple[str, float], ...]

    @property
    def labels(self) -> tuple[str, ...]:
        """The classes that hold; empty if none does."""
        return () if self.label is None else tuple(self.label.split(SEPARATOR))


@dataclass(frozen=True, slots=True)
class Record:
    """Everything that a run says about one path. Field names and order are the CSV columns and JSON keys.

    The names are an interface: fields are added (at the end), never renamed. A field is `None` where its
    assessor was not asked for, or abstained. Classifiers have columns of their own after these (`columns`).
    """

    path: str
    status: Status = "ok"
    error: str | None = None
    width: int | None = None
    height: int | None = None
    captured: str | None = None
    camera: str | None = None
    lens: str | None = None
    iso: int | None = None
    exposure_s: float | None = None
    f_number: float | None = None
    focal_mm: float | None = None
    score: float | None = None
    stars: int | None = None
    aesthetic: float | None = None
    aesthetic_std: float | None = None
    aesthetic_good: float | None = None
    aesthetic_class: str | None = None
    technical: float | None = None
    blur: float | None = None
    motion_blur: float | None = None
    underexposed: float | None = None
    overexposed: float | None = None
    noise: float | None = None
    compression: float | None = None
    rotate: int | None = None
    faces: int | None = None
    selfie: float | None = None
    face_sharpness: float | None = None
    medium: str | None = None
    style: str | None = None
    style_confidence: float | None = None
    cropped: float | None = None
    crop_left: float | None = None
    crop_top: float | None = None
    crop_right: float | None = None
    crop_bottom: float | None = None
    crop_factor: float | None = None
    group: int | None = None
    rank_in_group: int | None = None
    models: tuple[str, ...] = field(default=())
    twin: str | None = None
    exposure_bias: float | None = None
    taste: float | None = None
    group_kind: str | None = None
    pick: str | None = None
    faults: tuple[str, ...] = field(default=())
    rotate_confidence: float | None = None
    each_face: tuple[Face, ...] = field(default=())
    answers: tuple[Answer, ...] = field(default=())
    styles: tuple[tuple[str, float], ...] = field(default=())
    sidecar: str | None = None
    pick_reason: str | None = None
    explained: tuple[tuple[str, str, float], ...] = field(default=())
    decoded: str | None = None
    scale: float | None = None
    focus_x: float | None = None
    focus_y: float | None = None
    focus_points: tuple[FocusPoint, ...] = field(default=())


RECORD_FIELDS: tuple[str, ...] = tuple(f.name for f in fields(Record))


def as_dict(record: Record) -> dict[str, Any]:
    """The record as a plain dictionary, in the order of its fields."""
    return {name: getattr(record, name) for name in RECORD_FIELDS}


def columns(models: Iterable[str]) -> tuple[str, ...]:
    """The columns of the classifiers of these names: `<model>` and `<model>_confidence` of each."""
    return tuple(column for model in models for column in (model, model + CONFIDENCE))


def as_columns(record: Record, models: Iterable[str]) -> dict[str, Any]:
    """What those classifiers say of a photo, by column; None where they were not asked."""
    answers = {answer.model: answer for answer in record.answers}
    values: dict[str, Any] = {}
    for model in models:
        answer = answers.get(model)
        cells = (None, None) if answer is None else (answer.label, answer.confidence)
        values.update(zip(columns([model]), cells, strict=True))
    return values
