"""The pass: every path once and in order, the same records however it is cut up, and flat memory."""

from __future__ import annotations

import io
import json
import os
import shutil
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import golden
import numpy as np
import psutil
import pytest
from commands import photocli
from dng import write_dng
from hostile import fake_gif_reader, harmful
from networks import brightness_votes, write_model
from photos import camera_exif, picture, shared_data, write_photo
from PIL import Image, ImageFilter

from photocli import Options, Record, Run
from photocli.discover import discover
from photocli.errors import DeviceError, UsageError
from photocli.files.links import Roots
from photocli.framing.suggestions import CropRun
from photocli.records import RECORD_FIELDS, as_dict
from photocli.scoring.options import NEW_THUMBNAIL
from photocli.taste.learning import Learner

PICTURES = ("astronaut", "chelsea", "coffee", "rocket", "china", "flower")


@pytest.fixture
def by_brightness(own_folders: Path) -> None:
    """Have photos scored by brightness, by an added model that hides the built-in one."""
    write_model(own_folders / "models")


@pytest.fixture
def shoot(tmp_path: Path) -> Path:
    """A folder of eleven photos in several formats and two that cannot be read."""
    folder = tmp_path / "shoot"
    for number, name in enumerate(PICTURES):
        write_photo(folder / f"{number}.jpg", name, size=(450, 300), exif=camera_exif(iso=100 + number))
    for suffix in (".png", ".webp", ".tif", ".heic", ".bmp"):
        write_photo(folder / "more" / f"chelsea{suffix}", size=(300, 200))
    (folder / "3b.jpg").write_bytes(b"")
    (folder / "more" / "d.jpg").write_text("no photo")
    return folder


def score(folder: Path, **options: Any) -> list[Record]:
    return list(Run([folder], Options(**{"cache": False, "device": "cpu", **options})))


def scores(paths: list[Path]) -> list[float]:
    records = list(Run(paths, Options(cache=False, device="cpu")))
    assert [record.path for record in records] == [str(path) for path in paths]
    return [record.score or 0.0 for record in records]


@pytest.mark.parametrize("workers", [1, 2, 3])
@pytest.mark.parametrize("batch", [1, 4, 7])
def test_records_do_not_depend_on_how_the_work_is_cut_up(workers: int, batch: int, shoot: Path) -> None:
    # With the built-in model: sums of floats depend on the batch, which must not show.
    records = score(shoot, workers=workers, batch=batch)
    assert records == score(shoot, workers=1, batch=11)
    names = [Path(record.path).relative_to(shoot).as_posix() for record in records]
    first = ["0.jpg", "1.jpg", "2.jpg", "3.jpg", "3b.jpg", "4.jpg", "5.jpg"]
    more = ["bmp", "heic", "png", "tif", "webp"]
    assert names == [*first, *(f"more/chelsea.{end}" for end in more), "more/d.jpg"]
    assert [record.iso for record in records[:4]] == [100, 101, 102, 103]
    assert [name for name, record in zip(names, records, strict=True) if record.status == "failed"] == [
        "3b.jpg",
        "more/d.jpg",
    ]


def test_a_score_is_what_the_network_says(by_brightness: None, tmp_path: Path) -> None:
    paths = [
        write_photo(tmp_path / f"{level}.png", Image.new("RGB", (60, 40), (level,) * 3))
        for level in (0, 90, 255)
    ]
    run = Run(paths, Options(assess=("aesthetics",)))
    for path, record in zip(paths, run, strict=True):
        votes = brightness_votes(int(path.stem))
        mean = float((votes * np.arange(1, 11)).sum())
        assert record.aesthetic == pytest.approx(mean, abs=1e-3)
        assert record.score == record.aesthetic
        assert record.aesthetic_class == ("bad" if mean < 4.5 else "good" if mean > 6.5 else "average")
        assert record.models[0] == "aesthetics@1.0"


def test_scores_do_not_depend_on_neighbours(shoot: Path) -> None:
    together = {record.path: record for record in score(shoot, batch=4)}
    for path in (shoot / "0.jpg", shoot / "more" / "chelsea.webp"):
        assert list(Run([path], Options(cache=False, device="cpu"))) == [together[str(path)]]


