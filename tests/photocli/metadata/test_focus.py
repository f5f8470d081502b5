"""Where the camera focused: read from the notes of each maker, as exiftool reads it, and turned upright."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import maker_notes as notes
import numpy as np
import pytest
from photos import write_photo
from PIL import Image

from photocli.decode import decode
from photocli.metadata import viewfinders
from photocli.metadata.capture import read_frame
from photocli.metadata.focus import MOST, read_focus

SIZE = (6000, 4000)
EXIFTOOL = pytest.mark.skipif(shutil.which("exiftool") is None, reason="exiftool is not installed")
Tags = Mapping[str, Any]
Places = list[tuple[float, float]]


def numbers(tags: Tags, name: str) -> list[float]:
    """The numbers of a tag as exiftool says it."""
    return [float(each) for each in re.findall(r"-?[\d.]+(?:e-?\d+)?", str(tags[name]))]


def bits(tags: Tags, name: str) -> list[int]:
    words = [int(word) & 0xFFFF for word in numbers(tags, name)]
    return [16 * at + bit for at, word in enumerate(words) for bit in range(16) if word >> bit & 1]


def by_canon(tags: Tags) -> Places:
    """The areas in focus: from the middle, upwards for cameras with EOS in their name."""
    x, y = numbers(tags, "AFAreaXPositions"), numbers(tags, "AFAreaYPositions")
    up = -1 if "EOS" in tags["Model"] else 1
    width, height = tags["AFImageWidth"], tags["AFImageHeight"]
    return [(0.5 + x[at] / width, 0.5 + up * y[at] / height) for at in bits(tags, "AFPointsInFocus")]


def by_nikon(tags: Tags) -> Places:
    return [
        (tags["AFAreaXPosition"] / tags["AFImageWidth"], tags["AFAreaYPosition"] / tags["AFImageHeight"]),
    ]


def by_sony(tags: Tags) -> Places:
    width, height, x, y = numbers(tags, "FocusLocation")
    return [(x / width, y / height)]


def by_fujifilm(tags: Tags) -> Places:
    x, y = numbers(tags, "FocusPixel")
    return [(x / tags["ExifImageWidth"], y / tags["ExifImageHeight"])]


def by_panasonic(tags: Tags) -> Places:
    x, y = numbers(tags, "AFPointPosition")
    return [(x, y)]


def by_olympus(tags: Tags) -> Places:
    left, top, right, bottom = numbers(tags, "AFPointSelected")
    return [((left + right) / 2, (top + bottom) / 2)]


def by_olympus_areas(tags: Tags) -> Places:
    corners = [int(value).to_bytes(4, "big") for value in numbers(tags, "AFAreas") if value]
    return [((left + right) / 510, (top + bottom) / 510) for left, top, right, bottom in corners]


def by_pentax(tags: Tags) -> Places:
    left, top, width, height = numbers(tags, "ContrastDetectAFArea")
    return [((left + width / 2) / 720, (top + height / 2) / 480)]


def by_subject(tags: Tags) -> Places:
    x, y, *_ = numbers(tags, "SubjectArea")
    return [(x / tags["ExifImageWidth"], y / tags["ExifImageHeight"])]


@dataclass(frozen=True)
class Case:
    """An EXIF block, the points that it has, and what exiftool's tags make of it."""

    exif: bytes
    points: list[tuple[Any, ...]]
    by_exiftool: Callable[[Tags], Places]


AREAS = ((-1200, 800, 300, 200), (0, 0, 360, 240), (900, -500, 300, 200), (1500, -1000, 300, 200))
EOS = [(0.3, 0.3, 0.05, 0.05, True), (0.65, 0.625, 0.05, 0.05, True)]
PERCENT = ((-18, -18), (0, -18), (18, -18), (-18, 0), (0, 0), (18, 0), (-18, 18), (0, 18), (18, 18))
SEVEN = ((0, 640), (-1283, 0), (-769, 0), (0, 0), (769, 0), (1283, 0), (0, -640))
PIXELS = (6048, 4024, 4590, 2580, 285, 308)
AREA = (4590 / 6048, 2580 / 4024, 285 / 6048, 308 / 4024)
OLYMPUS = (
    (0x0301, notes.SHORT, (0,)),
    (0x0304, notes.LONG, (0x716B8691, *[0] * 63)),
    (0x0305, notes.SIGNED_RATIONAL, (0, 0, 1, 2, 63, 128, 1, 2, 63, 128)),
)
DSC = b"SONY DSC \0\0\0"
LUMIX = b"Panasonic\0\0\0"

