"""What hostile sidecars cost: each is read in a process of its own, with limits of memory and CPU time."""

from __future__ import annotations

import csv
import hashlib
import json
import subprocess
import sys
from datetime import datetime, timezone
from pathlib import Path
from xml.parsers import expat

import pytest
from commands import photocli
from hostile_sidecars import COSTLY, REFUSED, TAKEN, attributes, comments, deep, sidecar
from networks import write_model
from photos import write_photo
from timing import slowness

from photocli.errors import SidecarError
from photocli.records import Record
from photocli.writers.xmp import XmpWriter
from photocli.xmp import camera_raw, own_ratings
from photocli.xmp.embedding import embedded, packet_in
from photocli.xmp.merge import XmpChanges, merge

NOW = datetime(2024, 5, 6, 7, 8, 9, tzinfo=timezone.utc)
CPU_S, MEMORY_MB = 2.0, 300

MEASURED = """
import json, sys, time
from pathlib import Path
from photocli.records import Record
from photocli.xmp.sidecar_plan import Marks
from photocli.writers.xmp import XmpWriter

photo = Path(sys.argv[1])
record = Record(str(photo), score=6.5, stars=4, models=("a@1",), style="noir")
with XmpWriter(editor="all") as writer:
    said = writer.write(record, Marks(pick="pick", label="red")).sidecar
written = time.process_time()
from photocli.xmp import camera_raw
from photocli.xmp import own_ratings
own_ratings.read(photo)
camera_raw.developed(photo)
# Its own peak: what getrusage tells begins with that of the process that it was forked from.
status = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
memory = int(status["VmHWM"].split()[0]) / 1024
print(json.dumps([said, max(written, time.process_time() - written), memory]))
"""


