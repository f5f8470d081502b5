"""What records follow from besides a photo's outputs: kept records of another basis are no answer."""

from __future__ import annotations

import hashlib
import json
import os
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from photocli.records import RECORD_FIELDS, VERSION

if TYPE_CHECKING:
    from photocli.scoring.assessment import Models


def basis(models: Models, detail: str) -> str:
    """What records follow from besides a photo's outputs, in short: another one gives other records.

    The models, with all that their cards say, the `detail` that they look at, the taste, the profile, the
    fields, and the code.
    """
    taste, profile = models.taste, models.profile
    parts = [
        VERSION,
        RECORD_FIELDS,
        detail,
        _code(),
        [(key, card.label, card.kind, dict(card.facts)) for key, card in models.cards.items()],
        None if taste is None else (taste.label, taste.model_key, dict(taste.facts)),
        (profile.name, profile.selfie, profile.technical, dict(profile.faults)),
    ]
    return hashlib.sha256(json.dumps(parts, sort_keys=True, default=str).encode()).hexdigest()


@lru_cache(maxsize=1)
def _code() -> tuple[tuple[str, int, int], ...]:
    """The files that make records of outputs, by size and time, as Python itself tells that one changed."""
    found = []
    for folder in ("assessors", "scoring", "taste"):
        with suppress(OSError):  # in an archive, of which the version says enough
            for entry in os.scandir(Path(__file__).parents[1] / folder):
                if entry.name.endswith(".py"):
                    status = entry.stat()
                    found.append((f"{folder}/{entry.name}", status.st_size, status.st_mtime_ns))
    return tuple(sorted(found))
