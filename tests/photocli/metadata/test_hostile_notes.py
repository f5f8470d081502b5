"""Notes that are made to do harm, or damaged: they cost nothing, and nothing is raised."""

from __future__ import annotations

import struct
import time

import maker_notes as notes
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from photos import camera_exif
from test_focus import CASES
from test_focus_containers import RAW

from photocli.metadata.focus import read_focus, read_focus_file

SIZE = (6000, 4000)


def cpu_ms(exif: bytes) -> float:
    """The least CPU time of ten readings, in milliseconds."""
    taken = []
    for _ in range(10):
        began = time.process_time()
        read_focus(exif, SIZE, 1)
        taken.append(time.process_time() - began)
    return 1000 * min(taken)


def many_fields(count: int) -> notes.Notes:
    """Notes of so many fields, each of which claims as many values as it can."""

    def made(_at: int, order: str) -> bytes:
        entry = struct.pack(f"{order}HHII", 0x0026, 4, 0xFFFFFFFF, 0)
        return struct.pack(f"{order}H", count & 0xFFFF) + entry * min(count, 5000)

    return made


def one(tag: int, kind: int, count: int, at: int) -> notes.Notes:
    """Notes of one field with a count and a place that are not true."""
    return lambda _at, order: struct.pack(f"{order}HHHII", 1, tag, kind, count, at) + bytes(4)


def itself(_at: int, order: str) -> bytes:
    """Notes of Olympus whose settings are the notes themselves."""
    return b"OLYMPUS\0II\x03\0" + struct.pack("<HHHII", 1, 0x2020, 13, 1, 12)


HOSTILE: dict[str, tuple[str, notes.Notes]] = {
    "fields without end": ("Canon", many_fields(65_535)),
    "five hundred fields": ("Canon", many_fields(500)),
    "a count above all": ("Canon", one(0x0026, 3, 0xFFFFFFFF, 8)),
    "a place beyond the end": ("Canon", one(0x0026, 3, 60, 0xFFFFFFFF)),
    "areas without end": (
        "Canon",
        notes.bare([(0x0026, notes.SHORT, (2, 2, 65_535, 65_535, *[9] * 30_000))]),
    ),
    "areas of no size": ("Canon", notes.bare(notes.canon([(0, 0, 0, 0)] * 2000, range(2000), size=(0, 0)))),
    "a directory inside itself": ("OLYMPUS", itself),
    "an unknown type": ("Canon", one(0x0026, 99, 4, 8)),
    "nothing": ("Canon", lambda _at, _order: b"\0"),
    "a header alone": ("NIKON", lambda _at, _order: b"Nikon\0\x02\x11\0\0II*\0"),
    "a place of its own": ("FUJIFILM", lambda _at, _order: b"FUJIFILM\xff\xff\xff\xff"),
}


@pytest.mark.parametrize("why", HOSTILE)
def test_hostile_notes_cost_nothing(why: str) -> None:
    make, made = HOSTILE[why]
    exif = notes.exif(make, f"{make} EOS 1", made)
    assert read_focus(exif, SIZE, 1) == ()
    assert cpu_ms(exif) < 8


def test_a_photo_without_notes_costs_a_tenth_of_a_millisecond() -> None:
    assert cpu_ms(camera_exif(subsec="123", offset="+02:00")) < 0.1


def test_a_directory_that_points_to_itself_ends() -> None:
    exif = bytearray(notes.exif("Canon", "Canon EOS R5", None))
    at = exif.index(struct.pack("<HHI", 0x8769, 4, 1))
    exif[at + 8 : at + 12] = struct.pack("<I", 8)
    assert read_focus(bytes(exif), SIZE, 1) == ()


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_damage_in_notes_raises_nothing(data: st.DataObject) -> None:
    exif = bytearray(data.draw(st.sampled_from([case.exif for case in CASES.values()])))
    for at in data.draw(st.lists(st.integers(0, len(exif) - 1), max_size=8)):
        exif[at] = data.draw(st.sampled_from([0, 1, 2, 3, 7, 0x7F, 0x80, 0xFF]))
    cut = data.draw(st.integers(0, len(exif)))
    for block in (bytes(exif), bytes(exif[:cut])):
        for point in read_focus(block, SIZE):
            assert 0 <= point.x <= 1 and 0 <= point.y <= 1


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_damage_in_raw_files_raises_nothing(data: st.DataObject) -> None:
    make, _, _ = data.draw(st.sampled_from(list(RAW.values())))
    file = bytearray(make())
    for at in data.draw(st.lists(st.integers(0, min(len(file), 400) - 1), max_size=8)):
        file[at] = data.draw(st.sampled_from([0, 1, 2, 0x7F, 0xFF]))
    cut = data.draw(st.integers(0, len(file)))
    for part in (bytes(file), bytes(file[:cut])):
        for point in read_focus_file(part, SIZE):
            assert 0 <= point.x <= 1 and 0 <= point.y <= 1
