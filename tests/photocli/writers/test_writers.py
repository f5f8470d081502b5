from __future__ import annotations

import csv
import io
import json
import os
import subprocess
import sys
from dataclasses import asdict
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sidecars import CAPTURE_ONE, DIGIKAM

from photocli import writers
from photocli.errors import UsageError
from photocli.files.atomic import AtomicFile
from photocli.records import RECORD_FIELDS, Face, FocusPoint, Record, as_dict
from photocli.writers.csv import CsvWriter, cell, unmarked
from photocli.writers.json import JsonWriter
from photocli.writers.jsonl import JsonlWriter
from photocli.writers.xmp import XmpWriter
from photocli.xmp.sidecar_plan import Outcome

NOW = datetime(2024, 5, 6, 7, 8, 9, tzinfo=timezone.utc)

RECORDS = [
    Record(
        "a/IMG_1.JPG",
        score=6.25,
        stars=4,
        aesthetic=6.25,
        iso=100,
        models=("aesthetic@1.0", "faces@2"),
        faults=("blur", "noise"),
        faces=1,
        each_face=(Face((0.1, 0.2, 0.3, 0.45), ((0.15, 0.3), (0.25, 0.3)), 0.97, 0.61, 6.8),),
        focus_x=0.2,
        focus_y=0.3,
        focus_points=(FocusPoint(0.2, 0.3, 0.05, 0.04, True), FocusPoint(0.5, 0.5)),
    ),
    Record("ünïcode/日本 🎞.jpg", camera="Canon EOS R5", lens='24", "macro"', exposure_s=1 / 8000),
    Record("new\nline\r and, comma.jpg", camera="=1+1", lens=" spaced "),
    Record(os.fsdecode(b"latin-\xe9.jpg")),
    Record("broken.jpg", status="failed", error="the file is cut short"),
    Record("notes.txt", status="skipped", error=""),
]


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def written_csv(tmp_path: Path, records: list[Record]) -> str:
    with CsvWriter(tmp_path / "out.csv") as writer:
        for record in records:
            writer.write(record)
    return (tmp_path / "out.csv").read_bytes().decode("utf-8", "surrogateescape")


def written_json(tmp_path: Path, records: list[Record], summary: dict[str, Any] | None = None) -> Any:
    with JsonWriter(tmp_path / "out.json") as writer:
        for record in records:
            writer.write(record)
        writer.close(summary)
    return json.loads((tmp_path / "out.json").read_bytes())


def test_every_writer_keeps_the_contract() -> None:
    assert {"csv", "json", "xmp"} <= set(writers.names())
    for name in writers.names():
        writer = writers.load(name)
        assert writer.__doc__
        assert all(callable(getattr(writer, m)) for m in ("write", "close", "__enter__", "__exit__"))
    with pytest.raises(UsageError, match="no writer named yaml"):
        writers.load("yaml")


def test_listing_the_names_imports_no_writer() -> None:
    code = "import sys; from photocli import writers; writers.names(); print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert not {m for m in loaded.split() if m.startswith(("photocli.writers.", "lxml", "rich", "numpy"))}


def test_csv_reads_back(tmp_path: Path) -> None:
    text = written_csv(tmp_path, RECORDS)
    rows = list(csv.DictReader(io.StringIO(text, newline="")))
    assert tuple(rows[0]) == RECORD_FIELDS
    assert [row["path"] for row in rows] == [record.path for record in RECORDS]
    assert [row["status"] for row in rows] == [record.status for record in RECORDS]
    assert rows[0]["models"] == "aesthetic@1.0;faces@2"
    assert [row["faults"] for row in rows[:2]] == ["blur;noise", ""]
    assert rows[0]["each_face"] == (
        '[{"box":[0.1,0.2,0.3,0.45],"eyes":[[0.15,0.3],[0.25,0.3]],"confidence":0.97,"sharpness":0.61,"selfie":6.8}]'
    )
    assert rows[0]["focus_points"] == (
        '[{"x":0.2,"y":0.3,"width":0.05,"height":0.04,"in_focus":true},'
        '{"x":0.5,"y":0.5,"width":null,"height":null,"in_focus":null}]'
    )
    assert (rows[0]["focus_x"], rows[1]["focus_x"]) == ("0.2", "")
    assert rows[1]["each_face"] == rows[1]["focus_points"] == ""
    assert (rows[0]["score"], rows[0]["stars"], rows[0]["iso"]) == ("6.25", "4", "100")
    assert (rows[1]["camera"], rows[1]["lens"]) == ("Canon EOS R5", '24", "macro"')
    assert rows[1]["exposure_s"] == "0.000125"
    assert (rows[2]["camera"], rows[2]["lens"]) == ("'=1+1", " spaced ")
    assert rows[4]["error"] == "the file is cut short"
    assert os.fsencode(rows[3]["path"]) == b"latin-\xe9.jpg"
    assert all(row["technical"] == "" for row in rows)


