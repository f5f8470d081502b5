"""The largest level that is decoded, the frame that is made from it, and what is said of both."""

from __future__ import annotations

import csv
import io
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from commands import photocli
from networks import write_model
from photos import picture, write_photo
from PIL import Image
from profiles import ADOBE, rgb_profile

from photocli import Options, Run
from photocli.decode import Reading, decode, decode_bytes, levels, memory
from photocli.decode.colour import converted
from photocli.errors import DecodeError

SIZE = (2400, 1600)


def jpeg(image: Image.Image, **options: Any) -> bytes:
    file = io.BytesIO()
    image.save(file, "JPEG", **{"quality": 90, **options})
    return file.getvalue()


@pytest.fixture(scope="module")
def photo() -> Image.Image:
    return picture(size=SIZE)


@pytest.mark.parametrize(
    ("size", "side", "frame", "level"),
    [
        ((6000, 4000), 1024, 4, 2),
        ((4032, 3024), 1024, 2, 1),
        ((3000, 4000), 1024, 2, 1),
        ((8256, 5504), 1024, 8, 4),
        ((11648, 8736), 1024, 8, 4),
        ((20000, 9000), 1024, 16, 8),
        ((30000, 2000), 1024, 24, 8),
        ((2047, 1500), 1024, 1, 1),
        ((100, 60), 1024, 1, 1),
    ],
)
def test_how_much_photos_are_reduced(size: tuple[int, int], side: int, frame: int, level: int) -> None:
    assert levels.frame_factor(max(size), side) == frame
    assert levels.detail_factor(size, side) == level
    assert frame % level == 0
    assert side <= -(-max(size) // frame) < 2 * side or frame == 1


@pytest.mark.parametrize(
    ("size", "level"), [((6000, 4000), 1), ((9504, 6336), 1), ((11648, 8736), 2), ((15800, 15800), 2)]
)
def test_how_much_native_photos_are_reduced(size: tuple[int, int], level: int) -> None:
    assert levels.detail_factor(size, 1024, native=True) == level


@pytest.mark.parametrize("mode", ["RGB", "L"])
@pytest.mark.parametrize("factor", [2, 3, 4, 5, 8])
def test_reduction_is_that_of_whole_blocks(mode: str, factor: int) -> None:
    for size in ((64, 48), (65, 49), (7, 3), (1, 9)):
        image = picture(size=size).convert(mode)
        expected = np.asarray(image.reduce(factor)).astype(int)
        found = levels.reduced(np.asarray(image), factor)
        assert found.shape == expected.shape
        assert np.abs(found - expected).max() <= 1


@pytest.mark.parametrize("options", [{}, {"subsampling": 0}, {"subsampling": 1}, {"progressive": True}])
@pytest.mark.parametrize(("side", "scale"), [(200, 4), (400, 2), (800, 1)])
def test_pixels_are_those_of_pillow(
    options: dict[str, Any], side: int, scale: int, photo: Image.Image
) -> None:
    data = jpeg(photo, **options)
    frame = decode_bytes(data, ".jpg", side)
    image = Image.open(io.BytesIO(data))
    image.draft(None, (SIZE[0] // scale, 1))
    expected = np.asarray(image)
    assert image.size == (SIZE[0] // scale, SIZE[1] // scale)
    assert frame.detail is not None
    assert frame.scale == 1 / scale
    np.testing.assert_array_equal(frame.detail, expected)
    np.testing.assert_array_equal(frame.pixels, levels.reduced(expected, 2))


def four_to_one(image: Image.Image) -> bytes:
    """A JPEG whose colours are a quarter as wide, as Pillow does not write it."""
    import simplejpeg

    return bytes(simplejpeg.encode_jpeg(np.asarray(image), 90, "RGB", "411"))


@pytest.mark.parametrize(
    "make",
    [
        lambda image: jpeg(image.convert("CMYK")),
        lambda image: jpeg(image.convert("L")),
        four_to_one,
        lambda image: jpeg(image, keep_rgb=True),
        lambda image: jpeg(image.crop((0, 0, 2399, 1599))),
    ],
    ids=["cmyk", "grey", "4:1:1", "stored as RGB", "odd size"],
)
def test_rare_kinds_are_decoded_too(make: Callable[[Image.Image], bytes], photo: Image.Image) -> None:
    data = make(photo)
    frame = decode_bytes(data, ".jpg", 400)
    image = Image.open(io.BytesIO(data))
    image.draft(None, (1199, 1))
    expected = np.asarray(image.convert("RGB"))
    assert frame.detail is not None
    np.testing.assert_array_equal(frame.detail, expected)
    shrunk = (
        Image.open(io.BytesIO(data)).convert("RGB").resize((frame.pixels.shape[1], frame.pixels.shape[0]))
    )
    assert np.abs(frame.pixels.astype(int) - np.asarray(shrunk)).mean() < 3


def test_without_simplejpeg_pillow_decodes(tmp_path: Path, photo: Image.Image) -> None:
    """As where there is no wheel of it; the pixels are the same."""
    path = tmp_path / "a.jpg"
    path.write_bytes(jpeg(photo))
    (tmp_path / "simplejpeg.py").write_text("raise ImportError('no wheel')")
    code = (
        "import sys; from pathlib import Path; from photocli.decode import decode;"
        "frame = decode(Path(sys.argv[1]), 400);"
        "sys.stdout.buffer.write(frame.pixels.tobytes() + frame.detail.tobytes())"
    )
    environment = {**os.environ, "PYTHONPATH": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-c", code, path], capture_output=True, check=True, env=environment
    )
    frame = decode(path, 400)
    assert frame.detail is not None
    assert done.stdout == frame.pixels.tobytes() + frame.detail.tobytes()


def test_large_files_are_mapped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, photo: Image.Image) -> None:
    """As a photo with a film behind it."""
    path = tmp_path / "a.jpg"
    path.write_bytes(jpeg(photo))
    expected = decode(path, 400).pixels
    path.write_bytes(jpeg(photo) + b"film" * 9999)
    monkeypatch.setattr("photocli.decode.jpeg._LARGE", 9999)
    np.testing.assert_array_equal(decode(path, 400).pixels, expected)
    path.write_bytes(jpeg(photo)[:-999])
    with pytest.raises(DecodeError, match=r"^truncated: the picture data ends early$"):
        decode(path, 400)


@pytest.mark.parametrize("suffix", [".jpg", ".png"])
@pytest.mark.parametrize("turn", range(1, 9))
def test_the_detail_is_upright_as_the_frame_is(suffix: str, turn: int, tmp_path: Path) -> None:
    path = write_photo(tmp_path / f"a{suffix}", size=(600, 400), orientation=turn, quality=95)
    frame = decode(path, 200)
    assert frame.detail is not None
    assert frame.pixels.flags.c_contiguous
    assert frame.pixels.shape == (200, 300, 3)
    assert frame.detail.shape == (400, 600, 3)
    difference = levels.reduced(np.ascontiguousarray(frame.detail), 2).astype(int) - frame.pixels
    assert np.abs(difference).max() <= 1
    assert np.abs(frame.detail.astype(int) - np.asarray(picture(size=(600, 400)))).mean() < 5


@pytest.mark.parametrize("suffix", [".jpg", ".png"])
def test_the_detail_has_the_colours_of_the_frame(suffix: str, tmp_path: Path) -> None:
    profile = rgb_profile(b"Adobe", ADOBE, 2.2)
    frame = decode(write_photo(tmp_path / f"a{suffix}", size=(600, 400), icc_profile=profile), 200)
    assert frame.detail is not None
    assert frame.detail_profile == profile
    srgb = levels.reduced(converted(frame.detail, frame.detail_profile), 2)
    assert np.abs(srgb.astype(int) - frame.pixels).mean() < 1
    assert np.abs(levels.reduced(frame.detail, 2).astype(int) - frame.pixels).mean() > 3
    plain = decode(write_photo(tmp_path / f"b{suffix}", size=(600, 400)), 200)
    assert plain.detail_profile is None


@pytest.mark.parametrize("native", [False, True])
@pytest.mark.parametrize("suffix", [".jpg", ".png"])
def test_images_in_memory_give_what_their_files_do(suffix: str, native: bool, tmp_path: Path) -> None:
    path = write_photo(tmp_path / f"a{suffix}", size=(850, 601))
    reading = Reading(native=native)
    frame = decode(path, 200, reading)
    given: list[object] = [path.read_bytes()]
    if suffix == ".png":
        given += [Image.open(path), np.asarray(Image.open(path))]
    for image in given:
        found = memory.to_frame(memory.pack(image, suffix, reading), 200, reading)
        assert frame.detail is not None
        assert found.detail is not None
        np.testing.assert_array_equal(found.pixels, frame.pixels)
        np.testing.assert_array_equal(found.detail, frame.detail)
        assert found.scale == frame.scale


def test_records_say_what_was_looked_at(tmp_path: Path, own_folders: Path, photo: Image.Image) -> None:
    write_model(own_folders / "models")
    (tmp_path / "shoot").mkdir()
    (tmp_path / "shoot" / "small.jpg").write_bytes(jpeg(picture(size=(900, 600))))
    large = picture(size=(4200, 1000))
    (tmp_path / "shoot" / "wide.jpg").write_bytes(jpeg(large))
    for _ in range(2):  # the second time from the cache
        records = list(Run([tmp_path / "shoot"], Options(workers=1)))
        assert [(record.decoded, record.scale) for record in records] == [("photo", 1.0), ("photo", 0.5)]
    done = photocli("score", tmp_path / "shoot", "--csv", "-", "-q")
    rows = csv.DictReader(done.out.splitlines())
    assert [(row["decoded"], row["scale"]) for row in rows] == [("photo", "1.0"), ("photo", "0.5")]
    (record,) = Run([large], Options(workers=1))
    assert (record.decoded, record.scale) == ("photo", 0.5)


def cpu(action: Callable[[], object], times: int = 5) -> float:
    taken = []
    for _ in range(times):
        begun = time.process_time()
        action()
        taken.append(time.process_time() - begun)
    return sorted(taken)[times // 2]


@pytest.mark.slow
def test_native_costs_little_more_than_the_frame() -> None:
    grain = np.random.default_rng(0).normal(0, 8, (4000, 6000, 1)).astype(np.int16)
    pixels = np.clip(np.asarray(picture(size=(6000, 4000))) + grain, 0, 255).astype(np.uint8)
    data = jpeg(Image.fromarray(pixels), quality=92)  # as large as cameras write them
    frame, native = (
        cpu(lambda reading=reading: decode_bytes(data, ".jpg", 1024, reading))  # type: ignore[misc]
        for reading in (Reading(), Reading(native=True))
    )
    assert native < 2.2 * frame


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="only Linux says how much memory a process had at most")
@pytest.mark.parametrize(("native", "scale", "most"), [(False, 0.25, 900_000), (True, 0.5, 950_000)])
def test_a_hundred_megapixels_take_little_memory(
    native: bool, scale: float, most: int, tmp_path: Path
) -> None:
    """Progressive, and with all of its colours: the kind of JPEG that takes the most."""
    path = tmp_path / "a.jpg"
    picture(size=(11648, 8736)).save(path, quality=80, progressive=True, subsampling=0)
    code = (
        "import sys; from pathlib import Path; from photocli.decode import Reading, decode;"
        "frame = decode(Path(sys.argv[1]), 1024, Reading(native=sys.argv[2] == 'True'));"
        "assert frame.scale == float(sys.argv[3]), frame.scale;"
        "print(*(line.split()[1] for line in open('/proc/self/status') if line.startswith('VmHWM')))"
    )
    command = [sys.executable, "-c", code, path, str(native), str(scale)]
    done = subprocess.run(command, capture_output=True, check=True, text=True)
    assert int(done.stdout) < most
