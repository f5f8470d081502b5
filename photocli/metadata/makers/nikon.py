"""Nikon's notes: an area in pixels (mirrorless cameras, live view), or points of a grid (viewfinders)."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

from photocli.metadata import viewfinders
from photocli.metadata.makers import Autofocus, first_of, one_point
from photocli.records import FocusPoint

if TYPE_CHECKING:
    from photocli.metadata.maker_notes import MakerNotes
    from photocli.metadata.viewfinders import Grid, RowGrid

_MODE, _INFO, _INFO_2 = 0x0007, 0x0088, 0x00B7
_AREA = {b"0100": (0x10, 0x1C), b"0101": (0x46, 0x52), b"03": (0x2A, None), b"04": (0x3E, 0x4A)}
"""Where six numbers of the area stand, and whether it was in focus: by the version, or its beginning."""

_POINTS = {b"0100": (0x08, 0x07), b"0101": (0x08, 0x44), b"03": (0x0A, 0x38), b"04": (0x0A, None)}
"""Where the bits of the points that were used stand, and the number of the main one."""

_FOCUSED = 0x30
"""Where the bits of points that were in focus when the photo was taken stand, of version 0101."""

_AUTO_AREAS = (197, 207)
_ELEVEN = 2
"""The kind of viewfinder with eleven points, of which only the middle one lies in the same place in all."""


def read_autofocus(notes: MakerNotes) -> Autofocus | None:
    """The area or the points of the autofocus; None without any, or where the photo was focused by hand."""
    if notes.table.text(_MODE).upper().startswith("M"):
        return None
    info = notes.table.data(_INFO_2)
    version = info[:4] if info[:4] in _AREA else info[:2]
    if version in _AREA and len(info) >= 8:
        by_pixels = info[7] == 1 if version in (b"03", b"04") else info[4] == 1
        order = notes.table.order
        return _area(info, version, order) if by_pixels else _of_grid(info, version, notes.model)
    return _oldest(notes.table.data(_INFO), notes.table.order)


def _area(info: bytes, version: bytes, order: str) -> Autofocus | None:
    """The area in pixels: size of the picture, the middle of the area, and its own size."""
    at, focused_at = _AREA[version]
    if len(info) < at + 12:
        return None
    width, height, x, y, across, along = struct.unpack_from(f"{order}6H", info, at)
    if not (x and y):
        return None
    told = focused_at is not None and len(info) > focused_at
    in_focus = bool(info[focused_at]) if told and focused_at is not None else None
    return one_point((x, y), (across, along), (width, height), in_focus=in_focus)


def _of_grid(info: bytes, version: bytes, model: str) -> Autofocus | None:
    """The points of a viewfinder's grid, or of an automatic area's."""
    at, main_at = _POINTS[version]
    main = info[main_at] - 1 if main_at is not None and len(info) > main_at else -1
    grid: Grid | RowGrid | None
    if version == b"04":
        grid = viewfinders.automatic(model) if info[5] in _AUTO_AREAS else None
    elif info[6] == _ELEVEN:
        return _middle(in_focus=bool(info[at] & 1)) if main == 0 else None
    else:
        grid = viewfinders.of_schema(info[6], model)
    if grid is None:
        return None
    used = _numbers(info[at : at + (grid.count + 7) // 8])
    if version == b"0101":
        used = _numbers(info[_FOCUSED : _FOCUSED + (grid.count + 7) // 8]) or used
    points = _placed(grid, used, in_focus=True)
    chosen = _placed(grid, [main], in_focus=bool(points))
    found = first_of(points, chosen[0] if chosen and (chosen[0] in points or not points) else None)
    return Autofocus(found) if found else None


def _placed(grid: Grid | RowGrid, numbers: list[int], *, in_focus: bool) -> list[FocusPoint]:
    places = [grid.place(number) for number in numbers]
    return [FocusPoint(*place, in_focus=in_focus) for place in places if place is not None]


def _middle(*, in_focus: bool) -> Autofocus:
    return Autofocus((FocusPoint(0.5, 0.5, in_focus=in_focus),))


def _numbers(data: bytes) -> list[int]:
    """The numbers of the bits that are set."""
    return [8 * at + bit for at, byte in enumerate(data) for bit in range(8) if byte >> bit & 1]


def _oldest(info: bytes, order: str) -> Autofocus | None:
    """The points of cameras before 2007: of these only the middle one lies in the same place in all."""
    is_middle = len(info) >= 4 and struct.unpack_from(f"{order}H", info, 2) == (1,)
    return _middle(in_focus=True) if is_middle else None
