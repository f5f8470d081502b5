"""The stages of the pass are measured by what they take of the processor."""

from __future__ import annotations

from pathlib import Path

from photos import write_photo

from benchmarks.stages import Clock, measure, table


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
    assert next(ms for stage, ms in stages.items() if "libjpeg" in stage) > 1


def test_the_table_adds_up() -> None:
    clock = Clock()
    for _ in range(2):  # photos, each with stages of its own
        clock.time("one", lambda: sum(range(300_000)))
        clock.rest("more than one", ("one",), lambda: sum(range(900_000)))
        clock.time("another", lambda: sum(range(2_000_000)))
    one, more, another = (row["ms"] for row in clock.stages())
    assert one < more < 4 * one < another
    rows = table([{"stage": "a", "ms": 2.0}, {"stage": "b", "ms": 3.0, "int8_ms": 1.0}]).splitlines()
    assert rows[2:] == [
        "| a | 2.0 |",
        "| b | 3.0 (int8 1.0) |",
        "| **together, with one face** | **5.0** (int8 3.0) |",
    ]
