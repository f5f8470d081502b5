"""What a person said of a photo: in the sidecars of six editors, inside files, and against what is ours."""

from __future__ import annotations

import struct
import subprocess
import time
import zlib
from pathlib import Path
from shutil import which

import pytest
from judged import CROPPED, MARKED, NAMES, UNTOUCHED, packet
from photos import write_photo

from photocli.framing.boxes import Box
from photocli.records import Record
from photocli.writers.xmp import XmpWriter
from photocli.xmp import camera_raw
from photocli.xmp.editors import EDITORS
from photocli.xmp.own_ratings import Judgement, JudgementReader, judge
from photocli.xmp.sidecar_plan import Marks

EXPECTED = {
    "stars": Judgement(rating=5),
    "pick": Judgement(flag="pick"),
    "label": Judgement(label="green"),
    "edited": Judgement(edited=True),
    "reject": Judgement(flag="reject"),
    "nothing": None,
}
SPECIAL = {
    ("bridge", "label"): Judgement(label="Approved"),
    ("bridge", "reject"): Judgement(rating=-1),
    ("darktable", "reject"): Judgement(rating=-1, edited=True),
    ("digikam", "label"): Judgement(label="orange"),
    ("rawtherapee", "stars"): Judgement(rating=5, edited=True),
    ("rawtherapee", "reject"): Judgement(flag="reject", edited=True),
}
CASES = [(editor, mark) for editor, marks in MARKED.items() for mark in marks]


@pytest.mark.parametrize(("editor", "mark"), CASES)
def test_what_each_editor_writes(tmp_path: Path, editor: str, mark: str) -> None:
    photo = tmp_path / "IMG_1.CR2"
    photo.write_bytes(b"raw")
    name = NAMES[editor].format(stem=photo.stem, name=photo.name)
    (tmp_path / name).write_text(MARKED[editor][mark], newline="")
    said = judge(photo)
    assert said == SPECIAL.get((editor, mark), EXPECTED[mark])
    if said is not None:
        assert (said.keeps, said.rejects) == (mark != "reject", mark == "reject")
        assert said.words


def test_the_order_in_a_group() -> None:
    ordered = [
        Judgement(flag="pick", rating=2), Judgement(flag="pick"), Judgement(rating=5, label="red"),
        Judgement(rating=5), Judgement(rating=1), Judgement(label="red", edited=True),
        Judgement(label="red"), Judgement(edited=True), Judgement(), Judgement(rating=-1),
    ]  # fmt: skip
    standings = [judgement.standing for judgement in ordered]
    assert standings == sorted(standings, reverse=True)
    assert len(set(standings)) == len(standings)
    assert Judgement(flag="reject", rating=5).standing == Judgement(rating=-1).standing
    assert not Judgement().keeps


@pytest.mark.parametrize("editor", [None, *EDITORS])
@pytest.mark.parametrize("pick", ["pick", "reject"])
def test_what_photocli_wrote_is_no_judgement(tmp_path: Path, editor: str | None, pick: str) -> None:
    photo = write_photo(tmp_path / "a.jpg", size=(60, 40))
    crop = camera_raw.placed(Box(0.1, 0.1, 0.9, 0.8), 1)
    with XmpWriter(editor=editor, embed=True, sidecars=True) as writer:
        assert pick in ("pick", "reject")
        marks = Marks(pick=pick, label=None, crop=crop)  # type: ignore[arg-type]
        assert writer.write(Record(str(photo), score=6.5, stars=4), marks).sidecar == "written"
    assert len(list(tmp_path.glob("*.xmp"))) == 1
    assert judge(photo) is None


def test_a_crop_of_ours_that_a_person_changed_is_theirs(tmp_path: Path) -> None:
    photo = write_photo(tmp_path / "a.jpg", size=(60, 40))
    with XmpWriter() as writer:
        writer.write(Record(str(photo)), Marks(crop=camera_raw.placed(Box(0.1, 0.1, 0.9, 0.8), 1)))
    sidecar = tmp_path / "a.jpg.xmp"
    text = sidecar.read_text()
    assert judge(photo) is None
    sidecar.write_text(text.replace('CropRight="0.9"', 'CropRight="0.7"'))
    assert judge(photo) == Judgement(edited=True)
    sidecar.write_text(text.replace('HasCrop="True"', 'HasCrop="True" crs:Texture="+12"'))
    assert judge(photo) == Judgement(edited=True)


