"""The data set of teachers' answers: a folder with photos, features, answers and a manifest of all of it."""

from __future__ import annotations

import hashlib
import io
import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from photocli.errors import UsageError
from photocli.files.atomic import atomic_write
from trainers.common.frames import load_frames
from trainers.common.metrics import Floats
from trainers.common.runs import command_line, commit, now, portable, write_json
from trainers.shared.heads import EMBEDDING
from trainers.teachers.answers import components, marks
from trainers.teachers.config import TeachersConfig, teachers
from trainers.teachers.evaluate import figures
from trainers.teachers.features import features
from trainers.teachers.photos import TeachingPhotos, find_photos, read_photos, write_photos

PHOTOS, ANSWERS, MANIFEST = "photos.csv", "answers.npz", "manifest.json"
FRAME_SIDE = 640
"""The long side of decoded photos, in pixels."""


@dataclass(frozen=True)
class TaughtPhotos:
    """Photos with what teachers say of them, by row.

    `marks` (folds + 1, teachers, n) on 1-10: place f has answers of teachers that did not see fold f, the
    last place those of teachers that learned from every rated photo. `embedding` (n, 256) has rows of
    length 1.
    """

    photos: TeachingPhotos
    marks: NDArray[np.float32]
    embedding: NDArray[np.float32]
    digest: str

    def mark(self, held: int | None) -> tuple[Floats, Floats]:
        """Returns the teachers' mean mark (n,) with a fold held out, and how far they are apart (n,)."""
        given = self.marks[-1 if held is None else held].astype(np.float64)
        return given.mean(0), given.std(0)


def build(config: TeachersConfig, to: Path) -> dict[str, Any]:
    """Answers for all photos; writes the data set into `to` and returns its manifest.

    An interrupted run goes on where it stopped; what is there for the same photos and teachers is kept.
    """
    asked = teachers(config)
    photos = find_photos(config)
    to.mkdir(parents=True, exist_ok=True)
    frames = load_frames(photos.paths, FRAME_SIDE, Path(config.cache) if config.cache else None)
    write_photos(photos, to / PHOTOS)
    identities = _identities(photos)
    found = {each.name: features(each, frames, identities, to / "features") for each in asked}
    given = _marks(photos, found, config.folds)
    embedding = components([each[:, : each.shape[1] // 2] for each in found.values()], EMBEDDING)
    packed = io.BytesIO()
    np.savez(packed, marks=given, embedding=embedding)
    with atomic_write(to / ANSWERS) as file:
        file.write(packed.getvalue())
    manifest = {
        "command": command_line("trainers.teachers"),
        "commit": commit(),
        "created": now(),
        "config": portable(asdict(config)),
        "photos": len(photos),
        "unreadable": len(frames.failed),
        "data": sources(photos),
        "digest": hashlib.sha256("\n".join(identities).encode()).hexdigest()[:16],
        "teachers": [{"name": each.name, "weights": each.weights.name} for each in asked],
        "figures": figures(photos, found),
    }
    write_json(to / MANIFEST, manifest)
    return manifest


def _marks(photos: TeachingPhotos, found: dict[str, NDArray[np.float32]], folds: int) -> NDArray[np.float32]:
    helds = [*range(folds), None]
    return np.array(
        [[marks(each, photos.mean, photos.fold, held) for each in found.values()] for held in helds],
        np.float32,
    )


def read_taught(folder: Path) -> TaughtPhotos:
    """Reads a data set that `build` finished. Raises `UsageError` if there is none."""
    if not (folder / MANIFEST).is_file():
        raise UsageError(f"{folder} has no {MANIFEST}; trainers.teachers build makes such a folder")
    manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    photos = read_photos(folder / PHOTOS)
    with np.load(folder / ANSWERS) as stored:
        given, embedding = stored["marks"], stored["embedding"]
    if given.shape[2] != len(photos) or len(embedding) != len(photos):
        raise UsageError(f"{folder} has answers for other photos than it lists; build it again")
    return TaughtPhotos(photos, given, embedding, manifest["digest"])


def sources(photos: TeachingPhotos) -> list[dict[str, Any]]:
    """Says where the photos come from, for manifests and cards: name, role and number."""
    counts: dict[tuple[str, str], int] = {}
    for key in zip(photos.origins, photos.roles, strict=True):
        counts[key] = counts.get(key, 0) + 1
    return [{"name": name, "role": role, "photos": count} for (name, role), count in counts.items()]


def _identities(photos: TeachingPhotos) -> list[str]:
    """A text for each photo, the same wherever it lies."""
    return [f"{path.parent.name}/{path.name},{path.stat().st_size}" for path in photos.paths]
