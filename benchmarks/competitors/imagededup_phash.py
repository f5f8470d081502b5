"""imagededup by perceptual hashes: encodes each photo, then finds duplicates among them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from clock import report


def load() -> Callable[[Path], dict[str, Any]]:
    """Import imagededup; it encodes in a process for each core by itself."""
    from imagededup.methods import PHash

    hasher = PHash(verbose=False)

    def work(folder: Path) -> dict[str, Any]:
        codes = hasher.encode_images(str(folder))
        found = hasher.find_duplicates(encoding_map=codes)
        return {"photos": len(codes), "with_duplicates": sum(map(bool, found.values()))}

    return work


if __name__ == "__main__":
    report(load)
