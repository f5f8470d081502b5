"""A closer look: among which frames it decides, by what, and what it says of its cost."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from commands import photocli
from crafted import write_softness
from networks import write_model
from photos import camera_exif, picture, write_photo
from PIL import ImageFilter

from photocli import Options, Record, Run
from photocli.culling import plan
from photocli.culling.closeups import MARGIN, MOST, Closeups, contenders
from photocli.culling.groups import Group

BURST = [
    Record(
        f"{at}.jpg",
        width=6000,
        height=4000,
        camera="Canon EOS R5",
        score=6.0,
        blur=0.1,
        motion_blur=0.0,
        scale=0.5,
    )
    for at in range(9)
]


def level(*values: float) -> dict[int, float]:
    """Standings of the photos of a burst, by their index."""
    return dict(enumerate(values))


def test_frames_that_are_nearly_equal_are_looked_at() -> None:
    group = Group("burst", (0, 1, 2))
    assert contenders(group, BURST, level(5.0, 5.0 - MARGIN, 4.9 - MARGIN)) == (0, 1)
    assert contenders(group, BURST, level(5.0, 4.9 - MARGIN, 3.0)) == ()
    crowd = Group("burst", tuple(range(9)))
    assert contenders(crowd, BURST, level(*[5.0] * 9)) == tuple(range(MOST))


@pytest.mark.parametrize("kind", ["bracket", "panorama", "focus stack"])
def test_series_are_not_looked_at(kind: str) -> None:
    assert contenders(Group(kind, (0, 1, 2)), BURST, level(5, 5, 5)) == ()  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "changes",
    [{"width": 3000, "height": 2000}, {"camera": "NIKON Z 8"}, {"camera": None}, {"width": None}],
)
def test_other_cameras_and_sizes_are_not_compared_pixel_by_pixel(changes: dict[str, object]) -> None:
    pair = [BURST[0], replace(BURST[1], **changes)]
    assert contenders(Group("look-alikes", (0, 1)), pair, level(5, 5)) == ()
    turned = [BURST[0], replace(BURST[1], width=4000, height=6000)]
    assert contenders(Group("look-alikes", (0, 1)), turned, level(5, 5)) == (0, 1)


@pytest.mark.parametrize(
    ("size", "scale", "is_seen_whole"),
    [
        ((1920, 1280), 1.0, True),
        ((3000, 2000), 1.0, True),
        ((4032, 3024), 0.5, False),
        ((11648, 8736), 0.25, False),
        ((11648, 8736), 0.5, True),
    ],
)
def test_photos_that_show_no_more_are_not_looked_at(
    size: tuple[int, int], scale: float, is_seen_whole: bool
) -> None:
    pair = [replace(photo, width=size[0], height=size[1], scale=scale) for photo in BURST[:2]]
    assert contenders(Group("burst", (0, 1)), pair, level(5, 5)) == (() if is_seen_whole else (0, 1))


def settled(
    tmp_path: Path, models: Path, blurs: Iterable[tuple[float, float] | None]
) -> tuple[Closeups, Group]:
    """A burst of equal frames after a look that finds this blur and motion blur; None: it cannot be read."""
    write_softness(models)
    records, seen = [], []
    for at, blur in enumerate(blurs):
        (tmp_path / f"{at}.jpg").touch()
        records.append(replace(BURST[at], path=str(tmp_path / f"{at}.jpg")))
        lost = {} if blur is None else {"blur": blur[0], "motion_blur": blur[1]}
        seen.append(replace(records[at], status="failed" if blur is None else "ok", **lost))
    closeups = Closeups("technical", Options(outputs=("embedding",), taste="none"), lambda run, total: seen)
    group = Group("burst", tuple(range(len(records))))
    (found,) = closeups.rerank([group], records, level(*[5.0] * len(records)))
    return closeups, found


@pytest.mark.parametrize(
    ("blurs", "members"),
    [
        ([(0.5, 0.0), (0.1, 0.0), (0.3, 0.0)], (1, 2, 0)),
        ([(0.1, 0.6), (0.3, 0.1)], (1, 0)),
        ([(0.11, 0.0), (0.10, 0.0), (0.09, 0.0)], (0, 1, 2)),  # next to nothing
        ([(0.5, 0.0), None, (0.1, 0.0)], (0, 1, 2)),
    ],
)
def test_blur_of_any_kind_decides(
    tmp_path: Path, own_folders: Path, blurs: list[tuple[float, float] | None], members: tuple[int, ...]
) -> None:
    closeups, found = settled(tmp_path, own_folders / "models", blurs)
    assert found.members == members
    assert closeups.changed == (members[0] != 0)
    assert closeups.groups == (None not in blurs)


def test_the_cost_in_words() -> None:
    closeups = Closeups("technical", Options(), frames=12, groups=5, changed=2, seconds=4.14)
    compared = "12 nearly equal photos in 5 groups were compared at full resolution in 4.1 s"
    assert plan.closer_look(closeups) == f"{compared}: 2 of 5 groups have another first photo now"
    closeups.changed = 0
    assert plan.closer_look(closeups) == f"{compared}: the first photo stays the same in each"
    closeups = Closeups("technical", Options(), frames=2, groups=1, seconds=0.8)
    compared = "2 nearly equal photos in 1 group were compared at full resolution in 0.8 s"
    assert plan.closer_look(closeups) == f"{compared}: the first photo stays the same"


@pytest.fixture
def pair(tmp_path: Path, own_folders: Path) -> Path:
    """Two photos of 4,200 pixels; the second is a trace darker, and has a detail that half of them hide."""
    write_model(own_folders / "models")
    write_softness(own_folders / "models")
    soft = picture(size=(4200, 2800)).convert("RGB").filter(ImageFilter.GaussianBlur(8))
    smooth = np.asarray(soft).astype(np.int16)
    # Stripes of three pixels, in half of the frame: what is everywhere could be noise.
    fine = (10 * np.cos(2 * np.pi * np.arange(4200) / 3) * (np.arange(4200) < 2100))[None, :, None]
    for at, pixels in enumerate((smooth, 0.94 * smooth + fine)):
        photo = np.clip(pixels, 0, 255).astype(np.uint8)
        write_photo(tmp_path / "shoot" / f"{at}.jpg", photo, exif=camera_exif(subsec=f"{at}0"), quality=95)
    return tmp_path / "shoot"


def test_cull_picks_the_frame_that_is_sharper_in_its_own_pixels(pair: Path) -> None:
    picked = {}
    for options in (("--detail", "frame"), ("--assess", "aesthetics"), ("--dry-run",)):
        done = photocli("cull", pair, "--json", "-", *options)
        assert done.code == 0, done.err
        picked[options[0]] = [Path(r["path"]).stem for r in done.document["records"] if r["pick"] == "pick"]
        said = (
            r"^2 nearly equal photos in 1 group were compared .* \d+\.\d s: another photo is the first now$"
        )
        closer = options[0] == "--dry-run"
        assert (re.search(said, done.err, re.M) is not None) == closer
        whys = [record["pick_reason"] for record in done.document["records"]]
        assert (whys == ["closer look: less sharp", "closer look: sharper"]) == closer, whys
    assert picked == {"--detail": ["0"], "--assess": ["0"], "--dry-run": ["1"]}
    again = Run([pair], Options(assess=("technical",), detail="native"))
    assert len(list(again)) == 2
    assert again.summary.cached == 2


def test_noise_does_not_lead_a_closer_look(tmp_path: Path, own_folders: Path) -> None:
    """By steps between pixels, as the network here counts them, the noisy frame is the sharper one."""
    write_softness(own_folders / "models")
    clean = np.asarray(picture(size=(2400, 1600)).convert("RGB")).astype(np.int16)
    noise = np.random.default_rng(4).normal(0, 12, clean.shape)
    records = []
    for at, pixels in enumerate((clean + noise, clean)):
        path = tmp_path / f"{at}.jpg"
        write_photo(path, np.clip(pixels, 0, 255).astype(np.uint8), exif=camera_exif(), quality=95)
        records.append(replace(BURST[at], path=str(path)))
    closeups = Closeups("technical", Options(outputs=("embedding",), taste="none"))
    (found,) = closeups.rerank([Group("burst", (0, 1))], records, level(5.0, 5.0))
    assert found.members == (1, 0)
