"""Where the points of Nikon's autofocus lie in the picture, by their numbers.

Points are numbered column by column, the middle column first, and within it from the middle row up, and then
down. The places are known to about half a point: they were measured in viewfinders, not told by the maker.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

_FULL_FRAME = re.compile(r"\bD(?:3[SX]?|4S?|5|6|6[01]0|700|750|780|8[0156]0E?)$|\bDf$", re.I)
_NARROW = re.compile(r"\bD7[58]0$", re.I)
"""Full-frame cameras whose viewfinders have the 51 points nearer together."""


@dataclass(frozen=True, slots=True)
class Grid:
    """Points as their numbers count them: the columns in their order, by what they are from the middle one.

    `across` has how far columns lie from the middle of the picture, `along` and `along_middle` how far rows
    do, in the outer columns and in those up to `middle`, as fractions. The first and the last row have
    points in columns up to `wide` alone.
    """

    order: tuple[int, ...]
    across: tuple[float, ...]
    along: tuple[float, ...]
    along_middle: tuple[float, ...]
    middle: int
    wide: int

    @property
    def count(self) -> int:
        """How many points there are."""
        return len(_points(self))

    def place(self, number: int) -> tuple[float, float] | None:
        """The middle of a point (x, y), counted from 0, as fractions of the picture; None without one."""
        points = _points(self)
        if not 0 <= number < len(points):
            return None
        column, row = points[number]
        rows = self.along_middle if abs(column) <= self.middle else self.along
        x = self.across[abs(column)] * (1 if column > 0 else -1)
        return 0.5 + x, 0.5 + rows[abs(row)] * (1 if row > 0 else -1)


@dataclass(frozen=True, slots=True)
class RowGrid:
    """Points that are numbered row by row, at equal distances around the middle of the picture."""

    columns: int
    rows: int
    pitch: tuple[float, float]

    @property
    def count(self) -> int:
        """How many points there are."""
        return self.columns * self.rows

    def place(self, number: int) -> tuple[float, float] | None:
        """The middle of a point (x, y), counted from 0, as fractions of the picture; None without one."""
        if not 0 <= number < self.count:
            return None
        row, column = divmod(number, self.columns)
        return (
            0.5 + (column - (self.columns - 1) / 2) * self.pitch[0],
            0.5 + (row - (self.rows - 1) / 2) * self.pitch[1],
        )


@lru_cache(maxsize=16)
def _points(grid: Grid) -> tuple[tuple[int, int], ...]:
    """Column and row of each point, from the middle one."""
    last = len(grid.along) - 1
    rows = (*range(0, -last - 1, -1), *range(1, last + 1))
    return tuple(
        [
            (column, row)
            for column in grid.order
            for row in rows
            if abs(row) < last or abs(column) <= grid.wide
        ]
    )


def _even(pitch: float, count: int) -> tuple[float, ...]:
    return tuple([round(pitch * number, 4) for number in range(count)])


_RIGHT_FIRST = (0, 1, -1, 2, 3, 4, 5, -2, -3, -4, -5)
_51 = {
    "wide": Grid(
        _RIGHT_FIRST,
        (0, 0.052, 0.108, 0.155, 0.202, 0.249),
        _even(0.0636, 3),
        _even(0.0759, 3),
        1,
        4,
    ),
    "narrow": Grid(
        _RIGHT_FIRST,
        (0, 0.046, 0.099, 0.141, 0.184, 0.226),
        _even(0.0548, 3),
        _even(0.0648, 3),
        1,
        4,
    ),
    "small": Grid(
        _RIGHT_FIRST,
        (0, 0.071, 0.150, 0.215, 0.280, 0.345),
        _even(0.0853, 3),
        _even(0.1018, 3),
        1,
        4,
    ),
}
_39 = {
    "full": Grid(_RIGHT_FIRST, _even(0.0399, 6), (0, 0.0747, 0.1245), (0, 0.0623, 0.1245), 1, 1),
    "small": Grid(_RIGHT_FIRST, _even(0.0606, 6), (0, 0.1152, 0.193), (0, 0.0965, 0.193), 1, 1),
}
_105 = Grid(
    (0, 1, 2, -1, -2, 3, 4, 5, 6, 7, -3, -4, -5, -6, -7),
    (0, 0.0354, 0.0708, 0.1313, 0.1676, 0.2038, 0.2401, 0.2764),
    _even(0.0528, 4),
    _even(0.0528, 4),
    2,
    7,
)
_81 = Grid((0, 1, -1, 2, -2, 3, -3, 4, -4), _even(0.0886, 5), _even(0.0885, 5), _even(0.0885, 5), 4, 4)
_ACROSS_153 = (0, 0.0258, 0.0516, 0.1133, 0.139, 0.1648, 0.2257, 0.2511, 0.2765)


def _153(scale: float) -> Grid:
    across = tuple([round(scale * x, 4) for x in _ACROSS_153])
    order = (0, 1, 2, -1, -2, 3, 4, 5, 6, 7, 8, -3, -4, -5, -6, -7, -8)
    return Grid(order, across, _even(0.0347 * scale, 5), _even(0.0374 * scale, 5), 5, 8)


def of_schema(schema: int, model: str) -> Grid | None:
    """The grid of a viewfinder, by the number that the notes have for its kind; None for others."""
    full = _FULL_FRAME.search(model.strip()) is not None
    if schema == 1:
        return _51["narrow" if _NARROW.search(model.strip()) else "wide" if full else "small"]
    if schema == 3:
        return _39["full" if full else "small"]
    if schema == 7:
        return _153(1.0 if full else 1.53)
    return {8: _81, 9: _105}.get(schema)


def automatic(model: str) -> RowGrid | None:
    """The grid of the automatic area of a mirrorless camera since 2021; None for others."""
    for names, grid in (
        (r"Z ?[89]\b", RowGrid(27, 15, (0.0309, 0.0523))),
        (r"Z ?6_3\b|Z ?f\b|Z ?5_2\b", RowGrid(23, 13, (0.0423, 0.0714))),
        (r"Z ?50_2\b", RowGrid(21, 11, (0.0462, 0.0773))),
    ):
        if re.search(names, model, re.I):
            return grid
    return None
