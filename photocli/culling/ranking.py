"""The ranking of the photos of a group: how they compare with each other."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from photocli.culling.rotation import rotations

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from photocli.culling.similarity import PhotoFeatures
    from photocli.records import Record

    Values = NDArray[np.floating]

SHARPNESS = 1.0
"""Points for each doubling of the detail in the sharpest quarter of the frame."""

HIGHLIGHTS = 2.3
"""Points that are lost if all of the frame is nearly white and nothing of the best one is."""

EXPOSURE = 2.3
"""Points for being exposed like all others of the group, within 0.4 EV; a share for a share of them."""

STOPS = 1.3
"""Points that are lost for each EV between the frame and the others, on average."""

LEVEL = 3.5
"""Points for being turned like all others of the group, within 2 degrees; a share for a share of them."""

UPRIGHT = 0.4
"""Points for each doubling of the edges that run upright or level, against those that slant."""

FACE = 2.0
"""Points for each unit of sharpness, 0 to 1, of the most prominent face, where all of a group have one. If it
is plainly soft in one of them, by half, that weighs as much as a doubling of detail. Not fitted."""

# Fitted to bursts made of 280 pictures with one good frame and 1 to 11 that were blurred, shaken, misexposed
# or tilted by chance (conditional logit, cross-validated by picture: 96%), in points of the score, rounded.

_MOST = 48  # with how many others a photo is compared
_AT_ONCE = 512  # photos of groups of one size that are measured together
_SAME_EV, _SAME_DEGREES = 0.4, 2.0
_MOST_EV = 3.0
_NEARLY_WHITE = 50  # the first of the 56 levels that is: from 229 of 255


def ranking_scores(records: Sequence[Record], features: PhotoFeatures, members: Sequence[int]) -> Values:
    """Score each of `members`, photos of one group, to rank them: higher is better, in points of the score.

    It is the overall score, and what tells frames of one scene apart, which a score for all photos hardly
    sees: sharpness, also that of the face, blown highlights, and whether the frame is exposed and turned
    otherwise than the others or slants. Blur and exposure count in both, which picks the good frame of made
    bursts more often than a score before faults. The values mean something within the group alone.
    """
    import numpy as np

    return np.asarray(np.sum(list(ranking_points(records, features, members).values()), axis=0))


def ranking_points(
    records: Sequence[Record], features: PhotoFeatures, members: Sequence[int]
) -> dict[str, Values]:
    """Give the points that `ranking_scores` adds up, by what they are for; the overall score comes first.

    A photo that is alone in its group has its score.
    """
    return next(iter(points_of_groups(records, features, [members])))[1]


def points_of_groups(
    records: Sequence[Record], features: PhotoFeatures, groups: Iterable[Sequence[int]]
) -> Iterator[tuple[Sequence[int], dict[str, Values]]]:
    """The members of each group with their `ranking_points`; groups come in any order.

    Groups of one size are measured together, many at once: shoots have thousands of small ones.
    """
    alike: defaultdict[tuple[int, float], list[Sequence[int]]] = defaultdict(list)
    for members in groups:
        alike[len(members), _aspect(records, members)].append(members)
    for (size, aspect), found in sorted(alike.items()):
        if size == 1:
            yield from ((members, {"score": _scores(records, members)}) for members in found)
            continue
        at_once = max(1, _AT_ONCE // size)
        for start in range(0, len(found), at_once):
            yield from _points(records, features, found[start : start + at_once], aspect)


def _points(
    records: Sequence[Record], features: PhotoFeatures, groups: Sequence[Sequence[int]], aspect: float
) -> Iterator[tuple[Sequence[int], dict[str, Values]]]:
    """The points of groups of one size and aspect, which have several members each."""
    import numpy as np

    index = np.asarray(groups, np.intp)
    others = index[:, :: math.ceil(index.shape[1] / _MOST)]
    flat, shape = index.ravel(), index.shape
    blown = _blown(features.levels[flat]).reshape(shape)
    brightness = light(features.thumbnails[flat]).reshape(shape)
    agreement, stops = _exposure(brightness, brightness[:, :: math.ceil(shape[1] / _MOST)])
    rotation = _rotation_agreement(features.thumbnails[index], features.thumbnails[others], aspect)
    points = {
        "sharpness": SHARPNESS * _sharpness(features.detail[flat]).reshape(shape),
        "highlights": -HIGHLIGHTS * (blown - blown.min(1, keepdims=True)),
        "exposure": EXPOSURE * agreement,
        "stops": -STOPS * stops,
        "level": LEVEL * rotation,
        "upright": UPRIGHT * _uprightness(features.directions[flat]).reshape(shape),
    }
    for at, members in enumerate(groups):
        found = {name: values[at] for name, values in points.items()}
        face = FACE * _face_sharpness(records, members)
        yield members, {"score": _scores(records, members), **found, "face": face}


def _scores(records: Sequence[Record], members: Sequence[int]) -> Values:
    """The overall scores; a point less than the worst of them where there is none."""
    import numpy as np

    scores = [records[i].score for i in members]
    known = [score for score in scores if score is not None and not math.isnan(score)]
    worst = min(known, default=0.0) - 1
    return np.array([worst if value is None or math.isnan(value) else value for value in scores])


def light(thumbnails: Values) -> Values:
    """Measure how light each of these frames is on average, in EV."""
    import numpy as np

    return np.asarray(np.log2(((thumbnails / 255) ** 2.2).mean((1, 2)) + 0.002))


def _sharpness(detail: Values) -> Values:
    """The mean detail of the sharpest quarter of the cells: the background may be as soft as it likes."""
    import numpy as np

    cells = np.sort(detail.reshape(len(detail), -1), axis=1)
    return np.asarray(cells[:, -cells.shape[1] // 4 :].mean(1))


def _face_sharpness(records: Sequence[Record], members: Sequence[int]) -> Values:
    """The sharpness of each frame's most prominent face; 0 for all where a frame has none."""
    import numpy as np

    known = [records[i].face_sharpness for i in members]
    return np.array([0.0 if value is None or None in known else value for value in known])


