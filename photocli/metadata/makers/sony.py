"""Sony's notes: one place, in the units of a picture whose size stands beside it.

Which points of the sensor were used stands in parts that are enciphered or tell no places: they are not read.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from photocli.metadata.makers import Autofocus, one_point

if TYPE_CHECKING:
    from photocli.metadata.maker_notes import MakerNotes

_MODE, _AREA, _SPOT = 0x201B, 0x201C, 0x201D
_LOCATION, _LOCATION_2, _FRAME, _POINTS = 0x2027, 0x204A, 0x2037, 0x202A
_MANUAL, _FLEXIBLE = 0, 3
_SPOTS = (640, 480)
"""The size in which flexible spots are counted."""


def read_autofocus(notes: MakerNotes) -> Autofocus | None:
    """The place of focus; on cameras before 2015 that of a flexible spot. None without any."""
    table = notes.table
    # Most compacts write a mode of 0 whatever they do.
    if table.number(_MODE) == _MANUAL and not notes.model.startswith("DSC-"):
        return None
    location = table.shorts(_LOCATION) or table.shorts(_LOCATION_2)
    if len(location) >= 4 and any(location[:4]):
        frame, points = table.shorts(_FRAME), table.data(_POINTS)
        is_framed = len(frame) >= 3 and frame[2] > 0
        extent = (frame[0], frame[1]) if is_framed else (0, 0)
        found = is_framed or (len(points) > 1 and points[0] == 1 and points[1] > 0)
        return one_point(
            (location[2], location[3]), extent, (location[0], location[1]), in_focus=True if found else None
        )
    spot = table.shorts(_SPOT)
    if len(spot) >= 2 and any(spot[:2]) and table.number(_AREA) == _FLEXIBLE:
        found_spot = one_point((spot[0], spot[1]), (0, 0), _SPOTS)
        return None if found_spot is None else Autofocus(found_spot.points)
    return None
