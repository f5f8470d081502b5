"""`python -m trainers.flickr_style LIST --out FOLDER`: the photos of Flickr Style, for `trainers.style`.

LIST is the data set's CSV with `image_url`, `label` and `_split` (Karayev et al., "Recognizing Image Style",
2014), 80,000 photos of which many are gone by now. The photos belong to who took them.
"""

from __future__ import annotations

import csv
import gzip
import hashlib
import io
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path, PurePosixPath
from typing import Annotated, NamedTuple
from urllib.parse import urlsplit

import numpy as np
import typer

from photocli.errors import UsageError
from photocli.files.atomic import atomic_write
from trainers.classes.downloader import (
    PLACEHOLDER,
    Downloader,
    DownloadRequest,
    DownloadResult,
    RequestPolicy,
)
from trainers.classes.formats import NAMES
from trainers.common.options import make_app, reported_errors

CLASSES = (
    *("Detailed", "Pastel", "Melancholy", "Noir", "HDR", "Vintage", "Long Exposure", "Horror", "Sunny"),
    *("Bright", "Hazy", "Bokeh", "Serene", "Texture", "Ethereal", "Macro", "Depth of Field"),
    *("Geometric Composition", "Minimal", "Romantic"),
)
"""In the order of the labels, 0 to 19."""

SIDES = ("train", "test")
_SAME = 3  # addresses with the same bytes behind them: no photo, but what a server says instead


class ListEntry(NamedTuple):
    """Holds a line of the list: an address, a class, and the side of the split."""

    url: str
    label: int
    side: str


def read_list(path: Path) -> list[ListEntry]:
    """Reads the data set's CSV, which may be gzipped. Raises `UsageError` if it is another file."""
    try:
        content = path.read_bytes()
        text = (gzip.decompress(content) if content[:2] == b"\x1f\x8b" else content).decode("utf-8-sig")
    except (OSError, EOFError, UnicodeDecodeError) as error:
        raise UsageError(f"{path} cannot be read: {error}") from error
    rows = list(csv.DictReader(io.StringIO(text)))
    if not rows or {"image_url", "label", "_split"} - set(rows[0]):
        raise UsageError(f"{path} needs columns image_url, label and _split")
    return [_entry(path, number, row) for number, row in enumerate(rows, start=2)]


def _entry(path: Path, number: int, row: dict[str, str]) -> ListEntry:
    label, side = row["label"].strip(), row["_split"].strip()
    if not label.isdigit() or int(label) >= len(CLASSES) or side not in SIDES:
        raise UsageError(f"{path}, line {number}: label {label} in {side}; 0-19 in train or test are known")
    return ListEntry(row["image_url"].strip(), int(label), side)


def sample_entries(entries: Sequence[ListEntry], most: int, seed: int) -> list[ListEntry]:
    """Draws so many of the entries, or all for 0: the same ones for the same seed, and fewer of fewer."""
    if not most or most >= len(entries):
        return list(entries)
    return [entries[row] for row in sorted(np.random.default_rng(seed).permutation(len(entries))[:most])]


def download_requests(entries: Sequence[ListEntry], folder: Path) -> list[DownloadRequest]:
    """Names the file that each address becomes: as in the address, or by a hash where that cannot be."""
    last = [PurePosixPath(urlsplit(entry.url).path).name for entry in entries]
    counts = Counter(name.lower() for name in last)
    requests = []
    for entry, name in zip(entries, last, strict=True):
        digest = hashlib.sha256(entry.url.encode()).hexdigest()[:16]
        plain = re.fullmatch(r"\w[\w-]{0,80}\.(jpe?g|png|webp)", name, re.ASCII | re.IGNORECASE)
        kept = plain and counts[name.lower()] == 1
        requests.append(DownloadRequest(entry.url, folder / (name if kept else f"{digest}.jpg")))
    return requests


