"""Crops for many photos: discover -> decode -> look for borders -> score crops -> a suggestion for each."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from photocli import assessors
from photocli.errors import ModelError, UsageError
from photocli.faces import detectors
from photocli.framing import Framing, Suggestion, suggest
from photocli.inputs.views import FRAME
from photocli.models import lineup, store
from photocli.models.serving import serving
from photocli.records import Photo, Record, Skipped
from photocli.scoring.assessment import Models
from photocli.scoring.options import Options
from photocli.scoring.pool import Workers, default_workers
from photocli.scoring.process import Prepared, Task
from photocli.scoring.results import Summary
from photocli.scoring.sources import Given, LoadedImage

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from photocli.framing import Pixels
    from photocli.inputs.views import InputSpec
    from photocli.models.card import Card
    from photocli.scoring.sources import Progress, Sources

KIND = "aesthetics"


@dataclass(frozen=True, slots=True)
class Cropped:
    """What was found for one path: its record, with size and reason, and the crop, if one gains.

    `orientation` (EXIF, 1-8) is how the stored picture lies; None where that is not known.
    """

    record: Record
    suggestion: Suggestion | None = None
    orientation: int | None = None


class CropScorer:
    """The aesthetics model, as far as crops are judged by it. Raises `UsageError` where there is none."""

    def __init__(self, options: Options) -> None:
        """Of the options, `assess`, `device`, `batch` and `precision` count."""
        serve = serving(store.cards())
        chosen = store.choose(options.assess) if options.assess else serve
        cards = [card for card in chosen if card.kind == KIND]
        if not cards:
            raise UsageError("crops are judged by a model of kind aesthetics, and none was chosen")
        named = any(card.kind in detectors.names() for card in chosen) and bool(options.assess)
        detector = lineup.detector(chosen if named else serve)
        names = [card.name for card in (*cards, detector) if card is not None]
        self.models = Models(tuple(names), options.device, options.batch, wanted=options.precision)
        self._key, self._card = next(pair for pair in self.models.cards.items() if pair[1].kind == KIND)

    @property
    def specs(self) -> tuple[InputSpec, ...]:
        """What must be cut from each photo: its frame, and its faces, where a model finds them."""
        detector = self.models.detector
        return (FRAME,) if detector is None else (FRAME, *self.models.specs([detector.cache_key]))

    @property
    def card(self) -> Card:
        """The model's card."""
        return self._card

    def score(self, inputs: list[Pixels]) -> list[float]:
        """The aesthetic scores of some inputs, in points."""
        assess = assessors.load(KIND).assess
        results = self.models.run(self._key, inputs)
        for outputs in results:
            self.models.check({self._key: outputs})
        return [float(assess(self._card, outputs)["aesthetic"]) for outputs in results]

    def faces(self, prepared: Prepared) -> NDArray[np.float32] | None:
        """The faces (n, `detection.VALUES`) of a photo that was cut to `specs`; None if nothing finds any."""
        detector = self.models.detector
        return None if detector is None else prepared.inputs[detector.input.key]

    def suggest(self, prepared: Prepared, framing: Framing) -> Suggestion | None:
        """The crop for one photo, which was cut to `specs`."""
        from photocli.framing import borders, heads

        limits = framing.limits(prepared.width, prepared.height)
        frame, faces = prepared.inputs[FRAME.key], self.faces(prepared)
        protected = None if faces is None else heads.of(faces)
        return suggest(frame, limits, self._card.input, self.score, borders.find(frame), protected)


@dataclass(slots=True)
class _PendingCrop:
    name: str
    twin: Path | None = None
    found: Cropped | None = None


