"""What exiftool and exiv2 say of all that is written: nothing."""

from __future__ import annotations

import json
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
from photos import write_photo

from photocli.records import Record
from photocli.writers.xmp import XmpWriter
from photocli.xmp.camera_raw import SensorCrop
from photocli.xmp.editors import EDITORS
from photocli.xmp.sidecar_plan import Marks

RECORD = Record(
    "", score=6.5, aesthetic=6.4, technical=9.1, selfie=7.2, stars=4, models=("a@1", "b@2"),
    medium="painting", styles=(("noir", 0.9),), faults=("motion_blur",),
)  # fmt: skip
MARKS = {
    "nothing": None,
    "pick": Marks(pick="pick", label="yellow"),
    "reject": Marks(pick="reject"),
    "neither": Marks(pick="none", label=""),
    "crop": Marks(crop=SensorCrop(0.1, 0.2, 0.9, 0.8)),
}


@pytest.fixture(params=[None, *EDITORS])
def written(request: pytest.FixtureRequest, tmp_path: Path) -> list[Path]:
    """Sidecars and JPEGs with all that one editor gets, new ones and those that were written once more."""
    files: list[Path] = []
    for name, marks in MARKS.items():
        raw, jpeg = tmp_path / f"{name}.CR2", write_photo(tmp_path / f"{name}2.jpg", size=(60, 40))
        raw.touch()
        for photo in (raw, jpeg):
            for first in (marks, *MARKS.values()) if name == "pick" else (marks,):
                outcomes: list[Path | None] = []
                with XmpWriter(
                    report=lambda o: outcomes.append(o.sidecar),  # noqa: B023
                    editor=request.param,
                    embed=photo is jpeg,
                    keywords=("looks", "medium", "faults"),
                ) as writer:
                    writer.write(replace(RECORD, path=str(photo)), first)
            files += [path for path in outcomes if path is not None]
    assert len(files) == 2 * len(MARKS)
    return files


@pytest.mark.skipif(shutil.which("exiftool") is None, reason="exiftool is not installed")
def test_exiftool_validates_all_that_is_written(written: list[Path]) -> None:
    command = ["exiftool", "-j", "-a", "-G1", "-validate", "-warning", "-error", *map(str, written)]
    done = subprocess.run(command, capture_output=True, check=True)
    found = json.loads(done.stdout)
    assert len(found) == len(written)
    for each in found:
        warnings = {key: value for key, value in each.items() if key != "SourceFile"}
        # The photos of the tests have no EXIF; that's no matter of ours.
        assert warnings == {"ExifTool:Validate": "0 0 0"} or warnings == {"ExifTool:Validate": "OK"}, each


@pytest.mark.skipif(shutil.which("exiv2") is None, reason="exiv2 is not installed")
def test_exiv2_reads_all_that_is_written_without_a_complaint(written: list[Path]) -> None:
    for path in written:
        done = subprocess.run(["exiv2", "-PXkv", str(path)], capture_output=True, check=False)
        assert (done.returncode, done.stderr) == (0, b"")
        assert b"Xmp.xmp.Rating" in done.stdout