def measured(folder: Path, packet: bytes) -> tuple[str, float, float]:
    """What a process says of a photo with this sidecar, its CPU seconds, and its memory in MB.

    The seconds are those of its start and the merge, or of reading ratings and settings if that takes longer.
    """
    (folder / "a.CR2").write_bytes(b"raw")
    (folder / "a.xmp").write_bytes(packet)
    slow = slowness()
    done = subprocess.run(
        [sys.executable, "-c", MEASURED, str(folder / "a.CR2")], capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    said, cpu, memory = json.loads(done.stdout)
    return said, cpu / ((slow + slowness()) / 2), memory


linux = pytest.mark.skipif(sys.platform != "linux", reason="memory is measured in kilobytes on Linux alone")


@linux
@pytest.mark.parametrize("name", REFUSED)
def test_what_is_over_a_limit_is_refused_soon_and_stays_as_it_was(name: str, tmp_path: Path) -> None:
    packet, why = REFUSED[name]
    said, cpu, memory = measured(tmp_path, packet)
    assert said.startswith("refused: ")
    assert why in said
    assert len(said) < 300
    assert (tmp_path / "a.xmp").read_bytes() == packet
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.CR2", "a.xmp"]
    assert cpu <= CPU_S
    assert memory <= MEMORY_MB


@linux
@pytest.mark.parametrize("name", TAKEN)
def test_large_sidecars_are_merged_soon(name: str, tmp_path: Path) -> None:
    said, cpu, memory = measured(tmp_path, TAKEN[name])
    assert said == "written"
    expat.ParserCreate().Parse((tmp_path / "a.xmp").read_bytes(), True)
    assert cpu <= CPU_S
    assert memory <= MEMORY_MB


@linux
@pytest.mark.slow
@pytest.mark.parametrize("name", COSTLY)
def test_what_costs_most_within_the_limits_ends_by_the_deadline(name: str, tmp_path: Path) -> None:
    said, cpu, memory = measured(tmp_path, COSTLY[name])
    assert said == "written" or "reading it takes longer" in said
    assert cpu <= CPU_S + 0.5  # the interpreter's start, and what was begun before the deadline
    assert memory <= MEMORY_MB


def test_the_cost_grows_with_the_attributes_and_no_faster() -> None:
    import time

    def cost(count: int) -> float:
        packet, start = attributes(count), time.thread_time()
        merge(packet, XmpChanges(rating=4), now=NOW)
        return time.thread_time() - start

    few, many = (min(cost(count) for _ in range(3)) for count in (5_000, 40_000))
    assert many < 25 * few  # it was 64 times


def test_what_another_parser_refuses_is_refused() -> None:
    packet = sidecar("<o:\u06b8>1</o:\u06b8>")
    with pytest.raises(expat.ExpatError):
        expat.ParserCreate().Parse(packet, True)
    with pytest.raises(SidecarError, match="another parser"):
        merge(packet, XmpChanges(rating=4), now=NOW)


def test_a_persons_ratings_are_read_from_no_hostile_sidecar(tmp_path: Path) -> None:
    photo = tmp_path / "a.CR2"
    photo.write_bytes(b"raw")
    for packet in (deep(10_000), comments(200_000), sidecar(f"<xmp:Rating>{'9' * 5_000_000}</xmp:Rating>")):
        (tmp_path / "a.xmp").write_bytes(packet)
        assert own_ratings.read(photo) is None
    (tmp_path / "a.xmp").write_bytes(sidecar("<xmp:Rating>5</xmp:Rating>"))
    assert own_ratings.read(photo) == 5


def test_a_packet_and_settings_are_found_across_pieces(tmp_path: Path) -> None:
    photo = tmp_path / "a.CR2"
    for before in ((1 << 20) - 5, (2 << 20) - 12, 1 << 20):
        photo.write_bytes(bytes(before) + sidecar("<xmp:Rating>5</xmp:Rating>"))
        assert own_ratings.read(photo) == 5
        assert camera_raw.developed(photo) is None
        photo.write_bytes(bytes(before) + camera_raw.CAMERA_RAW.encode("utf-16-le"))
        assert camera_raw.developed(photo) == photo


# Inside JPEGs


def extended(photo: Path, size: int) -> bytes:
    """A JPEG with an extended packet of this size before its picture."""
    jpeg = photo.read_bytes()
    head = b"http://ns.adobe.com/xmp/extension/\0" + b"0" * 40
    body = head + b"x" * (65_533 - len(head))
    segment = b"\xff\xe1" + (len(body) + 2).to_bytes(2, "big") + body
    return jpeg[:2] + segment * (size // len(segment) + 1) + jpeg[2:]


@pytest.mark.parametrize("size", [100_000, 50_000_000])
def test_jpegs_with_extended_packets_stay_as_they_were(tmp_path: Path, size: int) -> None:
    photo = write_photo(tmp_path / "a.jpg", size=(60, 40))
    photo.write_bytes(before := extended(photo, size))
    with XmpWriter(embed=True) as writer:
        record = writer.write(Record(str(photo), score=6.5, stars=4))
    assert record.sidecar is not None
    assert record.sidecar.startswith("refused: ")
    assert ("extended XMP" if size < 1_000_000 else "more metadata") in record.sidecar
    assert photo.read_bytes() == before
    assert own_ratings.read(photo) is None


def test_a_jpeg_with_a_hostile_packet_stays_as_it_was(tmp_path: Path) -> None:
    photo = write_photo(tmp_path / "a.jpg", size=(60, 40))
    for packet, why in ((comments(8_000), None), (deep(5_000), "more than 100 elements")):
        photo.write_bytes(before := embedded(photo.read_bytes(), packet))
        with XmpWriter(embed=True) as writer:
            record = writer.write(Record(str(photo), score=6.5, stars=4))
        if why is None:
            assert record.sidecar == "written"
            assert b"photocli:Score" in (packet_in(photo.read_bytes()) or b"")
        else:
            assert why in (record.sidecar or "")
            assert photo.read_bytes() == before


def test_a_jpeg_that_is_too_large_is_not_read(tmp_path: Path) -> None:
    photo = write_photo(tmp_path / "a.jpg", size=(60, 40))
    with photo.open("r+b") as file:
        file.truncate(1 << 32)
    with XmpWriter(embed=True) as writer:
        assert writer.write(Record(str(photo), score=6.5, stars=4)).sidecar == (
            "refused: a JPEG larger than 256 MB"
        )


# The record


def test_rows_say_what_became_of_sidecars(tmp_path: Path, own_folders: Path) -> None:
    write_model(own_folders / "models")
    folder = tmp_path / "shoot"
    for name in ("bad", "good", "mine"):
        write_photo(folder / f"{name}.jpg", size=(90, 60))
    (folder / "broken.jpg").write_bytes(b"\xff\xd8\xff")
    (folder / "mine.jpg.xmp").write_bytes(sidecar("<xmp:Rating>5</xmp:Rating>"))
    (folder / "bad.jpg.xmp").write_bytes(before := comments(200_000))
    tables = (tmp_path / "t.csv", tmp_path / "t.json")
    outputs = ("--csv", tables[0], "--json", tables[1], "--quiet", "--device", "cpu", "--workers", "1")
    expected = {
        "bad": "refused: more than 100,000 nodes", "broken": None, "good": "written", "mine": "kept"
    }  # fmt: skip
    for command in ("score", "cull"):
        if command == "cull":
            outputs = (*outputs, "--no-cache")
        done = photocli(command, folder, "--xmp", *outputs)
        assert done.code == 3
        records = json.loads(tables[1].read_bytes())["records"]
        with tables[0].open(newline="", encoding="utf-8") as file:
            rows = list(csv.DictReader(file))
        assert {Path(each["path"]).stem: each["sidecar"] for each in records} == expected
        assert {Path(r["path"]).stem: r["sidecar"] or None for r in rows} == expected
    assert hashlib.sha256((folder / "bad.jpg.xmp").read_bytes()).digest() == hashlib.sha256(before).digest()
    done = photocli("score", folder, *outputs)
    assert {record["sidecar"] for record in json.loads(tables[1].read_bytes())["records"]} == {None}


def test_of_several_files_the_worst_is_said(tmp_path: Path) -> None:
    for name in ("a.jpg", "a.CR2"):
        (tmp_path / name).write_bytes(b"a photo")
    (tmp_path / "a.CR2.xmp").write_bytes(deep(200))
    with XmpWriter(editor="darktable") as writer:
        photo, twin = tmp_path / "a.jpg", tmp_path / "a.CR2"
        record = writer.write(Record(str(photo), twin=str(twin), score=6.5, stars=4))
    assert record.sidecar == "refused: a.CR2.xmp: more than 100 elements within each other"
