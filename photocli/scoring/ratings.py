"""From what the models say to a score, what it is made of, and stars: pure functions, thresholds as data."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from photocli.scoring.looks import NAMED, share_of
from photocli.scoring.profiles import FAULTS, GENERAL

if TYPE_CHECKING:
    from photocli.records import Record
    from photocli.scoring.profiles import Profile

STAR_THRESHOLDS: tuple[float, float, float, float] = (4.5, 5.5, 6.5, 7.5)
"""The scores from which a photo has 2, 3, 4 and 5 stars; whatever lies below the first has 1."""

STAR_SHARES: tuple[int, int, int, int] = (10, 30, 70, 90)
"""Relative to a shoot: up to which percent of its photos, from the best, one has 5, 4, 3 and 2 stars."""

LOWEST, HIGHEST = 1.0, 10.0
"""The scale of all scores."""

DIGITS = 4
"""The decimals of every score in a record. All points are rounded so, and therefore add up as written."""

USUAL_FACE = 5.0
"""The selfie score of a usual face, which moves no score. On 84 rated photos with faces its mean is 4.98,
that of the ratings 5.94: moving a score towards the selfie score ranked portraits below other photos."""

SLIGHT = "slight faults"
"""What faults that are not beyond doubt are called together."""

_SAID = 0.1  # from this severity on a fault that a look explains has a part, though it costs next to nothing
_SEVERE = 1.5  # the power of what the quality lacks; docs/guide.md says what it was chosen by
_LOST = 1e-6  # what the worst fault leaves of the technical quality when deductions are shared out


@dataclass(frozen=True, slots=True)
class Part:
    """One summand of the overall score: `points` of it come from `value`, by a profile's `weight`.

    `name` is `aesthetic`, or `taste`, with which scores begin; `selfie`, whose points say how far it is from
    `USUAL_FACE`; a fault, by its severity, or `technical` where it is not known which; or `limit`, the end of
    the scale. Of a fault, the look `look` explains the share `explained`: so much of the severity does not
    count.
    """

    name: str
    value: float
    weight: float
    points: float
    look: str | None = None
    explained: float = 0.0


def technical(severities: Mapping[str, float | None], weights: Mapping[str, float]) -> float:
    """The technical quality, 1 (ruined) to 10 (no fault), from the severities of faults, 0 to 1.

    It is 1 + 9 times the product of what each fault leaves, 1 - weight * severity; so it never rises with a
    severity. Faults without a severity leave all.
    """
    left = math.prod(_left(severities.get(fault), weight) for fault, weight in weights.items())
    return LOWEST + (HIGHEST - LOWEST) * left


def deduction(quality: float, weight: float) -> float:
    """The points that a technical quality of 1 to 10 takes from a score, by the profile's weight.

    A ruined photo loses 9 times the weight, one that lacks a tenth of the quality a thirtieth of that: slight
    severities are doubtful, and taken at their word they ranked good photos lower than raters did.
    """
    lacking = (HIGHEST - quality) / (HIGHEST - LOWEST)
    return weight * (HIGHEST - LOWEST) * lacking**_SEVERE


def breakdown(fields: Mapping[str, Any] | Record, profile: Profile = GENERAL) -> tuple[Part, ...]:
    """What the overall score is made of: parts whose points add up to it. Empty where there is no score.

    It begins with the aesthetic score. Where there is a selfie score, `profile.selfie` of what it differs
    from `USUAL_FACE` by is added; what the technical quality lacks takes points (`deduction`), shared out
    among the faults by how much of the quality each takes; and `limit` leads back onto the scale. A photo
    without faults keeps its score. A taste gives the score outright.

    `fields` are those of a record, or the record. The technical quality follows from its severities, less
    what looks explain of them; the field `technical` counts where there are none.
    """
    if not isinstance(fields, Mapping):
        read = ("taste", "aesthetic", "selfie", "technical", "explained", *FAULTS)
        fields = {name: getattr(fields, name) for name in read}
    if (taste := _number(fields.get("taste"))) is not None:
        return (Part("taste", taste, 1.0, taste),)
    aesthetic, selfie = _number(fields.get("aesthetic")), _number(fields.get("selfie"))
    if aesthetic is None:
        return ()
    parts = [Part("aesthetic", aesthetic, 1.0, aesthetic)]
    if selfie is not None and profile.selfie:
        moved = _rounded(profile.selfie * (selfie - USUAL_FACE))
        parts.append(Part("selfie", selfie, profile.selfie, moved))
    parts += _deductions(fields, profile)
    total = summed(parts)
    limited = min(max(total, LOWEST), HIGHEST)
    if limited != total:
        parts.append(Part("limit", limited, 1.0, _rounded(limited - total)))
    return tuple(parts)


def in_words(parts: Sequence[Part], *, most: int = 2, named: Sequence[str] = FAULTS) -> str:
    """The parts of a score as a sum, `7.14 aesthetic − 0.71 blur − 0.19 noise`; empty without parts.

    The worst faults come first, and those after `most` are one; those that are not among `named`, as they are
    in doubt, are `SLIGHT`. What is shown adds up to the shown score.
    """
    found = sorted((part for part in parts if part.name in FAULTS), key=lambda part: part.points)
    faults = [part for part in found if part.name in named]
    if rest := faults[most:]:
        name = rest[0].name if len(rest) == 1 else "others"
        faults[most:] = [Part(name, 0.0, 0.0, summed(rest))]
    if doubtful := [part for part in found if part.name not in named]:
        faults.append(Part(SLIGHT, 0.0, 0.0, summed(doubtful)))
    others = [part for part in parts if part.name not in FAULTS]
    first = [part for part in others if part.name != "limit"]
    words, total = "", 0.0
    for part in (*first, *faults, *(part for part in others if part.name == "limit")):
        before, total = total, _rounded(total + part.points)
        shown = round(total, 2) - round(before, 2)  # the sums are rounded, so that they are those shown
        if abs(shown) > 0.001:
            sign = ("− " if shown < 0 else "") if not words else " − " if shown < 0 else " + "
            words += f"{sign}{abs(shown):.2f} {part.name.replace('_', ' ')}"
    return words


def rate(fields: Mapping[str, Any], profile: Profile = GENERAL) -> dict[str, Any]:
    """The fields `technical`, `score` and `stars` that follow from the other fields of a record.

    Without severities `technical` stays as it is; without an aesthetic score or a taste there is no score,
    as a technical quality alone would not be comparable with it.
    """
    parts = breakdown(fields, profile)
    score = summed(parts) if parts else None
    return {"technical": _technical_of(fields, profile), "score": score, "stars": stars(score)}


def stars(score: float | None) -> int | None:
    """The stars for an overall score of 1 to 10, or `None` where there is no score.

    A score always gives at least one star, because XMP says 0 for "unrated". Backwards, `n` stars stand for
    the scores from `STAR_THRESHOLDS[n - 2]` (included; 1 for one star) up to `STAR_THRESHOLDS[n - 1]`
    (excluded; for five stars 10, included).
    """
    if score is None or math.isnan(score):
        return None
    return 1 + bisect_right(STAR_THRESHOLDS, score)


def relative_stars(scores: Sequence[float | None]) -> list[int | None]:
    """The stars of each photo of a shoot by its place among the others; `None` where there is no score.

    The place is the percentile of its middle: in a hundred different scores the best is at 0.5%. The shares
    are those of `STAR_SHARES`. Equal scores have the place of the middle of them all, so they have the same
    stars, and a shoot that is all alike has three.
    """
    counts = Counter(_number(score) for score in scores)
    unrated = counts.pop(None, 0)
    rated = len(scores) - unrated
    found: dict[float | None, int | None] = {None: None}
    better = 0
    for score in sorted((score for score in counts if score is not None), reverse=True):
        place = 2 * better + counts[score]  # in halves of photos: whole numbers, so that edges are exact
        below = sum(100 * place > 2 * rated * share for share in STAR_SHARES)
        found[score] = 5 - below
        better += counts[score]
    return [found[_number(score)] for score in scores]


def relative(records: Sequence[Record]) -> list[Record]:
    """The records of a shoot, with stars by their places in it; see `relative_stars`."""
    found = relative_stars([record.score for record in records])
    return [replace(record, stars=count) for record, count in zip(records, found, strict=True)]


def _deductions(fields: Mapping[str, Any], profile: Profile) -> list[Part]:
    """What the technical quality takes from the score, by fault."""
    quality = _technical_of(fields, profile)
    lost = 0.0 if quality is None else _rounded(deduction(quality, profile.technical))
    if quality is None or not lost:
        return []
    remaining = _remaining(fields)
    left = {fault: _left(remaining[fault], weight) for fault, weight in profile.faults.items()}
    # Logarithms of factors add up, so each fault has a share of its own whatever the others do.
    taken = {fault: -math.log(max(share, _LOST)) for fault, share in left.items() if share < 1}
    if not taken:
        return [Part("technical", quality, profile.technical, -lost)]
    whole = math.fsum(taken.values())
    parts, so_far, before = [], 0.0, 0.0
    for fault, share in taken.items():
        so_far += share
        until = _rounded(lost * so_far / whole)  # the sum is rounded, not each, so that nothing is left over
        severity, (look, explained) = _severity(fields[fault]), share_of(fields, fault)
        if until > before or (explained >= NAMED and severity >= _SAID):
            points = _rounded(before - until)
            parts.append(Part(fault, severity, profile.faults[fault], points, look, explained))
        before = until
    return parts


def _remaining(fields: Mapping[str, Any]) -> dict[str, float | None]:
    """The severities of faults without what looks explain of them; None where one is not known."""
    found = {fault: _number(fields.get(fault)) for fault in FAULTS}
    return {
        fault: None if severity is None else severity * (1 - share_of(fields, fault)[1])
        for fault, severity in found.items()
    }


def _technical_of(fields: Mapping[str, Any], profile: Profile) -> float | None:
    severities = _remaining(fields)
    if all(severity is None for severity in severities.values()):
        return _number(fields.get("technical"))
    return _rounded(technical(severities, profile.faults))


def _left(severity: Any, weight: float) -> float:
    return 1 - weight * _severity(severity)


def _severity(value: Any) -> float:
    return min(max(_number(value) or 0.0, 0.0), 1.0)


def _number(value: Any) -> float | None:
    """A value as a record holds it; `None` for one that is missing or no number."""
    return None if value is None or math.isnan(value) else _rounded(value)


def _rounded(value: float) -> float:
    return round(value, DIGITS) + 0.0  # + 0.0 turns -0.0 into 0.0


def summed(parts: Sequence[Part]) -> float:
    """The points of some parts together, rounded as scores are."""
    return _rounded(math.fsum(part.points for part in parts))
