"""How a run is done: which models, on which device, how photos are decoded, and what it gives."""

from __future__ import annotations

from dataclasses import dataclass

from photocli.decode import MAX_PIXELS, Reading
from photocli.errors import UsageError
from photocli.inputs import thumbnails
from photocli.inputs.views import DETAILS
from photocli.models.precision import AUTO, CHOICES
from photocli.models.providers import DEVICES
from photocli.scoring.first_look import WAYS

NEW_THUMBNAIL = "new thumbnail"
"""What `Options.outputs` names to have the thumbnails of those photos that are decoded anyway."""


@dataclass(frozen=True, slots=True)
class Options:
    """How a run is done. Zero means: chosen by the program.

    `assess` names models, `outputs` what `Run.results` gives beside the record, such as `embedding` or
    `signature`; `thumbnail` is a WebP file of at most `thumbnail_side` pixels, made from the frame that is
    scored, and photos that the cache knows are decoded for it; `NEW_THUMBNAIL` is that of the others alone.
    `taste` names the taste that gives the overall score; `off` is none, and None the one named `default`, if
    there is one. `profile` names the weights of the overall score, or their TOML file; None is `general`.
    `detail` `native` has technical quality judged on pieces of the photo at its own resolution, which takes
    about 1.6 times as long to decode.
    `follow_links` reads photos through links that lead out of the given paths; `hidden` lists hidden files as
    skipped.

    `precision` is that of the networks: `float`, `int8` for models that have such a network, and `auto` what
    is quick and exact on this machine (`models.precision`).

    A photo fails that takes longer than `deadline_s` seconds, or has more than `max_pixels`. `raw` `develop`
    has RAW files developed, even where their preview would do. `decode` `fast` takes a first look at photos
    by their embedded previews, where these show the same; such records have no technical answers, styles
    and crops, see `docs/guide.md`.
    """

    assess: tuple[str, ...] = ()
    device: str = "auto"
    batch: int = 0
    workers: int = 0
    deadline_s: float = 30.0
    cache: bool = True
    outputs: tuple[str, ...] = ()
    taste: str | None = None
    profile: str | None = None
    detail: str = "frame"
    follow_links: bool = False
    hidden: bool = False
    max_pixels: int = MAX_PIXELS
    raw: str = "preview"
    decode: str = "full"
    thumbnail_side: int = thumbnails.SIDE
    precision: str = AUTO

    @property
    def reading(self) -> Reading:
        """How photos are decoded. Raises `UsageError`."""
        return Reading(self.max_pixels, self.raw, previews="fast" if self.decode == "fast" else "off")

    def __post_init__(self) -> None:
        if self.device not in DEVICES:
            raise UsageError(f"there is no device '{self.device}'; choose one of {', '.join(DEVICES)}")
        if self.precision not in CHOICES:
            raise UsageError(f"there is no precision '{self.precision}'; choose one of {', '.join(CHOICES)}")
        if self.detail not in DETAILS:
            raise UsageError(f"there is no detail '{self.detail}'; choose one of {', '.join(DETAILS)}")
        if self.decode not in WAYS:
            raise UsageError(f"photos cannot be decoded '{self.decode}'; choose one of {', '.join(WAYS)}")
        if self.batch < 0 or self.workers < 0 or self.deadline_s <= 0:
            raise UsageError("batch and workers cannot be negative, and the deadline must be above zero")
        if self.thumbnail_side < 1:
            raise UsageError("thumbnails need a side of at least one pixel")
        if not self.deadline_s < 1e6:  # NaN, too
            raise UsageError("the deadline must be below a million seconds")
        _ = self.reading