FORMULAS = [
    "=HYPERLINK(1).jpg",
    "+1.jpg",
    "-1.jpg",
    "@SUM(1).jpg",
    "\t=1.jpg",
    "\r=1.jpg",
    "\n1.jpg",
    " =1.jpg",
    '"=1.jpg',
    "\uff1d1.jpg",
    "\ufeff=1.jpg",
    "-5",
]


@pytest.mark.parametrize("text", [*FORMULAS, "'90s.jpg", "'=1.jpg", "''", "'", "a=1.jpg", "", " a", "1-2"])
def test_no_cell_of_text_is_a_formula_and_each_reads_back(tmp_path: Path, text: str) -> None:
    record = Record(text, "ok", camera=text, exposure_bias=-0.7)
    (row,) = csv.DictReader(io.StringIO(written_csv(tmp_path, [record]), newline=""))
    for name in ("path", "camera"):
        assert row[name].lstrip(' \t\r\n\ufeff"')[:1] not in ("=", "+", "-", "@", "\uff1d")
        assert row[name][:1] not in ("\t", "\r", "\n")
        assert unmarked(row[name]) == text
    assert (text in FORMULAS or text[:1] == "'") == (row["path"] != text)
    with CsvWriter(tmp_path / "raw.csv", raw=True) as writer:
        writer.write(record)
    raw = (tmp_path / "raw.csv").read_bytes().decode()
    (row,) = csv.DictReader(io.StringIO(raw, newline=""))
    assert row["path"] == row["camera"] == text


def test_a_negative_number_stays_a_number() -> None:
    assert (cell("exposure_bias", -0.7), cell("iso", -5), cell("camera", "-5")) == ("-0.7", "-5", "'-5")


def test_json_reads_back(tmp_path: Path) -> None:
    document = written_json(tmp_path, RECORDS, {"photos": 6, "per_second": 12.345678})
    assert list(document) == ["photocli", "records", "summary"]
    assert document["summary"] == {"photos": 6, "per_second": 12.3457}
    for read, record in zip(document["records"], RECORDS, strict=True):
        assert tuple(read) == RECORD_FIELDS
        expected = as_dict(record)
        expected.update(models=list(record.models), faults=list(record.faults))
        expected["each_face"] = json.loads(json.dumps([asdict(face) for face in record.each_face]))
        expected["focus_points"] = [point._asdict() for point in record.focus_points]
        expected.update(answers=[], styles={}, explained=[list(each) for each in record.explained])
        assert read == expected


def test_json_lines_are_the_records_of_the_document(tmp_path: Path) -> None:
    with JsonlWriter(tmp_path / "out.jsonl") as writer:
        for record in RECORDS:
            writer.write(record)
    lines = (tmp_path / "out.jsonl").read_bytes().split(b"\n")
    assert [json.loads(line) for line in lines[:-1]] == written_json(tmp_path, RECORDS)["records"]
    assert lines[-1] == b""


def test_empty_outputs_are_complete(tmp_path: Path) -> None:
    assert written_csv(tmp_path, []) == ",".join(RECORD_FIELDS) + "\n"
    assert written_json(tmp_path, [])["records"] == []


