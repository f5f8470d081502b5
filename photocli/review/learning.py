"""Learning from the ratings that a person gave to the photos of a review."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING

from photocli.errors import UsageError

if TYPE_CHECKING:
    from photocli.files.links import GivenPaths
    from photocli.records import Record
    from photocli.scoring.options import Options
    from photocli.scoring.sources import Given
    from photocli.taste.ridge import Trial

NAME = "review"
"""The taste that is learned here: the one that a person learned by command stays what it is."""


@dataclass(frozen=True, slots=True)
class Learned:
    """What was learned: whether it is kept, the figures on held-out ratings, and what to say of it.

    `held_out` and `general` are shares of pairs in the right order, of ratings not seen while learning.
    `records` are those of all photos in the order of their discovery with `taste`, `score` and `stars` by
    what was learned; empty where it is not better than the general model.
    """

    message: str
    kept: bool
    ratings: int
    held_out: float | None = None
    general: float | None = None
    records: tuple[Record, ...] = ()


def learn(
    paths: GivenPaths | Given,
    options: Options,
    *,
    name: str = NAME,
    advance: Callable[[Record], None] = lambda record: None,
) -> Learned:
    """Learn a taste from the ratings on the disk, as `photocli learn` does; keep it if it is better.

    It is kept by `name`. Answers of the networks come from the cache. Too few ratings are no error but a
    message. Raises what a run raises, and `UsageError` where no model has an embedding.
    """
    from photocli.scoring.pipeline import Run
    from photocli.taste import ridge, store
    from photocli.taste.learning import Learner

    learner = Learner(paths, options)
    learner.collect(advance)
    count = learner.ratings.total()
    if count < ridge.FEWEST:
        few = f"{count} of these photos have ratings of yours; to learn, at least {ridge.FEWEST} are needed"
        return Learned(few, False, count)
    try:
        lesson = learner.lesson()
    except UsageError as error:  # all ratings are the same
        return Learned(str(error), False, count)
    assert lesson.trial is not None
    assert lesson.head is not None
    trial, figures = lesson.trial, (lesson.trial.accuracy, lesson.trial.general)
    if trial.refused is not None:
        return Learned(f"{_in_words(trial)} Not kept: {trial.refused}.", False, count, *figures)
    learned = datetime.now().astimezone().isoformat(timespec="seconds")
    store.save(store.make(name, *lesson.model, lesson.head, trial, learned))
    records = []
    for record in Run(paths, replace(options, outputs=(), taste=name)):
        advance(record)
        records.append(record)
    kept = f"{_in_words(trial)} Kept: photocli score --taste {name} uses it elsewhere."
    return Learned(kept, True, count, *figures, tuple(records))


def _in_words(trial: Trial) -> str:
    return (
        f"{trial.photos:,} ratings: of pairs of photos that were not seen while learning, "
        f"{trial.accuracy:.1%} are in your order, and {trial.general:.1%} by the general model."
    )
