"""Scoring from Python: many photos as a stream of records, or one as its record."""

from __future__ import annotations

from typing import TYPE_CHECKING

from photocli.errors import DecodeError, UsageError
from photocli.scoring.pipeline import Run

if TYPE_CHECKING:
    from photocli.records import Record
    from photocli.scoring.options import Options
    from photocli.scoring.sources import Progress, Source, Sources


def score(sources: Sources, *, options: Options | None = None, progress: Progress | None = None) -> Run:
    """Score photos and folders of photos, or images in memory.

    `sources` is one of these, or several, also mixed: a path of a file or folder; an array (height, width, 3)
    of uint8 in sRGB; a Pillow image; the bytes of a photo file; a binary file; or a `Picture`, which gives
    an image in memory a name. Without one its name is that of the file it came from, else `image 1`, `image
    2` and so on. Of an iterator, images are taken as there is room for them, so there may be any number.

    What comes back is a `Run`: iterate over it for a `Record` of each photo, in order and as they are done;
    its `summary` counts along. Nothing is scored before, and leaving the loop ends the processes that decode.
    A photo that cannot be read, and an image that cannot be used, is a record whose `status` is `failed` and
    whose `error` says why. `progress` is called after each record with how many are done and how many there
    are, None where that is not known.

    Results of files are cached, unless `options.cache` is off; of images in memory nothing is kept.

    Raises `UsageError` for what is no photo and no image at all, and `ModelError`; while it is iterated over,
    `UsageError` for a path that does not exist, `DeviceError` and `ModelError`.
    """
    return Run(sources, options, progress)


def score_one(source: Source, *, options: Options | None = None) -> Record:
    """Score one photo or image, and return its record.

    `source` is as in `score`, but no folder. Each call starts a process and loads the models, which takes
    about a second: for several photos, `score` is far quicker.

    Raises `DecodeError` with the reason if it cannot be read or used, `UsageError` for a folder and for a
    path that does not exist, `DeviceError` and `ModelError`.
    """
    run = Run([source], options)
    if any(path.is_dir() for path in run.paths):
        raise UsageError(f"'{run.paths[0]}' is a folder; score its photos with photocli.score")
    (record,) = run
    if record.status != "ok":
        raise DecodeError(record.error or "it cannot be read")
    return record
