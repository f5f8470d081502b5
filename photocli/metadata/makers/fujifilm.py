"""Fujifilm's notes: one pixel of the picture as the camera stored it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from photocli.metadata.makers import Autofocus, one_point

if TYPE_CHECKING:
    from photocli.metadata.maker_notes import MakerNotes

_MODE, _PIXEL = 0x1021, 0x1023
_MANUAL = 1


def read_autofocus(notes: MakerNotes) -> Autofocus | None:
    """The pixel on which the camera focused; None without any, or where it was focused by hand."""
    pixel = notes.table.numbers(_PIXEL)
    if len(pixel) < 2 or not any(pixel[:2]) or notes.table.number(_MODE) == _MANUAL:
        return None
    return one_point((pixel[0], pixel[1]), (0, 0), notes.size)
