from __future__ import annotations

from pathlib import Path

import pytest
from photos import write_photo
from sidecars import DIGIKAM, LIGHTROOM

from photocli.records import Record
from photocli.writers.xmp import XmpWriter
from photocli.xmp import own_ratings

SPACES = (
    'xmlns:xmp="http://ns.adobe.com/xap/1.0/" xmlns:photocli="http://ns.photocli.org/1.0/" '
    'xmlns:xmpDM="http://ns.adobe.com/xmp/1.0/DynamicMedia/" '
    'xmlns:digiKam="http://www.digikam.org/ns/1.0/" '
    'xmlns:MicrosoftPhoto="http://ns.microsoft.com/photo/1.0/" '
    'xmlns:photoshop="http://ns.adobe.com/photoshop/1.0/"'
)


def packet(attributes: str) -> str:
    return (
        '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF '
        'xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
        f'<rdf:Description rdf:about="" {SPACES} {attributes}/></rdf:RDF></x:xmpmeta>'
    )


@pytest.mark.parametrize(
    ("attributes", "rating"),
    [
        ('xmp:Rating="3"', 3),
        ('xmp:Rating="5.0"', 5),
        ('xmp:Rating="0"', None),
        ('xmp:Rating="-1"', 0),
        ('xmp:Rating="7"', None),
        ('xmp:Rating="many"', None),
        ('MicrosoftPhoto:Rating="75"', 4),
        ('xmp:Rating="4" photocli:Stars="4"', None),
        ('xmp:Rating="4" photocli:Stars="2"', 4),
        ('xmp:Rating="-1" photocli:Stars="-1"', None),
        ('xmpDM:pick="1"', 4),
        ('xmpDM:pick="1" xmp:Rating="5"', 5),
        ('xmpDM:pick="-1" xmp:Rating="5"', 0),
        ('xmpDM:good="false"', 0),
        ('digiKam:PickLabel="3"', 4),
        ('digiKam:PickLabel="0"', None),
        ('xmpDM:pick="1" photocli:Pick="pick"', None),
        ('xmpDM:pick="-1" photocli:Pick="pick"', 0),
    ],
)
def test_what_a_person_said(tmp_path: Path, attributes: str, rating: float | None) -> None:
    (tmp_path / "a.jpg.xmp").write_text(packet(attributes))
    write_photo(tmp_path / "a.jpg", size=(16, 16))
    assert own_ratings.read(tmp_path / "a.jpg") == rating


def test_sidecars_under_either_name(tmp_path: Path) -> None:
    photo = write_photo(tmp_path / "a.jpg", size=(16, 16))
    assert own_ratings.read(photo) is None
    (tmp_path / "a.XMP").write_text(packet('xmp:Rating="2"'))
    assert own_ratings.read(photo) == 2
    (tmp_path / "a.jpg.xmp").write_text(DIGIKAM)
    assert own_ratings.read(photo) == 3


def test_a_raw_files_sidecar_is_the_pairs_and_nobody_elses(tmp_path: Path) -> None:
    photo = write_photo(tmp_path / "a.jpg", size=(16, 16))
    (tmp_path / "a.xmp").write_text(packet('xmp:Rating="2" photoshop:SidecarForExtension="CR2"'))
    assert own_ratings.read(photo, tmp_path / "a.CR2") == 2
    assert own_ratings.read(photo) is None


def test_a_sidecar_that_says_nothing_or_is_damaged_gives_way(tmp_path: Path) -> None:
    photo = write_photo(tmp_path / "a.jpg", size=(16, 16), xmp=packet('xmp:Rating="5"').encode())
    assert own_ratings.read(photo) == 5
    (tmp_path / "a.jpg.xmp").write_text(LIGHTROOM)
    (tmp_path / "a.xmp").write_text("<x:xmpmeta")
    assert own_ratings.read(photo) == 5


@pytest.mark.parametrize("suffix", [".jpg", ".tif", ".webp"])
def test_packets_inside_photos(tmp_path: Path, suffix: str) -> None:
    data = packet('xmp:Rating="5"').encode()
    options = {"tiffinfo": {700: data}} if suffix == ".tif" else {"xmp": data}
    photo = write_photo(tmp_path / f"a{suffix}", size=(16, 16), **options)
    assert own_ratings.read(photo) == 5


@pytest.mark.parametrize("content", [b"", b"\xff\xd8", b"\xff\xd8\xff\xe1\x00", b"<x:xmpmeta", b"nothing"])
def test_damaged_photos_say_nothing(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.jpg").write_bytes(content)
    assert own_ratings.read(tmp_path / "a.jpg") is None
    assert own_ratings.read(tmp_path / "missing.jpg") is None


def test_what_photocli_wrote_is_no_opinion(tmp_path: Path) -> None:
    photo = write_photo(tmp_path / "a.jpg", size=(16, 16))
    with XmpWriter() as writer:
        writer.write(Record(str(photo), score=6.5, stars=4))
    assert own_ratings.read(photo) is None
