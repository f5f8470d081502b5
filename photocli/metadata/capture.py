"""How a photo was taken, from its EXIF: time, camera, lens and exposure, and where the camera focused."""

from __future__ import annotations

import logging
import math
import re
from collections.abc import Iterator
from dataclasses import fields, replace
from datetime import datetime
from io import BytesIO
from typing import TYPE_CHECKING, Any, BinaryIO

from photocli.metadata.focus import read_focus, read_focus_file
from photocli.records import Capture

if TYPE_CHECKING:
    from pathlib import Path

    from photocli.records import Frame

Tags = dict[str, Any]

_TIMES = (
    ("DateTimeOriginal", "SubSecTimeOriginal", "OffsetTimeOriginal"),
    ("DateTimeDigitized", "SubSecTimeDigitized", "OffsetTimeDigitized"),
    ("DateTime", "SubSecTime", "OffsetTime"),
)
_TIME = re.compile(r"(\d{4})[:/-](\d\d)[:/-](\d\d)[ T](\d\d):(\d\d):(\d\d)")
_OFFSET = re.compile(r"([+-])(\d\d):?(\d\d)")
_COMPANY = re.compile(
    r"[\s,.]+(corporation|corp|company|co|ltd|inc|gmbh|ag|imaging|optical|computer|electric|techwin)[\s,.]*$",
    re.I,
)
_UNKNOWN = 0xFFFFFFFF  # EXIF's numerator for "infinite" and "not known"
_ISO_OVERFLOW = 65535  # what the 16-bit field says if the true value is in another one
_LONGEST_TEXT = 120
_PROGRAMS = {
    1: "manual",
    2: "automatic",
    3: "aperture priority",
    4: "shutter priority",
    5: "creative",
    6: "action",
    7: "portrait",
    8: "landscape",
}
_METERINGS = {1: "average", 2: "centre-weighted", 3: "spot", 4: "several spots", 5: "pattern", 6: "partial"}
_BALANCES: dict[int | None, str] = {0: "automatic", 1: "manual"}
_LARGEST_BIAS = 20  # EV; no camera deviates by as much


def read_frame(frame: Frame, source: Path | bytes) -> Capture:
    """Read all that is known of how a decoded photo was taken, and where the camera focused.

    `source` is the path or the bytes of its file. Nothing is raised; as in `read_capture`, the reader may be
    kept busy.
    """
    if frame.format == "raw":
        capture = read_capture_file(source, frame.exif)
    else:
        capture = read_capture(frame.exif)
    size, turn = (frame.width, frame.height), frame.orientation
    points = () if frame.format == "tiff" else read_focus(frame.exif, size, turn)
    if not points and frame.format in ("raw", "tiff"):  # what a TIFF's frame has of notes was moved
        points = read_focus_file(source, size, turn)
    x, y = (points[0].x, points[0].y) if points else (None, None)
    return replace(capture, focus_x=x, focus_y=y, focus_points=points)


def read_capture(exif: bytes | None) -> Capture:
    """Read a bare EXIF block (from its TIFF header on), such as `Frame.exif`.

    What is missing, invalid or damaged is None; nothing is raised. `captured` is ISO 8601, with three or six
    digits of a second where the camera wrote sub-seconds, and with an offset from UTC where it wrote one.
    Blocks made to do harm can keep the reader busy without end: call it under a deadline.
    """
    return _capture(_tags(BytesIO(exif))) if exif else Capture()


def read_capture_file(source: Path | bytes, exif: bytes | None = None) -> Capture:
    """Read the metadata of a RAW file itself, which says more than its preview's block `exif` does.

    `source` is its path or its bytes. The block fills what the file leaves open: everything, where it is no
    TIFF container. Nothing is raised.
    """
    try:
        with BytesIO(source) if isinstance(source, bytes) else source.open("rb") as file:
            own = _capture(_tags(file))
    except OSError:
        own = Capture()
    other = read_capture(exif)
    gaps = [field.name for field in fields(Capture) if getattr(own, field.name) is None]
    return replace(own, **{name: getattr(other, name) for name in gaps})


def read_listing(file: BinaryIO) -> list[tuple[str, str]]:
    """Read what people ask about how a photo was taken: names and values to be shown, in a fixed order.

    `file` is a bare EXIF block, or a file that is a TIFF. What is missing or invalid is left out, nothing is
    raised. Of the place only is said that it is known. As `read_capture`, it may need a deadline.
    """
    tags = _tags(file)
    found = _capture(tags)
    rows = (
        ("Time", found.captured and found.captured.replace("T", " ")),
        ("Camera", found.camera),
        ("Lens", found.lens),
        ("Exposure", None if found.exposure_s is None else _seconds(found.exposure_s)),
        ("Aperture", None if found.f_number is None else f"f/{found.f_number:g}"),
        ("ISO", None if found.iso is None else str(found.iso)),
        ("Focal length", _focal(found.focal_mm, _number(tags, "FocalLengthIn35mmFilm"))),
        ("Compensation", None if found.exposure_bias is None else f"{found.exposure_bias:+g} EV"),
        ("Program", _PROGRAMS.get(round(_number(tags, "ExposureProgram") or 0))),
        ("Metering", _METERINGS.get(round(_number(tags, "MeteringMode") or 0))),
        ("Flash", _flash(tags)),
        ("White balance", _BALANCES.get(_first(tags, "WhiteBalance"))),
        ("Artist", _text(tags, "Artist")),
        ("Copyright", _text(tags, "Copyright")),
        ("Software", _text(tags, "Software")),
        ("Place", "stored in the file" if any(name.startswith("GPS GPSL") for name in tags) else None),
    )
    return [(name, value) for name, value in rows if value]