@pytest.mark.parametrize(
    ("settings", "edited"),
    [
        (UNTOUCHED, False),
        (CROPPED, True),
        ('crs:Version="7.0" crs:HasSettings="False" crs:HasCrop="False" crs:AlreadyApplied="False"', False),
        (UNTOUCHED.replace('AlreadyApplied="False"', 'AlreadyApplied="True"') + ' crs:Texture="9"', False),
        (UNTOUCHED.replace("As Shot", "Custom"), True),
        (UNTOUCHED + ' crs:SomethingNew="+3"', True),
        (UNTOUCHED.replace('ConvertToGrayscale="False"', 'ConvertToGrayscale="True"'), True),
    ],
)
def test_settings_that_nobody_chose_are_no_edit(tmp_path: Path, settings: str, edited: bool) -> None:
    photo = write_photo(tmp_path / "a.jpg", size=(60, 40), xmp=packet(settings).encode())
    assert judge(photo) == (Judgement(edited=True) if edited else None)


def test_old_darktable_histories(tmp_path: Path) -> None:
    for operation, edited in (("rawprepare", False), ("clipping", True)):
        item = f'<rdf:li darktable:operation="{operation}" darktable:enabled="1"/>'
        history = f"<darktable:history><rdf:Seq>{item}</rdf:Seq></darktable:history>"
        (tmp_path / "a.CR2.xmp").write_text(packet('darktable:history_end="1"', history))
        assert (judge(tmp_path / "a.CR2") is not None) is edited


# Pairs, and several sidecars


def test_the_better_judgement_of_a_pair_counts(tmp_path: Path) -> None:
    photo, raw = write_photo(tmp_path / "a.jpg", size=(16, 16)), tmp_path / "a.CR2"
    raw.write_bytes(b"raw")
    (tmp_path / "a.jpg.xmp").write_text(packet('xmp:Rating="-1"'))
    assert judge(photo, raw) == Judgement(rating=-1)
    (tmp_path / "a.CR2.xmp").write_text(packet('xmp:Rating="5"'))
    assert judge(photo, raw) == Judgement(rating=5)
    assert judge(photo) == Judgement(rating=-1)
    (tmp_path / "a.CR2.xmp").unlink()
    (tmp_path / "a.CR2.pp3").write_text(MARKED["rawtherapee"]["edited"])
    said = judge(photo, raw)
    assert said is not None
    assert said.keeps


def test_a_sidecar_of_the_raw_file_alone(tmp_path: Path) -> None:
    photo, raw = write_photo(tmp_path / "a.jpg", size=(16, 16)), tmp_path / "a.CR2"
    (tmp_path / "a.xmp").write_text(packet('xmp:Rating="5" photoshop:SidecarForExtension="CR2"'))
    assert judge(photo) is None
    assert judge(photo, raw) == Judgement(rating=5)


def test_two_sidecars_and_the_packet_inside_are_read_together(tmp_path: Path) -> None:
    inside = packet('xmp:Rating="2" xmp:Label="Red"').encode()
    photo = write_photo(tmp_path / "a.jpg", size=(16, 16), xmp=inside)
    (tmp_path / "a.XMP").write_text(packet(CROPPED))
    assert judge(photo) == Judgement(rating=2, label="red", edited=True)
    (tmp_path / "a.jpg.xmp").write_text(packet('xmp:Rating="4"'))
    assert judge(photo) == Judgement(rating=4, label="red", edited=True)


def test_pending_and_foreign_labels_keep(tmp_path: Path) -> None:
    for attributes, label in (
        ('digiKam:PickLabel="2"', "pending"),
        ('xmp:Label="Client likes it"', "Client likes it"),
        ('photoshop:Urgency="8"', "urgency 8"),
        ('photoshop:LabelColor="none"', None),
    ):
        (tmp_path / "a.CR2.xmp").write_text(packet(attributes))
        said = judge(tmp_path / "a.CR2")
        assert (said and said.label) == label


