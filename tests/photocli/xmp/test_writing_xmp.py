"""The XMP writer with an editor, with photos that hold their packet, and with a journal."""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from commands import photocli
from networks import write_model
from photos import camera_exif, write_photo
from PIL import Image
from sidecars import CAPTURE_ONE, LIGHTROOM

from photocli.errors import UsageError
from photocli.files.journal import Journal, runs
from photocli.files.undo import undo
from photocli.records import Record
from photocli.writers.xmp import XmpWriter
from photocli.xmp.embedding import embedded, packet_in
from photocli.xmp.sidecar_plan import Marks, Outcome, Planned

RATED_BY_A_PERSON = LIGHTROOM.replace('xmp:Label="Red"', 'xmp:Rating="5"').encode()


@pytest.fixture(autouse=True)
def state(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PHOTOCLI_STATE", str(tmp_path_factory.mktemp("state")))


def record_of(photo: Path, twin: Path | None = None, **fields: Any) -> Record:
    given = {"score": 6.5, "aesthetic": 6.5, "stars": 4, "models": ("a@1",), **fields}
    return Record(str(photo), twin=twin and str(twin), **given)


def outcomes(*records: Record, marks: Marks | None = None, **options: Any) -> list[Outcome]:
    said: list[Outcome] = []
    with XmpWriter(report=said.append, **options) as writer:
        for record in records:
            writer.write(record, marks)
    return said


def hashes(folder: Path) -> dict[str, str]:
    return {
        p.name: hashlib.sha256(p.read_bytes()).hexdigest() for p in sorted(folder.iterdir()) if p.is_file()
    }


def files(folder: Path, *names: str) -> None:
    for name in names:
        if name.lower().endswith(".xmp"):
            (folder / name).write_text(CAPTURE_ONE, newline="")
        else:
            (folder / name).write_bytes(b"a photo")


# Names


@pytest.mark.parametrize(
    ("editor", "photo", "twin", "present", "expected"),
    [
        ("lightroom", "I.CR2", None, [], ["I.xmp"]),
        ("bridge", "I.CR2", None, [], ["I.xmp"]),
        ("captureone", "I.CR2", None, [], ["I.xmp"]),
        ("all", "I.CR2", None, [], ["I.xmp"]),
        ("darktable", "I.CR2", None, [], ["I.CR2.xmp"]),
        ("digikam", "I.CR2", None, [], ["I.CR2.xmp"]),
        ("darktable", "I.CR2", None, ["I.xmp"], ["I.xmp"]),
        ("darktable", "I.CR2", None, ["I.xmp", "I.CR2.xmp"], ["I.CR2.xmp"]),
        ("lightroom", "I.CR2", None, ["I.CR2.xmp"], ["I.xmp"]),
        ("lightroom", "I.CR2", None, ["I.XMP"], ["I.XMP"]),
        ("lightroom", "I.CR2", None, ["I.DNG"], ["I.CR2.xmp"]),
        ("all", "I.CR2", None, ["I.CR2.xmp"], ["I.CR2.xmp"]),
        ("captureone", "I.jpg", None, [], ["I.xmp"]),
        ("captureone", "I.jpg", None, ["I.CR2"], ["I.jpg.xmp"]),
        ("lightroom", "I.jpg", None, [], ["I.jpg.xmp"]),
        ("darktable", "I.jpg", None, [], ["I.jpg.xmp"]),
        ("all", "I.jpg", None, ["I.xmp"], ["I.xmp"]),
        ("lightroom", "I.jpg", "I.CR2", [], ["I.xmp"]),
        ("captureone", "I.jpg", "I.CR2", ["I.jpg.xmp"], ["I.xmp"]),
        ("darktable", "I.jpg", "I.CR2", [], ["I.jpg.xmp", "I.CR2.xmp"]),
        ("digikam", "I.jpg", "I.CR2", ["I.CR2.xmp"], ["I.jpg.xmp", "I.CR2.xmp"]),
        ("darktable", "I.jpg", "I.CR2", ["I.xmp"], ["I.xmp"]),
    ],
)
def test_each_editor_finds_its_sidecar(
    tmp_path: Path, editor: str, photo: str, twin: str | None, present: list[str], expected: list[str]
) -> None:
    files(tmp_path, photo, *([twin] if twin else []), *present)
    said = outcomes(record_of(tmp_path / photo, tmp_path / twin if twin else None), editor=editor)
    assert [o.sidecar and o.sidecar.name for o in said] == expected
    assert all(o.kind == "written" for o in said)
    before = hashes(tmp_path)
    again = outcomes(record_of(tmp_path / photo, tmp_path / twin if twin else None), editor=editor)
    assert all(o.kind == "unchanged" for o in again)
    assert hashes(tmp_path) == before


def test_an_unknown_editor_is_wrong_use() -> None:
    with pytest.raises(UsageError, match="no editor"):
        XmpWriter(editor="paint")


# What is said


def test_marks_and_keywords_are_written_and_planned_without_writing(tmp_path: Path) -> None:
    files(tmp_path, "a.CR2")
    record = record_of(tmp_path / "a.CR2", style="film noir", medium="photograph")
    marks = Marks(pick="reject", label="red")
    (planned,) = XmpWriter(editor="all", keywords=("looks",)).plan(record, marks)
    assert isinstance(planned, Planned)
    assert (planned.before, planned.kind, planned.changed) == (None, "written", True)
    assert hashes(tmp_path).keys() == {"a.CR2"}
    for text in (b'xmp:Rating="-1"', b'xmp:Label="Red"', b"photocli|style|film noir", b'xmpDM:pick="-1"'):
        assert text in planned.after
    outcomes(record, marks=marks, editor="all", keywords=("looks",))
    assert b"photocli/style/film noir" in (tmp_path / "a.xmp").read_bytes()
    # Marks alone do for a photo that has no stars.
    outcomes(Record(str(tmp_path / "a.CR2")), marks=Marks(pick="none", label=""), editor="all")
    assert b'xmp:Rating="0"' in (tmp_path / "a.xmp").read_bytes()
    assert outcomes(Record(str(tmp_path / "a.CR2"))) == []


def test_without_an_editor_there_are_stars_and_scores_alone(tmp_path: Path) -> None:
    files(tmp_path, "a.CR2")
    outcomes(record_of(tmp_path / "a.CR2", style="noir"))
    text = (tmp_path / "a.xmp").read_text()
    assert "noir" not in text
    assert "Label" not in text
    assert "MicrosoftPhoto" not in text


def test_a_rating_inside_the_jpeg_is_a_persons_too(tmp_path: Path) -> None:
    photo = write_photo(tmp_path / "a.jpg", size=(60, 40))
    photo.write_bytes(embedded(photo.read_bytes(), RATED_BY_A_PERSON))
    (said,) = outcomes(record_of(photo))
    assert said.kind == "kept"
    text = (tmp_path / "a.jpg.xmp").read_text()
    assert "photocli:Score" in text
    assert "xmp:Rating" not in text
    (said,) = outcomes(record_of(photo), overwrite=True)
    assert said.kind == "written"
    assert 'xmp:Rating="4"' in (tmp_path / "a.jpg.xmp").read_text()


# Inside JPEGs


@pytest.fixture
def shoot(tmp_path: Path) -> Path:
    folder = tmp_path / "shoot"
    write_photo(folder / "plain.jpg", "chelsea", size=(120, 80))
    write_photo(folder / "full.JPG.jpg", "coffee", size=(120, 80), exif=camera_exif(), progressive=True)
    write_photo(folder / "other.png", "rocket", size=(120, 80))
    write_photo(folder / "pair.jpg", "rocket", size=(120, 80))
    (folder / "pair.CR2").write_bytes(b"raw")
    (folder / "broken.jpg").write_bytes(b"\xff\xd8\xff\xe0\0\x10JFIF")
    return folder


def records_of(shoot: Path) -> list[Record]:
    single = [record_of(shoot / name) for name in ("plain.jpg", "full.JPG.jpg", "other.png", "broken.jpg")]
    return [*single, record_of(shoot / "pair.jpg", shoot / "pair.CR2")]


def test_jpegs_hold_their_packet_and_the_rest_has_sidecars(shoot: Path) -> None:
    before = {path.name: np.asarray(Image.open(path)) for path in shoot.glob("[fop]*.[jp]*g")}
    (shoot / "plain.jpg").chmod(0o640)
    with Journal.begin("photocli score --embed") as journal:
        said = outcomes(*records_of(shoot), embed=True, editor="lightroom", journal=journal)
    places = [(o.sidecar.name if o.sidecar else None, o.kind) for o in said]
    assert places == [
        ("plain.jpg", "written"), ("full.JPG.jpg", "written"), ("other.png.xmp", "written"),
        ("broken.jpg", "failed"), ("pair.jpg", "written"), ("pair.xmp", "written"),
    ]  # fmt: skip
    assert not (shoot / "plain.jpg.xmp").exists()
    for name, pixels in before.items():
        assert np.array_equal(np.asarray(Image.open(shoot / name)), pixels)
    assert b'xmp:Rating="4"' in (packet_in((shoot / "pair.jpg").read_bytes()) or b"")
    assert (shoot / "plain.jpg").stat().st_mode & 0o777 == 0o640
    assert "left as it was" in (said[3].reason or "")


def test_embedding_is_taken_back_to_the_byte(shoot: Path) -> None:
    before = hashes(shoot)
    with Journal.begin("photocli score --embed --xmp") as journal:
        outcomes(*records_of(shoot), embed=True, sidecars=True, editor="all", journal=journal)
    assert len(hashes(shoot)) == len(before) + 5  # one for the pair
    assert hashes(shoot)["broken.jpg"] == before["broken.jpg"]
    assert hashes(shoot)["plain.jpg"] != before["plain.jpg"]
    assert [item.problem for item in undo() if item.problem] == []
    assert hashes(shoot) == before


def test_an_embedded_rating_of_a_person_is_kept(tmp_path: Path) -> None:
    photo = write_photo(tmp_path / "a.jpg", size=(60, 40))
    photo.write_bytes(embedded(photo.read_bytes(), RATED_BY_A_PERSON))
    (said,) = outcomes(record_of(photo), embed=True)
    assert said.kind == "kept"
    packet = packet_in(photo.read_bytes()) or b""
    assert b'xmp:Rating="5"' in packet
    assert b"photocli:Score" in packet
    stamp = photo.stat().st_mtime_ns
    assert outcomes(record_of(photo), embed=True)[0].kind == "kept"
    assert photo.stat().st_mtime_ns == stamp


def test_sidecars_that_nobody_reads_are_counted_and_named(shoot: Path) -> None:
    (shoot / "b.DNG").write_bytes(b"raw")
    (shoot / "c.heic").write_bytes(b"heif")
    for editor, options, unread in (
        ("lightroom", {}, "JPEG DNG PNG"), ("lightroom", {"embed": True}, "DNG PNG"), ("darktable", {}, ""),
        ("bridge", {}, "JPEG DNG PNG"), (None, {}, "JPEG DNG PNG"), ("all", {}, "JPEG DNG PNG"),
        ("captureone", {}, ""), ("digikam", {}, ""), (None, {"embed": True, "sidecars": True}, "DNG PNG"),
    ):  # fmt: skip
        with XmpWriter(editor=editor, **options) as writer:
            for name in ("plain.jpg", "full.JPG.jpg", "other.png", "b.DNG", "c.heic"):
                writer.write(record_of(shoot / name))
            writer.write(record_of(shoot / "pair.jpg", shoot / "pair.CR2"))
        jpegs, others = "JPEG" in unread, "DNG" in unread
        assert writer.unread == 2 * jpegs + 2 * others
        lines = writer.hint.splitlines()
        assert len(lines) == jpegs + others
        who = {"lightroom": "Lightroom", "bridge": "Bridge"}.get(editor or "", "Lightroom and Bridge")
        assert all(line.startswith(who) for line in lines)
        if jpegs:
            assert "JPEGs (2 here)" in lines[0] and "--embed" in lines[0] and "photocli undo" in lines[0]
        if others:
            assert "DNG and PNG files (2 here)" in lines[-1]


def test_a_run_that_wrote_sidecars_of_jpegs_offers_to_embed(tmp_path: Path) -> None:
    photo = write_photo(tmp_path / "a.jpg", size=(300, 200))
    hint = "don't read the sidecars of JPEGs (1 here), only the files themselves: --embed writes there"
    for options, offered in (
        (("--xmp",), True), (("--for", "all"), True), (("--for", "darktable"), False), (("--embed",), False),
    ):  # fmt: skip
        for command in ("score", "cull"):
            done = photocli(command, photo, "--assess", "aesthetics", *options)
            assert (done.code, hint in done.out + done.err) == (0, offered)
    assert "Lightroom doesn't read" in photocli("score", photo, "--for", "lightroom").err
    assert photocli("score", photo, "--xmp", "--quiet").err == ""


def test_what_lightroom_keeps_no_packet_in_has_the_name_of_a_raw_files_sidecar(tmp_path: Path) -> None:
    files(tmp_path, "a.heic")
    names = [outcomes(record_of(tmp_path / "a.heic"), editor=e)[0].sidecar for e in ("darktable", "bridge")]
    assert [name and name.name for name in names] == ["a.heic.xmp", "a.xmp"]


# The journal


def test_sidecars_are_taken_back(tmp_path: Path) -> None:
    files(tmp_path, "a.CR2", "b.CR2", "b.xmp", "c.CR2")
    before = hashes(tmp_path)
    with Journal.begin("photocli score --xmp") as journal:
        outcomes(*(record_of(tmp_path / f"{name}.CR2") for name in "abc"), journal=journal)
    (tmp_path / "c.xmp").write_text("by a person")
    said = {item.path.name: (item.action, item.problem) for item in undo()}
    assert said == {
        "a.xmp": ("removed", None), "b.xmp": ("restored", None), "c.xmp": ("left", "it was changed since"),
    }  # fmt: skip
    assert {k: v for k, v in hashes(tmp_path).items() if k != "c.xmp"} == before


def test_without_a_journal_nothing_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files(tmp_path, "a.CR2")
    (tmp_path / "no folder").write_text("")
    monkeypatch.setenv("PHOTOCLI_STATE", str(tmp_path / "no folder"))
    with Journal.begin("photocli score --xmp") as journal:
        (said,) = outcomes(record_of(tmp_path / "a.CR2"), journal=journal)
    assert said.kind == "failed"
    assert not (tmp_path / "a.xmp").exists()


# The command


def test_the_command_writes_for_an_editor_and_takes_it_back(tmp_path: Path, own_folders: Path) -> None:
    write_model(own_folders / "models")
    folder = tmp_path / "shoot"
    write_photo(folder / "a.jpg", size=(90, 60), exif=camera_exif())
    write_photo(folder / "b.png", size=(90, 60))
    before = hashes(folder)
    arguments = ("score", folder, "--quiet", "--device", "cpu", "--workers", "1")
    done = photocli(*arguments, "--embed", "--for", "lightroom")
    assert (done.code, done.err) == (0, "")
    assert hashes(folder).keys() == {"a.jpg", "b.png", "b.png.xmp"}
    if shutil.which("exiftool"):
        read = subprocess.run(
            ["exiftool", "-j", "-Rating", folder / "a.jpg"], capture_output=True, check=True
        )
        assert json.loads(read.stdout)[0]["Rating"] >= 1
    assert photocli(*arguments, "--embed", "--for", "lightroom").code == 0
    assert [run.entries for run in runs()] == [2]  # the second run had nothing to write
    assert "--for lightroom" in runs()[0].command
    done = photocli("undo")
    assert (done.code, done.out) == (0, "1 restored, 1 removed\n")
    assert hashes(folder) == before


def test_wrong_use_says_so_before_any_work(tmp_path: Path, own_folders: Path) -> None:
    write_model(own_folders / "models")
    write_photo(tmp_path / "a.jpg", size=(60, 40))
    for arguments in (("--for", "paint"), ("--overwrite",)):
        done = photocli("score", tmp_path, "--quiet", *arguments)
        assert done.code == 2
        assert len(done.lines) == 1