def fetch(
    entries: Sequence[ListEntry], out: Path, policy: RequestPolicy, again: bool = False
) -> Iterator[tuple[ListEntry, DownloadResult]]:
    """Yields what came of each entry; photos go to `images` in `out`."""
    downloader = Downloader(out / "images", policy, again)
    yield from zip(entries, downloader.fetch_all(download_requests(entries, out / "images")), strict=True)


def write_lists(found: Sequence[tuple[ListEntry, DownloadResult]], out: Path) -> Counter[str]:
    """Writes train.txt, test.txt, classes.txt and failures.csv into `out`; returns failures by reason.

    Photos with the same bytes as two others or more are a server's excuse, and count as failures.
    """
    from trainers.common.runs import write_table  # torch: not for `--help`

    digests = {
        result.request.path: hashlib.sha256(result.request.path.read_bytes()).hexdigest()
        for _, result in found
        if not result.reason
    }
    copies = Counter(digests.values())
    failed: list[tuple[str, str]] = []
    lines: dict[str, list[str]] = {side: [] for side in SIDES}
    for entry, result in found:
        reason = result.reason
        if not reason and copies[digests[result.request.path]] >= _SAME:
            reason = PLACEHOLDER
        if reason:
            failed.append((entry.url, reason))
        else:
            lines[entry.side].append(f"images/{result.request.path.name} {entry.label}\n")
    for side in SIDES:
        _write(out / f"{side}.txt", "".join(lines[side]))
    _write(out / NAMES, "".join(f"{name}\n" for name in CLASSES))
    write_table(out / "failures.csv", ("image_url", "reason"), failed)
    return Counter(reason for _, reason in failed)


def _write(path: Path, text: str) -> None:
    with atomic_write(path) as file:
        file.write(text.encode())


# Command line


def run(
    listed: Annotated[Path, typer.Argument(metavar="LIST", help="The data set's CSV, or CSV.gz.")],
    out: Annotated[Path, typer.Option(help="Folder for the photos and the lists.")],
    most: Annotated[int, typer.Option(help="So many photos of the list, by the seed; 0: all.")] = 0,
    seed: Annotated[int, typer.Option(help="Seed of the choice.")] = 0,
    at_once: Annotated[
        int, typer.Option(help="Photos fetched at once.", min=1, max=16)
    ] = RequestPolicy.at_once,
    delay: Annotated[float, typer.Option(help="Seconds between two requests.", min=0)] = RequestPolicy.delay,
    timeout: Annotated[float, typer.Option(help="Seconds to wait for an answer.")] = RequestPolicy.timeout,
    retries: Annotated[
        int, typer.Option(help="Further tries of what may be over soon.")
    ] = RequestPolicy.retries,
    again: Annotated[bool, typer.Option("--again", help="Ask again for what failed for good.")] = False,
) -> None:
    """Download the photos of Flickr Style and write the lists that trainers.style reads.

    An interrupted run goes on where it was. The exit code is 1 when no photo could be had.
    """
    policy = RequestPolicy(at_once=at_once, delay=delay, timeout=timeout, retries=retries)
    found: list[tuple[ListEntry, DownloadResult]] = []
    with reported_errors("trainers.flickr_style"):
        entries = sample_entries(read_list(listed), most, seed)
        for entry, result in fetch(entries, out, policy, again):
            found.append((entry, result))
            if len(found) % 500 == 0:
                typer.echo(f"{len(found)} of {len(entries)}", err=True)
        failures = write_lists(found, out)
    there = len(found) - failures.total()
    kept = sum(result.kept and not result.reason for _, result in found)
    typer.echo(f"{out}: {there} photos of {len(found)}, {kept} of which were there before")
    for reason, count in failures.most_common():
        typer.echo(f"failed {count}: {reason}")
    raise typer.Exit(0 if there else 1)


def command() -> typer.Typer:
    """Returns the command line."""
    return make_app(run)