def _blown(levels: Values) -> Values:
    """The share of the frame that is nearly white."""
    import numpy as np

    return np.asarray((levels[:, _NEARLY_WHITE:] ** 2).sum(1))


def _exposure(brightness: Values, others: Values) -> tuple[Values, Values]:
    """Of each frame, the share of the others with about the same mean light, and how far they are, in EV.

    Both are light in EV, of shape (groups, n) and (groups, others).
    """
    import numpy as np

    stops = np.abs(brightness[:, :, None] - others[:, None])
    return (stops < _SAME_EV).mean(2), np.minimum(stops, _MOST_EV).mean(2)


def _rotation_agreement(thumbnails: Values, others: Values, aspect: float) -> Values:
    """Of each frame, the share of the others that are not turned against it; by how surely that is known."""
    import numpy as np

    degrees, confidence = rotations(thumbnails, others, aspect)
    weight = confidence**2
    level = np.abs(degrees) <= _SAME_DEGREES
    return np.asarray((weight * level).sum(-1) / (weight.sum(-1) + 1e-6))


def _aspect(records: Sequence[Record], members: Sequence[int]) -> float:
    """The width of the photos as a multiple of their height; of the first one that knows it."""
    for index in members:
        width, height = records[index].width, records[index].height
        if width and height:
            return width / height
    return 1.5


def _uprightness(directions: Values) -> Values:
    """How much of the edges is within 3 degrees of upright or level, against the rest, in doublings."""
    import numpy as np

    half = directions.shape[1] // 2
    off = np.minimum(np.arange(directions.shape[1]) % half, -np.arange(directions.shape[1]) % half)
    share = directions**2
    straight, slanted = share[:, off <= 1].sum(1), share[:, off > 1].sum(1)
    return np.asarray(np.log2((straight + 0.01) / (slanted + 0.01)))
