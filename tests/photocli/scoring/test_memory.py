"""Images in memory: they have the records of the files that they came from, and a bad one costs one."""

from __future__ import annotations

import io
import re
import sqlite3
import tracemalloc
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from dng import write_dng
from hostile import fake_gif_reader, harmful
from networks import write_model
from photos import camera_exif, picture, write_photo
from PIL import Image, ImageOps

from photocli import DecodeError, Options, Record, Run, explain
from photocli.decode.memory import MOST_BYTES
from photocli.errors import UsageError
from photocli.scoring.sources import Picture

OPTIONS = Options(cache=False, device="cpu")


@pytest.fixture
def by_brightness(own_folders: Path) -> None:
    """Have photos scored by brightness: an added model that hides the built-in one."""
    write_model(own_folders / "models")


def records(sources: Any, options: Options = OPTIONS) -> list[Record]:
    return list(Run(sources, options))


def unnamed(found: list[Record]) -> list[Record]:
    return [replace(record, path="") for record in found]


def made(folder: Path) -> list[Path]:
    """Photos of all formats, with metadata, turned, grey, transparent, large and small."""
    return [
        write_photo(folder / "a.jpg", "china", size=(3000, 2000), exif=camera_exif(subsec="12")),
        write_photo(folder / "b.png", "chelsea", exif=camera_exif(iso=400)),
        write_photo(folder / "c.tif", "coffee", orientation=6),
        write_photo(folder / "d.webp", "flower", orientation=3),
        write_photo(folder / "e.heic", "rocket", orientation=8),
        write_photo(folder / "f.png", picture("coffee").convert("L")),
        write_photo(folder / "g.avif", "astronaut"),
    ]


def test_the_bytes_of_a_file_give_its_record(tmp_path: Path) -> None:
    """With the built-in models, in every field but the path: scores, faces, size, and the metadata."""
    files = made(tmp_path)
    wanted = records(files)
    assert {record.status for record in wanted} == {"ok"}
    assert unnamed(records([file.read_bytes() for file in files])) == unnamed(wanted)
    opened = [file.open("rb") for file in files]
    found = records(opened)
    assert found == wanted, "a binary file keeps the name of the file"
    buffers = records([io.BytesIO(file.read_bytes()) for file in files[:2]])
    assert [record.path for record in buffers] == ["image 1", "image 2"]
    assert unnamed(buffers) == unnamed(wanted[:2])


def test_the_pixels_of_a_file_without_loss_give_its_record(tmp_path: Path) -> None:
    small = write_photo(tmp_path / "a.png", "chelsea")
    large = write_photo(tmp_path / "b.png", "china", size=(3000, 2000))
    for file in (small, large):
        (wanted,) = records(file)
        array = np.asarray(Image.open(file))
        (of_array,), (of_image,) = records(array), records(Image.open(file))
        assert of_array == replace(wanted, path="image 1")
        assert of_image == wanted, "a Pillow image keeps the name of its file"


@pytest.mark.parametrize("detail", ["frame", "native"])
def test_detail_is_as_of_the_file(detail: str, tmp_path: Path) -> None:
    options = replace(OPTIONS, assess=("technical",), detail=detail)
    file = write_photo(tmp_path / "a.png", "china", size=(3000, 2000))
    (wanted,) = records(file, options)
    (found,) = records(np.asarray(Image.open(file)), options)
    assert found == replace(wanted, path="image 1")


@pytest.mark.parametrize("suffix", [".png", ".tif", ".jpg"])
def test_a_pillow_image_is_turned_as_it_says(suffix: str, by_brightness: None, tmp_path: Path) -> None:
    upright = picture("china").resize((60, 40))
    upright.paste("black", (0, 0, 30, 40))
    files = [write_photo(tmp_path / f"{n}{suffix}", upright, orientation=n) for n in range(1, 9)]
    turned = [ImageOps.exif_transpose(Image.open(file)) for file in files]
    options = replace(OPTIONS, assess=("aesthetics",), outputs=("signature", "embedding"))
    found = list(Run([*files, *map(Image.open, files), *turned], options).results())
    assert {(result.record.width, result.record.height) for result in found} == {(60, 40)}
    signatures = [result.outputs["aesthetics"]["signature"] for result in found]
    for number in range(8):
        assert np.array_equal(signatures[number], signatures[number + 8])
        assert np.array_equal(signatures[number], signatures[number + 16])


def test_names(by_brightness: None) -> None:
    array = np.zeros((20, 30, 3), np.uint8)
    named = Picture(array, "first")
    assert [record.path for record in records([array, named, array])] == ["image 1", "first", "image 3"]
    assert [record.path for record in records(named)] == ["first"]
    assert "array" not in repr(named)
    with pytest.raises(UsageError, match="name of a picture"):
        Picture(array, "")


