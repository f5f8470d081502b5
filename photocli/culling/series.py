"""Series that belong together: exposure brackets, panoramas and focus stacks, from EXIF and content."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from photocli.culling.similarity import PhotoFeatures

    Values = NDArray[np.floating]

SeriesKind = Literal["bracket", "panorama", "focus stack"]

_BRACKET_FRAMES = range(9, 2, -1)
_BRACKET_GAP_S = 3.0
_BRACKET_STEP = 0.5  # EV; bursts under automatic exposure drift by less from frame to frame
_BRACKET_BIAS_STEP = 0.28  # the camera says of each frame how much it was asked to deviate
_BRACKET_UNEVEN = 0.26  # EV; cameras round to thirds, and 1/125 s is a whole stop from 1/60 s
_BRACKET_SIMILARITY = 0.45  # frames some stops apart look little alike

_PANORAMA_GAP_S = (0.25, 15.0)  # what comes faster is a burst that follows something
_SAME_EXPOSURE = 0.4  # EV
_LEAST_CORRELATION, _LEAST_GAIN = 0.8, 0.1  # of frames that overlap; 95% of 140 made pairs, by chance 4%
_FAIR_CORRELATION = 0.6
_ROUNDING = 0.001  # more than two ways to find a correlation differ by

_STACK_GAP_S = 5.0
_STACK_SIMILARITY = 0.88
_STACK_LEVELS = 13  # grey levels; the frames of a stack are equally bright, whatever is in focus
_SWING = 1.0  # doublings of detail between in and out of focus


@dataclass(frozen=True, slots=True)
class Captures:
    """What EXIF says of n photos, NaN where it says nothing: seconds, EV, millimetres, EV, seconds.

    `level` is how much light the settings let in (time, aperture and sensitivity together), `bias` the
    deviation that was asked for.
    """

    time: Values
    level: Values
    focal: Values
    bias: Values
    exposure: Values


def find(
    run: Sequence[int], captures: Captures, features: PhotoFeatures
) -> list[tuple[SeriesKind, list[int]]]:
    """The series among the photos of one camera, given in the order in which they were taken."""
    import numpy as np

    order = np.asarray(run, np.intp)
    if len(order) < 3:
        return []
    found: list[tuple[SeriesKind, list[int]]] = []
    taken: set[int] = set()
    similarity = features.similarity(order[:-1], order[1:])
    for kind, spans in (
        ("bracket", _brackets(order, captures, similarity)),
        ("panorama", _panoramas(order, captures, features)),
        ("focus stack", _stacks(order, captures, features, similarity)),
    ):
        for start, end in spans:
            members = [int(index) for index in order[start:end]]
            if taken.isdisjoint(members):
                taken.update(members)
                found.append((kind, members))  # type: ignore[arg-type]
    return found


def _brackets(order: NDArray[np.intp], captures: Captures, similarity: Values) -> Iterator[tuple[int, int]]:
    """Frames within seconds whose exposures differ in even steps."""
    import numpy as np

    gap = np.diff(captures.time[order]) - np.nan_to_num(captures.exposure[order][:-1])
    same = _equal(captures.focal[order])
    linked = (gap <= _BRACKET_GAP_S) & same & (similarity >= _BRACKET_SIMILARITY)
    level, bias = captures.level[order], captures.bias[order]
    moved = np.abs(np.diff(level)) >= _BRACKET_STEP
    moved |= np.abs(np.diff(bias)) >= _BRACKET_BIAS_STEP
    start = 0
    while start < len(order) - 2:
        for count in _BRACKET_FRAMES if linked[start] and moved[start] else ():
            end = start + count
            if end > len(order) or not linked[start : end - 1].all():
                continue
            if _even(level[start:end], _BRACKET_STEP) or _even(bias[start:end], _BRACKET_BIAS_STEP):
                yield start, end
                start = end - 1
                break
        start += 1


def _even(values: Values, least: float) -> bool:
    """Whether the values, in some order, are a ladder with even steps of `least` or more."""
    import numpy as np

    steps = np.diff(np.sort(values))
    return bool((steps >= least).all() and np.ptp(steps) <= _BRACKET_UNEVEN)


def _panoramas(
    order: NDArray[np.intp], captures: Captures, features: PhotoFeatures
) -> Iterator[tuple[int, int]]:
    """Frames with the same settings, each of which shows what lies beside the one before."""
    import numpy as np

    gap = np.diff(captures.time[order])
    steady = _steady(order, captures) & (gap >= _PANORAMA_GAP_S[0]) & (gap <= _PANORAMA_GAP_S[1])
    for axis in (1, 0):
        distance, agreement, gain = _translations(order, steady, features, axis)
        sure = (agreement >= _LEAST_CORRELATION) & (gain >= _LEAST_GAIN)
        for side in (-1, 1):
            # A weak link between strong ones does not split a panorama: sky and water have little to match.
            fair = steady & (np.sign(distance) == side) & (agreement >= _FAIR_CORRELATION)
            for start, end in _stretches(fair):
                links = sure[start:end]
                if links.sum() >= 2 and links.mean() >= 0.5:
                    yield start, end + 1


def _translations(
    order: NDArray[np.intp], steady: NDArray[np.bool_], features: PhotoFeatures, axis: int
) -> tuple[Values, Values, Values]:
    """The `PhotoFeatures.translations` from each photo to the next, 0 where they cannot make a panorama.

    Two sure links in a stretch of steady ones make one, so the others of a stretch are looked at only where
    there are two. Frames that agree nearly as well as any can, as they lie, are no sure link.
    """
    import numpy as np

    found = np.zeros((3, len(steady)), np.float32)

    def look(at: NDArray[np.intp]) -> None:
        found[:, at] = features.translations(order[at], order[at + 1], axis)

    at = _stretches_with(2, steady, steady)
    possible = np.zeros_like(steady)
    possible[at] = features.stillness(order[at], order[at + 1], axis) <= 1 - _LEAST_GAIN + _ROUNDING
    likely = np.flatnonzero(possible & _flags(_stretches_with(2, steady, possible), len(steady)))
    look(likely)
    sure = (found[1] >= _LEAST_CORRELATION) & (found[2] >= _LEAST_GAIN)
    rest = _flags(_stretches_with(2, steady, sure), len(steady))
    rest[likely] = False
    look(np.flatnonzero(rest))
    return found[0], found[1], found[2]


def _stretches_with(least: int, linked: NDArray[np.bool_], counted: NDArray[np.bool_]) -> NDArray[np.intp]:
    """The places of links in the stretches of `linked` ones in which `counted` are so many at least."""
    import numpy as np

    edges = np.diff(np.concatenate([[0], linked.astype(np.int8), [0]]))
    number = np.cumsum(edges[:-1] == 1) * linked
    counts = np.bincount(number[counted & linked], minlength=int(number.max(initial=0)) + 1)
    return np.flatnonzero(linked & (counts[number] >= least))


def _flags(places: NDArray[np.intp], size: int) -> NDArray[np.bool_]:
    import numpy as np

    result = np.zeros(size, np.bool_)
    result[places] = True
    return result


def _stacks(
    order: NDArray[np.intp], captures: Captures, features: PhotoFeatures, similarity: Values
) -> Iterator[tuple[int, int]]:
    """Frames of the same view with the same settings, each sharp in another part."""
    import numpy as np

    gap = np.diff(captures.time[order])
    linked = _steady(order, captures) & (gap <= _STACK_GAP_S) & (similarity >= _STACK_SIMILARITY)
    for start, end in _stretches(linked):
        frames = order[start : end + 1]
        level = features.thumbnails[frames].mean((1, 2))
        if len(frames) >= 3 and np.ptp(level) <= _STACK_LEVELS and _focus_moves(features.detail[frames]):
            yield start, end + 1


def _focus_moves(detail: Values) -> bool:
    """Whether the plane of focus wanders: every part of the picture comes into focus, and goes out again.

    In a burst with some blurred frames, these are sharp nowhere, the others unsharp nowhere, and the detail
    of a part goes up and down.
    """
    import numpy as np

    cells = detail.reshape(len(detail), -1)
    best = cells.max(0)
    swinging = cells[:, best - cells.min(0) >= _SWING]
    if swinging.shape[1] < 0.3 * cells.shape[1]:
        return False
    behind = swinging.max(0) - swinging
    unsharp_somewhere = (behind >= 0.8 * _SWING).mean(1) >= 0.2
    sharp_somewhere = (behind <= 0.2 * _SWING).mean(1) >= 0.03
    before = np.maximum.accumulate(swinging)
    after = np.maximum.accumulate(swinging[::-1])[::-1]
    dips = (np.minimum(before, after) - swinging).max(0) > 0.4 * _SWING
    return bool(unsharp_somewhere.all() and sharp_somewhere.all() and dips.mean() <= 0.1)


def _steady(order: NDArray[np.intp], captures: Captures) -> NDArray[np.bool_]:
    """Whether each photo was taken with the settings of the one before."""
    import numpy as np

    level = captures.level[order]
    same = np.abs(np.diff(level)) <= _SAME_EXPOSURE
    return np.asarray((same | np.isnan(level[1:]) & np.isnan(level[:-1])) & _equal(captures.focal[order]))


def _equal(focal: Values) -> NDArray[np.bool_]:
    """Whether each focal length is that of the photo before, within 3%, or both are unknown."""
    import numpy as np

    close = np.abs(np.diff(focal)) <= 0.03 * np.abs(focal[1:])
    return np.asarray(close | np.isnan(focal[1:]) & np.isnan(focal[:-1]))


def _stretches(linked: NDArray[np.bool_]) -> Iterator[tuple[int, int]]:
    """Where consecutive links hold: first and one past the last of each stretch."""
    import numpy as np

    edges = np.flatnonzero(np.diff(np.concatenate([[0], linked.astype(np.int8), [0]])))
    yield from zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True)
