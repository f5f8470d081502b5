"""From photos to a taste: a run for the embeddings, the person's own ratings, the fit and its trial."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from photocli.errors import UsageError
from photocli.files.links import GivenPaths, Roots
from photocli.scoring.pipeline import Run
from photocli.taste import store as tastes
from photocli.xmp.own_ratings import JudgementReader

if TYPE_CHECKING:
    from photocli.records import Record
    from photocli.scoring.options import Options
    from photocli.scoring.results import Result
    from photocli.scoring.sources import Given
    from photocli.taste.ridge import Examples, Head, Trial


@dataclass(slots=True)
class Lesson:
    """What was learned from some photos: the counts of ratings, and a head with its trial.

    `model` is the model whose embeddings were used, by label and by cache key.
    """

    ratings: Counter[float] = field(default_factory=Counter)
    model: tuple[str, str] = ("", "")
    head: Head | None = None
    trial: Trial | None = None


class Learner:
    """Collects the rated photos of a run; `lesson` then learns from them."""

    def __init__(self, paths: GivenPaths | Given, options: Options) -> None:
        """Raises `UsageError` and `ModelError`."""
        self.run = Run(paths, replace(options, outputs=tastes.NEEDS, taste=tastes.OFF))
        chosen = [card for card in self.run.models.cards.values() if "embedding" in card.outputs]
        if not chosen:
            raise UsageError("no model that was chosen has an embedding to learn from; see: photocli models")
        self._card = chosen[0]
        # Only what the user gave is read, unless links are followed.
        self._reader = JudgementReader(None if options.follow_links else Roots(self.run.paths))
        self._rows: list[tuple[Any, Any, float, float]] = []

    def collect(self, advance: Callable[[Record], None]) -> None:
        """Do the run; `advance` is called with each record. Unrated photos are assessed and left out."""
        for result in self.run.results():
            advance(result.record)
            self._add(result)

    @property
    def ratings(self) -> Counter[float]:
        """How many photos have which rating, 0 to 5."""
        return Counter(row[3] for row in self._rows)

    def lesson(self) -> Lesson:
        """Learn, and try what was learned on held-out ratings. Raises `UsageError` if there are too few."""
        from photocli.taste import ridge as taste

        lesson = Lesson(self.ratings, (self._card.label, self._card.base_key))
        count = len(self._rows)
        if count < taste.FEWEST:
            raise UsageError(
                f"{count} photos have ratings of yours, at least {taste.FEWEST} are needed; "
                "rate some in your photo editor, and have it write XMP"
            )
        if len(lesson.ratings) < 2:
            raise UsageError(f"all {count} ratings are the same; there is nothing to tell apart")
        examples = self._examples()
        lesson.trial = taste.evaluate(examples)
        lesson.head = taste.fit(examples)
        return lesson

    def _add(self, result: Result) -> None:
        record = result.record
        if record.status != "ok" or record.aesthetic is None:
            return
        rating = self._reader.rating(Path(record.path), Path(record.twin) if record.twin else None)
        if rating is not None:
            outputs = result.outputs[self._card.name]
            self._rows.append((outputs["embedding"], outputs["look"], record.aesthetic, rating))

    def _examples(self) -> Examples:
        import numpy as np

        from photocli.taste.ridge import Examples

        embedding, appearance, score, rating = zip(*self._rows, strict=True)
        return Examples(
            np.stack(embedding).astype(np.float64),
            np.stack(appearance).astype(np.float64),
            np.array(score),
            np.array(rating),
        )
