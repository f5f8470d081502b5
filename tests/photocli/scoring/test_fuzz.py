"""Thousands of damaged photos and sidecars: each is accounted for once, and none is changed or lost."""

from __future__ import annotations

import ctypes
import hashlib
import json
import os
import random
import re
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ET
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pytest
from mutants import mutant, seeds, sidecar_mutant, sidecar_texts
from networks import write_model
from photos import write_photo

from photocli.errors import SidecarError
from photocli.xmp.editors import METADATA_DATE, MICROSOFT_RATINGS, NAMESPACE, RATING, SIDECAR_FOR
from photocli.xmp.merge import RDF, XmpChanges, merge

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=timezone.utc)
CHANGES = XmpChanges(rating=4, scores={"Score": "7.25", "Models": "a@1"})
_TOUCHED = {f"{{{uri}}}{name}" for uri, name in (RATING, METADATA_DATE, SIDECAR_FOR, *MICROSOFT_RATINGS)}


def write_mutants(folder: Path, count: int, seed: int) -> list[Path]:
    """Fill a folder with so many damaged photos, each seed's in turn, and one good photo."""
    good = seeds(folder.parent / "seeds")
    names = [*good, *[name for name in good if name.endswith((".jpg", ".jpeg"))]]
    paths = []
    for number in range(count):
        name, rng = names[number % len(names)], random.Random(f"{seed} {number}")
        only_exif = number % len(names) >= len(good)
        paths.append(folder / f"{number // 1000}" / f"{number:05} {name}")
        paths[-1].parent.mkdir(parents=True, exist_ok=True)
        paths[-1].write_bytes(mutant(good[name], rng, only_exif=only_exif))
    return [*paths, write_photo(folder / "zz" / "good.jpg", size=(48, 32))]


@contextmanager
def unchanged(paths: list[Path]) -> Iterator[None]:
    """Nothing of these files changes meanwhile; on Linux, none of them is opened for writing even."""
    before = {path: _state(path) for path in paths}
    with _writes(sorted({path.parent for path in paths})) as written:
        yield
    assert written == []
    assert {path: _state(path) for path in paths} == before


def _state(path: Path) -> tuple[str, int, int]:
    status = path.stat()
    return hashlib.sha256(path.read_bytes()).hexdigest(), status.st_mtime_ns, status.st_mode


@contextmanager
def _writes(folders: list[Path]) -> Iterator[list[bytes]]:
    """What the system says of files in these folders that were written, made, moved, removed or changed."""
    found: list[bytes] = []
    if sys.platform != "linux":
        yield found
        return
    library = ctypes.CDLL(None, use_errno=True)
    handle = library.inotify_init1(os.O_NONBLOCK)
    # modified, attributes, closed after it was open for writing, moved from and to, made, removed
    for folder in folders:
        assert (
            library.inotify_add_watch(handle, os.fsencode(folder), 0x2 | 0x4 | 0x8 | 0xC0 | 0x100 | 0x200) > 0
        )
    try:
        yield found
        while True:
            found.append(os.read(handle, 1 << 16))
    except BlockingIOError:
        pass
    finally:
        os.close(handle)


def check_photos(folder: Path, count: int, seed: int, home: Path) -> Counter[str]:
    """Score mutants as a user does, check what is promised, and count statuses and crashed decoders."""
    paths = write_mutants(folder, count, seed)
    write_model(home / "models")
    command = [sys.executable, "-m", "photocli", "score", folder, "--json", "-", "--quiet", "--no-cache"]
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        with unchanged(paths):
            done = subprocess.run(
                [*command, "--workers", "2", "--assess", "aesthetics"], stdout=out, stderr=err, timeout=1200
            )
        out.seek(0)
        err.seek(0)
        document, said = json.load(out), err.read().decode()
    records = document["records"]
    assert "Traceback" not in said
    assert "should not have happened" not in said
    assert [Path(record["path"]) for record in records] == sorted(paths)
    assert (records[-1]["status"], done.returncode) == ("ok", 3)
    failed = [record for record in records if record["status"] == "failed"]
    assert len(said.splitlines()) == len([record for record in records if record["error"]])
    for record in failed:
        assert record["error"]
        assert record["error"].isprintable()
        assert record["score"] is None
    for record in records:
        if record["status"] == "ok":
            assert 1 <= record["score"] <= 10
            assert record["width"] > 0 < record["height"]
    crashed = [record["path"] for record in failed if "crashed" in record["error"]]
    late = [record["path"] for record in failed if "longer than" in record["error"]]
    counts = Counter(record["status"] for record in records)
    counts.update(crashed=len(crashed), late=len(late))
    print(dict(counts), *crashed, *late, sep="\n")  # shown where the test fails
    return counts


