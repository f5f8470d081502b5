"""Makers of cameras: one module for each, which reads from their notes where the camera focused."""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from photocli.records import FocusPoint

if TYPE_CHECKING:
    from photocli.metadata.maker_notes import MakerNotes


@dataclass(frozen=True, slots=True)
class Autofocus:
    """What notes say of the focus: points in fractions of the picture as it is stored, the main one first.

    `size` is that of the picture in which the camera counts them, (0, 0) where that has no meaning.
    """

    points: tuple[FocusPoint, ...]
    size: tuple[float, float] = (0, 0)


def read_autofocus(notes: MakerNotes) -> Autofocus | None:
    """What notes say of the focus; None where they say nothing. Each maker's module has such a function."""
    maker = importlib.import_module(f"{__name__}.{notes.maker}")
    found: Autofocus | None = maker.read_autofocus(notes)
    return found


def first_of(points: Sequence[FocusPoint], main: FocusPoint | None = None) -> tuple[FocusPoint, ...]:
    """The points, first the main one; where none is, the one nearest to the middle of them all."""
    if main is None and points:
        x = sum(point.x for point in points) / len(points)
        y = sum(point.y for point in points) / len(points)
        main = min(points, key=lambda point: (point.x - x) ** 2 + (point.y - y) ** 2)
    return () if main is None else (main, *(point for point in points if point != main))


def one_point(
    middle: tuple[float, float],
    extent: tuple[float, float],
    size: tuple[float, float],
    *,
    in_focus: bool | None = None,
) -> Autofocus | None:
    """The focus at one place, given in the units of `size`; an `extent` of 0 is not known."""
    if not all(size):
        return None
    width, height = (part / whole if part else None for part, whole in zip(extent, size, strict=True))
    point = FocusPoint(middle[0] / size[0], middle[1] / size[1], width, height, in_focus)
    return Autofocus((point,), size)