@pytest.mark.parametrize(
    ("name", "value", "text"),
    [
        ("score", None, ""),
        ("score", 6.123456789, "6.1235"),
        ("score", 7.0, "7.0"),
        ("score", 0.1 + 0.2, "0.3"),
        ("score", float("nan"), ""),
        ("score", float("inf"), ""),
        ("score", -0.00001, "0.0"),
        ("exposure_s", 1 / 32000, "0.00003125"),
        ("exposure_s", 1 / 3, "0.333333"),
        ("exposure_s", 30.0, "30.0"),
        ("models", (), ""),
        ("error", "", '""'),
        ("camera", "a b", "a b"),
    ],
)
def test_cells(name: str, value: Any, text: str) -> None:
    assert cell(name, value) == text


def test_numbers_of_numpy_are_numbers(tmp_path: Path) -> None:
    np = pytest.importorskip("numpy")
    record = Record("a.jpg", score=np.float32(6.1), aesthetic=np.float64(5.5), faces=np.int64(2))
    read = written_json(tmp_path, [record])["records"][0]
    assert (read["score"], read["aesthetic"], read["faces"]) == (6.1, 5.5, 2)
    assert ",6.1,,5.5," in written_csv(tmp_path, [record])


def test_json_details_come_last_and_without_nan(tmp_path: Path) -> None:
    with JsonWriter(tmp_path / "out.json") as writer:
        writer.write(
            Record("a.jpg"), details={"votes": (0.123456, float("nan")), "faces": [{"box": [1, 2.0]}]}
        )
    read = json.loads((tmp_path / "out.json").read_bytes())["records"][0]
    assert list(read)[-1] == "details"
    assert read["details"] == {"votes": [0.1235, None], "faces": [{"box": [1, 2.0]}]}


@pytest.mark.parametrize("writer_type", [CsvWriter, JsonWriter, JsonlWriter])
def test_a_failed_run_leaves_the_old_file(
    tmp_path: Path, writer_type: type[CsvWriter | JsonWriter | JsonlWriter]
) -> None:
    path = tmp_path / "out"
    path.write_text("old")
    with pytest.raises(ZeroDivisionError), writer_type(path) as writer:
        writer.write(RECORDS[0])
        raise ZeroDivisionError
    assert path.read_text() == "old"
    assert names(tmp_path) == ["out"]


def test_a_summary_that_is_no_json_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "out"
    path.write_text("old")
    with pytest.raises(TypeError), JsonWriter(path) as writer:
        writer.close({"bad": object()})
    assert path.read_text() == "old"
    assert names(tmp_path) == ["out"]


@pytest.mark.parametrize("writer_type", [CsvWriter, JsonWriter, JsonlWriter])
def test_dash_writes_to_standard_output_alone(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfdbinary: pytest.CaptureFixture[bytes],
    writer_type: type[CsvWriter | JsonWriter | JsonlWriter],
) -> None:
    monkeypatch.chdir(tmp_path)
    with writer_type("-") as writer:
        writer.write(RECORDS[0])
    assert b"a/IMG_1.JPG" in capfdbinary.readouterr().out
    assert names(tmp_path) == []


texts = st.text(st.characters(codec="utf-8", exclude_characters="\x00"))  # Python 3.10 reads no NUL from CSV
records = st.builds(
    Record,
    path=texts,
    error=st.none() | texts,
    camera=st.none() | texts,
    score=st.none() | st.floats(1, 10),
    models=st.lists(st.from_regex(r"[a-z]{1,4}@\d", fullmatch=True), max_size=2).map(tuple),
)


@given(st.lists(records, max_size=4))
def test_any_text_survives(tmp_path_factory: pytest.TempPathFactory, made: list[Record]) -> None:
    folder = tmp_path_factory.mktemp("any")
    with CsvWriter(folder / "out.csv") as to_csv, JsonWriter(folder / "out.json") as to_json:
        for record in made:
            to_csv.write(record)
            to_json.write(record)
    text = (folder / "out.csv").read_bytes().decode("utf-8", "surrogatepass")
    rows = list(csv.DictReader(io.StringIO(text, newline="")))
    document = json.loads((folder / "out.json").read_bytes())["records"]
    for row, read, record in zip(rows, document, made, strict=True):
        assert unmarked(row["path"]) == record.path == read["path"]
        assert unmarked(row["camera"]) == (record.camera or "")
        assert read["camera"] == record.camera
        assert read["models"] == list(record.models)