class CropRun:
    """Suggests a crop for each photo of some paths, and each image, in the order in which they are found.

    Of the options, `assess`, `device`, `batch`, `workers`, `deadline_s`, `max_pixels`, `raw`, `follow_links`
    and `hidden` count; nothing is cached.
    """

    def __init__(
        self,
        sources: Sources | Given,
        framing: Framing | None = None,
        options: Options | None = None,
        progress: Progress | None = None,
    ) -> None:
        """`sources` and `progress` are as in `Run`. Raises `UsageError`."""
        self.given = sources if isinstance(sources, Given) else Given(sources)
        self.framing = framing or Framing()
        self.options = options or Options()
        self.progress = progress
        self.summary = Summary()

    @property
    def paths(self) -> list[Path]:
        """The files and folders that were given."""
        return self.given.paths

    def __iter__(self) -> Iterator[Cropped]:
        """Do it. Raises `UsageError`, `ModelError`, `DeviceError`."""
        started, self.summary = time.monotonic(), Summary()
        scorer, options, summary = CropScorer(self.options), self.options, self.summary
        total = self.given.count(options) if self.progress is not None else None
        found = self.given.discover(options)
        count = options.workers or default_workers()
        with Workers(count, options.deadline_s, options.reading) as workers:
            for cropped in _stream(found, workers, scorer, self.framing):
                status = cropped.record.status
                summary.photos += status != "skipped"
                summary.skipped += status == "skipped"
                summary.failed += status == "failed"
                summary.provider = scorer.models.provider
                summary.seconds = time.monotonic() - started
                if self.progress is not None:
                    done = summary.photos + summary.skipped
                    self.progress(done, self.given.total if total is None else total)
                yield cropped


def _stream(
    found: Iterator[Photo | LoadedImage | Skipped], workers: Workers, scorer: CropScorer, framing: Framing
) -> Iterator[Cropped]:
    """The photos in order; as many wait as the workers hold."""
    queue: deque[_PendingCrop] = deque()
    decoding: dict[int, _PendingCrop] = {}
    number, more = 0, True
    while more or queue:
        while more and workers.room > 0 and len(queue) < 4 * workers.count:
            item = next(found, None)
            if item is None:
                more = False
                break
            queue.append(entry := _pending(item))
            if entry.found is None and not isinstance(item, Skipped):
                number += 1
                decoding[number] = entry
                path, image = (Path(), item.image) if isinstance(item, LoadedImage) else (item.path, None)
                workers.submit(Task(number, path, scorer.specs, image))
        ready = bool(queue) and queue[0].found is not None
        for prepared in workers.results(wait=not ready):
            entry = decoding.pop(prepared.number)
            entry.found = _cropped(entry, prepared, scorer, framing)
        while queue and queue[0].found is not None:
            yield queue[0].found
            queue.popleft()


def _pending(item: Photo | LoadedImage | Skipped) -> _PendingCrop:
    if isinstance(item, LoadedImage):
        failed = None if item.failed is None else Cropped(Record(item.name, "failed", item.failed))
        return _PendingCrop(item.name, found=failed)
    if isinstance(item, Skipped):
        record = Record(str(item.path), status="skipped", error=item.reason)
        return _PendingCrop(str(item.path), found=Cropped(record))
    return _PendingCrop(str(item.path), item.twin)


def _cropped(entry: _PendingCrop, prepared: Prepared, scorer: CropScorer, framing: Framing) -> Cropped:
    fields: dict[str, Any] = {"twin": None if entry.twin is None else str(entry.twin)}
    if prepared.failed is not None:
        return Cropped(Record(entry.name, "failed", prepared.failed, **fields))
    fields |= {"width": prepared.width, "height": prepared.height, "models": scorer.models.labels}
    fields |= {**asdict(prepared.capture), "error": prepared.warning}
    faces = scorer.faces(prepared)
    fields["faces"] = None if faces is None else len(faces)
    try:
        suggestion = scorer.suggest(prepared, framing)
    except ModelError as error:
        return Cropped(Record(entry.name, "failed", str(error), twin=fields["twin"]))
    return Cropped(Record(entry.name, **fields), suggestion, prepared.orientation)
