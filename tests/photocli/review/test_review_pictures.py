"""Pictures for the page: they show the photo, the right way up, and nothing else that its file knows."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import previewed
import pytest
from dng import write_dng
from photos import camera_exif, picture, write_photo
from PIL import Image
from profiles import rgb_profile
from shown import ShownFiles

from photocli.decode import decode
from photocli.errors import PictureError
from photocli.inputs import thumbnails
from photocli.records import Face, Record
from photocli.review.pictures import FACE_SIZES, Pictures
from photocli.review.requests import media_type

LARGE = (2400, 1600)
PLACE = b"\x00\x02\x00\x05\x00\x00\x00\x03"
SECRETS = (b"Canon", b"2024:05:01", b"ns.adobe.com", b"secret")


class Shown:
    """Pictures of some files, which are ended with the test."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._opened: list[Pictures] = []

    def __call__(self, *paths: Path, **options: Any) -> Pictures:
        self.shoot = ShownFiles(paths)
        self._opened.append(Pictures(self.shoot, self._folder, **options))
        return self._opened[-1]

    def close(self) -> None:
        for pictures in self._opened:
            pictures.close()


@pytest.fixture
def show(tmp_path: Path) -> Iterator[Shown]:
    shown = Shown(tmp_path / "kept")
    yield shown
    shown.close()


def seen(data: bytes) -> Image.Image:
    """The picture as a browser shows it."""
    from PIL import ImageOps

    return ImageOps.exif_transpose(Image.open(io.BytesIO(data))).convert("RGB")


def difference(image: Image.Image, expected: Image.Image) -> float:
    size = (90, 60) if expected.width > expected.height else (60, 90)
    ours, theirs = (np.asarray(each.resize(size, reducing_gap=3), int) for each in (image, expected))
    return float(np.abs(ours - theirs).mean())


@pytest.mark.parametrize("orientation", [1, 3, 6, 7])
@pytest.mark.parametrize("suffix", [".jpg", ".png"])
def test_every_kind_shows_the_photo_upright(
    tmp_path: Path, show: Shown, suffix: str, orientation: int
) -> None:
    path = write_photo(tmp_path / f"a{suffix}", "coffee", size=(1500, 1000), orientation=orientation)
    pictures = show(path)
    full, kind = pictures.full(0)
    shown = {"thumbnail": pictures.thumbnail(0), "preview": pictures.preview(0), "full": full}
    assert kind == "image/jpeg"
    sizes = {name: seen(data).size for name, data in shown.items()}
    assert sizes == {"thumbnail": (320, 213), "preview": (1500, 1000), "full": (1500, 1000)}
    for data in shown.values():
        assert difference(seen(data), picture("coffee")) < 4


def test_a_large_photo_is_made_smaller_but_not_whole(tmp_path: Path, show: Shown) -> None:
    pictures = show(write_photo(tmp_path / "a.jpg", "coffee", size=(4400, 2900)))
    preview = seen(pictures.preview(0))
    assert preview.size == (2048, 1350)
    assert difference(preview, picture("coffee")) < 4
    assert seen(pictures.full(0)[0]).size == (4400, 2900)


def test_a_whole_jpeg_has_the_very_pixels_of_its_file(tmp_path: Path, show: Shown) -> None:
    path = write_photo(tmp_path / "a.jpg", "coffee", orientation=6, quality=97)
    data, _ = show(path).full(0)
    assert np.array_equal(np.asarray(Image.open(io.BytesIO(data))), np.asarray(Image.open(path)))


@pytest.mark.parametrize("suffix", [".jpg", ".png", ".webp", ".heic", ".tif"])
def test_no_picture_has_metadata(tmp_path: Path, show: Shown, suffix: str) -> None:
    exif = Image.Exif()
    exif.load(camera_exif(orientation=3))
    exif[0x8825] = {1: "N", 2: (48.0, 51.0, 30.0), 3: "E", 4: (2.0, 17.0, 40.0)}
    more = (
        {}
        if suffix in (".tif", ".heic")
        else {"xmp": b"<x:xmpmeta xmlns:x='ns.adobe.com'>secret</x:xmpmeta>"}
    )
    block = exif.tobytes().removeprefix(b"Exif\0\0")
    path = write_photo(tmp_path / f"a{suffix}", "chelsea", size=(900, 600), exif=block, **more)
    assert b"Canon" in path.read_bytes()
    pictures = show(path)
    for data in (pictures.thumbnail(0), pictures.preview(0), pictures.full(0)[0]):
        assert not [secret for secret in SECRETS if secret in data]
        assert set(Image.open(io.BytesIO(data)).getexif()) <= {0x0112}
        assert media_type(data) is not None


def test_a_colour_profile_is_kept_or_applied(tmp_path: Path, show: Shown) -> None:
    profile = rgb_profile(
        b"Dark", ((0.4361, 0.2225, 0.0139), (0.3851, 0.7169, 0.0971), (0.1431, 0.0606, 0.7139)), 1.0
    )
    path = write_photo(tmp_path / "a.jpg", "coffee", size=(900, 600), icc_profile=profile)
    pictures = show(path)
    whole = Image.open(io.BytesIO(pictures.full(0)[0]))
    assert whole.info["icc_profile"] == profile
    preview = Image.open(io.BytesIO(pictures.preview(0)))
    assert "icc_profile" not in preview.info
    assert difference(preview, Image.fromarray(decode(path, 900).pixels)) < 2