def test_paths_and_images_may_be_mixed(by_brightness: None, tmp_path: Path) -> None:
    folder = tmp_path / "shoot"
    one, two = write_photo(folder / "1.jpg"), write_photo(folder / "2.jpg")
    array = np.zeros((20, 30, 3), np.uint8)
    run = Run([array, folder, array, str(one)], OPTIONS)
    assert run.paths == [folder, one]
    assert [record.path for record in run] == ["image 1", str(one), str(two), "image 2", str(one)]
    assert (run.summary.photos, run.summary.failed) == (5, 0)
    assert [result.in_memory for result in run.results()] == [True, False, False, True, False]
    with pytest.raises(UsageError, match="no file or folder"):
        next(iter(Run([array, tmp_path / "missing.jpg"], OPTIONS)))


@pytest.mark.parametrize("path", [str, Path])
def test_one_path_is_enough(path: type, by_brightness: None, tmp_path: Path) -> None:
    file = write_photo(tmp_path / "few" / "a.jpg")
    assert [record.path for record in records(path(file))] == [str(file)]
    assert [record.path for record in records(path(file.parent))] == [str(file)]
    assert records([]) == []


def test_one_bad_image_costs_one_record(by_brightness: None, tmp_path: Path) -> None:
    good, file = np.zeros((20, 30, 3), np.uint8), write_photo(tmp_path / "a.jpg")
    cut = file.read_bytes()[:2000]
    half = tmp_path / "half.jpg"
    half.write_bytes(cut)
    with file.open(encoding="latin-1") as text, file.open("rb") as read, file.open("rb") as closed:
        read.read()
        closed.close()
        bad = [
            (None, "not an image: NoneType"),
            (7, "not an image: int"),
            (["a.jpg"], "not an image: list"),
            (good[:, :, 0], r"20 x 30 is no colour image; .*numpy.stack\(\[array\] \* 3, axis=-1\)"),
            (np.zeros((3, 20, 30), np.uint8), r"3 x 20 x 30 is no .*array.transpose\(1, 2, 0\)"),
            (np.zeros((20, 30, 4), np.uint8), r"20 x 30 x 4 is no .*array\[:, :, :3\]"),
            (np.zeros((2, 20, 30, 3), np.uint8), r"2 x 20 x 30 x 3 is several images.*list\(array\)"),
            (good.astype(np.float32), "array of float32 is not taken; give .* uint8"),
            (np.zeros((0, 30, 3), np.uint8), "0 x 30 x 3 has no pixels"),
            (Image.new("RGB", (0, 5)), "without pixels"),
            (Image.open(half), "Pillow cannot load it: .*truncated"),
            (b"", "the file is empty"),
            (b"no photo", "not a photo: plain text"),
            (cut, "truncated"),
            (text, "open as text; open it with mode 'rb'"),
            (read, r"nothing is left in the file; .*seek\(0\)"),
            (closed, "the file cannot be read: .*closed"),
        ]
        found = records([part for image, _ in bad for part in (image, good)])
    assert [record.status for record in found] == ["failed", "ok"] * len(bad)
    for record, (_, reason) in zip(found[::2], bad, strict=True):
        assert record.error is not None
        assert re.search(reason, record.error), (record.error, reason)


def test_what_cannot_be_a_list_of_photos_is_refused() -> None:
    with pytest.raises(UsageError, match="mapping; give Picture"):
        Run({"a": b""})
    with pytest.raises(UsageError, match="as NoneType; give paths or images"):
        Run(None)  # type: ignore[arg-type]
    with pytest.raises(UsageError, match="as int"):
        Run(7)  # type: ignore[arg-type]


def test_large_images_are_refused_before_they_are_sent(by_brightness: None) -> None:
    few = replace(OPTIONS, max_pixels=500)
    image = Image.new("RGB", (30, 20))
    found = records([image, np.asarray(image)], few)
    assert [record.error for record in found] == [
        "too large: 0.0006 megapixels, the limit is 0.0005 (--max-pixels)"
    ] * 2
    much = np.broadcast_to(np.zeros((1, 1, 3), np.uint8), (20_000, 15_000, 3))
    (record,) = records(much, replace(OPTIONS, max_pixels=10**9))
    assert record.error == f"too large: 0.9 GB in memory, the limit is {MOST_BYTES / 1e9:.2g}; give a path"


def test_an_image_counts_as_it_was_when_it_was_taken(by_brightness: None) -> None:
    """A program that reads a video may use one array again and again."""
    levels = [0, 60, 120, 180, 240] * 4

    def frames() -> Iterator[np.ndarray]:
        frame = np.zeros((20, 30, 3), np.uint8)
        for level in levels:
            frame[:] = level
            yield frame

    found = records(frames())
    again = records([np.full((20, 30, 3), level, np.uint8) for level in levels])
    assert found == again
    assert len({record.aesthetic for record in found}) == 5


