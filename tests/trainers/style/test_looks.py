"""Looks: each shows what its name says, on real photos; which go together; what is true afterwards."""

from __future__ import annotations

import time
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from photos import sample_pictures, shared_data, write_photo
from PIL import Image
from typer.testing import CliRunner

from trainers.common.frames import Picture
from trainers.style.looks import (
    COLOURED,
    FAMILIES,
    FINISH,
    INCOMPATIBLE,
    LOOKS,
    NAMES,
    TONING,
    apply,
    compatible,
    random_looks,
)
from trainers.style.looks.natural import colourless, measure, natural_looks
from trainers.style.looks.sheet import command
from trainers.style.looks.targets import LENS_LOOKS, drawing_targets, make_looks


def small(name: str, side: int = 320) -> Picture:
    image = Image.fromarray(sample_pictures()[name])
    image.thumbnail((side, side))
    return np.asarray(image)


PHOTOS = ("astronaut", "chelsea", "coffee", "rocket", "china", "flower")


def made(name: str, photo: str = "china", strength: float = 0.5, seed: int = 0) -> Picture:
    return LOOKS[name](small(photo), strength, np.random.default_rng(seed))


def luma(picture: Picture) -> np.ndarray:
    return picture @ np.array([0.2126, 0.7152, 0.0722]) / 255


def chroma(picture: Picture) -> float:
    return float(np.ptp(picture.astype(int), axis=2).mean()) / 255


def detail(picture: Picture) -> np.ndarray:
    """The mean step between neighbours in 4 x 4 parts."""
    steps = np.abs(np.diff(luma(picture), axis=1))[:-1]
    parts = [np.array_split(row, 4, axis=1) for row in np.array_split(steps, 4, axis=0)]
    return np.array([[part.mean() for part in row] for row in parts])


@pytest.mark.parametrize("name", NAMES)
def test_a_look_changes_every_photo_and_nothing_but_its_pixels(name: str) -> None:
    for photo in PHOTOS:
        picture = small(photo, 200)
        before = picture.copy()
        for strength in (0.0, 1.0):
            one = LOOKS[name](picture, strength, np.random.default_rng(3))
            again = LOOKS[name](picture, strength, np.random.default_rng(3))
            assert one.shape == picture.shape
            assert one.dtype == np.uint8
            assert np.array_equal(one, again), "a draw decides, nothing else"
            # The rocket stands before an even sky, where movement shows nothing.
            least = 0.7 if photo == "rocket" else 1.5
            assert np.abs(one.astype(int) - picture).mean() > least, (photo, strength)
        assert np.array_equal(picture, before), "the photo itself stays as it was"


@pytest.mark.parametrize("shape", [(40, 300), (300, 40), (16, 16), (33, 57)])
def test_looks_are_made_of_any_shape(shape: tuple[int, int]) -> None:
    picture = np.asarray(Image.fromarray(small("coffee")).resize(shape[::-1]))
    for name, look in LOOKS.items():
        assert look(picture, 1.0, np.random.default_rng(0)).shape == (*shape, 3), name


def test_an_even_picture_has_no_part_that_is_sharpest() -> None:
    even = np.full((60, 80, 3), 128, np.uint8)
    for name, look in LOOKS.items():
        assert np.isfinite(look(even, 0.5, np.random.default_rng(0))).all(), name


def test_no_colour_is_left_in_noir_and_black_and_white() -> None:
    for name in ("noir", "black and white"):
        assert chroma(made(name)) == 0
    extreme = [((luma(made(name)) < 0.08) | (luma(made(name)) > 0.92)).mean() for name in NAMES[:2]]
    assert extreme[0] > 0.6 > 0.3 > extreme[1], "noir is hard, black and white keeps its halftones"


def test_sepia_is_brown_all_over() -> None:
    for photo in PHOTOS:
        found = measure(made("sepia", photo, 0.8))
        assert found.warmth > 0.95
        assert found.colour_spread < 0.012


