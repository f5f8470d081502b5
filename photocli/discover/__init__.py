"""From the paths that a user gives to photos: each file once, RAW+JPEG pairs stacked, sidecars left out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import chain
from pathlib import Path

from photocli.discover.names import SIDECAR_SUFFIXES as SIDECAR_SUFFIXES
from photocli.discover.walk import HIDDEN_FILE as HIDDEN_FILE
from photocli.discover.walk import HIDDEN_FOLDER as HIDDEN_FOLDER
from photocli.discover.walk import LEADS_OUT as LEADS_OUT
from photocli.discover.walk import REJECTS as REJECTS
from photocli.discover.walk import REJECTS_MARKER as REJECTS_MARKER
from photocli.discover.walk import Walk
from photocli.files.links import GivenPaths, given_paths
from photocli.records import Photo, Skipped


def discover(
    paths: GivenPaths, *, follow_links: bool = False, hidden: bool = False
) -> Iterator[Photo | Skipped]:
    """Find the photos in files and folders, or in one; every file that is looked at comes out exactly once.

    Folders are walked one at a time: their files sorted by name, then their subfolders in the same order, so
    the output is the same on every machine. Files reached twice (given twice, or through links) come out
    once. Hidden files, sidecars and system files are passed over silently; files that are no photo come out
    as `Skipped` with a reason, and so does a folder that cannot be read. A file that is given by name is
    always a `Photo`. A RAW file and a JPEG or HEIC file of the same stem become one `Photo`, whose `twin` is
    the RAW file; this holds for files that are given by name one after the other, too.

    A link within the given paths is left out where what it leads to comes out at its own place. A link that
    leads out of them comes out as `Skipped`; with `follow_links` it is read through (`links.Roots` tells what
    lies behind it). With `hidden`, hidden files and folders come out as `Skipped`, too. So does a folder of
    rejects (`REJECTS_MARKER`) within a given one.

    Raises `UsageError` at once, before anything is yielded, if a path does not exist.
    """
    walk = Walk(given_paths(paths), follow_links=follow_links, hidden=hidden)
    return chain.from_iterable(batch.items() for batch in iter(walk.step, None))


def without_photos(paths: Iterable[Path], *, follow_links: bool = False) -> dict[Path, str]:
    """Tell which of these paths hold no photo, and what is there instead, in a few words.

    A file that is given by name counts as a photo. A folder is looked through up to its first photo. Raises
    `UsageError` if a path does not exist.
    """
    return Walk([Path(path) for path in paths], follow_links=follow_links).without_photos()