def check_sidecars(count: int, seed: int) -> Counter[str]:
    """Merge into damaged sidecars: refused, or all properties of others stay, as another parser reads it."""
    texts = sidecar_texts()
    results: Counter[str] = Counter()
    for number in range(count):
        packet = sidecar_mutant(texts[number % len(texts)], random.Random(f"{seed} {number}"))
        try:
            result = merge(packet, CHANGES, now=NOW)
        except SidecarError as error:
            assert str(error)
            results["refused"] += 1
            continue
        assert properties(result.packet) == properties(packet), (number, packet)
        again = merge(result.packet, CHANGES, now=NOW)
        assert again.packet == result.packet, number
        results["merged"] += 1
    return results


def properties(packet: bytes) -> list[str]:
    """The properties of other programs, in order, as the parser of Python's own library reads them."""
    root = ET.fromstring(packet)
    rdf = root if root.tag == f"{{{RDF}}}RDF" else root.find(f"{{{RDF}}}RDF")
    found = []
    for description in rdf if rdf is not None else ():
        found += [f"{name}={value!r}" for name, value in description.attrib.items() if _is_foreign(name)]
        found += [repr(_shape(child)) for child in description if _is_foreign(str(child.tag))]
    return sorted(found)


def _is_foreign(name: str) -> bool:
    return name not in _TOUCHED and not name.startswith(f"{{{NAMESPACE}}}") and name != f"{{{RDF}}}about"


def _shape(node: ET.Element) -> Any:
    return str(node.tag), node.text, sorted(node.attrib.items()), [(_shape(c), c.tail) for c in node]


def test_5000_damaged_photos_are_each_accounted_for(tmp_path: Path, own_folders: Path) -> None:
    counts = check_photos(tmp_path / "photos", 5000, 1, own_folders)
    assert counts["ok"] + counts["failed"] == 5001
    assert counts["ok"] > 1000  # the damage is not so coarse that all of it is found at the first byte
    assert counts["failed"] > 1000
    assert counts["crashed"] + counts["late"] <= 10


def test_2000_damaged_sidecars_lose_nothing() -> None:
    counts = check_sidecars(2000, 1)
    assert counts["merged"] > 200
    assert counts["refused"] > 200


def test_damaged_sidecars_beside_photos_are_merged_or_left_as_they_are(
    tmp_path: Path, own_folders: Path
) -> None:
    write_model(own_folders / "models")
    folder, texts, before = tmp_path / "shoot", sidecar_texts(), {}
    for number in range(200):
        photo = write_photo(folder / f"{number:03}.jpg", size=(24, 16))
        sidecar = photo.with_suffix(".xmp")
        sidecar.write_bytes(sidecar_mutant(texts[number % len(texts)], random.Random(f"beside {number}")))
        before[sidecar] = sidecar.read_bytes()
    command = [
        sys.executable,
        "-m",
        "photocli",
        "score",
        folder,
        "--xmp",
        "--assess",
        "aesthetics",
        "--quiet",
    ]
    with unchanged_photos(folder):
        done = subprocess.run(command, capture_output=True, text=True, timeout=600)
    assert done.returncode == 3
    assert "Traceback" not in done.stderr
    refused = {Path(path) for path in re.findall(r"(\S+\.xmp) is left as it was", done.stderr)}
    assert len(refused) > 20
    assert len(refused) < 180
    for sidecar, packet in before.items():
        if sidecar in refused:
            assert sidecar.read_bytes() == packet
        else:
            assert properties(sidecar.read_bytes()) == properties(packet)
    assert {path.suffix for path in folder.iterdir()} == {".jpg", ".xmp"}  # no strays


@contextmanager
def unchanged_photos(folder: Path) -> Iterator[None]:
    """The photos, whose folder may be written to, stay as they are."""
    before = {path: _state(path) for path in folder.glob("*.jpg")}
    yield
    assert {path: _state(path) for path in folder.glob("*.jpg")} == before


@pytest.mark.slow
@pytest.mark.parametrize("seed", [2, 3])
def test_more_damaged_photos_are_each_accounted_for(seed: int, tmp_path: Path, own_folders: Path) -> None:
    counts = check_photos(tmp_path / "photos", 5000, seed, own_folders)
    assert counts["ok"] + counts["failed"] == 5001
    assert counts["crashed"] + counts["late"] <= 10


@pytest.mark.slow
def test_more_damaged_sidecars_lose_nothing() -> None:
    assert check_sidecars(10_000, 2).total() == 10_000