def test_results_stream_while_more_is_decoded(
    by_brightness: None, shoot: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake_gif_reader(tmp_path / "fake", monkeypatch)
    harmful(shoot / "zz.gif", "hang")
    run = Run(
        [shoot / f"{name}.jpg" for name in ("0", "1", "2", "3", "3b", "4", "5")] + [shoot / "zz.gif"],
        Options(cache=False, workers=2, batch=100),
    )
    records = iter(run)
    for name in ("0", "1", "2", "3", "3b", "4", "5"):  # long before the deadline of the last one
        assert next(records).path == str(shoot / f"{name}.jpg")
    assert run.summary.photos == 7
    records.close()  # type: ignore[attr-defined]
    assert not [child for child in psutil.Process().children() if "serve()" in " ".join(child.cmdline())]


def test_a_late_photo_keeps_its_place_and_delays_no_decoding(
    by_brightness: None, shoot: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake_gif_reader(tmp_path / "fake", monkeypatch)
    late = harmful(shoot / "00.gif", "hang")
    records = list(Run([shoot], Options(cache=False, deadline_s=3, workers=2)))
    assert [record.path for record in records[:3]] == [str(shoot / "0.jpg"), str(late), str(shoot / "1.jpg")]
    assert records[1].error == "it took longer than 3 s"
    others = [record for record in records if record.path != str(late)]
    late.unlink()
    assert others == score(shoot)


def messy_folder(folder: Path) -> dict[str, tuple[str, str | None]]:
    """Fill a folder with everything that goes wrong; the status and the reason that each path must get."""
    whole = write_photo(folder / "a.jpg", "coffee", size=(300, 200)).read_bytes()
    (folder / "b truncated.jpg").write_bytes(whole[: len(whole) // 2])
    (folder / "c empty.jpg").touch()
    write_photo(folder / "d.png", "rocket").rename(folder / "d misnamed.jpg")
    (folder / "e text.jpg").write_text("a shopping list")
    write_photo(folder / "f pair.JPG", "china", size=(300, 200))
    write_dng(folder / "f pair.DNG", picture("china", (64, 48)))
    (folder / "g notes.txt").write_text("notes")
    (folder / "g.jpg.xmp").write_text("<x/>")
    (folder / ".hidden.jpg").write_bytes(b"")
    (folder / "h nowhere.jpg").symlink_to(folder / "nothing")
    (folder / "i.heic").write_bytes(b"\0\0\0\x18ftypheic" + bytes(50))
    os.mkfifo(folder / "j pipe.jpg")
    write_photo(folder / "k.gif", "flower", size=(300, 200))
    (folder / "l.pdf").write_bytes(b"%PDF-1.7")
    return {
        "a.jpg": ("ok", None),
        "b truncated.jpg": ("failed", "truncated: the picture data ends early"),
        "c empty.jpg": ("failed", "the file is empty"),
        "d misnamed.jpg": ("ok", None),
        "e text.jpg": ("failed", "not a photo: plain text"),
        "f pair.JPG": ("ok", None),
        "g notes.txt": ("skipped", "not a photo: plain text"),
        "h nowhere.jpg": ("failed", "the file is gone"),
        "i.heic": ("failed", ""),
        "j pipe.jpg": ("failed", "not a regular file"),
        "k.gif": ("ok", None),
        "l.pdf": ("skipped", "not a photo: a PDF document"),
    }


@pytest.mark.skipif(sys.platform == "win32", reason="pipes and links as files")
def test_every_path_of_a_messy_folder_is_accounted_for(tmp_path: Path) -> None:
    expected = messy_folder(tmp_path)
    run = Run([tmp_path])
    records = {Path(record.path).name: record for record in run}
    assert list(records) == list(expected)
    for name, (status, reason) in expected.items():
        record = records[name]
        assert (name, record.status) == (name, status)
        assert record.error == reason or (reason == "" and record.error)
        assert (record.score is None) == (status != "ok")
    assert records["f pair.JPG"].twin == str(tmp_path / "f pair.DNG")
    assert (run.summary.photos, run.summary.failed, run.summary.skipped) == (10, 6, 2)
    # The pass says the same through the command line, with the exit code for photos that cannot be read.
    done = photocli("score", tmp_path, "--json", "-")
    assert done.code == 3
    assert {Path(entry["path"]).name: entry["status"] for entry in done.document["records"]} == {
        name: status for name, (status, _) in expected.items()
    }
    assert done.document["summary"]["failed"] == 6


@pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() == 0, reason="the superuser may read everything"
)
def test_a_photo_that_may_not_be_read_is_a_failure(tmp_path: Path) -> None:
    write_photo(tmp_path / "a.jpg").chmod(0)
    (record,) = Run([tmp_path])
    assert (record.status, record.error) == ("failed", "permission denied")


def test_one_path_will_do_and_need_not_be_in_a_list(tmp_path: Path) -> None:
    photo = write_photo(tmp_path / "a.jpg", size=(300, 200))
    options = Options(assess=("aesthetics",), cache=False, device="cpu")
    for given in (photo, str(photo), [photo], (str(photo),), iter([photo])):
        (record,) = Run(given, options)
        assert (record.path, record.status) == (str(photo), "ok")
        assert record.score is not None
    for one in (tmp_path, str(tmp_path)):
        assert Run(one, options).paths == [tmp_path]
        assert CropRun(one).paths == [tmp_path]
        assert Learner(one, options).run.paths == [tmp_path]
        assert [found.path for found in discover(one)] == [photo]
        assert Roots(one).below(str(photo.resolve())) == ("a.jpg",)
    (cropped,) = CropRun(str(photo), options=options)
    assert cropped.record.path == str(photo)


def test_wrong_use_is_found_before_any_photo_is_touched(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no file or folder"):
        list(Run([tmp_path / "nothing"]))
    with pytest.raises(UsageError, match="no model named 'nonsense'"):
        Run([tmp_path], Options(assess=("nonsense",)))
    for wrong in ({"batch": -1}, {"workers": -1}, {"deadline_s": 0}, {"device": "abacus"}):
        with pytest.raises(UsageError):
            Options(**wrong)  # type: ignore[arg-type]


def test_an_empty_folder_loads_no_model(tmp_path: Path) -> None:
    run = Run([tmp_path])
    assert list(run) == []
    assert (run.summary.photos, run.summary.provider) == (0, None)


def test_a_device_that_cannot_be_had_ends_the_run(shoot: Path) -> None:
    run = Run([shoot], Options(device="cuda", cache=False))
    try:
        records = list(run)
    except DeviceError as error:
        assert "--device cuda cannot be used" in str(error)
    else:
        assert run.summary.provider == "CUDAExecutionProvider"
        assert len(records) == 13


def test_a_run_can_be_done_again(by_brightness: None, shoot: Path) -> None:
    run = Run([shoot], Options(cache=False))
    assert list(run) == list(run)
    assert (run.summary.photos, run.summary.failed) == (13, 2)


def test_thumbnails_of_photos_that_are_decoded_anyway(by_brightness: None, shoot: Path) -> None:
    options = Options(outputs=(NEW_THUMBNAIL,), thumbnail_side=320)
    results = list(Run([shoot], options).results())
    assert all((result.thumbnail is not None) == (result.record.status == "ok") for result in results)
    sizes = [Image.open(io.BytesIO(result.thumbnail)).size for result in results if result.thumbnail]
    assert set(sizes) == {(320, 213), (300, 200)}
    write_photo(shoot / "new.jpg", "rocket", size=(450, 300))
    run = Run([shoot], options)
    shown = [Path(result.record.path).name for result in run.results() if result.thumbnail is not None]
    assert shown == ["new.jpg"]
    assert run.summary.cached == len(sizes)
    every = replace(options, outputs=("thumbnail",))
    assert sum(result.thumbnail is not None for result in Run([shoot], every).results()) == len(sizes) + 1


def test_the_golden_record(tmp_path: Path) -> None:
    golden.make_folder(tmp_path)
    expected = json.loads(golden.FILE.read_text())
    records = json.loads(json.dumps(golden.records_of(tmp_path)))
    assert [record["models"] for record in records] == [record["models"] for record in expected], (
        "the built-in models have changed: run `python tests/golden.py`, and look at what it changes"
    )
    for record, wanted in zip(records, expected, strict=True):
        assert tuple(record) == RECORD_FIELDS
        # JPEG decoders and processors differ in the last bit, which may cost a little of a score.
        about = ("aesthetic", "score", "selfie", "face_", "style_")
        predicted = {name for name, value in wanted.items() if name.startswith(about)}
        for name, value in wanted.items():
            if name == "each_face":
                boxes = [[face["box"] for face in faces] for faces in (record[name], value)]
                assert np.allclose(*boxes, atol=0.03), record["path"]
            elif name == "styles":
                assert dict(record[name]) == pytest.approx(dict(value), abs=0.05), record["path"]
            elif name in predicted and isinstance(value, float):
                assert record[name] == pytest.approx(value, abs=0.05), (record["path"], name)
            else:
                assert record[name] == value, (record["path"], name)


def spoiled(image: Image.Image) -> dict[str, Image.Image]:
    """The picture blurred (sigma: 1% of the long side), and exposed 2 stops over and 3 stops under."""
    linear = (np.asarray(image, np.float32) / 255) ** 2.2

    def exposed(stops: float) -> Image.Image:
        values = np.clip(linear * 2.0**stops, 0, 1) ** (1 / 2.2)
        return Image.fromarray((values * 255).round().astype(np.uint8))

    blurred = image.filter(ImageFilter.GaussianBlur(0.01 * max(image.size)))
    return {"blurred": blurred, "over": exposed(2), "under": exposed(-3)}


def share_of_pairs_in_order(images: dict[str, Image.Image], folder: Path) -> float:
    """The share of spoiled copies that score lower than their original."""
    for name, image in images.items():
        write_photo(folder / name / "original.png", image)
        for kind, copy in spoiled(image).items():
            write_photo(folder / name / f"{kind}.png", copy)
    found = {Path(record.path).relative_to(folder).as_posix(): record.score for record in score(folder)}
    lower = [
        found[f"{name}/{kind}.png"] < found[f"{name}/original.png"]  # type: ignore[operator]
        for name in images
        for kind in ("blurred", "over", "under")
    ]
    return sum(lower) / len(lower)


def test_spoiled_copies_score_lower(tmp_path: Path) -> None:
    images = {name: picture(name) for name in PICTURES}
    assert share_of_pairs_in_order(images, tmp_path) >= 17 / 18  # one of eighteen may be a matter of taste


@pytest.mark.slow
def test_spoiled_copies_of_camera_photos_score_lower(tmp_path: Path) -> None:
    paths = sorted(shared_data("photos", "native").glob("*.jpg"))[::5]
    images = {path.stem: Image.open(path).convert("RGB") for path in paths}
    for image in images.values():
        image.thumbnail((768, 768))
    assert share_of_pairs_in_order(images, tmp_path) >= 0.95


@pytest.mark.slow
def test_memory_does_not_grow_with_the_number_of_photos(tmp_path: Path) -> None:
    from benchmarks.tree import run_measured

    first = write_photo(tmp_path / "40" / "000.jpg", "china", size=(6000, 4000), exif=camera_exif())
    shutil.copytree(tmp_path / "40", tmp_path / "200")
    for folder, count in (("40", 40), ("200", 200)):
        for number in range(1, count):
            os.link(first, tmp_path / folder / f"{number:03}.jpg")
    few, many = (
        run_measured([sys.executable, "-m", "photocli", "score", str(tmp_path / folder), "--no-cache"])
        for folder in ("40", "200")
    )
    assert many.peak_mb < 700
    assert many.peak_mb < few.peak_mb * 1.1 + 20


def test_the_record_of_a_failure_has_every_field(shoot: Path) -> None:
    record = next(record for record in score(shoot) if record.status == "failed")
    assert tuple(as_dict(record)) == RECORD_FIELDS
    assert {name for name, value in as_dict(record).items() if value not in (None, ())} == {
        "path",
        "status",
        "error",
    }


def test_raw_files_that_are_read_in_two_ways_are_not_mixed_up(by_brightness: None, tmp_path: Path) -> None:
    path = write_dng(
        tmp_path / "a.dng",
        Image.new("RGB", (1200, 800), "white"),
        preview=Image.new("RGB", (1200, 800), "black"),
    )

    def scored(raw: str) -> float:
        (record,) = score(path, cache=True, raw=raw)
        assert record.status == "ok"
        return record.score or 0.0

    preview, developed = scored("preview"), scored("develop")
    assert developed > preview + 1
    assert (scored("develop"), scored("preview"), scored("develop")) == (developed, preview, developed)


def test_limits_hold_for_photos_that_are_known(by_brightness: None, tmp_path: Path) -> None:
    path = write_photo(tmp_path / "a.jpg", size=(300, 200))
    statuses = [
        score(path, cache=True, max_pixels=most)[0].status for most in (59_999, 60_000, 59_999, 60_000)
    ]
    assert statuses == ["failed", "ok", "failed", "ok"]
