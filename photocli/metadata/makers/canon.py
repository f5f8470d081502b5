"""Canon's notes: areas of the autofocus, and bits that say which of them were in focus."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from photocli.metadata.makers import Autofocus, first_of
from photocli.records import FocusPoint

if TYPE_CHECKING:
    from collections.abc import Sequence

    from photocli.metadata.maker_notes import MakerNotes

_INFO, _INFO_2, _INFO_3 = 0x0012, 0x0026, 0x003C
_MOST_AREAS = 2048


@dataclass(frozen=True, slots=True)
class _Areas:
    """Areas as they stand in the notes: numbers of 16 bits, their middles from the middle of the picture.

    They are counted in a picture of `size`; that of the photo is `picture`.
    """

    size: tuple[int, int]
    picture: tuple[int, int]
    places: tuple[tuple[int, int, int, int], ...]
    in_focus: frozenset[int]
    selected: frozenset[int] = frozenset()
    primary: int | None = None


def read_autofocus(notes: MakerNotes) -> Autofocus | None:
    """The areas that were in focus; failing any, those that were chosen. None without any."""
    numbers = notes.table.shorts(_INFO_3) or notes.table.shorts(_INFO_2)
    is_eos = "EOS" in notes.model
    areas = _areas_2(numbers, is_eos=is_eos) if numbers else _areas(notes.table.shorts(_INFO), is_eos=is_eos)
    if areas is None or not all(areas.size):
        return None
    chosen, focused = (areas.in_focus, True) if areas.in_focus else (areas.selected, False)
    width, height = areas.size
    down = -1 if is_eos else 1  # single-lens reflexes count upwards, compacts downwards

    def point(number: int) -> FocusPoint:
        x, y, across, along = areas.places[number]
        size = (across / width if across > 0 else None, along / height if along > 0 else None)
        return FocusPoint(0.5 + x / width, 0.5 + down * y / height, *size, focused)

    known = [number for number in sorted(chosen) if number < len(areas.places)]
    main = point(areas.primary) if areas.primary in known else None
    points = first_of([point(number) for number in known], main)
    # Compacts count in hundredths, or in lines of which there are fewer than of pixels.
    return Autofocus(points, areas.size if is_eos else areas.picture) if points else None


def _areas(numbers: Sequence[int], *, is_eos: bool) -> _Areas | None:
    """Those of older cameras, where all areas have one size."""
    if len(numbers) < 8 or not 0 < numbers[0] <= _MOST_AREAS:
        return None
    count, valid, *picture, width, height, across, along = numbers[:8]
    words = (count + 15) // 16
    places = _signed(numbers[8 : 8 + 2 * count])
    if len(places) < 2 * count:
        return None
    areas = tuple([(places[at], places[count + at], across, along) for at in range(min(valid, count))])
    at = 8 + 2 * count
    bits = _bits(numbers[at : at + words])
    # Eight words of an unknown meaning stand before the primary one where the notes have 36 numbers.
    at += words + (8 if len(numbers) == 36 else 0)
    primary = numbers[at] if not is_eos and at < len(numbers) else None
    return _Areas((width, height), (picture[0], picture[1]), areas, bits, primary=primary)


def _areas_2(numbers: Sequence[int], *, is_eos: bool) -> _Areas | None:
    """Those of newer cameras, where each area has a size of its own."""
    if len(numbers) < 8 or not 0 < numbers[2] <= _MOST_AREAS:
        return None
    count, valid, *picture, width, height = numbers[2:8]
    values = _signed(numbers[8 : 8 + 4 * count])
    if len(values) < 4 * count:
        return None
    across, along, x, y = (values[part * count : (part + 1) * count] for part in range(4))
    areas = tuple(zip(x, y, across, along, strict=True))[:valid]
    words, at = (count + 15) // 16, 8 + 4 * count
    bits = _bits(numbers[at : at + words])
    selected = _bits(numbers[at + words : at + 2 * words]) if is_eos else frozenset()
    return _Areas((width, height), (picture[0], picture[1]), areas, bits, selected)


def _signed(numbers: Sequence[int]) -> tuple[int, ...]:
    return tuple([number - 0x10000 if number & 0x8000 else number for number in numbers])


def _bits(words: Sequence[int]) -> frozenset[int]:
    """The numbers of the bits that are set, counted from the lowest of the first word."""
    return frozenset([16 * at + bit for at, word in enumerate(words) for bit in range(16) if word >> bit & 1])
