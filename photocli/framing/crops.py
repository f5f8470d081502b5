"""Crops from Python: a suggestion for each photo where one gains; no file is touched."""

from __future__ import annotations

from typing import TYPE_CHECKING

from photocli.framing import KEEP, SMALLEST, Framing
from photocli.framing.suggestions import CropRun

if TYPE_CHECKING:
    from photocli.scoring.options import Options
    from photocli.scoring.sources import Progress, Sources


def crop(
    sources: Sources,
    *,
    aspect: str = "own",
    keep: float = KEEP,
    smallest: int = SMALLEST,
    options: Options | None = None,
    progress: Progress | None = None,
) -> CropRun:
    """Suggest a crop for each photo, where one gains.

    `sources`, `options` and `progress` are as in `photocli.score`. `aspect` is `own` (the photo's), `free`,
    or a ratio such as `4:5`, which lies as the photo does. A crop keeps at least the share `keep` of the
    area, 0 to 1, and has no side below `smallest` pixels.

    What comes back is a `CropRun`: iterate over it for a `Cropped` of each photo, with its `record` and its
    `suggestion`, None where no crop gains; `suggestion.box.pixels(*photo.size)` is what the `crop` of an
    upright Pillow image takes. It takes about a second a photo on one core. Nothing is cropped or written.

    Raises `UsageError` for what makes no sense; while it is iterated over, `UsageError` for a path that does
    not exist and where no model of aesthetics was chosen, `DeviceError` and `ModelError`.
    """
    return CropRun(sources, Framing(aspect, keep, smallest), options, progress)
