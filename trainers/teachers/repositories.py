"""Camera photos out of local git repositories: which are taken, and their reduced copies."""

from __future__ import annotations

import io
import subprocess
from collections import Counter
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from PIL import ExifTags, Image, ImageOps

from photocli.errors import UsageError

ASPECTS = (3 / 2, 4 / 3)
_MARGIN = 0.02  # of the aspect ratio
_LEAST_SIDE = 700  # pixels of the long side
_EXPOSURE = (ExifTags.Base.ExposureTime, ExifTags.Base.FNumber)


def collect(repository: Path, to: Path, side: int) -> tuple[int, Counter[str]]:
    """Copies camera photos of the newest commit, upright, with the long side reduced to `side`.

    Copies have the name of the photo after the first letters of its hash, and no metadata. Returns how many
    there are, and how many were dropped by reason. Raises `UsageError` where git can't read the repository.
    """
    to.mkdir(parents=True, exist_ok=True)
    kept, dropped = 0, Counter[str]()
    for digest, name in _photos(repository):
        copy = to / f"{digest[:8]}_{PurePosixPath(name).stem.replace(' ', '_')}.jpg"
        why = "" if copy.exists() else _copied(_git(repository, "cat-file", "blob", digest), copy, side)
        kept += not why
        dropped.update([why] if why else [])
    return kept, dropped


def _photos(repository: Path) -> Iterator[tuple[str, str]]:
    """Hash and name of each JPEG file of the newest commit."""
    listed = _git(repository, "ls-tree", "-r", "-z", "HEAD")
    if listed is None:
        raise UsageError(f"{repository} is no git repository with a commit")
    for entry in listed.decode("utf-8", "replace").split("\0"):
        facts, _, name = entry.partition("\t")
        if name.lower().endswith((".jpg", ".jpeg")):
            yield facts.split()[2], name


def _git(repository: Path, *arguments: str) -> bytes | None:
    command = ["git", "-C", str(repository), *arguments]
    done = subprocess.run(command, capture_output=True, check=False)
    return done.stdout if done.returncode == 0 else None


def _copied(content: bytes | None, copy: Path, side: int) -> str:
    """Writes the reduced copy; returns why the photo isn't taken, or nothing."""
    if content is None:
        return "not in the repository"
    try:
        with Image.open(io.BytesIO(content)) as image:
            why = _objection(image)
            if why:
                return why
            image.draft("RGB", (side, side))
            upright = ImageOps.exif_transpose(image).convert("RGB")
    except (OSError, ValueError, SyntaxError):
        return "cannot be read"
    upright.thumbnail((side, side), Image.Resampling.LANCZOS, reducing_gap=2)
    upright.save(copy, "JPEG", quality=92)
    return ""


def _objection(image: Image.Image) -> str:
    width, height = image.size
    long, short = max(width, height), max(1, min(width, height))
    facts = image.getexif().get_ifd(ExifTags.IFD.Exif)
    if not any(tag in facts for tag in _EXPOSURE):
        return "no exposure data"
    if long < _LEAST_SIDE:
        return "too small"
    if all(abs(long / short / aspect - 1) > _MARGIN for aspect in ASPECTS):
        return "neither 3:2 nor 4:3"
    return ""