CASES = {
    "Canon EOS R5": Case(
        notes.exif("Canon", "Canon EOS R5", notes.bare(notes.canon(AREAS, (0, 2)))), EOS, by_canon
    ),
    "Canon EOS 5D Mark IV, big-endian": Case(
        notes.exif("Canon", "Canon EOS 5D Mark IV", notes.bare(notes.canon(AREAS, (0, 2))), order=">"),
        EOS,
        by_canon,
    ),
    "Canon PowerShot G1 X, downwards": Case(
        notes.exif("Canon", "Canon PowerShot G1 X", notes.bare(notes.canon(AREAS, (0,)))),
        [(0.3, 0.7, 0.05, 0.05, True)],
        by_canon,
    ),
    "Canon PowerShot A570, in hundredths": Case(
        notes.exif(
            "Canon",
            "Canon PowerShot A570 IS",
            notes.bare(notes.old_canon(PERCENT, (18, 18), (5, 8), (100, 100), 8)),
            size=(3072, 2304),
        ),
        [(0.68, 0.68, 0.18, 0.18, True), (0.68, 0.5, 0.18, 0.18, True)],
        by_canon,
    ),
    "Canon EOS 350D": Case(
        notes.exif(
            "Canon",
            "Canon EOS 350D DIGITAL",
            notes.bare(notes.old_canon(SEVEN, (100, 150), (1,), (3888, 2592))),
        ),
        [(0.5 - 1283 / 3888, 0.5, 100 / 3888, 150 / 2592, True)],
        by_canon,
    ),
    **{
        f"Nikon {version}": Case(
            notes.exif("NIKON CORPORATION", model, notes.nikon(notes.nikon_area(version, PIXELS))),
            [(*AREA, None if version == "0301" else True)],
            by_nikon,
        )
        for version, model in (
            ("0100", "NIKON D5600"),
            ("0101", "NIKON D850"),
            ("0301", "NIKON Z 6"),
            ("0400", "NIKON Z 9"),
        )
    },
    "Nikon big-endian": Case(
        notes.exif(
            "NIKON CORPORATION",
            "NIKON D5600",
            notes.nikon(notes.nikon_area("0100", PIXELS, ">", in_focus=False)),
            order=">",
        ),
        [(*AREA, False)],
        by_nikon,
    ),
    "Sony ILCE-7M4": Case(
        notes.exif(
            "SONY", "ILCE-7M4", notes.bare(notes.sony((7008, 4672, 3306, 1946), (153, 156, 257)), DSC)
        ),
        [(3306 / 7008, 1946 / 4672, 153 / 7008, 156 / 4672, True)],
        by_sony,
    ),
    "Sony without a frame": Case(
        notes.exif("SONY", "ILCE-7M3", notes.bare(notes.sony((6000, 4000, 1500, 3000), (9, 9, 0)), DSC)),
        [(0.25, 0.75, None, None, None)],
        by_sony,
    ),
    "Fujifilm X-T3": Case(
        notes.exif("FUJIFILM", "X-T3", notes.fujifilm((3598, 2090)), size=(6240, 4160)),
        [(3598 / 6240, 2090 / 4160, None, None, None)],
        by_fujifilm,
    ),
    "Panasonic DC-S5": Case(
        notes.exif(
            "Panasonic", "DC-S5", notes.bare(notes.panasonic((452, 1024, 256, 1024), (1, 10, 1, 8)), LUMIX)
        ),
        [(452 / 1024, 0.25, 0.1, 0.125, None)],
        by_panasonic,
    ),
    "Olympus E-M5": Case(
        notes.exif("OLYMPUS IMAGING CORP.", "E-M5", notes.olympus(OLYMPUS), size=(4608, 3456)),
        [(0.5, 63 / 128, 21 / 255, 38 / 255, None)],
        by_olympus,
    ),
    "Olympus by its areas": Case(
        notes.exif("OLYMPUS IMAGING CORP.", "E-410", notes.olympus(OLYMPUS[1:2]), size=(4608, 3456)),
        [(247 / 510, 252 / 510, 21 / 255, 38 / 255, None)],
        by_olympus_areas,
    ),
    "Pentax K-5, live view": Case(
        notes.exif("PENTAX", "PENTAX K-5", notes.pentax([(0x0231, notes.SHORT, (180, 240, 72, 48))])),
        [(0.3, 0.55, 0.1, 0.1, None)],
        by_pentax,
    ),
    "Apple iPhone": Case(
        notes.exif("Apple", "iPhone 13", None, size=(4032, 3024), subject=(2722, 1890, 753, 756)),
        [(2722 / 4032, 1890 / 3024, 753 / 4032, 756 / 3024, None)],
        by_subject,
    ),
}


