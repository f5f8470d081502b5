"""The table of suggested crops on the terminal: what each side loses, and what the gain is made of."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from photocli.display import (
    Column,
    cells,
    cells_left,
    column_of,
    columns_that_fit,
    common_folder,
    folded,
    heading,
    printable,
    shorten_names,
    signed,
    table,
)

if TYPE_CHECKING:
    from rich.console import Console

    from photocli.framing import Suggestion

_SIDES = ("Left", "Top", "Right", "Bottom")
_SUM = ("Score", "Border", "Lost")
_NOTES = ("Left to Bottom: what each side loses.", "Gain = score + border − lost, in points.")


def print_crops(out: Console, crops: Sequence[tuple[str, Suggestion]]) -> None:
    """Print a row for each photo, by its path, with the crop that gains."""
    from rich.text import Text

    folder = common_folder([path for path, _ in crops])
    names = [printable(path[len(folder) :]) for path, _ in crops]
    longest = max(map(cells, names))
    worth = [("Gain",), _SIDES, _SUM, ("Aspect",)]
    beside = columns_that_fit(columns_of([crop for _, crop in crops]), worth, out.width, longest, len(worth))
    out.print(Text(heading("Crops that gain, of ", printable(folder) or "the photos", "", out.width)))
    rows = table(beside)
    room = min(longest, max(1, cells_left(beside, out.width)))
    for row, name in enumerate(shorten_names(names, room)):
        rows.add_row(Text(name), *(column.forms[0][1][row] for column in beside.values()))
    out.print(rows)
    out.print()
    for note in _NOTES:
        for line in folded(note, out.width):
            out.print(Text(line))
    out.print()


def columns_of(crops: Sequence[Suggestion]) -> dict[str, Column]:
    """The columns beside the names; the points are rounded so that each row adds up."""
    boxes = [crop.box for crop in crops]
    lost = {
        "Left": [box.left for box in boxes],
        "Top": [box.top for box in boxes],
        "Right": [1 - box.right for box in boxes],
        "Bottom": [1 - box.bottom for box in boxes],
    }
    found = {"Aspect": column_of("Aspect", (crop.aspect for crop in crops))}
    for side, shares in lost.items():
        found[side] = column_of(side, (f"{share:.1%}" if share >= 0.0005 else "" for share in shares))
    found["Gain"] = column_of("Gain", (signed(crop.gain) for crop in crops))
    points = [_points(crop) for crop in crops]
    for number, name in enumerate(_SUM):
        said = (signed(each[number]) if abs(each[number]) >= 0.005 else "" for each in points)
        found[name] = column_of(name, said)
    return found


def _points(crop: Suggestion) -> tuple[float, float, float]:
    """The parts of a gain: sums are rounded, not the parts, so that these add up to the rounded gain."""
    first = round(crop.aesthetic, 2)
    second = round(crop.aesthetic + crop.border, 2)
    return first, second - first, round(crop.gain, 2) - second
