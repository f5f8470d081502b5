"""Explaining a score: parts that add up, a map of what counts, and a page that opens."""

from __future__ import annotations

import io
import math
from pathlib import Path

import numpy as np
import pytest
from commands import photocli, python
from crafted import write_corner, write_inspector
from networks import write_model
from photos import camera_exif, write_photo
from PIL import Image

from photocli import Options, explain
from photocli.errors import DecodeError, UsageError
from photocli.explaining import canvas, lettering, panels, waterfall
from photocli.explaining.heat import Heat, covers, grid, measure
from photocli.explaining.page import WIDTH, exposure
from photocli.explaining.shading import shade
from photocli.inputs.views import FRAME_SIDE
from photocli.records import Record
from photocli.scoring.profiles import FAULTS
from photocli.scoring.ratings import Part


def quarter(inputs: np.ndarray) -> np.ndarray:
    """A score that is the mean of the upper left quarter."""
    height, width = inputs.shape[2:]
    return inputs[:, :, : height // 2, : width // 2].mean(axis=(1, 2, 3))


def spotted(side: int = 64) -> np.ndarray:
    """A dark input with a bright spot in its upper left quarter, (3, side, side)."""
    photo = np.zeros((3, side, side), np.uint8)
    photo[:, side // 8 : side // 4, side // 8 : side // 4] = 255
    return photo


def test_the_map_lights_up_what_the_score_looks_at_and_nothing_else() -> None:
    photo = spotted()
    heat = measure(photo, 1.0, quarter)
    assert heat.score == pytest.approx(quarter(photo[None])[0])
    assert heat.points.shape == (64, 64)
    top, left = np.unravel_index(int(heat.points.argmax()), heat.points.shape)
    assert 8 <= top < 16 and 8 <= left < 16
    assert heat.points.max() > 0  # covering the spot makes the quarter darker
    assert heat.points[27:32, 27:32].max() < 0  # covering what is dark makes it brighter
    columns, rows = grid(1.0)
    reach = math.ceil(32 + 2 * 1.5 * 64 / min(columns, rows))  # a cover that touches the quarter, and no more
    assert (heat.points[reach:] == 0).all() and (heat.points[:, reach:] == 0).all()


def test_the_map_is_the_mean_fall_of_the_score_under_the_covers() -> None:
    photo = np.random.default_rng(1).integers(0, 256, (3, 40, 56), np.uint8)
    columns, rows = grid(1.5)
    plain = photo.reshape(3, -1).mean(axis=1)[:, None, None]
    total, weight = np.zeros((40, 56)), np.zeros((40, 56))
    for row in covers(rows, 40):
        for column in covers(columns, 56):
            mask = row[:, None] * column
            covered = np.rint(photo + mask * (plain - photo)).astype(np.uint8)
            total += mask * (quarter(photo[None]) - quarter(covered[None]))[0]
            weight += mask
    steps: list[tuple[int, int]] = []
    heat = measure(photo, 1.5, quarter, lambda done, of: steps.append((done, of)))
    assert heat.points == pytest.approx(total / weight, abs=0.02)  # a level of a pixel may round otherwise
    assert steps[-1] == (columns * rows, columns * rows)
    assert (measure(photo, 1.5, quarter).points == heat.points).all()


@pytest.mark.parametrize("aspect", [0.02, 0.5, 1.0, 1.5, 3.0, 50.0])
def test_every_place_is_covered_once_or_more(aspect: float) -> None:
    columns, rows = grid(aspect)
    assert 60 <= columns * rows <= 130
    for count in (columns, rows):
        assert covers(count, 288).sum(axis=0).min() >= 0.5
        assert covers(count, 5).shape == (count, 5)


def test_colours_say_which_way_the_score_moves() -> None:
    points = np.zeros((8, 12), np.float32)
    points[:, :4], points[:, 8:] = 0.5, -0.5
    shaded = np.asarray(shade(np.full((80, 120, 3), 128, np.uint8), Heat(points, 5.0), (120, 80)))
    raised, still, lowered = (shaded[40, x].astype(int) for x in (10, 60, 110))
    assert raised[0] > raised[2] + 80 and lowered[2] > lowered[0] + 80
    assert np.ptp(still) <= 2


def test_points_add_up_as_they_are_shown() -> None:
    parts = [Part("aesthetic", 5.731, 1, 5.731), *(Part("blur", 0.1, 1, -0.0349) for _ in range(7))]
    points = waterfall.shown(parts)
    assert sum(points) == pytest.approx(round(5.731 - 7 * 0.0349, 2))
    assert all(abs(shown - part.points) < 0.01 for shown, part in zip(points, parts, strict=True))


@pytest.mark.parametrize(
    "name", ["plain.jpg", "tab\tbell\x07.jpg", "naïve ☃ 照片.jpg", "\udcff.jpg", "x" * 400]
)
def test_any_name_can_be_drawn_in_its_room(name: str) -> None:
    text, font = lettering.spell(name, 20)
    assert font.getlength(text) > 0
    assert text.isprintable()
    short = lettering.shorten(name, 20, 150)
    assert lettering.width(short, 20) <= 150
    for line in lettering.wrap(f"{name} and then more words than go into a line", 20, 150, lines=3):
        assert lettering.width(line, 20) <= 150


def test_the_built_in_model_explains_a_photo(tmp_path: Path) -> None:
    photo = write_photo(tmp_path / "cat.jpg", "chelsea", size=(1800, 1200), exif=camera_exif(orientation=6))
    options = Options(assess=("aesthetics",))
    explanation = explain(photo, options)
    record = explanation.record
    assert (record.width, record.height) == (1200, 1800)  # stored lying, shown upright
    assert explanation.frame.shape[0] >= FRAME_SIDE > explanation.frame.shape[1] * 0.6
    assert math.fsum(part.points for part in explanation.parts) == pytest.approx(record.score, abs=1e-9)
    heat = explanation.found("aesthetics")
    assert heat.score == pytest.approx(record.aesthetic, abs=1e-3)
    assert 0.01 < heat.largest < 5
    assert explanation.found("technical") is None
    page = explanation.picture()
    assert page.width == WIDTH and 1000 < page.height < 3000
    assert len(page.getcolors(1 << 24) or ()) > 1000
    # The same as a run says, to the last digit that is kept.
    done = photocli("score", photo, "--assess", "aesthetics", "--json", "-", "--no-cache")
    assert done.document["records"][0]["score"] == pytest.approx(record.score, abs=2e-3)


def test_a_network_that_sees_a_corner_has_its_heat_there(tmp_path: Path, own_folders: Path) -> None:
    write_corner(own_folders / "models")
    frame = np.zeros((600, 600, 3), np.uint8)
    frame[60:160, 60:160] = 255
    photo = write_photo(tmp_path / "corner.png", frame)
    explanation = explain(photo, Options(assess=("corner",)))
    bright = (100 / 300) ** 2
    assert explanation.record.aesthetic == pytest.approx(1 + 9 * bright, abs=0.05)
    points = explanation.found("aesthetics").points
    assert points.shape == (32, 32)
    assert (points[24:] == 0).all() and (points[:, 24:] == 0).all()
    top, left = np.unravel_index(int(points.argmax()), points.shape)
    assert 60 / 600 <= (top + 0.5) / 32 <= 160 / 600 and 60 / 600 <= (left + 0.5) / 32 <= 160 / 600


def test_faults_and_the_places_where_they_were_judged_are_shown(tmp_path: Path, own_folders: Path) -> None:
    write_model(own_folders / "models")
    photo = write_photo(tmp_path / "a.jpg", "coffee", size=(900, 600))
    plain = explain(photo, Options(assess=("aesthetics",))).picture()
    write_inspector(own_folders / "models", side=256)
    explanation = explain(photo)
    assert explanation.record.faults == ("overexposed",)
    assert {part.name for part in explanation.parts} <= {"aesthetic", *FAULTS}
    assert math.fsum(part.points for part in explanation.parts) == pytest.approx(explanation.record.score)
    places = explanation.found("technical")
    assert len(places) == 16
    assert all(0 <= top <= 600 - 64 and 0 <= left <= 900 - 64 for top, left in places)
    page = np.asarray(explanation.picture())
    assert page.shape[0] > plain.height + 400
    assert (np.abs(page.astype(int) - canvas.BAD).max(axis=2) < 3).sum() > 3000  # the bar of the one fault


def test_a_model_without_the_outputs_of_a_panel_is_left_out(tmp_path: Path, own_folders: Path) -> None:
    write_model(own_folders / "models")
    folder = write_inspector(own_folders / "models", side=64)
    text = (folder / "card.json").read_text()
    (folder / "card.json").write_text(text.replace('"weights": {}', '"turns": {}'))
    both = Options(assess=("aesthetics", "technical"))
    explanation = explain(write_photo(tmp_path / "small.png", size=(40, 30)), both)
    assert [view.card.kind for view, _ in explanation.findings] == ["aesthetics"]
    assert explanation.record.overexposed == pytest.approx(0.7)


@pytest.mark.parametrize("size", [(3, 2), (30, 900), (2000, 60)])
def test_odd_photos_have_a_page(tmp_path: Path, own_folders: Path, size: tuple[int, int]) -> None:
    write_model(own_folders / "models")
    write_inspector(own_folders / "models", side=256)
    explanation = explain(write_photo(tmp_path / "odd.png", size=size))
    assert explanation.picture().width == WIDTH


def test_panels_offer_what_the_page_asks_for() -> None:
    assert {"aesthetics", "technical"} <= set(panels.names())
    for kind in panels.names():
        panel = panels.load(kind)
        assert isinstance(panel.NEEDS, tuple) and callable(panel.find) and callable(panel.draw)


def test_what_is_no_photo_is_refused_by_the_library(tmp_path: Path, own_folders: Path) -> None:
    write_model(own_folders / "models")
    with pytest.raises(UsageError, match="no photo"):
        explain(tmp_path / "nowhere.jpg")
    with pytest.raises(UsageError, match="folder"):
        explain(tmp_path)
    (tmp_path / "text.jpg").write_text("no photo")
    with pytest.raises(DecodeError):
        explain(tmp_path / "text.jpg")


def test_it_needs_no_torch_and_decodes_elsewhere(tmp_path: Path, own_folders: Path) -> None:
    write_model(own_folders / "models")
    photo = write_photo(tmp_path / "a.heic", size=(90, 60))
    code = f"""
import sys
from photocli import explain
explain({str(photo)!r}).save({str(tmp_path / "why.png")!r})
print(sorted({{name.split(".")[0] for name in sys.modules}}))
"""
    done = python("-c", code)
    assert done.code == 0, done.err
    loaded = set(eval(done.out))
    assert loaded >= {"onnxruntime", "PIL"}
    assert loaded.isdisjoint(("torch", "torchvision", "onnx", "trainers", "export", "pillow_heif", "rich"))
    assert Image.open(io.BytesIO((tmp_path / "why.png").read_bytes())).width == WIDTH


@pytest.mark.parametrize("anchor", ["ls", "ms", "rs"])
def test_a_minus_is_a_plus_without_its_upright(anchor: str) -> None:
    """On every machine: Pillow's own font has no minus sign, and no other font is drawn instead."""

    def inked(text: str) -> np.ndarray:
        drawing = canvas.Canvas(120, 40)
        drawing.text({"l": 10, "m": 60, "r": 110}[anchor[0]], 30, text, anchor=anchor)
        return np.asarray(drawing.image).astype(int).sum(axis=2) > 3 * 120

    minus, plus = inked("−0.56"), inked("+0.56")
    columns = np.flatnonzero(minus.any(axis=0))
    assert columns[[0, -1]] == pytest.approx(np.flatnonzero(plus.any(axis=0))[[0, -1]], abs=2)
    assert 40 < minus.sum() < plus.sum()
    assert lettering.spell("a −1", 20)[0] == "a -1"


def test_the_exposure_is_written_as_photographers_do() -> None:
    how = {"exposure_s": 1 / 395, "f_number": 9.93486, "iso": 100, "focal_mm": 20.04, "exposure_bias": -1 / 3}
    taken = Record("a.jpg", **how)
    assert exposure(taken) == "1/395 s · f/9.9 · ISO 100 · 20 mm · -0.33 EV"
    assert exposure(Record("a.jpg", f_number=2.8)) == "f/2.8"