# XMP sidecars


def rated(*records: Record, **options: Any) -> list[Outcome]:
    outcomes: list[Outcome] = []
    with XmpWriter(report=outcomes.append, clock=lambda: NOW, **options) as writer:
        for record in records:
            writer.write(record)
    assert sum(writer.counts.values()) == len(outcomes)
    return outcomes


def shoot(folder: Path, *files: str) -> None:
    for name in files:
        (folder / name).write_bytes(b"photo or sidecar")


def record_of(photo: Path, stars: int | None = 4, twin: Path | None = None) -> Record:
    return Record(str(photo), score=6.5, aesthetic=6.5, stars=stars, models=("a@1",), twin=twin and str(twin))


@pytest.mark.parametrize(
    ("photo", "twin", "others", "sidecar"),
    [
        ("IMG.JPG", None, [], "IMG.JPG.xmp"),
        ("IMG.png", None, ["IMG.jpg"], "IMG.png.xmp"),
        ("IMG.CR2", None, [], "IMG.xmp"),
        ("IMG.CR2", None, ["IMG.JPG"], "IMG.xmp"),
        ("IMG.CR2", None, ["IMG.DNG"], "IMG.CR2.xmp"),
        ("IMG.JPG", None, ["IMG.CR2"], "IMG.JPG.xmp"),
        ("IMG.JPG", "IMG.CR2", [], "IMG.xmp"),
        ("IMG.JPG", "IMG.CR2", ["IMG.heic"], "IMG.xmp"),
        ("IMG.JPG", "IMG.CR2", ["IMG.DNG"], "IMG.JPG.xmp"),
        ("IMG.HEIC", None, ["IMG.MOV"], "IMG.HEIC.xmp"),
        ("noending", None, [], "noending.xmp"),
        ("IMG.JPG.NEF", None, ["IMG.JPG"], "IMG.JPG.NEF.xmp"),
    ],
)
def test_new_sidecars_are_where_programs_look(
    tmp_path: Path, photo: str, twin: str | None, others: list[str], sidecar: str
) -> None:
    shoot(tmp_path, photo, *([twin] if twin else []), *others)
    (outcome,) = rated(record_of(tmp_path / photo, twin=tmp_path / twin if twin else None))
    assert (outcome.kind, outcome.sidecar) == ("written", tmp_path / sidecar)
    text = (tmp_path / sidecar).read_text()
    assert 'xmp:Rating="4"' in text
    assert ('SidecarForExtension="CR2"' in text) is (sidecar == "IMG.xmp")


@pytest.mark.parametrize(
    ("photo", "twin", "others", "present", "sidecar"),
    [
        ("IMG.JPG", None, [], ["IMG.xmp"], "IMG.xmp"),
        ("IMG.JPG", None, [], ["IMG.XMP"], "IMG.XMP"),
        ("IMG.JPG", None, [], ["IMG.JPG.Xmp"], "IMG.JPG.Xmp"),
        ("IMG.JPG", None, [], ["IMG.JPG.xmp", "IMG.xmp"], "IMG.JPG.xmp"),
        ("IMG.JPG", None, ["IMG.png"], ["IMG.xmp"], "IMG.JPG.xmp"),
        ("IMG.JPG", None, ["img.CR2"], ["IMG.xmp"], "IMG.JPG.xmp"),
        ("IMG.CR2", None, [], ["IMG.CR2.xmp"], "IMG.CR2.xmp"),
        ("IMG.JPG", "IMG.CR2", [], ["IMG.xmp"], "IMG.xmp"),
        ("IMG.JPG", "IMG.CR2", [], ["IMG.CR2.xmp"], "IMG.CR2.xmp"),
        ("IMG.JPG", "IMG.CR2", [], ["IMG.CR2.xmp", "IMG.xmp"], "IMG.xmp"),
        ("IMG.JPG.png", None, ["IMG.JPG"], ["IMG.JPG.xmp"], "IMG.JPG.png.xmp"),
    ],
)
def test_the_sidecar_that_is_there_is_updated(
    tmp_path: Path, photo: str, twin: str | None, others: list[str], present: list[str], sidecar: str
) -> None:
    shoot(tmp_path, photo, *([twin] if twin else []), *others)
    for name in present:
        (tmp_path / name).write_text(CAPTURE_ONE, newline="")
    (outcome,) = rated(record_of(tmp_path / photo, twin=tmp_path / twin if twin else None))
    assert (outcome.kind, outcome.sidecar) == ("written", tmp_path / sidecar)
    for name in present:
        assert ("<xmp:Rating>4<" in (tmp_path / name).read_text()) is (name == sidecar)
    assert len(names(tmp_path)) == len({photo, twin or photo, *others, *present, sidecar})


