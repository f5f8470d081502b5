"""Notes of Olympus and OM System: areas in fractions of the picture, by the settings of the camera."""

from __future__ import annotations

from typing import TYPE_CHECKING

from photocli.metadata.makers import Autofocus, first_of
from photocli.records import FocusPoint

if TYPE_CHECKING:
    from photocli.metadata.maker_notes import MakerNotes
    from photocli.metadata.tags import TagTable

_SETTINGS = 0x2020
_MODE, _AREAS, _SELECTED, _TARGET = 0x0301, 0x0304, 0x0305, 0x030A
_MANUAL = 10


def read_autofocus(notes: MakerNotes) -> Autofocus | None:
    """The areas of the autofocus; None without any, or where the photo was focused by hand."""
    settings = notes.inner(_SETTINGS)
    if settings.number(_MODE) == _MANUAL:
        return None
    points = _target(settings) or _selected(settings) or _areas(settings)
    return Autofocus(first_of(points)) if points else None


def _target(settings: TagTable) -> list[FocusPoint]:
    """The focused area of OM cameras: (frame's width, height, then the area's left, top, width, height)."""
    values = settings.shorts(_TARGET)
    if len(values) < 6 or not (values[0] and values[1] and values[4] and values[5]):
        return []
    width, height, left, top, across, along = values[:6]
    middle = ((left + across / 2) / width, (top + along / 2) / height)
    return [FocusPoint(*middle, across / width, along / height)]


def _selected(settings: TagTable) -> list[FocusPoint]:
    """The area that was selected, by two of its corners; with the size of the coarse area around it."""
    corners = settings.fractions(_SELECTED)[1:]
    if len(corners) < 4:
        return []
    left, top, right, bottom = corners[:4]
    if left is None or top is None or right is None or bottom is None or not (left or right or top or bottom):
        return []
    x, y = (left + right) / 2, (top + bottom) / 2
    size: tuple[float | None, float | None] = (abs(right - left) or None, abs(bottom - top) or None)
    if size == (None, None):
        around = [area for area in _areas(settings) if _holds(area, x, y)]
        size = (around[0].width, around[0].height) if len(around) == 1 else size
    return [FocusPoint(x, y, *size)]


def _holds(area: FocusPoint, x: float, y: float) -> bool:
    across, along = area.width or 0.0, area.height or 0.0
    return abs(area.x - x) <= across / 2 and abs(area.y - y) <= along / 2


def _areas(settings: TagTable) -> list[FocusPoint]:
    """Areas of four bytes each: left, top, right and bottom of 255."""
    points = []
    for value in settings.numbers(_AREAS)[:64]:
        left, top, right, bottom = (value & 0xFFFFFFFF).to_bytes(4, "big")
        if value and right >= left and bottom >= top:
            size = ((right - left) / 255 or None, (bottom - top) / 255 or None)
            points.append(FocusPoint((left + right) / 510, (top + bottom) / 510, *size))
    return points
