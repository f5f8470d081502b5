"""`photocli crop` as users call it: the table, JSON, sidecars, and what is left alone."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import pytest
from commands import photocli
from networks import write_model
from photos import camera_exif, write_photo
from sidecars import LIGHTROOM

from photocli import explain
from photocli.framing import Framing
from photocli.scoring.options import Options
from photocli.xmp.embedding import packet_in


@pytest.fixture(autouse=True)
def model(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """A model that likes bright photos, in place of the built-in one, and a journal of its own."""
    root = tmp_path_factory.mktemp("models")
    write_model(root)
    monkeypatch.setenv("PHOTOCLI_MODELS", str(root))
    monkeypatch.setenv("PHOTOCLI_STATE", str(tmp_path_factory.mktemp("state")))


TAKEN = {
    "captured": "2024-05-01T10:20:30",
    "camera": "Canon EOS R5",
    "lens": "RF24-70mm F2.8 L IS USM",
    "iso": 200,
    "exposure_s": 0.004,
    "f_number": 2.8,
    "focal_mm": 50.0,
    "error": None,
}


def half_dark(width: int = 900, height: int = 600) -> np.ndarray:
    """Black on the left, white on the right: the right part scores higher."""
    pixels = np.zeros((height, width, 3), np.uint8)
    pixels[:, width // 3 :] = 250
    return pixels


@pytest.fixture
def shoot(tmp_path: Path) -> Path:
    folder = tmp_path / "shoot"
    write_photo(folder / "a.jpg", half_dark())
    write_photo(folder / "b.jpg", np.full((600, 900, 3), 200, np.uint8), exif=camera_exif())
    (folder / "broken.jpg").write_bytes(b"\xff\xd8\xff\xe0\0\x10JFIF")
    return folder


def hashes(folder: Path) -> dict[str, str]:
    return {file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in sorted(folder.iterdir())}


def test_crops_are_shown_and_written_as_json(shoot: Path) -> None:
    before = hashes(shoot)
    done = photocli("crop", shoot, "--smallest", "100", "--json", "-")
    assert done.code == 3
    records = {Path(entry["path"]).name: entry for entry in done.document["records"]}
    crop = records["a.jpg"]["details"]["crop"]
    assert crop["aspect"] == "3:2"
    assert crop["left"] > 0.15
    assert crop["gain"] == pytest.approx(crop["aesthetic"] + crop["border"] - crop["lost"], abs=0.001)
    assert records["b.jpg"]["details"] == {"crop": None}
    assert {name: records["b.jpg"][name] for name in TAKEN} == TAKEN
    assert records["broken.jpg"]["status"] == "failed"
    assert "1 crop suggested" in done.err
    assert hashes(shoot) == before


def test_limits_and_wrong_use(shoot: Path) -> None:
    for options in (["--keep", "0.98"], ["--smallest", "600"]):
        assert "0 crops suggested" in photocli("crop", shoot, *options).out
    for options in (["--aspect", "wide"], ["--keep", "0"], ["--smallest", "0"]):
        assert photocli("crop", shoot, *options).code == 2


def test_crops_go_into_sidecars_and_come_back_with_undo(shoot: Path) -> None:
    (shoot / "broken.jpg").unlink()
    before = hashes(shoot)
    done = photocli("crop", shoot, "--smallest", "100", "--xmp")
    assert done.code == 0
    text = (shoot / "a.jpg.xmp").read_text()
    assert 'crs:HasCrop="True"' in text
    assert "Rating" not in text
    assert not (shoot / "b.jpg.xmp").exists()
    assert "Lightroom doesn't read the sidecars of JPEGs" in done.out
    assert "--embed writes there" in done.out
    written = hashes(shoot)
    again = photocli("crop", shoot, "--smallest", "100", "--xmp")
    assert "develop settings: 1" in again.out
    assert hashes(shoot) == written
    assert photocli("undo").code == 0
    assert hashes(shoot) == before


def test_a_turned_jpeg_holds_the_crop_of_its_sensor(tmp_path: Path) -> None:
    # Upright, the dark third is on the left; as orientation 6 stores it, it lies at the bottom.
    photo = write_photo(tmp_path / "a.jpg", half_dark(), orientation=6)
    assert photocli("crop", photo, "--smallest", "100", "--embed").code == 0
    packet = (packet_in(photo.read_bytes()) or b"").decode()
    bottom = float(packet.split('crs:CropBottom="')[1].split('"')[0])
    assert bottom < 0.85
    assert not (tmp_path / "a.jpg.xmp").exists()


def test_photos_with_develop_settings_are_left_alone(shoot: Path) -> None:
    (shoot / "a.xmp").write_text(LIGHTROOM)
    before = hashes(shoot)
    done = photocli("crop", shoot / "a.jpg", "--smallest", "100", "--xmp", "--embed")
    assert "develop settings: 1" in done.out
    assert hashes(shoot) == before


def test_a_kind_that_holds_no_crop_is_left_alone(tmp_path: Path) -> None:
    write_photo(tmp_path / "a.png", half_dark())
    done = photocli("crop", tmp_path, "--smallest", "100", "--xmp")
    assert done.code == 0
    assert "RAW files and JPEGs alone: 1" in done.out
    assert [file.name for file in tmp_path.iterdir()] == ["a.png"]


def test_the_page_of_explain_shows_the_crop_if_asked(tmp_path: Path) -> None:
    photo = write_photo(tmp_path / "a.jpg", half_dark())
    without = explain(photo, Options(device="cpu"))
    shown = explain(photo, Options(device="cpu"), framing=Framing(smallest=100))
    assert without.framing is None
    assert shown.suggestion is not None
    page, other = shown.picture(), without.picture()
    assert page.height > other.height + 300
    none = explain(photo, Options(device="cpu"), framing=Framing(keep=1))
    assert none.suggestion is None
    assert none.picture().height > other.height
    assert photocli("explain", photo, "--crop", "-o", tmp_path / "why.png").code == 0
