"""Where the camera focused, in the records of a run: from files, from memory, from the cache, in JSON."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import maker_notes as notes
from photos import write_photo

from photocli import Options, Picture, Run
from photocli.records import Capture, FocusPoint, capture_of
from photocli.writers.json import JsonWriter

SONY = notes.bare(notes.sony((6000, 4000, 1500, 800), (600, 200, 257)), b"SONY DSC \0\0\0")
POINT = FocusPoint(0.25, 0.2, 0.1, 0.05, True)


def shoot(folder: Path) -> None:
    exif = notes.exif("SONY", "ILCE-7M4", SONY)
    for name in ("a.jpg", "b.heic"):
        write_photo(folder / name, "chelsea", size=(300, 200), exif=exif)
    write_photo(folder / "c.jpg", "coffee", size=(300, 200))


def test_records_have_it_whether_they_are_new_or_kept(tmp_path: Path) -> None:
    shoot(tmp_path)
    runs = [list(Run([tmp_path], Options(assess=("aesthetics",)))) for _ in range(3)]
    for first, second, third in zip(*runs, strict=True):
        assert first == second == third
        assert all(isinstance(point, FocusPoint) for point in third.focus_points)
    jpeg, heic, plain = runs[0]
    assert jpeg.focus_points == heic.focus_points == (POINT,)
    assert (jpeg.focus_x, jpeg.focus_y) == POINT[:2]
    assert (plain.focus_x, plain.focus_y, plain.focus_points) == (None, None, ())


def test_pictures_in_memory_have_it(tmp_path: Path) -> None:
    shoot(tmp_path)
    image = Picture((tmp_path / "a.jpg").read_bytes(), "a")
    (record,) = Run([image], Options(assess=("aesthetics",), cache=False))
    assert record.focus_points == (POINT,)


def test_the_document_has_all_points(tmp_path: Path) -> None:
    shoot(tmp_path)
    records = list(Run([tmp_path / "a.jpg"], Options(assess=("aesthetics",), cache=False)))
    with JsonWriter(tmp_path / "out.json") as writer:
        writer.write(records[0])
    (entry,) = json.loads((tmp_path / "out.json").read_text())["records"]
    assert (entry["focus_x"], entry["focus_y"]) == (0.25, 0.2)
    assert entry["focus_points"] == [{"x": 0.25, "y": 0.2, "width": 0.1, "height": 0.05, "in_focus": True}]


def test_a_capture_comes_back_from_json() -> None:
    capture = Capture(camera="A", focus_x=0.25, focus_y=0.2, focus_points=(POINT, POINT._replace(width=None)))
    assert capture_of(json.loads(json.dumps(asdict(capture)))) == capture
    assert capture_of({}) == Capture()