def test_what_browsers_do_not_show_is_made_anew(tmp_path: Path, show: Shown) -> None:
    path = tmp_path / "inks.jpg"
    picture("coffee", (600, 400)).convert("CMYK").save(path, "JPEG", quality=95)
    data, _ = show(path).full(0)
    assert Image.open(io.BytesIO(data)).mode == "RGB"
    assert difference(seen(data), picture("coffee")) < 12


@pytest.mark.parametrize("orientation", [1, 6])
def test_a_good_preview_inside_is_shown_as_it_is(tmp_path: Path, show: Shown, orientation: int) -> None:
    inside = previewed.of("flower", (1620, 1080), orientation)
    cat = previewed.of("chelsea", LARGE, orientation)
    exif = previewed.block(orientation if orientation > 1 else None)
    path = tmp_path / "a.jpg"
    path.write_bytes(previewed.with_previews(cat, [(previewed.FULL_HD, inside)], exif=exif))
    pictures = show(path)
    preview = pictures.preview(0)
    assert seen(preview).size == (1620, 1080)
    assert difference(seen(preview), picture("flower")) < 4
    assert not [secret for secret in SECRETS if secret in preview]
    assert difference(seen(pictures.full(0)[0]), picture("chelsea")) < 4


@pytest.mark.parametrize("size", [(480, 320), (300, 200)])
def test_a_thumbnail_may_come_from_a_small_preview(
    tmp_path: Path, show: Shown, size: tuple[int, int]
) -> None:
    cat, inside = previewed.of("chelsea", LARGE), previewed.of("flower", size)
    path = tmp_path / "a.jpg"
    path.write_bytes(previewed.with_previews(cat, [(previewed.FULL_HD, inside)], exif=previewed.block()))
    shown = "flower" if size[0] >= 320 else "chelsea"
    assert difference(seen(show(path).thumbnail(0)), picture(shown)) < 5


@pytest.mark.parametrize("size", [(1020, 680), (2000, 1500)])
def test_a_preview_that_is_small_or_of_another_shape_is_not(
    tmp_path: Path, show: Shown, size: tuple[int, int]
) -> None:
    cat, inside = previewed.of("chelsea", LARGE), previewed.of("flower", size)
    path = tmp_path / "a.jpg"
    path.write_bytes(previewed.with_previews(cat, [(previewed.FULL_HD, inside)], exif=previewed.block()))
    assert difference(seen(show(path).preview(0)), picture("chelsea")) < 4


def test_a_raw_file_is_shown_whole_by_its_preview_or_developed(tmp_path: Path, show: Shown) -> None:
    chelsea, coffee = picture("chelsea", LARGE), picture("coffee", LARGE)
    large = write_dng(tmp_path / "large.dng", chelsea, preview=coffee)
    small = write_dng(tmp_path / "small.dng", chelsea, preview=coffee.resize((1200, 800)))
    pictures = show(large, small)
    whole = [seen(pictures.full(id)[0]) for id in (0, 1)]
    assert [image.size for image in whole] == [LARGE, LARGE]
    assert difference(whole[0], coffee) < 5
    assert difference(whole[1], chelsea) < 12
    assert difference(seen(pictures.preview(1)), coffee) < 5


def faces_of(pictures: Pictures, shoot: ShownFiles, *boxes: tuple[float, float, float, float]) -> None:
    """Give the first photo a record with faces."""
    eyes = ((0.4, 0.4), (0.6, 0.4))
    found = tuple(Face(box, eyes, 0.9, None) for box in boxes)
    shoot.photos[0].record = Record("a.jpg", width=2400, height=1600, faces=len(found), each_face=found)


@pytest.mark.parametrize("orientation", [1, 8])
def test_faces_are_cut_out_at_full_detail(tmp_path: Path, show: Shown, orientation: int) -> None:
    pixels = np.full((1600, 2400, 3), 40, np.uint8)
    pixels[400:600, 300:500] = (200, 30, 30)
    pixels[1500:1600, 2300:2400] = (30, 200, 30)  # in the corner
    path = write_photo(tmp_path / "a.jpg", pixels, orientation=orientation)
    pictures = show(path)
    faces_of(
        pictures, show.shoot, (300 / 2400, 0.25, 500 / 2400, 0.375), (2300 / 2400, 1500 / 1600, 1.02, 1.01)
    )
    red, green = (np.asarray(seen(pictures.face(0, n)), int) for n in (0, 1))
    assert red.shape == (320, 320, 3)
    assert green.shape == (170, 170, 3)  # no larger than the photo has it
    assert np.abs(red[160, 160] - (200, 30, 30)).max() < 8
    assert np.abs(red[10, 10] - 40).max() < 8
    assert np.abs(green[-5, -5] - (30, 200, 30)).max() < 8
    assert seen(pictures.face(0, 0, 100)).width == FACE_SIZES[0]
    with pytest.raises(PictureError, match=r"a\.jpg has no such face"):
        pictures.face(0, 2)
    with pytest.raises(PictureError, match="no such face"):
        pictures.face(0, -1)


