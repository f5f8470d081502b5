"""The page from Python: photos and images in memory with thumbnails, and links to files alone."""

from __future__ import annotations

import base64
import io
import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from judged import packet
from networks import write_model
from photos import camera_exif, write_photo
from PIL import Image

from photocli import Options, Picture, UsageError, report

OPTIONS = Options(device="cpu", assess=("aesthetics",))


@pytest.fixture
def shoot(own_folders: Path, tmp_path: Path) -> Path:
    """A burst of two, scored by brightness."""
    write_model(own_folders / "models")
    for number in range(2):
        exif = camera_exif(captured=f"2024:05:01 10:20:3{number}")
        write_photo(tmp_path / "shoot" / f"{number}.jpg", size=(300, 200), quality=80 + number, exif=exif)
    return tmp_path / "shoot"


def data_of(page: Path) -> tuple[str, dict[str, Any]]:
    """The text of a page, and its data."""
    text = page.read_text()
    match = re.search(r'\{"photos": \[.*\}(?=</script>)', text, re.S)
    assert match is not None
    return text, json.loads(match[0])


def test_images_in_memory_have_thumbnails_and_no_links(shoot: Path, tmp_path: Path) -> None:
    page = tmp_path / "report.html"
    red = np.zeros((200, 300, 3), np.uint8)
    red[..., 0] = 250
    told: list[tuple[int, int | None]] = []
    sources = [shoot, Picture(red, "red"), None]
    summary = report(sources, page, options=OPTIONS, progress=lambda *now: told.append(now))
    assert (summary.photos, summary.failed) == (4, 1)
    assert told == [(number, 4) for number in range(1, 5)]
    text, document = data_of(page)
    photos = document["photos"]
    assert [photo["path"] for photo in photos[2:]] == ["red", "image 2"]
    assert [photo["href"] for photo in photos] == ["shoot/0.jpg", "shoot/1.jpg", None, None]
    assert [photo["group_kind"] for photo in photos] == ["burst", "burst", None, None]
    match = re.search(rf'id="t{photos[2]["thumbnail"]}">([^<]+)<', text)
    assert match is not None
    image = Image.open(io.BytesIO(base64.b64decode(match[1])))
    assert image.size == (300, 200)
    assert np.abs(np.asarray(image.convert("RGB")).astype(int) - red).mean() < 3
    assert photos[3]["thumbnail"] is None


def test_a_page_that_fails_leaves_the_one_before(shoot: Path, tmp_path: Path) -> None:
    page = tmp_path / "report.html"
    page.write_text("the one before")

    def broken() -> Any:
        yield np.zeros((20, 30, 3), np.uint8)
        raise LookupError("the camera is gone")

    with pytest.raises(LookupError):
        report(broken(), page, options=OPTIONS)
    with pytest.raises(UsageError, match="no file or folder"):
        report(tmp_path / "missing", page, options=OPTIONS)
    assert page.read_text() == "the one before"
    assert [entry.name for entry in tmp_path.iterdir() if entry.is_file()] == ["report.html"]


@pytest.mark.parametrize("place", ["inside", "outside"])
def test_a_sidecar_counts_unless_it_is_a_link_out_of_the_folder(
    place: str, shoot: Path, tmp_path: Path
) -> None:
    def picks(page: Path) -> list[str]:
        report(shoot, page, options=OPTIONS)
        return [photo["pick"] for photo in data_of(page)[1]["photos"]]

    before = picks(tmp_path / "before.html")
    sidecar = shoot / f"{before.index('pick') ^ 1}.xmp"  # of the other one
    content = packet("", "   <xmp:Rating>5</xmp:Rating>\n")
    if place == "inside":
        sidecar.write_text(content)
    else:
        (tmp_path / "elsewhere.xmp").write_text(content)
        sidecar.symlink_to(tmp_path / "elsewhere.xmp")
    assert (picks(tmp_path / "after.html") == before) is (place == "outside")
