"""The benchmarks' shoot: its photos are read by others as a camera's are, and made once."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
import rawpy
from PIL import Image

from benchmarks.shoot.camera import develop, sense
from benchmarks.shoot.files import PREVIEW_SIDE, write_photo
from benchmarks.shoot.making import PhotoSet, link_photos, make_set
from photocli.decode import decode
from photocli.metadata.capture import read_capture

SIZE = (600, 400)
PORTRAIT = 16  # the first photo of the fifth burst


@pytest.mark.parametrize("suffix", [".jpg", ".heic", ".png", ".dng"])
def test_every_kind_of_photo_is_read_with_its_size_and_its_camera(tmp_path: Path, suffix: str) -> None:
    frame = decode(write_photo(tmp_path / f"a{suffix}", 1, *SIZE), 300)
    assert (frame.width, frame.height) == SIZE
    assert frame.pixels.std() > 20
    capture = read_capture(frame.exif)
    assert (capture.camera, capture.iso) == ("Canon EOS R6m2", 100)


def test_a_burst_shows_one_scene_within_a_second(tmp_path: Path) -> None:
    frames = [decode(write_photo(tmp_path / f"{number}.jpg", number, *SIZE), 600) for number in (4, 5, 8)]
    assert [read_capture(frame.exif).captured for frame in frames] == [
        "2024-05-01T10:00:40.000+02:00",
        "2024-05-01T10:00:40.250+02:00",
        "2024-05-01T10:01:20.000+02:00",
    ]
    first, second, other = (frame.pixels.astype(float) for frame in frames)
    assert 0.5 < np.abs(first - second).mean() < np.abs(first - other).mean() / 2


def test_a_photo_depends_on_its_number_alone(tmp_path: Path) -> None:
    one, again = (write_photo(tmp_path / name, 7, *SIZE).read_bytes() for name in ("a.jpg", "b.jpg"))
    assert one == again


def test_some_photos_are_in_portrait_orientation(tmp_path: Path) -> None:
    path = write_photo(tmp_path / "a.jpg", PORTRAIT, *SIZE)
    with Image.open(path) as image:
        assert image.size == SIZE
    frame = decode(path, 300)
    assert (frame.width, frame.height, frame.orientation) == (400, 600, 6)


def test_a_preview_lies_behind_the_picture(tmp_path: Path) -> None:
    path = write_photo(tmp_path / "a.jpg", 0, 1800, 1200, preview=True)
    with Image.open(path) as image:
        assert (image.format, image.n_frames, image.size) == ("MPO", 2, (1800, 1200))
        assert image.mpinfo[0xB002][1]["Attribute"]["MPType"] == "Large Thumbnail (Full HD Equivalent)"
        image.seek(1)
        assert image.size == (PREVIEW_SIDE, 1080)
        small = np.asarray(image.convert("RGB"), float)
    whole = Image.fromarray(decode(path, 1800).pixels).resize((PREVIEW_SIDE, 1080))
    assert np.abs(small - np.asarray(whole, float)).mean() < 6


@pytest.mark.skipif(shutil.which("exiftool") is None, reason="exiftool is not installed")
def test_exiftool_finds_nothing_wrong_with_a_preview(tmp_path: Path) -> None:
    path = write_photo(tmp_path / "a.jpg", 0, *SIZE, preview=True)
    command = [
        "exiftool",
        "-j",
        "-validate",
        "-warning",
        "-error",
        "-MPImageType",
        "-MPImageLength",
        "-a",
        path,
    ]
    (said,) = json.loads(subprocess.run(command, capture_output=True, check=True).stdout)
    assert "Error" not in said
    start, length = (
        int(subprocess.run(["exiftool", "-s3", f"-{name}", path], capture_output=True, check=True).stdout)
        for name in ("MPImageStart", "MPImageLength")
    )
    assert path.read_bytes()[start:][:3] == b"\xff\xd8\xff"
    assert start + length == path.stat().st_size


def test_a_raw_file_has_a_sensor_and_a_preview(tmp_path: Path) -> None:
    with rawpy.imread(str(write_photo(tmp_path / "a.dng", 0, *SIZE))) as raw:
        assert raw.raw_image_visible.shape == (SIZE[1], SIZE[0])
        assert raw.extract_thumb().format == rawpy.ThumbFormat.JPEG


def test_noise_grows_with_light_and_sensitivity() -> None:
    def noise(light: float, number: int) -> float:
        scene = np.full((200, 200, 3), light, np.float32)
        return float(sense(scene, number).astype(float).std())

    iso_100, iso_3200 = 0, 12
    assert noise(0.6, iso_100) > 2 * noise(0.05, iso_100) > 0
    assert noise(0.2, iso_3200) > 4 * noise(0.2, iso_100)


def test_colours_come_out_as_they_went_in() -> None:
    scene = np.empty((64, 64, 3), np.float32)
    scene[:] = (0.5, 0.2, 0.05)
    assert np.abs(develop(sense(scene, 0)).mean((0, 1)) - (188, 124, 63)).max() < 4


def test_what_is_there_is_not_made_again(tmp_path: Path) -> None:
    kind = PhotoSet("tiny", ".jpg", 90, 60, 3, 0.01)
    first = make_set(kind, tmp_path)
    times = [path.stat().st_mtime_ns for path in first]
    first[1].unlink()
    again = make_set(kind, tmp_path)
    assert again == first
    changed = [path.stat().st_mtime_ns != before for path, before in zip(again, times, strict=True)]
    assert changed == [False, True, False]
    assert sorted(path.name for path in first[0].parent.iterdir()) == ["0000.jpg", "0001.jpg", "0002.jpg"]


def test_many_names_stand_for_few_photos(tmp_path: Path) -> None:
    photos = make_set(PhotoSet("tiny", ".jpg", 90, 60, 2, 0.01), tmp_path)
    for _ in range(2):
        folder = link_photos(photos, tmp_path / "links", 5)
    names = sorted(folder.iterdir())
    assert len(names) == 5
    assert len({path.stat().st_ino for path in names}) == 2