def test_light_goes_where_the_name_says() -> None:
    for photo in ("astronaut", "china", "coffee", "chelsea"):
        plain = luma(small(photo)).mean()
        assert luma(made("high key", photo, 0.0)).mean() > max(0.68, plain)
        assert luma(made("low key", photo, 0.0)).mean() < min(0.25, plain)
        assert luma(made("low key", photo, 0.0)).max() > 0.5, "what shines still does"


def test_faded_looks_have_no_black() -> None:
    for name, least in (("vintage", 0.08), ("pastel", 0.28), ("hazy", 0.3)):
        for photo in PHOTOS:
            assert np.quantile(luma(made(name, photo)), 0.01) > least, (name, photo)


def test_colours_get_stronger_and_paler() -> None:
    for photo in ("astronaut", "china", "coffee", "flower"):
        plain = chroma(small(photo))
        assert chroma(made("vivid", photo, 0.0)) > 1.25 * plain
        assert chroma(made("hazy", photo, 0.0)) < 0.75 * plain
        assert chroma(made("pastel", photo, 0.0)) < chroma(made("vivid", photo, 0.0))


def test_cross_processing_turns_shadows_and_lights_apart() -> None:
    picture = small("china")
    crossed = made("cross-processed", "china", 1.0)
    dark, bright = luma(picture) < 0.25, luma(picture) > 0.7
    blue = (crossed[..., 2].astype(float) - crossed[..., 0]) - (
        picture[..., 2].astype(float) - picture[..., 0]
    )
    assert abs(blue[dark].mean() - blue[bright].mean()) > 25


def test_tone_mapping_evens_the_light_and_drives_up_detail() -> None:
    for photo in ("astronaut", "china", "coffee"):
        plain, mapped = small(photo), made("hdr", photo, 0.5)
        assert detail(mapped).mean() > 1.5 * detail(plain).mean()


def test_blur_around_a_subject_leaves_it_sharp() -> None:
    picture = small("china")
    kept = [detail(made("shallow depth of field", "china", 1.0, seed)) / detail(picture) for seed in range(5)]
    assert min(one.max() for one in kept) > 0.7
    assert np.mean([np.median(one) for one in kept]) < 0.5


def test_movement_leaves_detail_along_its_direction_alone() -> None:
    picture = small("china")
    for seed in range(4):
        moved = luma(made("motion blur", "china", 1.0, seed))
        assert np.abs(np.diff(moved)).mean() < 0.6 * np.abs(np.diff(luma(picture))).mean()
    rough = np.random.default_rng(0).integers(0, 255, (200, 300, 3), np.uint8)
    kept = detail(made_of(rough, "radial motion"))
    assert kept[1:3, 1:3].max() > 1.5 * kept[[0, 0, -1, -1], [0, -1, 0, -1]].mean(), "sharp in the middle"


def test_a_vignette_darkens_the_corners_alone() -> None:
    picture = np.full((200, 300, 3), 150, np.uint8)
    for seed in range(5):
        shaded = LOOKS["vignette"](picture, 0.0, np.random.default_rng(seed))
        assert shaded[100, 150, 0] >= 149
        assert shaded[[0, 0, -1, -1], [0, -1, 0, -1], 0].max() < 80


def test_grain_is_noise_in_clumps() -> None:
    picture = np.full((200, 300, 3), 120, np.uint8)
    grain = made_of(picture, "film grain")[..., 0].astype(float) - 120
    assert abs(grain.mean()) < 2
    assert grain.std() > 8
    beside = np.corrcoef(grain[:, :-1].ravel(), grain[:, 1:].ravel())[0, 1]
    assert beside > 0.05, "larger than a pixel"
    black = made_of(np.zeros((200, 300, 3), np.uint8), "film grain")
    assert black.std() < grain.std(), "most in the halftones"


def made_of(picture: Picture, name: str) -> Picture:
    return LOOKS[name](picture, 0.5, np.random.default_rng(1))