def size_of(exif: bytes) -> tuple[int, int]:
    """The size of the stored picture, as the block has it."""
    order = "little" if exif[:1] == b"I" else "big"
    at = [exif.index(tag.to_bytes(2, order) + (4).to_bytes(2, order)) for tag in (0xA002, 0xA003)]
    return int.from_bytes(exif[at[0] + 8 : at[0] + 12], order), int.from_bytes(
        exif[at[1] + 8 : at[1] + 12], order
    )


@pytest.mark.parametrize("name", CASES)
def test_each_maker_is_read(name: str) -> None:
    case = CASES[name]
    found = read_focus(case.exif, size_of(case.exif), 1)
    assert [tuple(point) for point in found] == [
        tuple(
            part if part is None or part is True or part is False else pytest.approx(part, abs=1e-4)
            for part in point
        )
        for point in case.points
    ]


@pytest.fixture(scope="module")
def by_exiftool(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Tags]:
    """What exiftool says of all the cases, each in a photo."""
    folder = tmp_path_factory.mktemp("makers")
    files = [
        write_photo(folder / f"{at}.jpg", size=(60, 40), exif=case.exif)
        for at, case in enumerate(CASES.values())
    ]
    said = subprocess.run(["exiftool", "-j", "-n", *map(str, files)], capture_output=True, check=True).stdout
    return dict(zip(CASES, json.loads(said), strict=True))


@EXIFTOOL
@pytest.mark.parametrize("name", CASES)
def test_exiftool_reads_the_same(name: str, by_exiftool: dict[str, Tags]) -> None:
    case = CASES[name]
    found = [point[:2] for point in read_focus(case.exif, size_of(case.exif), 1)]
    expected = [pytest.approx(place, abs=1e-3) for place in case.by_exiftool(by_exiftool[name])]
    assert sorted(found) == sorted(expected, key=lambda place: place.expected)


@EXIFTOOL
@pytest.mark.parametrize(
    ("model", "version", "schema", "count"),
    [
        ("NIKON D810", "0100", 1, 51),
        ("NIKON D600", "0100", 3, 39),
        ("NIKON D500", "0101", 7, 153),
        ("NIKON Z 6", "0300", 8, 81),
        ("NIKON D6", "0300", 9, 105),
    ],
)
def test_points_of_viewfinders_have_the_places_of_their_names(
    model: str, version: str, schema: int, count: int, tmp_path: Path
) -> None:
    """Names count rows from A on, and columns; those of each row are in order, and all are told apart."""
    grid = viewfinders.of_schema(schema, model)
    assert grid is not None
    assert grid.count == count
    files = []
    for number in range(1, count + 1):
        info = notes.nikon_points(version, schema, [number], number)
        files.append(tmp_path / f"{number}.jpg")
        write_photo(files[-1], size=(6, 4), exif=notes.exif("NIKON CORPORATION", model, notes.nikon(info)))
    said = subprocess.run(
        ["exiftool", "-s3", "-AFPointsUsed", *map(str, files)], capture_output=True, check=True
    )
    names = re.findall(r"^[A-Z]\d+$", said.stdout.decode(), re.M)
    places = [grid.place(number) for number in range(count)]
    assert len(set(names)) == len(set(places)) == count
    by_name = {name: place for name, place in zip(names, places, strict=True) if place is not None}
    for row in sorted({name[0] for name in names}):
        across = [by_name[name] for name in sorted(by_name, key=lambda name: int(name[1:])) if name[0] == row]
        assert across == sorted(across, key=lambda place: place[0])
    for number in range(1, 18):  # rows with fewer points have columns of their own
        along = [by_name[f"{row}{number}"] for row in "BCDEFGH" if f"{row}{number}" in by_name]
        assert along == sorted(along, key=lambda place: place[1])
    mean = np.mean(list(by_name.values()), axis=0)
    assert mean == pytest.approx((0.5, 0.5), abs=1e-6)


def test_the_main_point_of_a_viewfinder_comes_first() -> None:
    info = notes.nikon_points("0100", 1, [1, 6, 7], 7)
    exif = notes.exif("NIKON CORPORATION", "NIKON D810", notes.nikon(info))
    first, *others = read_focus(exif, SIZE, 1)
    assert (first.x, first.y) == pytest.approx((0.552, 0.4241), abs=1e-4)
    assert len(others) == 2 and all(point.in_focus for point in (first, *others))


def test_a_point_that_was_chosen_and_not_in_focus_is_said_so() -> None:
    nikon = notes.exif("NIKON CORPORATION", "NIKON D810", notes.nikon(notes.nikon_points("0100", 1, [], 1)))
    canon = notes.exif("Canon", "Canon EOS R5", notes.bare(notes.canon(AREAS, (), (1,))))
    for exif in (nikon, canon):
        (point,) = read_focus(exif, SIZE, 1)
        assert point[:2] == (0.5, 0.5) and point.in_focus is False


