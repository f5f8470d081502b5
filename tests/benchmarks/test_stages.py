"""The stages of the pass are measured by what they take of the processor."""

from __future__ import annotations

from pathlib import Path

from photos import write_photo

from benchmarks.stages import measure, table


def test_every_stage_of_a_photo_is_measured(tmp_path: Path) -> None:
    photo = write_photo(tmp_path / "a.jpg", "astronaut", size=(1500, 1500))
    stages = {row["stage"]: row["ms"] for row in measure([photo])}
    named = (
        "read the file",
        "take the signature",
        "find, measure and align faces",
        "hand over to the parent",
    )
    assert set(named) <= set(stages)
    for model in ("aesthetics", "technical", "style", "crop"):
        assert stages[f"network of {model}"] > 0.5
    assert stages["network of selfie, a face"] > 0.5
    alone, whole = (
        next(ms for stage, ms in stages.items() if text in stage) for text in ("libjpeg", "three above")
    )
    assert 0.5 < alone < 2 * whole
    rows = table([{"stage": stage, "ms": ms} for stage, ms in stages.items()]).splitlines()
    assert len(rows) == 2 + len(stages)
