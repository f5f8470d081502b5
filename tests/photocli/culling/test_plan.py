"""The plan on a terminal: it fits any width, says why, and stays short for large shoots."""

from __future__ import annotations

import io
import time
from collections import Counter
from collections.abc import Iterator

import pytest
from rich.console import Console

from photocli.culling import plan
from photocli.culling.changes import FileChanges
from photocli.culling.overview import overview
from photocli.display import UNBOUNDED, cells
from photocli.records import Record

WIDTHS = (60, 80, 120, 200)


def printed(records: list[Record], width: int) -> list[str]:
    """The lines of the plan on a console of this width."""
    file = io.StringIO()
    plan.print_plan(Console(file=file, width=width, highlight=False), records)
    return file.getvalue().splitlines()


def group(
    number: int, kind: str, *photos: tuple[str, float | None, str | None, str], folder: str = "shoot"
) -> Iterator[Record]:
    """A group of photos, by rank: name, score, mark and reason of each."""
    for rank, (name, score, mark, why) in enumerate(photos, start=1):
        place = {"group": number, "group_kind": kind, "rank_in_group": rank, "pick": mark, "pick_reason": why}
        yield Record(f"{folder}/{name}", score=score, **place)  # type: ignore[arg-type]


SHOOT = [
    *group(
        1,
        "burst",
        ("2024-06-20 Anna and Ben at the lake 0147.jpg", 7.13, "pick", "sharper face"),
        ("2024-06-20 Anna and Ben at the lake 0148.jpg", 7.20, "reject", "softer face"),
        ("2024-06-20 Anna and Ben at the lake 0149.jpg", None, "reject", "brighter than the rest"),
    ),
    *group(2, "bracket", *[(f"IMG_{at:04}.CR2", 4.0 + at, "pick", "bracket of 3") for at in range(3)]),
    *group(3, "single", ("写真写真写真写真写真写真写真.jpg", 5.0, "pick", "only one")),
    Record("shoot/broken.jpg", status="failed", error="no JPEG"),
]

AT_60 = """\
Plan for shoot/

    Photo              Score          Why
burst 1 · 3 photos
  1 2024-0…0147.jpg     7.13  pick    sharper face
  2 2024-0…0148.jpg     7.20  reject  softer face
  3 2024-0…0149.jpg           reject  brighter than the rest
bracket 2 · 3 photos
    IMG_0000.CR2 +2  4.0–6.0  pick    bracket of 3
1 single photo
    写真写…写真.jpg     5.00  pick    only one
"""

AT_120 = """\
Plan for shoot/

    Photo                                           Score          Why
burst 1 · 3 photos
  1 2024-06-20 Anna and Ben at the lake 0147.jpg     7.13  pick    sharper face
  2 2024-06-20 Anna and Ben at the lake 0148.jpg     7.20  reject  softer face
  3 2024-06-20 Anna and Ben at the lake 0149.jpg           reject  brighter than the rest
bracket 2 · 3 photos
    IMG_0000.CR2 to IMG_0002.CR2                  4.0–6.0  pick    bracket of 3
1 single photo
    写真写真写真写真写真写真写真.jpg                 5.00  pick    only one
"""


@pytest.mark.parametrize(("width", "screen"), [(60, AT_60), (120, AT_120)])
def test_the_screen(width: int, screen: str) -> None:
    assert printed(SHOOT, width) == [*screen.splitlines(), ""]


@pytest.mark.parametrize("width", [*WIDTHS, 40, 30])
def test_no_line_is_wider_than_the_terminal(width: int) -> None:
    lines = printed(SHOOT, width) + printed(large(), width)
    assert max(map(cells, lines)) <= width


@pytest.mark.parametrize("width", WIDTHS)
def test_columns_stand_below_each_other_and_names_keep_both_ends(width: int) -> None:
    lines = printed(SHOOT, width)
    burst = lines[lines.index("burst 1 · 3 photos") + 1 :][:3]
    assert [line.split()[-1] for line in burst] == ["face", "face", "rest"]
    assert (
        len({line.index(why) for line, why in zip(burst, ("sharper", "softer", "brighter"), strict=True)})
        == 1
    )
    assert all("2024-0" in line and line.split(".jpg")[0][-4:] in ("0147", "0148", "0149") for line in burst)


def test_in_a_pipe_nothing_is_cut() -> None:
    text = "\n".join(printed(SHOOT, UNBOUNDED))
    assert "…" not in text
    assert all(record.path.removeprefix("shoot/") in text for record in SHOOT[:3])