BY_HAND = {
    "Nikon": notes.exif(
        "NIKON CORPORATION", "NIKON Z 6", notes.nikon(notes.nikon_area("0301", PIXELS), "MANUAL")
    ),
    "Sony": notes.exif("SONY", "ILCE-7M3", notes.bare(notes.sony((6000, 4000, 9, 9), mode=0), DSC)),
    "Fujifilm": notes.exif("FUJIFILM", "X-T3", notes.fujifilm((3598, 2090), mode=1)),
    "Panasonic": notes.exif("Panasonic", "DC-S5", notes.bare(notes.panasonic((1, 2, 1, 2), mode=2), LUMIX)),
    "Olympus": notes.exif(
        "OLYMPUS CORPORATION", "E-M1", notes.olympus([(0x0301, notes.SHORT, (10,)), *OLYMPUS[1:]])
    ),
    "none in focus": notes.exif("Canon", "Canon EOS R5", notes.bare(notes.canon(AREAS, ()))),
    "no place": notes.exif("SONY", "ILCE-7M3", notes.bare(notes.sony((0, 0, 0, 0)), DSC)),
    "no number": notes.exif(
        "Panasonic", "DC-S5", notes.bare(notes.panasonic((16777216, 1, 16777216, 1)), LUMIX)
    ),
    "the whole picture": notes.exif("FLIR", "Vue", None, size=(640, 512), subject=(320, 256, 640, 512)),
    "nothing": notes.exif("Canon", "Canon EOS R5", None),
}


@pytest.mark.parametrize("why", BY_HAND)
def test_nothing_is_said_of_what_is_not_known(why: str) -> None:
    assert read_focus(BY_HAND[why], size_of(BY_HAND[why]), 1) == ()


def test_nothing_is_said_of_a_photo_that_was_cut() -> None:
    exif = CASES["Canon EOS R5"].exif
    assert len(read_focus(exif, (1200, 800), 1)) == 2  # made smaller
    assert read_focus(exif, (1200, 1200), 1) == ()
    assert read_focus(exif, (800, 1200), 1) == ()  # turned, and the EXIF does not say so
    assert len(read_focus(exif, (800, 1200), 6)) == 2


def test_compacts_count_in_a_picture_of_another_shape() -> None:
    """Older ones have fewer lines than pixels: 2272 by 284 of a photo of 2272 by 1704."""
    areas = notes.old_canon(PERCENT, (409, 51), (0,), (2272, 284))
    exif = notes.exif("Canon", "Canon DIGITAL IXUS 40", notes.bare(areas))
    (point,) = read_focus(exif, (3072, 2304), 1)
    assert point[:2] == pytest.approx((0.5 - 18 / 2272, 0.5 - 18 / 284), abs=1e-4)
    assert read_focus(exif, (3072, 1728), 1) == ()


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("suffix", [".jpg", ".heic"])
def test_the_point_lies_where_it_is_seen(orientation: int, suffix: str, tmp_path: Path) -> None:
    """A white spot is put where the camera focused; in the upright photo it is where the point is."""
    stored = np.zeros((400, 600, 3), np.uint8)
    stored[70:90, 140:160] = 255  # around (150, 80)
    block = notes.exif(
        "SONY",
        "ILCE-7M4",
        notes.bare(notes.sony((6000, 4000, 1500, 800), (600, 200, 257)), DSC),
        orientation=orientation,
    )
    path = write_photo(tmp_path / f"photo{suffix}", Image.fromarray(stored), exif=block)
    frame = decode(path, side=600)
    capture = read_frame(frame, path)
    rows, columns = np.nonzero(frame.pixels[..., 0] > 128)
    height, width = frame.pixels.shape[:2]
    seen = ((columns.mean() + 0.5) / width, (rows.mean() + 0.5) / height)
    assert (capture.focus_x, capture.focus_y) == pytest.approx(seen, abs=0.005)
    (point,) = capture.focus_points
    assert point[2:] == ((0.1, 0.05, True) if orientation < 5 else (0.05, 0.1, True))


def test_no_more_points_are_kept_than_can_be_looked_at() -> None:
    areas = [(x, y, 100, 100) for x in range(-1500, 1501, 100) for y in range(-1000, 1001, 100)]
    exif = notes.exif("Canon", "Canon EOS R5", notes.bare(notes.canon(areas, range(len(areas)))))
    found = read_focus(exif, SIZE, 1)
    assert len(found) == len(set(found)) == MOST
    assert found[0][:2] == (0.5, 0.5)  # of all of them the one in the middle