def test_looks_are_quick() -> None:
    picture = small("china")
    for name, look in LOOKS.items():
        look(picture, 0.5, np.random.default_rng(0))
        spent = []
        for seed in range(3):
            start = time.process_time()
            look(picture, 0.5, np.random.default_rng(seed))
            spent.append(time.process_time() - start)
        assert min(spent) < 0.1, name  # 25 ms on a core of its own; a busy machine is slower


def test_draws_hold_to_their_shares_and_to_what_goes_together() -> None:
    rng = np.random.default_rng(0)
    drawn_looks = [random_looks(rng) for _ in range(4000)]
    counts = Counter(len(one) for one in drawn_looks)
    assert counts[0] / 4000 == pytest.approx(0.35, abs=0.03)
    assert counts[1] / 4000 == pytest.approx(0.40, abs=0.03)
    singles = Counter(name for one in drawn_looks if len(one) == 1 for name in one)
    assert min(singles[name] for name in NAMES) > 60, "all are as frequent"
    for one in drawn_looks:
        assert all(0 <= strength <= 1 for strength in one.values())
        names = list(one)
        assert all(compatible(a, b) for a in names for b in names if a != b)
        assert sum(name in TONING for name in names) <= 1


def test_what_goes_together_is_mutual_and_named_right() -> None:
    assert sorted(name for family in FAMILIES for name in family) == sorted(NAMES)
    assert all(set(pair) <= set(NAMES) and len(pair) == 2 for pair in INCOMPATIBLE)
    assert all(compatible(a, b) == compatible(b, a) for a in NAMES for b in NAMES)
    assert not compatible("noir", "sepia")
    assert not compatible("noir", "noir")
    assert compatible("noir", "film grain")
    assert compatible(*FINISH)


def test_without_looks_the_photo_is_the_same_array() -> None:
    picture = small("china")
    assert apply(picture, {}, np.random.default_rng(0)) is picture


# What holds without being made


def test_plain_photos_have_no_look_by_rule() -> None:
    for photo in ("astronaut", "coffee", "china", "flower"):
        assert 1.0 not in natural_looks(small(photo)).values(), photo


def test_real_black_and_white_photos_are_known() -> None:
    from skimage import data

    camera = np.repeat(data.camera()[::2, ::2, None], 3, axis=2)
    assert natural_looks(camera)["black and white"] == 1.0
    assert "sepia" not in natural_looks(camera)
    again = write_and_read(camera)
    assert natural_looks(again)["black and white"] == 1.0, "traces of JPEG are no colours"


def write_and_read(picture: Picture) -> Picture:
    import io

    file = io.BytesIO()
    Image.fromarray(picture).save(file, "JPEG", quality=60)
    return np.asarray(Image.open(file).convert("RGB"))


def test_toned_photos_are_sepia_and_other_tones_unknown() -> None:
    grey = np.repeat(luma(small("china"))[:, :, None], 3, axis=2)
    brown = (np.clip(grey * [1.0, 0.86, 0.68], 0, 1) * 255).astype(np.uint8)
    blue = (np.clip(grey * [0.6, 0.8, 1.0], 0, 1) * 255).astype(np.uint8)
    assert natural_looks(brown)["sepia"] == 1.0
    assert np.isnan(natural_looks(blue)["sepia"])
    assert np.isnan(natural_looks(blue)["black and white"])


def test_dark_and_bright_photos_are_known() -> None:
    night = (small("china") * 0.12).astype(np.uint8)
    night[:20, :20] = 255  # a lamp
    assert natural_looks(night)["low key"] == 1.0
    bright = 255 - (255 - small("coffee")) // 6
    assert natural_looks(bright)["high key"] == 1.0
    dusk = (small("china") * (0.28 / luma(small("china")).mean())).astype(np.uint8)
    assert np.isnan(natural_looks(dusk)["low key"]), "between dark and not"


