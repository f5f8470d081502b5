"""From scores to stars: pure functions, and the thresholds as data."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Mapping

STAR_THRESHOLDS: tuple[float, float, float, float] = (4.5, 5.5, 6.5, 7.5)
"""The scores from which a photo has 2, 3, 4 and 5 stars; whatever lies below the first has 1."""


def stars(score: float | None) -> int | None:
    """The stars for an overall score of 1 to 10, or `None` where there is no score.

    A score always gives at least one star, because XMP says 0 for "unrated". Backwards, `n` stars stand for
    the scores from `STAR_THRESHOLDS[n - 2]` (included; 1 for one star) up to `STAR_THRESHOLDS[n - 1]`
    (excluded; for five stars 10, included).
    """
    if score is None or math.isnan(score):
        return None
    return 1 + bisect_right(STAR_THRESHOLDS, score)


def overall(record_fields: Mapping[str, float | None]) -> float | None:
    """The overall score, 1 to 10, from the fields of a record: for now the aesthetic score alone.

    Photos without it have no overall score: a technical score would not be comparable with it.
    """
    aesthetic = record_fields.get("aesthetic")
    return None if aesthetic is None or math.isnan(aesthetic) else aesthetic
