"""The golden record: what a small folder of real pictures must give, field by field.

After a change that is meant to change scores (a new built-in model, another way to cut inputs), write it anew
with `python tests/golden.py` and look at the difference.
"""

from __future__ import annotations

import json
import os
import tempfile
from pathlib import Path
from typing import Any

from dng import write_dng
from photos import camera_exif, picture, write_photo

from photocli import Options, Run
from photocli.records import as_dict
from photocli.writers import tidy

FILE = Path(__file__).with_name("golden.json")


def make_folder(folder: Path) -> None:
    """The pictures, in several formats, with and without metadata; and files that are no photos."""
    exif = camera_exif(subsec="123", offset="+02:00", exposure=(1, 8000))
    write_photo(folder / "china.tif", "china", exif=exif)
    write_photo(folder / "chelsea.png", "chelsea")
    write_photo(folder / "coffee.jpg", "coffee", exif=camera_exif(lens=None, iso=None))
    write_photo(folder / "more" / "flower.webp", "flower")
    write_photo(folder / "more" / "rocket turned.jpg", "rocket", orientation=6)
    write_photo(folder / "more" / "astronaut.jpg", "astronaut", quality=95)
    write_dng(folder / "more" / "astronaut.dng", picture("astronaut", (64, 64)))
    half = (folder / "coffee.jpg").read_bytes()
    (folder / "more" / "half.jpg").write_bytes(half[: len(half) // 2])
    (folder / "notes.txt").write_text("To print: coffee.jpg\n")


def records_of(folder: Path) -> list[dict[str, Any]]:
    """The record of every path of the folder, with the paths as seen from it."""
    before = Path.cwd()
    os.chdir(folder)
    try:
        records = list(Run(["."], Options(cache=False, device="cpu", precision="float")))
    finally:
        os.chdir(before)
    return [{**as_dict(record), "each_face": tidy(record.each_face)} for record in records]


def main() -> None:
    """Write the golden record, made by the built-in models alone."""
    with tempfile.TemporaryDirectory() as folder, tempfile.TemporaryDirectory() as empty:
        os.environ["PHOTOCLI_MODELS"] = empty
        make_folder(Path(folder))
        records = records_of(Path(folder))
    FILE.write_text(json.dumps(records, indent=1) + "\n")
    print(f"wrote {FILE}: {len(records)} records")


if __name__ == "__main__":
    main()