def test_an_iterator_is_read_as_there_is_room(by_brightness: None) -> None:
    taken = 0

    def frames() -> Iterator[np.ndarray]:
        nonlocal taken
        while True:
            taken += 1
            yield np.zeros((20, 30, 3), np.uint8)

    run = Run(frames(), replace(OPTIONS, workers=2, batch=1))
    assert taken <= 1
    found = iter(run)
    assert [next(found).path for _ in range(3)] == ["image 1", "image 2", "image 3"]
    assert taken < 40
    found.close()  # type: ignore[attr-defined]
    with pytest.raises(UsageError, match="used up; give a list"):
        next(iter(run))


def test_an_iterator_of_paths_may_be_gone_over_again(by_brightness: None, tmp_path: Path) -> None:
    files = [write_photo(tmp_path / f"{number}.jpg") for number in range(3)]
    run = Run((file for file in files), OPTIONS)
    assert run.paths == files
    assert list(run) == list(run) != []


def test_memory_does_not_grow_with_the_number_of_images(by_brightness: None) -> None:
    def frames(count: int) -> Iterator[np.ndarray]:
        for _ in range(count):
            yield np.zeros((1000, 1000, 3), np.uint8)

    peaks = []
    for count in (20, 60):
        tracemalloc.start()
        for _ in Run(frames(count), replace(OPTIONS, workers=2, batch=4)):
            pass
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < peaks[0] + 9_000_000


def test_nothing_is_kept_of_images_in_memory(own_folders: Path, tmp_path: Path) -> None:
    file = write_photo(tmp_path / "shoot" / "a.jpg")
    options = Options(device="cpu", assess=("aesthetics",))
    with file.open("rb") as opened:
        run = Run([opened, file.read_bytes(), Image.open(file)], options)
        assert [record.status for record in run] == ["ok"] * 3
    database = own_folders / "cache" / "results.sqlite"
    if database.exists():
        with sqlite3.connect(database) as connection:
            assert connection.execute("SELECT count(*) FROM photos").fetchone() == (0,)
    again = Run(file, options)
    assert len(list(again)) == 1
    assert again.summary.cached == 0, "what was known of an image is not taken for its file"
    assert [entry.name for entry in file.parent.iterdir()] == ["a.jpg"]


@pytest.mark.parametrize("name", ["a.dng", ""])
def test_the_bytes_of_a_raw_file_give_its_record(name: str, tmp_path: Path) -> None:
    """Also without a name: its first picture is a small one, or it says that it is a DNG."""
    file = write_dng(
        tmp_path / "a.dng", picture("astronaut", (128, 128)), preview=picture("astronaut", (60, 60))
    )
    (wanted,) = records(file)
    data = file.read_bytes()
    (found,) = records(Picture(data, name) if name else data)
    assert (wanted.status, wanted.width) == ("ok", 128)
    assert replace(found, path="") == replace(wanted, path="")


@pytest.mark.parametrize("harm", ["hang", "crash"])
def test_hostile_bytes_cost_one_record(
    harm: str, by_brightness: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Images as large as no pipe holds wait behind one that hangs, and are none the worse for it."""
    fake_gif_reader(tmp_path, monkeypatch)
    bad = harmful(tmp_path / "a.gif", harm).read_bytes()
    good = np.zeros((600, 900, 3), np.uint8)
    options = replace(OPTIONS, workers=1, deadline_s=3.0)
    found = records([good, bad, good, good, bad, good], options)
    assert [record.status for record in found] == ["ok", "failed", "ok", "ok", "failed", "ok"]
    assert found[0].aesthetic == found[3].aesthetic


def test_an_image_in_memory_is_explained_as_its_file_is(by_brightness: None, tmp_path: Path) -> None:
    file = write_photo(tmp_path / "a.png", "china", size=(300, 200))
    options = Options(assess=("aesthetics",), device="cpu")
    wanted, found = explain(file, options), explain(file.read_bytes(), options)
    assert found.record == replace(wanted.record, path="image 1")
    assert found.parts == wanted.parts
    # Above it stands the name, which is another one.
    pages = [np.asarray(explanation.picture().crop((0, 100, 300, 400))) for explanation in (found, wanted)]
    assert np.array_equal(*pages)
    with pytest.raises(DecodeError, match="not a photo: plain text"):
        explain(b"no photo", options)
    with pytest.raises(DecodeError, match="array of float64"):
        explain(np.zeros((20, 30, 3)), options)