# Inside files


def box(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body) + 8) + kind + body


def chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def made_containers(folder: Path) -> list[Path]:
    """Files of the formats that have an index, with five stars in each, after much that looks like none."""
    data = packet('xmp:Rating="5"').encode()
    jpeg = write_photo(folder / "inner.jpg", size=(16, 16), xmp=data)
    write_photo(folder / "a.tif", size=(16, 16), tiffinfo={700: data})
    write_photo(folder / "a.webp", size=(16, 16), xmp=data)
    png = write_photo(folder / "a.png", size=(16, 16))
    text = chunk(b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + data)
    png.write_bytes(png.read_bytes()[:33] + text + png.read_bytes()[33:])
    big = b"MM\0*" + struct.pack(">IHHHII", 8, 1, 700, 1, len(data), 26) + bytes(4) + data
    (folder / "a.NEF").write_bytes(big)
    uuid = bytes.fromhex("be7acfcb97a942e89c71999491e3afac")
    moov = box(b"mdat", bytes(100_000))
    (folder / "a.CR3").write_bytes(box(b"ftyp", b"crx isom") + box(b"uuid", uuid + data) + moov)
    raf = b"FUJIFILMCCD-RAW".ljust(84, b"\0") + struct.pack(">I", 100)
    (folder / "a.RAF").write_bytes(raf.ljust(100, b"\0") + jpeg.read_bytes())
    return sorted(folder.iterdir())


def test_packets_are_found_by_the_index_of_the_file(tmp_path: Path) -> None:
    files = made_containers(tmp_path)
    assert len(files) == 7
    for file in files:
        assert judge(file) == Judgement(rating=5), file.name


def test_packets_in_heif(tmp_path: Path) -> None:
    photo = write_photo(tmp_path / "a.heic", size=(64, 64), xmp=packet('xmp:Rating="5"').encode())
    assert judge(photo) == Judgement(rating=5)


@pytest.mark.parametrize("length", [0, 3, 9, 15, 17, 30, 60, 100])
def test_damaged_containers_say_nothing(tmp_path: Path, length: int) -> None:
    for file in made_containers(tmp_path / "whole"):
        (tmp_path / file.name).write_bytes(file.read_bytes()[:length])
        assert judge(tmp_path / file.name) is None


@pytest.mark.skipif(which("exiftool") is None, reason="needs exiftool")
@pytest.mark.parametrize("suffix", [".jpg", ".tif", ".png", ".webp", ".heic"])
def test_ratings_that_exiftool_writes_into_files_are_read(tmp_path: Path, suffix: str) -> None:
    photo = write_photo(tmp_path / f"a{suffix}", size=(64, 64))
    command = [
        "exiftool",
        "-q",
        "-overwrite_original",
        "-XMP-xmp:Rating=4",
        "-XMP-xmpDM:Good=true",
        str(photo),
    ]
    if subprocess.run(command, capture_output=True).returncode:
        pytest.skip(f"this exiftool writes no {suffix}")
    assert judge(photo) == Judgement(rating=4, flag="pick")


def test_a_photo_without_a_packet_is_not_read_to_its_end(tmp_path: Path) -> None:
    big = tmp_path / "a.NEF"
    with big.open("wb") as file:
        file.write(b"II*\0" + struct.pack("<IH", 8, 0))
        file.truncate(3 << 30)
    start = time.thread_time()
    assert judge(big) is None
    assert time.thread_time() - start < 0.2  # searching 3 GB takes more than a second


def test_judgements_of_many_photos_are_cheap(tmp_path: Path) -> None:
    """Each costs four milliseconds of CPU time at most, with a sidecar full of settings."""
    jpeg = write_photo(tmp_path / "0.jpg", size=(16, 16)).read_bytes()
    for number in range(200):
        (tmp_path / f"{number}.jpg").write_bytes(jpeg)
        (tmp_path / f"{number}.xmp").write_text(MARKED["lightroom"]["stars"])
    reader, start = JudgementReader(), time.thread_time()
    said = [reader.of(tmp_path / f"{number}.jpg") for number in range(200)]
    assert time.thread_time() - start < 200 * 0.004
    assert said == [Judgement(rating=5)] * 200
