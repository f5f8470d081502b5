"""The table on the terminal: what it ranks, that it fits, and that it prints names safely."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from rich.cells import cell_len

from photocli.display import Column
from photocli.errors import UsageError
from photocli.records import Record
from photocli.scoring.pipeline import Summary
from photocli.scoring.profiles import FAULTS, GENERAL, Profile
from photocli.scoring.ratings import breakdown, in_words, rate
from photocli.writers._columns import columns_of
from photocli.writers._summary import outcomes_in_words
from photocli.writers.table import TableWriter

SUMMARY = Summary(photos=1234, failed=5, cached=67, provider="CPUExecutionProvider", seconds=2.0)


def record(name: str, score: float | None, **fields: Any) -> Record:
    label = None if score is None else "good" if score > 6 else "average"
    return Record(
        name,
        score=score,
        stars=None if score is None else 4,
        aesthetic=score,
        aesthetic_std=1.5,
        aesthetic_class=label,
        **fields,
    )


def shown(
    records: list[Record],
    capsys: pytest.CaptureFixture[str],
    *,
    summary: Summary = SUMMARY,
    sidecars: str = "",
    **options: Any,
) -> list[str]:
    """The lines that are printed for the records."""
    with TableWriter(**options) as writer:
        for item in records:
            writer.write(item)
    writer.show(summary, sidecars)
    return capsys.readouterr().out.splitlines()


def ranked(lines: list[str]) -> list[str]:
    """The names in the rows of the table."""
    return [line.split()[0] for line in lines if ".jpg" in line]


def test_the_best_and_the_worst_in_order(capsys: pytest.CaptureFixture[str]) -> None:
    records = [record(f"shoot/{n}.jpg", float(n % 10) + n / 100) for n in range(1, 30)]
    lines = shown(records, capsys, top=3)
    assert lines[0].rstrip() == f"Best and worst of {Path('shoot')}/, by score"
    assert ranked(lines) == ["29.jpg", "19.jpg", "9.jpg", "1.jpg", "20.jpg", "10.jpg"]


def test_few_photos_are_shown_once(capsys: pytest.CaptureFixture[str]) -> None:
    records = [record(f"{n}.jpg", float(n)) for n in (3, 1, 2)]
    assert ranked(shown(records, capsys, top=10)) == ["3.jpg", "2.jpg", "1.jpg"]
    assert ranked(shown(records, capsys, top=2)) == ["3.jpg", "2.jpg", "1.jpg"]
    assert ranked(shown(records, capsys, top=0)) == []


def test_of_equal_photos_the_earlier_comes_first(capsys: pytest.CaptureFixture[str]) -> None:
    records = [record(f"{name}.jpg", 5.0) for name in "bacd"]
    assert ranked(shown(records, capsys, top=2))[:2] == ["b.jpg", "a.jpg"]


@pytest.mark.parametrize(
    ("sort", "first"), [("captured", "c.jpg"), ("path", "a.jpg"), ("iso", "b.jpg"), ("exposure_s", "b.jpg")]
)
def test_any_field_ranks(sort: str, first: str, capsys: pytest.CaptureFixture[str]) -> None:
    records = [
        record("b.jpg", 1.0, captured="2024-05-02T00:00:00", iso=800, exposure_s=0.004),
        record("a.jpg", 9.0, captured="2024-05-03T00:00:00", iso=None, exposure_s=None),
        record("c.jpg", 5.0, captured="2024-05-01T00:00:00", iso=100, exposure_s=0.001),
    ]
    lines = shown(records, capsys, sort=sort)
    assert ranked(lines)[0] == first
    if sort == "exposure_s":
        assert any(line.rstrip().endswith("0.004") for line in lines)
        assert "a.jpg" not in ranked(lines)  # what has no value cannot be ranked


def test_an_unknown_field_is_wrong_use() -> None:
    with pytest.raises(UsageError, match="no field 'beauty' to sort by"):
        TableWriter(sort="beauty")


def test_failed_and_skipped_paths_are_not_ranked(capsys: pytest.CaptureFixture[str]) -> None:
    records = [
        record("a.jpg", 5.0),
        Record("b.jpg", "failed", "the file is empty"),
        Record("c.txt", "skipped", "no"),
    ]
    assert ranked(shown(records, capsys)) == ["a.jpg"]


def test_the_histogram_counts_every_photo(capsys: pytest.CaptureFixture[str]) -> None:
    records = [record(f"{n}.jpg", score) for n, score in enumerate([1.0, 5.4, 5.45, 5.5, 10.0, 9.6, None])]
    lines = shown(records, capsys)
    counts = {}
    for line in lines:
        if found := re.fullmatch(r" *(\d+–\d+)  [█▏▎▍▌▋▊▉]+ (\d+)", line.rstrip()):
            counts[found[1]] = int(found[2])
    assert counts == {"1–2": 1, "5–6": 3, "9–10": 2}
    assert "Score  Photos" in (line.strip() for line in lines)


def test_the_summary_says_what_was_done(capsys: pytest.CaptureFixture[str]) -> None:
    lines = shown([], capsys, sidecars=outcomes_in_words(Counter(written=3, kept=2)))
    assert lines == [
        "1,234 photos · 5 failed · 67 from the cache · on CPU · 617.0 photos/s · 2.0 s",
        "sidecars: 2 kept, 3 written (kept: your own rating, flag or label stays)",
    ]
    one = Summary(photos=1, cached=1, skipped=1, seconds=0.5)
    assert shown([], capsys, summary=one) == [
        "1 photo · 0 failed · 1 from the cache · 2.0 photos/s · 0.5 s",
        "1 other file was no photo (listed in CSV and JSON)",
    ]


NAMES = [
    "[red]a[/red]",
    "new\nline",
    "\x1b[31mred\x07",
    "l" * 300,
    "日本語の写真" * 20,
    "a b c",
    "\udce9",
    "é" * 99,
]


@pytest.mark.parametrize("width", [40, 60, 80, 120])
@pytest.mark.parametrize("sort", ["score", "captured", "camera", "path"])
def test_every_line_fits_and_is_safe(
    width: int, sort: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", str(width))
    records = [
        record(f"{name}.jpg", 1.0 + n, captured="2024-05-01T10:20:30", camera="Canon EOS R5")
        for n, name in enumerate(NAMES)
    ]
    lines = shown(records, capsys, sort=sort)
    assert len([line for line in lines if "★" in line or ".jpg" in line or "2024-05" in line]) == len(NAMES)
    assert max(map(cell_len, lines)) <= width
    assert all(line.isprintable() for line in lines)
    assert any("[red]a[/red].jpg" in line for line in lines) or width <= 60


@given(st.lists(st.floats(1, 10), max_size=40), st.integers(0, 5))
def test_what_is_kept_does_not_grow(scores: list[float], top: int) -> None:
    writer = TableWriter(top=top)
    for n, score in enumerate(scores):
        writer.write(record(f"{n}.jpg", score))
    best = sorted(scores, reverse=True)[:top]
    assert [item[2].score for item in sorted(writer._best, reverse=True)] == best
    assert [item[2].score for item in sorted(writer._worst, reverse=True)] == sorted(scores)[:top]


def judged(name: str, aesthetic: float, **fields: Any) -> Record:
    """A record as the models would have it, with severities or a selfie score beside the aesthetic one."""
    answers = {"aesthetic": aesthetic, **fields}
    return Record(name, aesthetic_std=1.5, aesthetic_class="average", **{**answers, **rate(answers)})


JUDGED = [
    judged("a.jpg", 8.0, blur=0.0),
    judged("b.jpg", 7.0, selfie=8.0, blur=0.3, noise=0.1, faults=("blur",)),
    judged("c.jpg", 2.0, motion_blur=1.0, faults=("motion_blur",)),
    judged("d.jpg", 6.0),
]


def cells_of(lines: list[str], name: str) -> str:
    (line,) = (line for line in lines if line.strip().startswith(name) and " = " not in line)
    return " ".join(line.split()[1:])


def test_a_row_adds_up(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "120")
    lines = shown(JUDGED, capsys)
    assert "Score Stars Aesthetic Selfie Faults Technical Class" in " ".join(lines[1].split())
    assert cells_of(lines, "a.jpg") == "8.00 ★★★★★ 8.00 ±1.5 10.00 average"
    assert cells_of(lines, "b.jpg") == "6.58 ★★★★ 7.00 ±1.5 +0.30 −0.72 blur 6.92 average"
    assert cells_of(lines, "c.jpg") == "1.00 ★ 2.00 ±1.5 −1.00 motion blur 1.00 average"  # not −3.60
    assert cells_of(lines, "d.jpg") == "6.00 ★★★ 6.00 ±1.5 average"


@pytest.mark.parametrize("width", [40, 60, 75, 120])
def test_one_photo_is_the_example(
    width: int, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", str(width))
    lines = shown(JUDGED, capsys)
    first = next(number for number, line in enumerate(lines) if " = " in line or line.endswith(" ="))
    found = lines[first : lines.index("", first)]
    assert " ".join(found) == "b.jpg: 6.58 = 7.00 aesthetic + 0.30 selfie − 0.61 blur − 0.11 slight faults"
    assert len(found) == {40: 3, 60: 2, 75: 1, 120: 1}[width]


def test_a_profile_of_ones_own_is_what_the_example_follows(capsys: pytest.CaptureFixture[str]) -> None:
    gentle = Profile("gentle", 0.0, 0.1, {"blur": 1.0})
    fields = {"aesthetic": 7.0, "selfie": 9.0, "blur": 0.5, "faults": ("blur",)}
    lines = shown([Record("a.jpg", **{**fields, **rate(fields, gentle)})], capsys, profile=gentle)
    assert "a.jpg: 6.68 = 7.00 aesthetic − 0.32 blur" in (line.rstrip() for line in lines)


def test_with_a_taste_faults_are_named_and_cost_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    fields = {"aesthetic": 7.0, "taste": 4.0, "motion_blur": 0.8}
    lines = shown([Record("a.jpg", faults=("motion_blur",), **{**fields, **rate(fields)})], capsys)
    assert cells_of(lines, "a.jpg") == "4.00 ★ 7.00 motion blur 2.80"
    assert not any(" = " in line for line in lines)


def first(columns: dict[str, Column], name: str) -> str:
    """What the first cell of a column says; nothing without the column."""
    return str(columns[name].forms[0][1][0]) if name in columns else ""


@given(st.floats(1, 10), st.none() | st.floats(1, 10), st.lists(st.floats(0, 1), min_size=6, max_size=6))
@example(1.7349518, None, [0.0] * 6)
@example(2.6901, 2.8146, [0.0] * 6)
def test_what_the_row_says_adds_up(aesthetic: float, selfie: float | None, severities: list[float]) -> None:
    fields = {"aesthetic": aesthetic, "selfie": selfie, **dict(zip(FAULTS, severities, strict=True))}
    record = Record("a.jpg", **{**fields, **rate(fields)})
    columns = columns_of([record], "score", GENERAL)
    said = [str(first(columns, name)).partition(" ")[0] for name in ("Aesthetic", "Selfie", "Faults")]
    total = sum(float(text.replace("−", "-")) for text in said if text)
    assert total == pytest.approx(float(first(columns, "Score")), abs=1e-6)


@pytest.mark.parametrize("width", [40, 60, 80, 100, 120])
def test_every_line_with_faults_fits(
    width: int, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", str(width))
    severities = dict.fromkeys(FAULTS, 0.6)
    records = [judged(f"{name}.jpg", 9.0, selfie=2.0, faults=FAULTS, **severities) for name in NAMES]
    lines = shown(records, capsys)
    assert max(map(cell_len, lines)) <= width
    assert all(line.isprintable() for line in lines)


@given(
    st.floats(1, 10),
    st.none() | st.floats(1, 10),
    st.lists(st.floats(0, 1), min_size=6, max_size=6),
    st.integers(1, 3),
)
@example(4.5239, 3.8203, [0.5025, 0.0996, 1.0, 0.1367, 0.0, 0.3795], 1)  # 1.005 in all
def test_a_sum_in_words_adds_up(
    aesthetic: float, selfie: float | None, severities: list[float], most: int
) -> None:
    fields = {"aesthetic": aesthetic, "selfie": selfie, **dict(zip(FAULTS, severities, strict=True))}
    words = in_words(breakdown(fields), most=most)
    total = sum(
        float(value) * (-1 if sign == "−" else 1) for sign, value in re.findall(r"(−?) ?(\d+\.\d\d)", words)
    )
    assert total == pytest.approx(round(rate(fields)["score"], 2), abs=1e-6)
    assert " 0.00 " not in f" {words}"
    assert len(re.findall(r" − ", words)) <= most + 1 + (selfie is not None)


def test_faces_have_a_column_where_there_are_any(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "120")
    records = [
        judged("a.jpg", 8.0, faces=3, selfie=7.25),
        judged("b.jpg", 7.0, faces=1),
        judged("c.jpg", 6.0, faces=0),
    ]
    lines = shown(records, capsys)
    assert "Selfie Faces Class" in " ".join(lines[1].split())
    assert cells_of(lines, "a.jpg") == "8.22 ★★★★★ 8.00 ±1.5 +0.22 3: 7.2 average"
    assert cells_of(lines, "b.jpg") == "7.00 ★★★★ 7.00 ±1.5 1 average"
    assert cells_of(lines, "c.jpg") == "6.00 ★★★ 6.00 ±1.5 average"
    assert "Faces" not in shown(records[2:], capsys)[1]
    with pytest.raises(UsageError, match="no field 'each_face' to sort by"):
        TableWriter(sort="each_face")


@pytest.mark.parametrize("width", [60, 80, 120, 200])
def test_a_row_adds_up_at_every_width(
    width: int, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", str(width))
    long = [replace(each, path=f"IMG_20261128_14{number:04}.jpg") for number, each in enumerate(JUDGED)]
    lines = shown(long, capsys)
    assert lines[1].split()[:6] == ["Photo", "Score", "Stars", "Aesthetic", "Selfie", "Faults"]
    rows = [line for line in lines if "★" in line]
    assert len(rows) == len(JUDGED)
    for row in rows:
        assert re.match(r"IMG_2.*00\d\d\.jpg ", row)
        score, aesthetic, *changes = re.findall(r"[+−]?\d+\.\d\d", row)
        changes = [change for change in changes if change[0] in "+−"]
        total = float(aesthetic) + sum(float(change.replace("−", "-")) for change in changes)
        assert total == pytest.approx(float(score), abs=1e-6)


def test_a_taste_in_use_is_named(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    fields = {"aesthetic": 7.0, "taste": 4.0, "blur": 0.8}
    tasted = [Record(f"shoot/{n}.jpg", faults=("blur",), **{**fields, **rate(fields)}) for n in (1, 2)]
    for width in (60, 80, 120):
        monkeypatch.setenv("COLUMNS", str(width))
        lines = shown(tasted, capsys, taste="weddings")
        assert lines[0].rstrip() == f"Best and worst of {Path('shoot')}/, by your taste 'weddings'"
        assert " · your taste 'weddings'" in " · " + lines[-1] + lines[-2]
    assert not any("taste" in line for line in shown(JUDGED, capsys))


def test_equal_photos_are_at_both_ends(capsys: pytest.CaptureFixture[str]) -> None:
    records = [record(f"{name}.jpg", 5.0) for name in "abcdef"]
    assert ranked(shown(records, capsys, top=2)) == ["a.jpg", "b.jpg", "e.jpg", "f.jpg"]


def test_a_field_without_values_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    lines = shown([record("a.jpg", 5.0)], capsys, sort="iso", summary=Summary(photos=1, seconds=1.0))
    assert lines[0] == "no photo has a value for iso"


def test_nothing_is_cut_in_a_pipe(capsys: pytest.CaptureFixture[str]) -> None:
    name = f"{'a long name ' * 20}.jpg"
    assert any(line.startswith(name) for line in shown([record(name, 5.0)], capsys))
