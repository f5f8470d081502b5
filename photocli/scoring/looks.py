"""Looks that explain faults: what was meant is no fault, and weighs less the surer the look is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from photocli.records import Record

    Explained = tuple[tuple[str, str, float], ...]

LOOKS: Mapping[str, Mapping[str, float]] = {
    "overexposed": {"high key": 1.0, "pastel": 1.0},
    "underexposed": {"low key": 1.0, "noir": 1.0},
    "blur": {"shallow depth of field": 1.0, "radial motion": 1.0},
    "motion_blur": {"shallow depth of field": 1.0, "motion blur": 1.0, "radial motion": 1.0},
    "noise": {"film grain": 1.0, "black and white": 0.5},
}
"""By fault, the looks that explain it, and how much of it each explains when it is certain. Nothing explains
compression. Names are those of the classes of the model of styles."""

MOST_CLIPPED = 0.1
"""A high key has whites, not clipped colours: where `light` measures so much clipped, it explains nothing."""

DULL, BRIGHT = 140, 190
"""A low key has highlights: below the first level there are none, from the second on there are some. White is
137 in a photo that was exposed 2 EV too short."""

LEAST = 0.01
"""Less than so much is no explanation, and not noted."""

NAMED = 0.5
"""A fault of which a look explains so much is not named any more."""


def explained(chances: Mapping[str, float], light: Sequence[float] | None) -> Explained:
    """What looks explain of faults: fault, look and share, `LEAST` to 1, in the order of `LOOKS`.

    `chances` are the probabilities of looks, `light` the measures of `inputs.light`, without which no look
    explains light. Of several looks that which explains most counts: they are not independent.
    """
    found = []
    for fault, looks in LOOKS.items():
        allowed = _allowed(fault, light)
        shares = {look: most * allowed * chances.get(look, 0.0) for look, most in looks.items()}
        look = max(shares, key=shares.__getitem__)
        if (share := round(min(shares[look], 1.0), 4)) >= LEAST:
            found.append((fault, look, share))
    return tuple(found)


def share_of(fields: Mapping[str, object] | Record, fault: str) -> tuple[str | None, float]:
    """The look that explains a fault of a record, and the share, 0 to 1, that it explains."""
    rows = fields.get("explained") if isinstance(fields, Mapping) else fields.explained
    for name, look, share in rows or ():  # type: ignore[attr-defined]
        if name == fault:
            return look, share
    return None, 0.0


def still_named(faults: Sequence[str], rows: Explained) -> tuple[str, ...]:
    """The faults that no look explains by `NAMED` or more."""
    gone = {fault for fault, _, share in rows if share >= NAMED}
    return tuple(fault for fault in faults if fault not in gone)


def _allowed(fault: str, light: Sequence[float] | None) -> float:
    """Whether the photo's light lets a look explain the fault, 0 to 1."""
    if fault not in ("overexposed", "underexposed"):
        return 1.0
    if light is None:
        return 0.0
    clipped, highlights = float(light[0]), float(light[1])
    if fault == "overexposed":
        return max(0.0, 1 - clipped / MOST_CLIPPED)
    return min(max((highlights - DULL) / (BRIGHT - DULL), 0.0), 1.0)