def _seconds(exposure: float) -> str:
    return f"1/{1 / exposure:.0f} s" if 0 < exposure < 0.3 else f"{exposure:g} s"


def _focal(length: float | None, as_film: float | None) -> str | None:
    if length is None:
        return None
    film = "" if not as_film or round(as_film) == round(length) else f" ({as_film:g} mm on 35 mm film)"
    return f"{length:g} mm{film}"


def _flash(tags: Tags) -> str | None:
    state = _first(tags, "Flash")
    return None if state is None else "fired" if state & 1 else "did not fire"


def _first(tags: Tags, name: str) -> int | None:
    """A whole number, which may be 0; None where there is none."""
    number = _number(tags, name, signed=True)
    return None if number is None else int(number)


def _tags(file: BinaryIO) -> Tags:
    import exifread

    # Without a handler of its own, the reader's warnings would be printed among our output.
    logger = logging.getLogger("exifread")
    if not logger.handlers:
        logger.addHandler(logging.NullHandler())
    try:
        # No maker notes: nothing of the record is in them, and they are where readers hang.
        return dict(exifread.process_file(file, details=False, extract_thumbnail=False))
    except Exception:  # anything at all may come out of a damaged block
        return {}


def _capture(tags: Tags) -> Capture:
    return Capture(
        captured=_time(tags),
        camera=_camera(tags),
        lens=_lens(tags),
        iso=_iso(tags),
        exposure_s=_exposure(tags),
        f_number=_f_number(tags),
        focal_mm=_number(tags, "FocalLength"),
        exposure_bias=_bias(tags),
    )


def _time(tags: Tags) -> str | None:
    for time_name, subsec_name, offset_name in _TIMES:
        match = _TIME.match(_text(tags, time_name) or "")
        if match is None:
            continue
        try:
            time = datetime(*(int(part) for part in match.groups()))  # type: ignore[arg-type]
        except ValueError:  # cameras whose clock was not set write zeros
            continue
        if time.year >= 1900:
            return time.isoformat() + _subsec(_text(tags, subsec_name)) + _offset(_text(tags, offset_name))
    return None


def _subsec(digits: str | None) -> str:
    if not digits or not digits.isascii() or not digits.isdigit():
        return ""
    return "." + digits[:6].ljust(3 if len(digits) <= 3 else 6, "0")


def _offset(text: str | None) -> str:
    if text == "Z":
        return "+00:00"
    match = _OFFSET.fullmatch(text or "")
    if match is None or int(match[2]) > 14 or int(match[3]) > 59:
        return ""
    return f"{match[1]}{match[2]}:{match[3]}"


def _camera(tags: Tags) -> str | None:
    make, model = _text(tags, "Make"), _text(tags, "Model")
    while make and (shorter := _COMPANY.sub("", make)) != make:
        make = shorter
    if not make or not model:
        return model or make
    words = set(re.findall(r"\w+", model.lower()))
    return model if words & set(re.findall(r"\w{2,}", make.lower())) else f"{make} {model}"


def _lens(tags: Tags) -> str | None:
    text = _text(tags, "LensModel")
    return text if text and text.strip("- ") else None  # dashes: no lens that the camera knows


def _iso(tags: Tags) -> int | None:
    values = [_number(tags, name) for name in ("ISOSpeedRatings", "RecommendedExposureIndex", "ISOSpeed")]
    known = [round(value) for value in values if value]
    return next((value for value in known if value != _ISO_OVERFLOW), known[0] if known else None)


def _exposure(tags: Tags) -> float | None:
    seconds = _number(tags, "ExposureTime")
    if seconds is not None:
        return seconds
    apex = _number(tags, "ShutterSpeedValue", signed=True)
    return 2.0**-apex if apex is not None and abs(apex) < 32 else None


def _f_number(tags: Tags) -> float | None:
    value = _number(tags, "FNumber")
    if value is not None:
        return value
    apex = _number(tags, "ApertureValue")
    return round(2.0 ** (apex / 2), 1) if apex is not None and apex < 32 else None


def _bias(tags: Tags) -> float | None:
    stops = _number(tags, "ExposureBiasValue", signed=True)
    return round(stops, 2) + 0.0 if stops is not None and abs(stops) <= _LARGEST_BIAS else None


def _values(tags: Tags, name: str) -> Iterator[Any]:
    # RAW files may keep the fields of the EXIF directory in their first one.
    for folder in ("EXIF", "Image"):
        tag = tags.get(f"{folder} {name}")
        if tag is not None:
            yield getattr(tag, "values", None)


def _text(tags: Tags, name: str) -> str | None:
    for value in _values(tags, name):
        if isinstance(value, bytes):
            value = value.decode("utf-8", "replace")
        if not isinstance(value, str):
            continue
        seen = "".join(char if char.isprintable() else " " for char in value.split("\0", 1)[0])
        text = " ".join(seen.split())[:_LONGEST_TEXT].rstrip()
        if text:
            return text
    return None


def _number(tags: Tags, name: str, *, signed: bool = False) -> float | None:
    for value in _values(tags, name):
        first = value[0] if isinstance(value, list) and value else value
        try:
            if getattr(first, "numerator", 0) == _UNKNOWN:
                continue
            number = float(first)
        except (TypeError, ValueError, ArithmeticError):  # zero denominators among them
            continue
        if math.isfinite(number) and (signed or number > 0):
            return number
    return None
