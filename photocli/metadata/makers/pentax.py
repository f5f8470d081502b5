"""Pentax's notes: an area of live view in a frame of its own, or the areas of the newest viewfinder."""

from __future__ import annotations

from typing import TYPE_CHECKING

from photocli.metadata.makers import Autofocus, first_of, one_point
from photocli.records import FocusPoint

if TYPE_CHECKING:
    from photocli.metadata.maker_notes import MakerNotes

_MODE, _CONTRAST, _AREAS = 0x000D, 0x0231, 0x040C
_MANUAL = (1, 3)
_MOST = 128
_FRAME = (720, 480)
"""The size in which areas of live view are counted."""

_FIRST, _STEP, _IN_FOCUS = 7, 7, 0x04
"""Where the areas begin, how many numbers each has, and the bit of its last one for focus."""


def read_autofocus(notes: MakerNotes) -> Autofocus | None:
    """The areas that were in focus; None without any, or where the notes have names and no places."""
    if notes.table.number(_MODE) in _MANUAL:
        return None
    values = notes.table.shorts(_AREAS)
    if len(values) >= 4 and values[3]:
        last = _FIRST + _STEP * min(values[3], _MOST)
        points = [_point(values[at : at + _STEP]) for at in range(_FIRST, last, _STEP)]
        found = [point for point in points if point is not None]
        focused = [point for point in found if point.in_focus] or found
        return Autofocus(first_of(focused)) if focused else None
    area = notes.table.numbers(_CONTRAST)
    if len(area) < 4 or not all(area[2:4]):
        return None
    left, top, across, along = area[:4]
    return one_point((left + across / 2, top + along / 2), (across, along), _FRAME)


def _point(values: tuple[int, ...]) -> FocusPoint | None:
    """One area: the size of the frame, the middle and the size of the area, and flags."""
    if len(values) < _STEP or not (values[0] and values[1]):
        return None
    width, height, x, y, across, along, flags = values
    size = (across / width or None, along / height or None)
    return FocusPoint(x / width, y / height, *size, bool(flags & _IN_FOCUS))
