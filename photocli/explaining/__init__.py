"""Explaining one photo's score: what it is made of, and where it comes from; as values and as a page."""

from __future__ import annotations

import io
import zlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass, field
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

from photocli.errors import DecodeError, UsageError
from photocli.explaining import panels
from photocli.explaining.panels import View
from photocli.files.output import open_output
from photocli.inputs.views import FRAME, LEVEL
from photocli.records import VERSION, Record
from photocli.scoring.assessment import Models
from photocli.scoring.options import Options
from photocli.scoring.pool import Workers
from photocli.scoring.process import Task
from photocli.scoring.ratings import DIGITS, breakdown
from photocli.scoring.sources import Given, LoadedImage

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from PIL import Image

    from photocli.framing import Framing, Suggestion
    from photocli.inputs.views import InputSpec
    from photocli.scoring.assessment import Outputs
    from photocli.scoring.process import Prepared
    from photocli.scoring.ratings import Part
    from photocli.scoring.sources import Source

MAKER = "photocli explain"
"""What the pages that are written here say in their PNG text `Software`."""


@dataclass(frozen=True, slots=True)
class Explanation:
    """Why a photo has its score.

    `record` is what a run says of the photo, `parts` what its score is made of: their points add up to it.
    `frame` is the upright photo, uint8 RGB (height, width, 3), reduced. `findings` has, for each model with a
    panel, how it sees the photo and what its panel found; `found` looks one up. `suggestion` is the crop that
    was found, if `framing` says that one was sought, and `faces` those whose heads it could not cut.
    """

    record: Record
    parts: tuple[Part, ...]
    frame: NDArray[np.uint8] = field(repr=False)
    findings: tuple[tuple[View, Any], ...] = field(repr=False)
    framing: Framing | None = None
    suggestion: Suggestion | None = None
    faces: NDArray[np.float32] | None = field(default=None, repr=False)

    def found(self, kind: str) -> Any:
        """What the panel of this kind of model found, such as the `Heat` of `aesthetics`; or None."""
        return next((found for view, found in self.findings if view.card.kind == kind), None)

    def picture(self) -> Image.Image:
        """The page, drawn: an RGB picture."""
        from photocli.explaining import page, suggested

        sections = []
        for view, found in self.findings:
            panel = panels.fitting(view.card)
            assert panel is not None
            sections.append(panel.draw(view, found, page.INNER_WIDTH))
        if self.framing is not None:
            sections.append(suggested.draw(self.frame, self.suggestion, self.faces, page.INNER_WIDTH))
        return page.draw(self.record, self.parts, self.frame, sections)

    def save(self, path: str | PathLike[str]) -> None:
        """Write the page as PNG, whole or not at all; `-` is standard output.

        Raises `UsageError` where there already is something else than such a page: it might be a photo.
        """
        check_place(path)
        from PIL.PngImagePlugin import PngInfo

        notes, file = PngInfo(), io.BytesIO()
        notes.add_text("Software", f"{MAKER} {VERSION}")
        # Run lengths are found in a quarter of the time that matches are, and make the file 4% larger.
        self.picture().save(file, "PNG", pnginfo=notes, compress_type=zlib.Z_RLE)
        output = open_output(path)
        try:
            output.write(file.getvalue())
            output.commit()
        finally:
            output.discard()


def _models(options: Options) -> Models:
    return Models(
        options.assess,
        options.device,
        options.batch,
        taste=options.taste,
        profile=options.profile,
        wanted=options.precision,
    )


def explain(
    source: Source,
    options: Options | None = None,
    *,
    framing: Framing | None = None,
    advance: Callable[[int, int], None] | None = None,
) -> Explanation:
    """Explain the score of one photo; it takes about a hundred runs of a model, about two seconds on a CPU.

    `source` is a path or an image in memory. Of the options, `assess`, `device`, `batch`, `deadline_s`,
    `max_pixels`, `raw`, `taste`, `profile` and `precision` count. With `framing`, a crop is sought, too,
    which takes a second more. `advance` is told how many of how many steps are done. Nothing is cached.

    Raises `UsageError` for a path that is no file, `DecodeError` for a photo that cannot be read, or an
    image that cannot be used, `ModelError`, `DeviceError`.
    """
    options = options or Options()
    photo = _chosen(source, options)
    models = _models(options)
    scorer = None
    if framing is not None:
        from photocli.framing.suggestions import CropScorer

        scorer = CropScorer(options)
    prepared = _prepare(photo, models, options, scorer.specs if scorer else ())
    outputs = _outputs(models, prepared)
    name = photo.name if isinstance(photo, LoadedImage) else str(photo)
    record = _record(name, prepared, models.fields(outputs))
    findings = tuple(_findings(record, models, prepared, outputs, advance))
    suggestion = faces = None
    if scorer is not None and framing is not None:
        suggestion, faces = scorer.suggest(prepared, framing), scorer.faces(prepared)
    parts = breakdown(record, models.profile)
    return Explanation(record, parts, prepared.inputs[FRAME.key], findings, framing, suggestion, faces)


