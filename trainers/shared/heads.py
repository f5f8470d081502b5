"""The heads of the shared network as data: a head is added here, and where its targets are made.

`SharedSample` has a field of targets for each head of the table, under its name.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from trainers.aesthetics.labels import BINS
from trainers.style.data import MEDIA
from trainers.style.looks import NAMES

Answer = Literal["shares", "one", "several", "vector"]
"""`shares`: of votes, in order; `one` of the labels holds; `several` may, each to some degree; a `vector`."""

FAULTS = ("blur", "motion_blur", "underexposed", "overexposed")
"""Faults of the whole photo that a small view shows; `scoring.profiles.FAULTS` has those of detail, too."""

TURNS = ("upright", "quarter clockwise", "half", "quarter anticlockwise")
"""By what the photo must be turned to be upright."""

EMBEDDING = 256
"""Numbers of the embedding: so many principal components of the teachers' features are learned."""


@dataclass(frozen=True)
class HeadSpec:
    """One linear layer on the shared features: what its outputs stand for, and how they are learned."""

    name: str
    labels: tuple[str, ...]
    answer: Answer
    weight: float
    meaning: str

    @property
    def width(self) -> int:
        return len(self.labels)


HEADS = (
    HeadSpec(
        "votes",
        tuple(str(int(mark)) for mark in BINS),
        "shares",
        6.0,
        "share of people who would give each mark",
    ),
    HeadSpec("medium", tuple(MEDIA), "one", 0.5, "probability of each medium"),
    HeadSpec("looks", NAMES, "several", 6.0, "probability of each look, of which several may hold"),
    HeadSpec("turns", TURNS, "one", 1.0, "probability of each turn that makes the photo upright"),
    HeadSpec("faults", FAULTS, "several", 4.0, "severity of each fault of the whole photo, 0-1"),
    HeadSpec(
        "embedding",
        tuple(str(place) for place in range(EMBEDDING)),
        "vector",
        1.0,
        "what the teachers see in the photo, as a direction",
    ),
)
"""What the shared network is asked; the order is that of its outputs."""
