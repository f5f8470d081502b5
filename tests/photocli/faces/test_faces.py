"""Faces in the pass: found in the workers, judged in the parent, in records, the cache and every output."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path
from textwrap import dedent
from typing import Any

import numpy as np
import psutil
import pytest
from commands import python
from crafted_faces import EYES, squares, write_detector, write_judge
from networks import write_model
from photos import write_photo
from PIL import Image

from photocli import Options, Record, Run
from photocli.errors import ModelError, UsageError
from photocli.faces.detection import MIDDLE, MOST, FaceDetection, prominence
from photocli.models import lineup, serving
from photocli.models.card import read_card
from photocli.scoring.profiles import GENERAL
from photocli.scoring.ratings import USUAL_FACE
from photocli.scoring.worker import MEMORY_LIMIT

LARGE, SMALL, CORNER = (2, 2, 2), (5, 1, 1), (7, 7, 1)
"""Faces, as `squares` makes them."""


@pytest.fixture
def models(own_folders: Path) -> Path:
    """The tiny detector and judge, and a model of brightness, in place of those of the same names."""
    root = own_folders / "models"
    write_model(root)
    write_detector(root)
    write_judge(root)
    return root


def photo_of(path: Path, *faces: tuple[int, int, int], red: int | None = None) -> Path:
    """A photo with faces; the first one has so much red, and is still bright enough to be found."""
    pixels = squares(*faces)
    if red is not None:
        column, row, wide = faces[0]
        pixels[row * 64 : (row + wide) * 64, column * 64 : (column + wide) * 64, 0] = red
    return write_photo(path, pixels)


def records(*paths: Path, **options: Any) -> list[Record]:
    chosen = {"assess": ("aesthetics", "faces", "selfie"), "cache": False, "device": "cpu", **options}
    return list(Run(paths, Options(**chosen)))


def test_size_and_middle_make_a_face_prominent() -> None:
    def face(x: float, y: float, side: float) -> list[float]:
        return [x - side / 2, y - side / 2, x + side / 2, y + side / 2]

    middle, beside, corner = face(0.5, 0.5, 0.2), face(0.7, 0.5, 0.2), face(1, 0, 0.2)
    values = prominence(np.array([middle, beside, corner, face(0.7, 0.5, 0.24), middle[2:] * 2], np.float32))
    assert values[0] == pytest.approx(0.04)
    assert values[2] == pytest.approx(0.04 * MIDDLE, rel=1e-3)
    assert values[3] > values[0] > values[1] > values[2] > values[4] == 0


def test_every_face_is_found_the_most_prominent_first(models: Path, tmp_path: Path) -> None:
    (record,) = records(photo_of(tmp_path / "a.png", SMALL, CORNER, LARGE))
    assert record.faces == len(record.each_face) == 3
    first, second, third = record.each_face
    assert first.box == pytest.approx((0.25, 0.25, 0.5, 0.5), abs=1e-3)
    assert second.box == pytest.approx((5 / 8, 1 / 8, 6 / 8, 2 / 8), abs=1e-3)
    assert third.box == pytest.approx((7 / 8, 7 / 8, 1, 1), abs=1e-3)
    left, right = first.eyes
    assert (*left, *right) == pytest.approx([0.25 + 0.25 * share for share in EYES], abs=1e-3)
    assert all(face.confidence == pytest.approx(0.95, abs=0.07) for face in record.each_face)
    assert record.face_sharpness == first.sharpness
    assert record.selfie == first.selfie == pytest.approx(6.7, abs=0.3)
    assert second.selfie is not None and third.selfie is not None
    assert record.models == ("aesthetics@1.0", "faces@1.0", "selfie@1.0")


def test_a_judged_face_moves_the_score_by_the_profile(models: Path, tmp_path: Path) -> None:
    good = photo_of(tmp_path / "good.png", LARGE)
    bad = photo_of(tmp_path / "bad.png", LARGE, red=205)
    none = photo_of(tmp_path / "none.png")
    better, worse, plain = records(good, bad, none)
    assert better.selfie is not None and worse.selfie is not None
    assert better.selfie > worse.selfie + 0.5
    moved = GENERAL.selfie * (better.selfie - USUAL_FACE)
    assert better.score == pytest.approx((better.aesthetic or 0) + moved, abs=1e-3)
    assert (plain.faces, plain.selfie, plain.face_sharpness, plain.each_face) == (0, None, None, ())
    assert plain.score == plain.aesthetic


def test_records_are_the_same_however_the_work_is_cut_up_and_from_the_cache(
    models: Path, tmp_path: Path
) -> None:
    faces = [LARGE, SMALL, CORNER, (0, 6, 1), (4, 4, 2)]
    counts = (3, 0, 1, 5, 0, 2)
    photos = [photo_of(tmp_path / f"{n}.png", *faces[:count]) for n, count in enumerate(counts)]
    fresh = records(*photos)
    assert tuple(record.faces for record in fresh) == counts
    for options in ({"batch": 1}, {"batch": 6}, {"workers": 1}):
        assert records(*photos, **options) == fresh
    assert [records(photo)[0] for photo in photos] == fresh
    run = Run(photos, Options(assess=("aesthetics", "faces", "selfie"), device="cpu"))
    assert list(run) == fresh
    assert (run.summary.cached, list(run), run.summary.cached) == (0, fresh, 6)
    # A model that is added to a run finds what the cache has of the others.
    assert records(*photos, assess=("selfie",), cache=True)[0].each_face == fresh[0].each_face


def test_many_faces_are_kept_exactly_and_some_of_them_judged(models: Path, tmp_path: Path) -> None:
    crowd = photo_of(tmp_path / "crowd.png", *((x, y, 1) for x in range(0, 8, 2) for y in range(0, 8, 2)))
    (fresh,) = records(crowd)
    assert fresh.faces == 16
    assert sum(face.selfie is not None for face in fresh.each_face) == MOST
    assert all(face.selfie is not None for face in fresh.each_face[:MOST])
    for _ in range(2):
        assert records(crowd, cache=True) == [fresh]


def test_selfies_alone_bring_in_what_finds_faces(models: Path, tmp_path: Path) -> None:
    photo = photo_of(tmp_path / "a.png", LARGE)
    (record,) = records(photo, assess=("selfie",))
    assert record.models == ("faces@1.0", "selfie@1.0")
    assert (record.faces, record.aesthetic, record.score) == (1, None, None)
    assert record.selfie is not None
    (record,) = records(photo, assess=("faces",))
    assert (record.faces, record.selfie, record.each_face[0].selfie) == (1, None, None)


def test_without_faces_nothing_judges_them(models: Path, tmp_path: Path) -> None:
    run = Run([photo_of(tmp_path / "a.png")], Options(assess=("selfie",), cache=False, device="cpu"))
    (record,) = run
    assert (record.status, record.faces, record.selfie) == ("ok", 0, None)
    assert run.models._sessions == {}
    plain = Run([photo_of(tmp_path / "b.png", LARGE)], Options(assess=("aesthetics",), cache=False))
    assert next(iter(plain)).faces is None
    assert all(not spec.detector for spec in plain.models.specs(plain.models.cards))


def test_what_finds_faces_is_part_of_what_the_cache_knows(models: Path, tmp_path: Path) -> None:
    photo = photo_of(tmp_path / "a.png", LARGE)
    assert records(photo, cache=True)[0].faces == 1
    write_detector(models, thresholds={"score": 1.1, "overlap": 0.2})
    assert records(photo, cache=True)[0].faces == 0
    first = {card.kind: card.cache_key for card in lineup.choose(())}
    write_detector(models)
    second = {card.kind: card.cache_key for card in lineup.choose(())}
    assert first["faces"] != second["faces"]
    assert first["selfie"] != second["selfie"]
    assert first["aesthetics"] == second["aesthetics"]


def test_a_users_detector_takes_the_place_of_the_built_in_one(
    models: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    built_in = tmp_path / "builtin"
    for name in ("aesthetics", "faces", "selfie"):
        shutil.move(models / name, built_in / name)
    monkeypatch.setattr("photocli.models.store.BUILTIN", built_in)
    assert [card.name for card in lineup.choose(())] == ["aesthetics", "faces", "selfie"]
    write_detector(models, "mine")
    assert [card.name for card in lineup.choose(())] == ["aesthetics", "mine", "selfie"]
    assert [card.name for card in lineup.choose(("selfie",))] == ["mine", "selfie"]
    assert [card.name for card in lineup.choose(("faces", "selfie"))] == ["faces", "selfie"]
    with pytest.raises(UsageError, match="faces and mine both find faces"):
        lineup.choose(("faces", "mine"))
    write_detector(models, "third")
    assert [card.name for card in lineup.choose(())] == ["aesthetics", "mine", "selfie"]
    serving.use("third")
    assert [card.name for card in lineup.choose(())] == ["aesthetics", "selfie", "third"]
    assert [card.name for card in lineup.choose(("selfie",))] == ["third", "selfie"]
    serving.use("faces")
    assert [card.name for card in lineup.choose(())] == ["aesthetics", "faces", "selfie"]
    shutil.rmtree(models)
    shutil.rmtree(built_in / "faces")
    with pytest.raises(UsageError, match="selfie judges faces, and there is no model that finds them"):
        lineup.choose(())


def test_a_detector_that_is_not_what_its_card_says_ends_the_run(models: Path, tmp_path: Path) -> None:
    with (models / "faces" / "model.onnx").open("ab") as file:
        file.write(b"\0")
    with pytest.raises(ModelError, match="not the one its card describes"):
        records(photo_of(tmp_path / "a.png", LARGE))


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"thresholds": {}}, "no thresholds"),
        ({"outputs": {"scores": {}}}, "lacks the outputs"),
        ({"input": {"name": "image", "size": [64, 32], "fit": "contain"}}, "must be square"),
        ({"kind": "aesthetics"}, "cannot find faces by models of kind 'aesthetics'"),
    ],
)
def test_a_card_that_finds_no_faces_is_refused(changes: dict[str, Any], reason: str, models: Path) -> None:
    write_detector(models, "odd", **changes)
    with pytest.raises(ModelError, match=reason):
        Run([], Options(assess=("odd",)))


def test_a_judge_without_a_place_for_the_eyes_is_refused(models: Path) -> None:
    write_judge(models, input={"name": "image", "size": [32, 32], "fit": "faces"})
    with pytest.raises(ModelError, match=r"not a complete model card.*place"):
        read_card(models / "selfie")


def test_crops_show_the_face_upright_in_its_place(models: Path) -> None:
    cards = {card.kind: card for card in lineup.choose(("selfie",))}
    pixels = squares(LARGE, SMALL)
    inputs = FaceDetection().detect(pixels, [card.input for card in cards.values()])
    faces, crops = inputs[cards["faces"].input.key], inputs[cards["selfie"].input.key]
    assert (faces.shape, faces.dtype, crops.shape, crops.dtype) == (
        (2, 16),
        np.float32,
        (2, 3, 32, 32),
        np.uint8,
    )
    assert (crops[:, :, 12:20, 12:20] == 255).all()
    empty = FaceDetection().detect(squares(), [card.input for card in cards.values()])
    assert [array.shape for array in empty.values()] == [(0, 16), (0, 3, 32, 32)]


def test_photos_are_looked_at_upright(models: Path, tmp_path: Path) -> None:
    pixels = squares((1, 0, 1))[:384]
    plain = write_photo(tmp_path / "a.jpg", pixels, quality=97)
    turned = write_photo(tmp_path / "b.jpg", Image.fromarray(pixels), orientation=6, quality=97)
    one, other = records(plain, turned)
    assert one.each_face[0].box == pytest.approx(other.each_face[0].box, abs=0.01)
    assert one.each_face[0].box == pytest.approx((1 / 8, 0, 2 / 8, 1 / 6), abs=0.01)


FAKE_DETECTOR = """\
    import ctypes, os, time

    import numpy as np

    OUTPUTS = ("scores", "boxes", "points")
    PADDING = 0

    def prepare(canvas):
        red, green, blue = canvas[8, 8]
        if red > 200 > green:
            time.sleep(600)
        if green > 200 > red:
            ctypes.string_at(0)
        if blue > 200 > red:
            bytearray(64 << 30)
        return np.ascontiguousarray(canvas.transpose(2, 0, 1)[None])

    def read(outputs, side):
        return outputs["scores"][0], outputs["boxes"][0], outputs["points"][0]
    """


def test_a_detector_that_does_harm_costs_that_photo_alone(
    models: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake = tmp_path / "fake"
    (fake / "kinds").mkdir(parents=True)
    (fake / "kinds" / "faces.py").write_text(dedent(FAKE_DETECTOR))
    (fake / "sitecustomize.py").write_text(
        "import photocli.faces.detectors\n"
        f"photocli.faces.detectors.__path__.insert(0, {str(fake / 'kinds')!r})\n"
    )
    monkeypatch.setenv("PYTHONPATH", str(fake))
    good, other = (photo_of(tmp_path / f"{name}.png", SMALL) for name in ("good", "other"))
    colours = {"hang": (255, 0, 0), "crash": (0, 255, 0), "memory": (0, 0, 255)}
    bad = [
        write_photo(tmp_path / f"{name}.png", Image.new("RGB", (200, 200), colour))
        for name, colour in colours.items()
    ]
    found = records(good, *bad, other, deadline_s=15.0)
    assert [record.error for record in found] == [
        None,
        "it took longer than 15 s",
        "the decoder crashed on this file",
        "not enough memory for this photo",
        None,
    ]
    assert found[0].each_face == found[-1].each_face
    assert found[0].faces == 1


@pytest.mark.skipif(sys.platform != "linux", reason="limits of memory are the system's own")
def test_workers_find_faces_within_a_quarter_of_their_memory(models: Path, tmp_path: Path) -> None:
    photos = [write_photo(tmp_path / f"{n}.jpg", "china", size=(6000, 4000), quality=80) for n in range(2)]
    run = iter(Run(photos * 3, Options(assess=("selfie",), cache=False, workers=1)))
    next(run)
    (worker,) = [child for child in psutil.Process().children() if "serve()" in " ".join(child.cmdline())]
    used = worker.memory_info()
    assert used.vms < MEMORY_LIMIT / 2
    assert used.rss < MEMORY_LIMIT / 4
    run.close()  # type: ignore[attr-defined]


@pytest.mark.parametrize("assess", [("aesthetics",), ("selfie",)])
def test_only_workers_that_find_faces_load_what_runs_networks(
    assess: tuple[str, ...], models: Path, tmp_path: Path
) -> None:
    code = (
        "import io, json, sys\n"
        "from dataclasses import asdict\n"
        "from photocli.scoring.assessment import Models\n"
        "from photocli.faces.detection import FaceDetection\n"
        "from photocli.scoring.worker import _perform\n"
        f"models = Models({assess!r}, 'cpu', 0)\n"
        "specs = [asdict(spec) for spec in models.specs(models.cards)]\n"
        f"path = {str(photo_of(tmp_path / 'a.png', LARGE))!r}\n"
        "task = {'number': 1, 'path': path.encode().hex(), 'specs': specs, 'deadline': 9}\n"
        "_perform(json.loads(json.dumps(task)), {}, io.BytesIO(), FaceDetection())\n"
        "print('onnxruntime' in sys.modules, 'photocli.faces.detectors.faces' in sys.modules)\n"
    )
    done = python("-c", code)
    assert done.out.split() == [str("selfie" in assess)] * 2, done.err
