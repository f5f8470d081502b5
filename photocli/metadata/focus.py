"""Where the camera focused, by the EXIF and the maker's notes, in fractions of the upright photo."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from photocli.metadata.blocks import ExifBlock, mapped, of_raw, of_tiff
from photocli.metadata.maker_notes import find_notes
from photocli.metadata.makers import Autofocus, one_point, read_autofocus
from photocli.records import FocusPoint

if TYPE_CHECKING:
    from pathlib import Path

    from photocli.metadata.tags import Block, TagTable

MOST = 64
"""So many points are kept of one photo."""

DIGITS = 4
"""Decimals of fractions: a third of a pixel of a large photo."""

_ORIENTATION, _WIDTH, _HEIGHT, _AREA, _LOCATION = 0x0112, 0xA002, 0xA003, 0x9214, 0xA214
_WHOLE = 0.9
"""An area that has as much of both sides is the whole picture, and tells of no place."""

_SHAPES_DIFFER = 0.03
"""A picture whose shape differs by more from that in which the camera counts was cut since."""


def read_focus(
    exif: Block | None, size: tuple[int, int], orientation: int | None = None
) -> tuple[FocusPoint, ...]:
    """The points on which the camera focused, the main one first; none where they are not known.

    `exif` begins with its TIFF header. `size` (width, height) is that of the upright photo, whose picture as
    it is stored `orientation` (EXIF, 1-8) turns upright; None: as the EXIF says. Where the photo has not the
    shape of what the camera took, as when it was cut or turned since, nothing is known. Nothing is raised.
    """
    found = None if exif is None else of_tiff(exif)
    return () if found is None else _of_block(found, size, orientation)


def read_focus_file(
    source: Path | bytes, size: tuple[int, int], orientation: int | None = None
) -> tuple[FocusPoint, ...]:
    """The points on which the camera focused, by a RAW file or a TIFF itself; otherwise as `read_focus`.

    `source` is its path or its bytes.
    """
    try:
        block = source if isinstance(source, bytes) else mapped(source)
        found = (_of_block(block, size, orientation) for block in of_raw(block))
        return next((points for points in found if points), ())
    except OSError:
        return ()


def _of_block(block: ExifBlock, size: tuple[int, int], orientation: int | None) -> tuple[FocusPoint, ...]:
    found = of_notes(block) or of_subject(block.inner)
    turn = orientation or block.first.number(_ORIENTATION) or 1
    return () if found is None else upright(found, size, turn)


def of_notes(block: ExifBlock) -> Autofocus | None:
    """What the maker's notes say of the focus; None where they say nothing."""
    notes = find_notes(block, _stored_size(block.inner)) if block.place[1] else None
    return None if notes is None else read_autofocus(notes)


def of_subject(inner: TagTable) -> Autofocus | None:
    """What the EXIF itself says of the place of the subject, on which phones focus."""
    area = inner.numbers(_AREA) or inner.numbers(_LOCATION)
    if not 2 <= len(area) <= 4 or not all(area[:2]):
        return None
    # A point, a circle with its diameter, or a rectangle with its width and height.
    extent = (0, 0) if len(area) == 2 else (area[2], area[-1])
    size = _stored_size(inner)
    if all(_WHOLE * whole <= part for part, whole in zip(extent, size, strict=True)):
        return None
    return one_point((area[0], area[1]), extent, size)


def upright(found: Autofocus, size: tuple[int, int], orientation: int) -> tuple[FocusPoint, ...]:
    """The points in fractions of the upright photo; none where they cannot be those of this photo."""
    turned = orientation in (5, 6, 7, 8)
    width, height = size[::-1] if turned else size
    if all(found.size) and abs(width * found.size[1] / (height * found.size[0]) - 1) > _SHAPES_DIFFER:
        return ()
    return tuple(_turned(point, orientation) for point in _inside(found.points))[:MOST]


def _inside(points: Iterable[FocusPoint]) -> Iterable[FocusPoint]:
    return (point for point in points if 0 <= point.x <= 1 and 0 <= point.y <= 1)


def _turned(point: FocusPoint, orientation: int) -> FocusPoint:
    x, y, width, height, in_focus = point
    if orientation in (2, 3, 7, 8):
        x = 1 - x
    if orientation in (3, 4, 6, 7):
        y = 1 - y
    if orientation in (5, 6, 7, 8):
        x, y, width, height = y, x, height, width
    return FocusPoint(round(x, DIGITS), round(y, DIGITS), _rounded(width), _rounded(height), in_focus)


def _rounded(part: float | None) -> float | None:
    return None if part is None else round(part, DIGITS)


def _stored_size(inner: TagTable) -> tuple[int, int]:
    return inner.number(_WIDTH) or 0, inner.number(_HEIGHT) or 0
