"""Crops for Camera Raw: in the sensor's frame, read by others, never over develop settings, taken back."""

from __future__ import annotations

import json
import subprocess
from dataclasses import astuple
from datetime import datetime
from pathlib import Path

import numpy as np
import pytest
from photos import STORED_AS, write_photo
from PIL import Image
from sidecars import CAPTURE_ONE, LIGHTROOM

from photocli.framing.boxes import Box
from photocli.xmp import camera_raw
from photocli.xmp.camera_raw import SensorCrop, placed
from photocli.xmp.merge import XmpChanges, merge

NOW = datetime(2026, 1, 2, 3, 4, 5)
CROP = SensorCrop(0.125, 0.25, 0.75, 0.9)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_box_is_placed_where_the_sensor_saw_it(orientation: int) -> None:
    upright = np.zeros((40, 60), np.uint8)
    upright[8:30, 6:21] = 255
    turn = STORED_AS[orientation]
    stored = np.asarray(
        Image.fromarray(upright) if turn is None else Image.fromarray(upright).transpose(turn)
    )
    crop = placed(Box(6 / 60, 8 / 40, 21 / 60, 30 / 40), orientation)
    rows, columns = np.flatnonzero(stored.any(axis=1)), np.flatnonzero(stored.any(axis=0))
    height, width = stored.shape
    expected = (columns[0] / width, rows[0] / height, (columns[-1] + 1) / width, (rows[-1] + 1) / height)
    assert astuple(crop) == pytest.approx(expected)


def test_a_crop_lies_within_its_photo() -> None:
    for sides in ((0.5, 0, 0.5, 1), (-0.1, 0, 1, 1), (0, 0.2, 1, 0.1), (0, 0, 1, 1.1)):
        with pytest.raises(ValueError, match="within"):
            SensorCrop(*sides)


@pytest.mark.parametrize("packet", [None, CAPTURE_ONE.encode()])
def test_two_other_readers_read_the_crop(tmp_path: Path, packet: bytes | None) -> None:
    assert packet is None or b"camera-raw-settings" not in packet
    result = merge(packet, XmpChanges(crop=CROP), now=NOW)
    assert result.changed
    assert not result.kept
    sidecar = tmp_path / "I.xmp"
    sidecar.write_bytes(result.packet)
    said = subprocess.run(["exiftool", "-j", "-n", "-XMP-crs:all", sidecar], capture_output=True, check=True)
    read = json.loads(said.stdout)[0]
    assert read["HasCrop"] in (True, "True")
    sides = [read[f"Crop{side}"] for side in ("Left", "Top", "Right", "Bottom", "Angle", "ConstrainToWarp")]
    assert sides == [0.125, 0.25, 0.75, 0.9, 0, 0]
    listed = subprocess.run(["exiv2", "-PXkv", sidecar], capture_output=True, check=True, text=True).stdout
    values = dict(line.split(maxsplit=1) for line in listed.splitlines() if ".crs." in line)
    assert values["Xmp.crs.HasCrop"].strip() == "True"
    assert values["Xmp.crs.CropBottom"].strip() == "0.9"
    again = merge(result.packet, XmpChanges(crop=CROP), now=NOW)
    assert (again.changed, again.kept) == (False, False)


def test_develop_settings_are_never_touched() -> None:
    first = merge(None, XmpChanges(crop=CROP), now=NOW).packet
    other = merge(first, XmpChanges(crop=SensorCrop(0, 0, 0.5, 0.5)), now=NOW)
    assert (other.packet, other.changed, other.kept_settings) == (first, False, True)
    developed = CAPTURE_ONE.replace(
        "<rdf:Description",
        '<rdf:Description xmlns:crs="http://ns.adobe.com/camera-raw-settings/1.0/" crs:Exposure2012="+0.5"',
        1,
    ).encode()
    assert merge(LIGHTROOM.encode(), XmpChanges(crop=CROP), now=NOW).kept_settings
    kept = merge(developed, XmpChanges(crop=CROP, overwrite=True), now=NOW)
    assert (kept.packet, kept.changed, kept.kept_settings) == (developed, False, True)


def test_develop_settings_are_found_wherever_they_are(tmp_path: Path) -> None:
    photo, raw = write_photo(tmp_path / "I.jpg", size=(60, 40)), tmp_path / "I.CR2"
    raw.write_bytes(b"raw")
    assert camera_raw.developed(photo, raw) is None
    settings = b'xmlns:crs="http://ns.adobe.com/camera-raw-settings/1.0/"'
    for name in ("I.XMP", "I.CR2.xmp", "i.jpg.xmp"):
        sidecar = tmp_path / name
        sidecar.write_bytes(settings.decode().encode("utf-16"))
        assert camera_raw.developed(photo, raw) == sidecar
        sidecar.unlink()
    raw.write_bytes(b"raw" + settings)
    assert camera_raw.developed(photo, raw) == raw
    assert camera_raw.developed(photo) is None
