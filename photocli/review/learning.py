"""Learning from the ratings that a person gave to the photos of a review."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from photocli.records import Record
    from photocli.scoring.options import Options
    from photocli.scoring.sources import Given
    from photocli.files.links import GivenPaths


@dataclass(frozen=True, slots=True)
class Learned:
    """What was learned: whether it is kept, the held-out figures, what to say, and the records by the new order.

    `held_out` and `general` are shares of pairs in the right order, of ratings not seen while learning.
    `records` are those of all photos in the order of their discovery with `taste`, `score` and `stars` by
    what was learned; empty where it is not better than the general model.
    """

    message: str
    kept: bool
    ratings: int
    held_out: float | None
    general: float | None
    records: tuple[Record, ...]


def learn(
    paths: GivenPaths | Given,
    options: Options,
    *,
    name: str = "review",
    advance: Callable[[Record], None] | None = None,
) -> Learned:
    """Learn a taste from the ratings on the disk, as `photocli learn` does, and keep it by `name` if it is better.

    Answers of the networks come from the cache. Too few ratings are no error but a message.
    """
    raise NotImplementedError
