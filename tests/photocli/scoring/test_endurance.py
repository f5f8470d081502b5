"""A long run takes no more memory, handles or threads at its end than soon after its start."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from networks import write_model


@pytest.mark.slow
def test_memory_handles_and_threads_stay_the_same_over_3000_photos(tmp_path: Path, own_folders: Path) -> None:
    from benchmarks.endurance import make_small_photos, watch

    write_model(own_folders / "models")
    folder = make_small_photos(tmp_path / "photos", 3000)
    command = [sys.executable, "-m", "photocli", "score", str(folder), "--csv", "-", "--quiet"]
    for _ in range(2):  # the second run is from the cache
        ended = watch([*command, "--assess", "aesthetics"], cache=tmp_path / "cache", every=100)
        assert (ended.code, ended.rows) == (0, 3000)
        first, last = ended.settled(after=1000)
        assert last.memory_mb - first.memory_mb < 15
        assert (last.threads, last.processes) == (first.threads, first.processes)
        assert abs(last.handles - first.handles) <= 1  # a folder that is just being listed