def test_a_sidecar_that_appears_during_the_run_is_found(tmp_path: Path) -> None:
    shoot(tmp_path, "A.JPG", "B.JPG")
    outcomes: list[Outcome] = []
    with XmpWriter(report=outcomes.append) as writer:
        writer.write(record_of(tmp_path / "A.JPG"))
        (tmp_path / "B.xmp").write_text(CAPTURE_ONE, newline="")
        writer.write(record_of(tmp_path / "B.JPG"))
    assert outcomes[1].sidecar == tmp_path / "B.xmp"


def test_outcomes_say_what_became_of_each_photo(tmp_path: Path) -> None:
    shoot(tmp_path, "A.JPG", "B.JPG", "C.JPG")
    (tmp_path / "B.xmp").write_text(DIGIKAM)
    shoot(tmp_path, "C.xmp")
    made = [record_of(tmp_path / name) for name in ("A.JPG", "B.JPG", "C.JPG")]
    unrated = [record_of(tmp_path / "A.JPG", stars=None), Record("gone.jpg", status="failed", stars=3)]
    first = rated(*made, *unrated)
    assert [outcome.kind for outcome in first] == ["written", "kept", "failed"]
    assert 'xmp:Rating="3"' in (tmp_path / "B.xmp").read_text()
    assert first[2].reason and "C.xmp is left as it was: it is" in first[2].reason
    assert (tmp_path / "C.xmp").read_bytes() == b"photo or sidecar"
    stamps = {path: path.stat().st_mtime_ns for path in tmp_path.iterdir()}
    assert [outcome.kind for outcome in rated(*made)] == ["unchanged", "kept", "failed"]
    assert stamps == {path: path.stat().st_mtime_ns for path in tmp_path.iterdir()}
    assert rated(made[1], overwrite=True)[0].kind == "written"
    assert 'xmp:Rating="4"' in (tmp_path / "B.xmp").read_text()


def test_a_folder_that_is_gone_or_a_sidecar_that_is_none_fails_alone(tmp_path: Path) -> None:
    shoot(tmp_path, "A.JPG")
    (tmp_path / "A.JPG.xmp").mkdir()
    outcomes = rated(record_of(tmp_path / "gone" / "B.JPG"), record_of(tmp_path / "A.JPG"))
    assert [outcome.kind for outcome in outcomes] == ["failed", "failed"]
    assert all(outcome.reason for outcome in outcomes)


def test_what_reads_back_differently_is_reported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shoot(tmp_path, "A.JPG")

    class Forgetful(AtomicFile):
        def write(self, data: bytes) -> None:
            super().write(data[:-1])

    monkeypatch.setattr("photocli.files.journal.atomic_write", Forgetful)
    (outcome,) = rated(record_of(tmp_path / "A.JPG"))
    assert outcome.kind == "failed"
    assert outcome.reason and "reads back differently" in outcome.reason


def test_lxml_is_loaded_when_first_needed() -> None:
    code = "import sys; from photocli.writers.xmp import XmpWriter; XmpWriter(); print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert not {m for m in loaded.split() if m.startswith(("lxml", "numpy", "PIL", "rich"))}