def large(single: str | None = "pick") -> list[Record]:
    """A thousand photos: 60 bursts of ten, one of a hundred, and 300 single photos, of which some differ."""
    records: list[Record] = []
    for number in range(1, 61):
        photos = [(f"B{number:02}_{at:03}.jpg", 8 - at / 2, None, "less sharp") for at in range(1, 10)]
        records += group(number, "burst", (f"B{number:02}_000.jpg", 8.0, "pick", "sharper"), *photos)
    long = [(f"L_{at:03}.jpg", 6.0, None, "tilted" if at % 3 else "more noise") for at in range(1, 100)]
    records += group(61, "look-alikes", ("L_000.jpg", 6.5, "pick", "straighter"), *long)
    for number in range(62, 362):
        mark, why = ("pick", "only one") if number % 10 == 0 else (single, "only one" if single else "left")
        records += group(number, "single", (f"S_{number}.jpg", 3 + number % 50 / 10, mark, why))
    return records


def test_a_thousand_photos_can_be_read() -> None:
    records = large()
    assert len(records) == 1000
    lines = printed(records, 100)
    assert len(lines) < 450
    assert "300 single photos picked · scores 3.0–7.9" in lines
    start = lines.index("look-alikes 61 · 100 photos")
    shown = [" ".join(line.split()) for line in lines[start + 1 : start + 7]]
    assert shown[0] == "1 L_000.jpg 6.50 pick straighter"
    assert shown[1:5] == [
        f"{at + 1} L_{at:03}.jpg 6.00 {'tilted' if at % 3 else 'more noise'}" for at in range(1, 5)
    ]
    assert shown[5] == "95 more 6.0 63 tilted, 32 more noise"


def test_of_many_single_photos_the_picked_ones_are_named() -> None:
    lines = printed(large(None), 100)
    start = lines.index("30 single photos picked · scores 3.0–7.0")
    names = " ".join(lines[start + 1 : start + 7]).split()
    assert names[::2] == [f"S_{number}.jpg" for number in range(70, 362, 10)]
    assert "270 single photos not picked: left · scores 3.1–7.9" in lines
    assert not any("S_71.jpg" in line for line in lines)


def test_a_large_plan_is_soon_printed() -> None:
    records = large() * 20
    begun = time.process_time()
    printed(records, 80)
    assert time.process_time() - begun < 8


def test_names_cannot_break_the_plan() -> None:
    records = list(
        group(1, "burst", ("a\x1b[31m\n[red]b.jpg", 5.0, "pick", "[bold]sharper"), ("c.jpg", 4, None, "x"))
    )
    (line,) = (line for line in printed(records, 80) if "[red]" in line)
    assert "\x1b" not in line
    assert line.endswith("[bold]sharper")


def test_no_photos_give_no_plan() -> None:
    assert printed([Record("a.jpg", status="failed")], 80) == []


def test_the_summary_in_words() -> None:
    said = list(plan.summary(SHOOT, Counter(burst=1, bracket=1, single=1)))
    assert said == ["7 photos: 5 picked, 2 rejected", "1 burst, 1 bracket, 1 single photo", "1 can't be read"]
    some = list(plan.summary(large(None), Counter({"burst": 60, "look-alikes": 1, "single": 300})))
    assert some == [
        "1,000 photos: 91 picked, 909 not picked",
        "60 bursts, 1 group of look-alikes, 300 single photos",
    ]


def test_the_overview_of_a_document() -> None:
    found = overview(reversed(SHOOT))
    assert (found["picked"], found["rejected"]) == (5, 2)
    assert found["kinds"] == {"burst": 1, "bracket": 1, "single": 1}
    first, second, third = found["groups"]
    assert first["members"] == [record.path for record in SHOOT[:3]]
    assert first["picks"] == [SHOOT[0].path]
    assert (second["group"], second["kind"], second["picks"]) == (2, "bracket", second["members"])
    assert third["members"] == [SHOOT[6].path]


def test_changes_in_words() -> None:
    changes = FileChanges()
    assert list(changes.lines()) == []
    changes.files.update(new=1200, changed=2, unchanged=1, failed=1, linked=3, embedded=4, kept=2)
    changes.stars.update({5: 3, 1: 1, -1: 2, 0: 1})
    changes.flags.update({"pick": 3, "reject": 1, "": 2})
    assert list(changes.lines()) == [
        "sidecars: 1,200 new, 2 changed, 1 as they are, 1 can't be written, "
        "3 behind links that lead out of the folders given",
        "JPEGs that change inside: 4",
        "your own rating, flag or label stays in 2",
        "stars: 3 get ★★★★★, 1 get ★, 1 get none, 2 get −1 (rejected)",
        "flags: 3 picks, 1 rejects, 2 lose theirs",
    ]
