"""Panasonic's notes, which some Leicas have, too: the middle of the main area, in fractions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from photocli.metadata.makers import Autofocus
from photocli.records import FocusPoint

if TYPE_CHECKING:
    from photocli.metadata.maker_notes import MakerNotes

_MODE, _POSITION, _SIZE = 0x0007, 0x004D, 0x00DE
_MANUAL = 2


def read_autofocus(notes: MakerNotes) -> Autofocus | None:
    """The middle of the main area, and its size where newer cameras tell it; None without any."""
    position = notes.table.fractions(_POSITION)
    if len(position) < 2 or notes.table.number(_MODE) == _MANUAL:
        return None
    x, y = position[:2]
    if x is None or y is None or not (0 < x <= 1 and 0 < y <= 1):  # large numbers stand for none
        return None
    extent = [part if part and 0 < part <= 1 else None for part in notes.table.fractions(_SIZE)]
    width, height = extent[:2] if len(extent) >= 2 else (None, None)
    return Autofocus((FocusPoint(x, y, width, height),))