def _record(name: str, prepared: Prepared, fields: dict[str, Any]) -> Record:
    return Record(
        name,
        error=prepared.warning,
        width=prepared.width,
        height=prepared.height,
        **asdict(prepared.capture),
        **fields,
        decoded=prepared.decoded,
        scale=round(prepared.scale, DIGITS),
    )


def _outputs(models: Models, prepared: Prepared) -> dict[str, Outputs]:
    """The outputs of every model for the photo, checked, by model key."""
    outputs = {}
    for key, card in models.cards.items():
        result = models.run(key, [prepared.inputs[card.input.key]])[0]
        outputs[key] = {**result, **models.beside(key, prepared.inputs)}
    models.check(outputs)
    return outputs


def _findings(
    record: Record,
    models: Models,
    prepared: Prepared,
    outputs: dict[str, Outputs],
    advance: Callable[[int, int], None] | None,
) -> Iterator[tuple[View, Any]]:
    """How each model with a panel sees the photo, and what its panel found."""
    frame, level = prepared.inputs[FRAME.key], prepared.inputs[LEVEL.key]
    for key, card in models.cards.items():
        panel = panels.fitting(card)
        if panel is not None:
            seen, run = models.seen(key, outputs), _runner(models, key)
            view = View(record, card, frame, prepared.inputs[card.input.key], seen, run, advance, level)
            yield view, panel.find(view)


def check_photo(photo: Path) -> None:
    """Raise `UsageError` unless there is a file at this path."""
    if not photo.exists():
        raise UsageError(f"there is no photo '{photo}'")
    if photo.is_dir():
        raise UsageError(f"'{photo}' is a folder; name the photos in it")


def check_place(path: str | PathLike[str]) -> None:
    """Raise `UsageError` unless a page may be written there: nothing is there yet, or an earlier page."""
    file = Path(path)
    if str(path) == "-" or not file.exists() or not (file.is_file() or file.is_dir()):
        return
    if file.is_dir():
        raise UsageError(f"{file} is a folder; name a file in it")
    with file.open("rb") as opened:
        start = opened.read(256)
    if not (start.startswith(b"\x89PNG") and MAKER.encode() in start):
        raise UsageError(f"{file} is there already, and is no page of photocli explain; name another file")


def _runner(models: Models, key: str) -> Any:
    return lambda inputs: models.run(key, inputs)


def _chosen(source: Source, options: Options) -> Path | LoadedImage:
    """The photo of this path, or an image in memory. Raises `UsageError` and `DecodeError`."""
    if isinstance(source, (str, PathLike)):
        check_photo(Path(source))
        return Path(source)
    (image,) = Given([source]).discover(options)
    if not isinstance(image, LoadedImage) or image.failed is not None:
        raise DecodeError(getattr(image, "failed", None) or "it is no image")
    return image


def _prepare(
    photo: Path | LoadedImage, models: Models, options: Options, others: Iterable[InputSpec]
) -> Prepared:
    """The photo, decoded and cut in a process of its own, as in a run. Raises `DecodeError`."""
    path, image = (photo, None) if isinstance(photo, Path) else (Path(), photo.image)
    with Workers(1, options.deadline_s, options.reading) as workers:
        specs = {spec.key: spec for spec in (FRAME, LEVEL, *models.specs(models.cards), *others)}
        workers.submit(Task(1, path, tuple(specs.values()), image))
        models.open(models.cards)  # while the photo is being decoded
        while not (arrived := list(workers.results(wait=True))):
            pass
    (prepared,) = arrived
    if prepared.failed is not None:
        raise DecodeError(prepared.failed)
    return prepared
