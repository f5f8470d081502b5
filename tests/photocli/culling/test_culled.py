"""Culling from Python: what the command finds, for files and for images in memory, and nothing is touched."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from commands import photocli as command
from photos import camera_exif, picture, write_photo
from PIL import Image, ImageFilter

from photocli import Options, Picture, UsageError, cull


@pytest.fixture
def shoot(tmp_path: Path) -> Path:
    """A burst of three, the second one sharp, and two other photos."""
    folder = tmp_path / "shoot"
    sharp = picture("china").resize((1200, 800))
    for second, blur in enumerate((3, 0, 2)):
        frame = sharp.filter(ImageFilter.GaussianBlur(blur))
        exif = camera_exif(captured=f"2024:05:01 10:20:{30 + second}")
        write_photo(folder / f"a{second}.png", frame, exif=exif)
    write_photo(folder / "b.png", "coffee", exif=camera_exif(captured="2024:05:01 12:00:00"))
    write_photo(folder / "c.png", "chelsea", exif=camera_exif(captured="2024:05:01 13:00:00"))
    (folder / "notes.txt").write_text("not a photo")
    return folder


def names(records: object) -> list[str]:
    return [Path(record.path).name for record in records]  # type: ignore[attr-defined]


def test_groups_picks_and_rejects(shoot: Path) -> None:
    before = {path: path.read_bytes() for path in shoot.iterdir()}
    culled = cull(shoot, reject=True)
    assert [(group.number, group.kind, len(group.records)) for group in culled.groups] == [
        (1, "burst", 3),
        (2, "single", 1),
        (3, "single", 1),
    ]
    assert Path(culled.groups[0].best.path).name == "a1.png"
    assert names(culled.picks) == ["a1.png", "b.png", "c.png"]
    assert names(culled.rejects) == ["a0.png", "a2.png"]
    assert [record.status for record in culled.records] == ["ok"] * 5 + ["skipped"]
    assert culled.summary.photos == 5
    assert {path: path.read_bytes() for path in shoot.iterdir()} == before
    found = command("cull", shoot, "--reject", "--json", "-", "-q").document["records"]
    fields = ("path", "group", "rank_in_group", "group_kind", "pick")
    said = [[entry[name] for name in fields] for entry in found]
    assert json.loads(json.dumps([[getattr(r, name) for name in fields] for r in culled.records])) == said


def test_images_in_memory_are_culled_as_their_files_are(shoot: Path) -> None:
    files = sorted(shoot.glob("*.png"))
    told: list[tuple[int, int | None]] = []
    culled = cull(files, keep="40%", look_closer=False)
    images = cull(map(Image.open, files), keep="40%", progress=lambda *now: told.append(now))
    assert images.records == culled.records
    assert names(culled.picks) == ["a1.png", names(culled.picks)[1]]
    assert culled.rejects == ()
    assert told == [(number, None) for number in range(1, 6)]
    data = cull([file.read_bytes() for file in files], keep=1)
    assert [group.kind for group in data.groups] == ["burst", "single", "single"]
    assert len(data.picks) == 1


def test_what_a_person_said_of_a_file_leads(
    shoot: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = sorted(shoot.glob("a*.png"))
    stars = '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
    stars += (
        '<rdf:Description xmlns:xmp="http://ns.adobe.com/xap/1.0/" xmp:Rating="4"/></rdf:RDF></x:xmpmeta>'
    )
    (shoot / "a0.xmp").write_text(stars)
    culled = cull(files, reject=True)
    assert Path(culled.groups[0].best.path).name == "a0.png"
    assert "a0.png" not in names(culled.rejects)
    monkeypatch.chdir(shoot)
    pictures = [Picture(file.read_bytes(), file.name) for file in files]
    culled = cull(pictures, reject=True)
    assert culled.groups[0].best.path == "a1.png", "names of images are no paths"
    assert names(culled.rejects) == ["a0.png", "a2.png"]


def test_what_makes_no_sense_is_refused(shoot: Path) -> None:
    with pytest.raises(UsageError, match="not 'many'"):
        cull(shoot, keep="many")
    with pytest.raises(UsageError, match="per_group must be at least 1"):
        cull(shoot, per_group=0)
    with pytest.raises(UsageError, match="model with embeddings is needed"):
        cull(shoot, options=Options(assess=("technical",)))
    assert cull([]).groups == ()