def test_rules_on_the_photos_beside_the_checkout() -> None:
    folder = shared_data("aesthetics", "images")
    shown = {path.stem: path for path in folder.iterdir()}
    dark = [path for name, path in shown.items() if name.lower().startswith(("galaxy", "nighttime"))]
    if not dark:
        pytest.skip("no night photos of this name")
    found = [natural_looks(np.asarray(Image.open(path).convert("RGB"))) for path in dark]
    assert np.mean(["low key" in one for one in found]) > 0.5


# What is true of a photo afterwards


def truth(photo: Picture, **strengths: float) -> dict[str, float]:
    names = {name.replace(" ", "_").replace("-", "_"): name for name in NAMES}
    wanted = {names[key]: value for key, value in strengths.items()}
    _, targets = make_looks(photo, wanted, np.random.default_rng(0))
    return dict(zip(NAMES, targets.tolist(), strict=True))


def test_made_looks_hold_and_the_others_do_not() -> None:
    said = truth(small("china"), vintage=0.5, film_grain=0.5)
    assert said["vintage"] == said["film grain"] == 1.0
    assert said["sepia"] == said["noir"] == said["motion blur"] == 0.0
    assert sum(value == 1.0 for value in truth(small("china")).values()) == 0


def test_black_and_white_that_is_made_is_not_noir() -> None:
    said = truth(small("china"), black_and_white=0.5)
    assert (said["black and white"], said["noir"], said["sepia"]) == (1.0, 0.0, 0.0)
    assert truth(small("china"), noir=0.5)["black and white"] == 0.0


def test_a_photo_without_colours_is_given_none() -> None:
    grey = np.repeat((luma(small("china")) * 255).astype(np.uint8)[:, :, None], 3, axis=2)
    for name in COLOURED:
        finished, targets = make_looks(grey, {name: 0.5}, np.random.default_rng(0))
        assert np.array_equal(finished, grey), name
        assert targets[NAMES.index(name)] != 1.0
        assert targets[NAMES.index("black and white")] == 1.0
    toned = truth(grey, sepia=0.9)
    assert (toned["sepia"], toned["black and white"]) == (1.0, 0.0), "the later toning counts"
    assert truth(grey, motion_blur=0.5)["black and white"] == 1.0, "it still has none"


def test_what_rules_find_only_afterwards_is_unknown() -> None:
    dark = (small("china") * 0.45).astype(np.uint8)
    said = truth(dark, noir=1.0)
    assert said["noir"] == 1.0
    assert said["low key"] == 0.0 or np.isnan(said["low key"])
    night = (small("china") * 0.12).astype(np.uint8)
    assert truth(night)["low key"] == 1.0
    assert truth(night, high_key=0.5)["high key"] != 1.0, "no night is made bright"


def test_looks_that_nobody_can_see_are_unknown() -> None:
    pale = (luma(small("china"))[:, :, None] * 235 + small("china") * 0.05).astype(np.uint8)
    assert not colourless(measure(pale)) or chroma(pale) < 0.02
    assert truth(pale, vivid=0.0)["vivid"] != 1.0
    even = np.full((200, 300, 3), 120, np.uint8)
    assert np.isnan(truth(even, motion_blur=0.5)["motion blur"])


def test_of_drawings_only_the_lens_is_known() -> None:
    said = dict(zip(NAMES, drawing_targets().tolist(), strict=True))
    assert all(said[name] == 0.0 for name in LENS_LOOKS)
    assert all(np.isnan(said[name]) for name in NAMES if name not in LENS_LOOKS)


def test_the_command_draws_a_sheet(tmp_path: Path) -> None:
    photo = write_photo(tmp_path / "photo.jpg", "coffee", size=(90, 60))
    sheet = tmp_path / "sheet.png"
    result = CliRunner().invoke(command(), [str(photo), "--out", str(sheet), "--side", "64"])
    assert result.exit_code == 0, result.output
    assert Image.open(sheet).width > 600
    broken = tmp_path / "broken.jpg"
    broken.write_bytes(b"no photo")
    result = CliRunner().invoke(command(), [str(broken), "--out", str(sheet)])
    assert result.exit_code == 2