def test_a_large_face_is_made_smaller(tmp_path: Path, show: Shown) -> None:
    path = write_photo(tmp_path / "a.jpg", "astronaut", size=(2400, 1600))
    pictures = show(path)
    faces_of(pictures, show.shoot, (0.2, 0.1, 0.8, 0.9))
    data = pictures.face(0, 0)
    assert seen(data).size == (320, 320)
    square = picture("astronaut", (2400, 1600)).crop((400, 0, 2000, 1600))
    assert difference(seen(data), square) < 6


def test_how_it_was_taken_can_be_read(tmp_path: Path, show: Shown) -> None:
    exif = Image.Exif()
    exif.load(camera_exif(bias=-0.67))
    exif[0x8825] = {1: "N", 2: (48.0, 51.0, 30.0), 3: "E", 4: (2.0, 17.0, 40.0)}
    block = exif.tobytes().removeprefix(b"Exif\0\0")
    names = ("a.jpg", "a.png", "a.heic", "a.webp", "a.tif")
    pictures = show(*(write_photo(tmp_path / name, size=(300, 200), exif=block) for name in names))
    rows = [dict(pictures.exif(id)) for id in range(len(names))]
    assert rows[0] == {
        "Time": "2024-05-01 10:20:30",
        "Camera": "Canon EOS R5",
        "Lens": "RF24-70mm F2.8 L IS USM",
        "Exposure": "1/250 s",
        "Aperture": "f/2.8",
        "ISO": "200",
        "Focal length": "50 mm",
        "Compensation": "-0.67 EV",
        "Place": "stored in the file",
    }
    assert "48" not in json.dumps(rows[0])
    for row in rows[1:]:
        assert row["Camera"] == "Canon EOS R5"
    raw = write_dng(tmp_path / "a.dng", picture("chelsea", (1200, 800)))
    assert show(raw).exif(0)[0][0] == "Camera"


def test_a_photo_that_is_kept_is_not_decoded_again(tmp_path: Path, show: Shown) -> None:
    path = write_photo(tmp_path / "a.jpg", "coffee", size=(900, 600))
    first = show(path)
    thumbnail, preview = first.thumbnail(0), first.preview(0)
    first.close()
    again = show(path, max_pixels=1)  # would refuse to decode it
    assert again.thumbnail(0) == thumbnail
    assert again.preview(0) == preview
    write_photo(path, "chelsea", size=(900, 600))
    with pytest.raises(PictureError, match=r"a\.jpg cannot be shown: too large"):
        again.thumbnail(0)


def test_a_photo_that_changed_is_shown_as_it_is_now(tmp_path: Path, show: Shown) -> None:
    path = write_photo(tmp_path / "a.jpg", "coffee", size=(600, 400))
    pictures = show(path)
    version = pictures.version(0)
    assert version == pictures.version(0)
    assert difference(seen(pictures.thumbnail(0)), picture("coffee")) < 4
    write_photo(path, "chelsea", size=(600, 400))
    assert pictures.version(0) != version
    assert difference(seen(pictures.thumbnail(0)), picture("chelsea")) < 4
    path.unlink()
    assert pictures.version(0) == "gone"


def test_a_thumbnail_of_the_pass_is_taken(tmp_path: Path, show: Shown) -> None:
    path = write_photo(tmp_path / "a.jpg", "coffee")
    data = thumbnails.encode(np.asarray(picture("coffee")), 320).tobytes()
    pictures = show(path, max_pixels=1)
    pictures.keep_thumbnail(0, data)
    pictures.keep_thumbnail(5, data)  # there is no such photo
    assert pictures.thumbnail(0) == data
    assert show(path, max_pixels=1).thumbnail(0) == data
    show(path).keep_thumbnail(0, b"<html>")
    assert show(path, max_pixels=1).thumbnail(0) == data


def test_a_photo_that_was_dropped_is_shown_from_memory(tmp_path: Path, show: Shown) -> None:
    data = write_photo(tmp_path / "a.jpg", "coffee", size=(900, 600)).read_bytes()
    pictures = show(Path("a.jpg"))
    show.shoot.photos[0].dropped = True
    with pytest.raises(PictureError, match="was dropped on the page, and is not there any more"):
        pictures.thumbnail(0)
    pictures.hold(0, data, ".jpg")
    assert difference(seen(pictures.thumbnail(0)), picture("coffee")) < 4
    assert seen(pictures.preview(0)).size == seen(pictures.full(0)[0]).size == (900, 600)
    assert [path for path in (tmp_path / "kept").rglob("*") if path.is_file()] == []
    show.shoot.photos[0] = replace(show.shoot.photos[0], dropped=False)
    assert pictures.exif(0) == []
