"""Links that lead out of the folders given: skipped or only read, and nothing is written through them."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from commands import photocli
from photos import write_photo

from photocli.cli.explain import pages
from photocli.discover import HIDDEN_FILE, HIDDEN_FOLDER, LEADS_OUT, discover
from photocli.errors import PhotocliError, UsageError
from photocli.files import atomic_write
from photocli.journal import Journal
from photocli.links import Roots, is_link
from photocli.moves import Mover, carry_out
from photocli.own_ratings import read
from photocli.records import Record, Skipped
from photocli.sidecar_plan import Outcome
from photocli.undo import undo
from photocli.writers.xmp import XmpWriter

if sys.platform == "win32":  # links need a right there that few users have; junctions do not
    pytest.skip("symbolic links need a right of their own", allow_module_level=True)


@pytest.fixture
def shoot(tmp_path: Path) -> Path:
    """`shoot` with a photo, and links to a folder, a photo and a sidecar of `other`."""
    folder, other = tmp_path / "shoot", tmp_path / "other"
    folder.mkdir()
    other.mkdir()
    write_photo(folder / "own.jpg")
    write_photo(other / "theirs.jpg")
    write_photo(other / "single.jpg")
    (folder / "folder").symlink_to(other)
    (folder / "photo.jpg").symlink_to(other / "single.jpg")
    return folder


@pytest.fixture(autouse=True)
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PHOTOCLI_STATE", str(tmp_path / "state"))


def found(*paths: Path, under: Path, **options: bool) -> list[str]:
    items = list(discover(paths, **options))
    names = [item.path.relative_to(under).as_posix() for item in items]
    return [
        f"!{name}" if isinstance(item, Skipped) else name for item, name in zip(items, names, strict=True)
    ]


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


def rated(path: Path) -> Record:
    return Record(str(path), score=7.0, stars=4, models=("aesthetic@1",))


def written(path: Path, roots: Path, **options: bool) -> list[Outcome]:
    said: list[Outcome] = []
    with XmpWriter(report=said.append, roots=Roots([roots]), **options) as writer:
        writer.write(rated(path))
    return said


def test_links_out_of_the_folder_are_skipped_and_listed(shoot: Path) -> None:
    assert found(shoot, under=shoot) == ["!folder", "own.jpg", "!photo.jpg"]
    assert {item.reason for item in discover([shoot]) if isinstance(item, Skipped)} == {LEADS_OUT}


def test_links_are_read_through_where_that_is_asked_for(shoot: Path) -> None:
    expected = ["own.jpg", "photo.jpg", "folder/theirs.jpg"]  # photo.jpg is folder/single.jpg
    assert found(shoot, under=shoot, follow_links=True) == expected


def test_a_root_that_is_a_link_is_a_root(shoot: Path, tmp_path: Path) -> None:
    (tmp_path / "root").symlink_to(shoot)
    (shoot / "inner").mkdir()
    write_photo(shoot / "inner" / "1.jpg")
    names = found(tmp_path / "root", under=tmp_path / "root")
    assert names == ["!folder", "own.jpg", "!photo.jpg", "inner/1.jpg"]
    assert [o.kind for o in written(tmp_path / "root" / "own.jpg", tmp_path / "root")] == ["written"]
    assert found(shoot / "photo.jpg", under=shoot) == ["photo.jpg"]


def test_a_photo_comes_out_at_its_own_place_and_once(tmp_path: Path) -> None:
    (tmp_path / "z").mkdir()
    write_photo(tmp_path / "z" / "1.jpg")
    (tmp_path / "a.jpg").symlink_to(tmp_path / "z" / "1.jpg")
    (tmp_path / "b").symlink_to(tmp_path / "z")
    (tmp_path / "z" / "up").symlink_to(tmp_path)
    (tmp_path / "z" / "far").symlink_to(tmp_path.parent)
    assert found(tmp_path, under=tmp_path) == ["z/1.jpg", "!z/far"]
    given = [tmp_path / "a.jpg", tmp_path / "z" / "1.jpg", tmp_path]
    assert found(*given, under=tmp_path) == ["a.jpg", "!z/far"]


def test_what_is_hidden_in_a_root_comes_out_through_its_link(tmp_path: Path) -> None:
    """As with git-annex, where photos are links to files in a hidden folder."""
    (tmp_path / ".annex").mkdir()
    write_photo(tmp_path / ".annex" / "abc.jpg")
    (tmp_path / "1.jpg").symlink_to(".annex/abc.jpg")
    (tmp_path / "2.jpg").symlink_to(".annex/abc.jpg")
    assert found(tmp_path, under=tmp_path) == ["1.jpg"]
    assert [o.kind for o in written(tmp_path / "1.jpg", tmp_path)] == ["written"]
    assert [o.kind for o in written(tmp_path / "1.jpg", tmp_path, embed=True)] == ["failed"]
    mover = Mover(tmp_path.parent / "out", [tmp_path])
    assert mover.why_not(tmp_path / "1.jpg") == "1.jpg is a link"


def test_given_photos_are_not_taken_from_behind_a_link(tmp_path: Path) -> None:
    """`a/up` leads round to `b`, which was given, too: its photos are its own."""
    for name in ("a", "b", "c"):
        (tmp_path / name).mkdir()
        write_photo(tmp_path / name / f"{name}.jpg")
    (tmp_path / "a" / "up").symlink_to(tmp_path)
    names = found(tmp_path / "a", tmp_path / "b", under=tmp_path, follow_links=True)
    assert names == ["a/a.jpg", "a/up/c/c.jpg", "b/b.jpg"]
    (tmp_path / "c" / "named.jpg").write_bytes(b"")
    given = [tmp_path / "a", tmp_path / "c" / "named.jpg"]
    assert found(*given, under=tmp_path, follow_links=True)[-1] == "c/named.jpg"


def test_a_link_to_a_raw_file_outside_is_no_twin(shoot: Path, tmp_path: Path) -> None:
    (tmp_path / "other" / "own.CR2").write_bytes(b"")
    (shoot / "own.CR2").symlink_to(tmp_path / "other" / "own.CR2")
    photos = {item.path.name: item for item in discover([shoot], follow_links=True)}
    assert photos["own.jpg"].twin is None
    assert "own.CR2" in photos


def test_hidden_files_are_listed_where_that_is_asked_for(tmp_path: Path) -> None:
    write_photo(tmp_path / "1.jpg")
    (tmp_path / "._1.jpg").write_bytes(b"\0\5\x16\7")
    (tmp_path / ".1.xmp.photocli-0123abcd.tmp").write_bytes(b"")
    (tmp_path / ".git").mkdir()
    reasons = {i.path.name: i.reason for i in discover([tmp_path], hidden=True) if isinstance(i, Skipped)}
    assert reasons == {
        "._1.jpg": HIDDEN_FILE,
        ".1.xmp.photocli-0123abcd.tmp": HIDDEN_FILE,
        ".git": HIDDEN_FOLDER,
    }
    assert found(tmp_path, under=tmp_path) == ["1.jpg"]


def test_nothing_is_written_for_photos_behind_links(shoot: Path, tmp_path: Path) -> None:
    before, names = contents(tmp_path / "other"), set(shoot.iterdir())
    for photo in (shoot / "folder" / "theirs.jpg", shoot / "photo.jpg"):
        for options in ({}, {"embed": True}):
            assert [outcome.kind for outcome in written(photo, shoot, **options)] == ["linked"]
    assert contents(tmp_path / "other") == before
    assert set(shoot.iterdir()) == names


@pytest.mark.parametrize("exists", [True, False])
def test_a_sidecar_that_is_a_link_is_refused(shoot: Path, tmp_path: Path, exists: bool) -> None:
    target = tmp_path / "other" / "own.jpg.xmp"
    if exists:
        target.write_text('<x:xmpmeta xmlns:x="adobe:ns:meta/"/>')
    (shoot / "own.jpg.xmp").symlink_to(target)
    before = contents(tmp_path / "other")
    (outcome,) = written(shoot / "own.jpg", shoot)
    assert outcome.kind == "failed"
    assert "link" in (outcome.reason or "")
    assert contents(tmp_path / "other") == before
    assert is_link(shoot / "own.jpg.xmp")


def test_a_link_put_there_before_the_renaming_is_refused(shoot: Path, tmp_path: Path) -> None:
    target = tmp_path / "other" / "theirs.xmp"
    target.write_text("theirs")
    with (
        pytest.raises(PhotocliError, match="it is a link now"),
        atomic_write(shoot / "own.xmp", follow_links=False) as file,
    ):
        file.write(b"ours")
        (shoot / "own.xmp").symlink_to(target)
    assert target.read_text() == "theirs"
    assert is_link(shoot / "own.xmp")


def test_a_folder_that_became_a_link_before_the_renaming_is_refused(shoot: Path, tmp_path: Path) -> None:
    (shoot / "sub").mkdir()
    before = contents(tmp_path / "other")
    with (
        pytest.raises(PhotocliError, match="leads elsewhere now"),
        atomic_write(shoot / "sub" / "own.xmp", follow_links=False) as file,
    ):
        file.write(b"ours")
        (shoot / "sub").rename(tmp_path / "aside")
        (shoot / "sub").symlink_to(tmp_path / "other")
    assert contents(tmp_path / "other") == before


@pytest.fixture
def swapping(shoot: Path, tmp_path: Path) -> Iterator[Path]:
    """A sidecar that another thread swaps with a link to `target`, without a pause; the target."""
    target, sidecar = tmp_path / "other" / "target.xmp", shoot / "own.jpg.xmp"
    target.write_bytes(b"theirs")
    stop = threading.Event()

    def swap() -> None:
        link = shoot / ".link"
        while not stop.is_set():
            link.symlink_to(target)
            link.replace(sidecar)
            sidecar.unlink(missing_ok=True)

    thread = threading.Thread(target=swap)
    thread.start()
    yield target
    stop.set()
    thread.join()


def test_a_race_for_the_sidecar_never_leads_the_write_outside(shoot: Path, swapping: Path) -> None:
    for _ in range(60):
        written(shoot / "own.jpg", shoot)
    assert swapping.read_bytes() == b"theirs"


def test_undo_does_not_write_through_a_link_put_there_later(shoot: Path, tmp_path: Path) -> None:
    sidecar = shoot / "own.xmp"
    sidecar.write_bytes(b"old")
    with Journal.begin("photocli test") as journal:
        journal.replacing(sidecar, b"new")
        sidecar.write_bytes(b"new")
        journal.replaced(sidecar)
    outside = tmp_path / "other" / "own.xmp"
    outside.write_bytes(b"new")  # so that nothing but the link is against it
    sidecar.unlink()
    sidecar.symlink_to(outside)
    (left,) = undo()
    assert left.problem == "it is a link now"
    assert outside.read_bytes() == b"new"


def test_undo_does_not_go_through_a_folder_that_became_a_link(shoot: Path, tmp_path: Path) -> None:
    (shoot / "sub").mkdir()
    write_photo(shoot / "sub" / "1.jpg")
    with Journal.begin("photocli test") as journal:
        journal.move(shoot / "sub" / "1.jpg", tmp_path / "1.jpg")
    (shoot / "sub").rmdir()
    (shoot / "sub").symlink_to(tmp_path / "other")
    before = contents(tmp_path / "other")
    (left,) = undo()
    assert "by a link" in (left.problem or "")
    assert contents(tmp_path / "other") == before
    assert (tmp_path / "1.jpg").exists()


def test_photos_behind_links_are_not_moved(shoot: Path, tmp_path: Path) -> None:
    (shoot / "own.xmp").symlink_to(tmp_path / "other" / "own.xmp")
    mover = Mover(tmp_path / "out", [shoot])
    assert "out of the folders given" in (mover.why_not(shoot / "folder" / "theirs.jpg") or "")
    assert "out of the folders given" in (mover.why_not(shoot / "photo.jpg") or "")
    assert mover.why_not(shoot / "own.jpg") == "own.xmp is a link"


def test_a_move_does_not_go_through_a_link_that_came_between(shoot: Path, tmp_path: Path) -> None:
    (shoot / "sub").mkdir()
    write_photo(shoot / "sub" / "theirs.jpg")
    moves = [Mover(tmp_path / "out", [shoot]).plan(shoot / name) for name in ("own.jpg", "sub/theirs.jpg")]
    (shoot / "own.jpg").unlink()
    (shoot / "own.jpg").symlink_to(tmp_path / "other" / "single.jpg")
    (shoot / "sub").rename(tmp_path / "aside")
    (shoot / "sub").symlink_to(tmp_path / "other")
    for move in moves:
        with Journal.begin("photocli test") as journal, pytest.raises(PhotocliError, match="link"):
            carry_out(move, journal)
    assert set(contents(tmp_path / "other")) == {"theirs.jpg", "single.jpg"}


def test_a_link_in_the_folder_for_rejects_leads_nothing_out_of_it(shoot: Path, tmp_path: Path) -> None:
    (shoot / "sub").mkdir()
    write_photo(shoot / "sub" / "1.jpg")
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "sub").symlink_to(tmp_path / "other")
    move = Mover(tmp_path / "out", [shoot]).plan(shoot / "sub" / "1.jpg")
    with Journal.begin("photocli test") as journal, pytest.raises(PhotocliError, match="leads out of"):
        carry_out(move, journal)
    assert (shoot / "sub" / "1.jpg").exists()


def test_a_rating_behind_a_link_is_not_learned(shoot: Path, tmp_path: Path) -> None:
    outside = tmp_path / "other" / "own.xmp"
    outside.write_text(
        '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
        '<rdf:Description xmlns:xmp="http://ns.adobe.com/xap/1.0/" xmp:Rating="5"/></rdf:RDF></x:xmpmeta>'
    )
    (shoot / "own.jpg.xmp").symlink_to(outside)
    assert read(shoot / "own.jpg") == 5
    assert read(shoot / "own.jpg", roots=Roots([shoot])) is None


def test_a_page_in_a_folder_does_not_go_through_a_link(shoot: Path, tmp_path: Path) -> None:
    (tmp_path / "pages").mkdir()
    (tmp_path / "pages" / "own.jpg.explained.png").symlink_to(tmp_path / "other" / "new.png")
    with pytest.raises(UsageError, match="is a link"):
        pages([shoot / "own.jpg"], tmp_path / "pages")


def test_the_command_reads_writes_and_lists_by_this_rule(shoot: Path, tmp_path: Path) -> None:
    (shoot / "._own.jpg").write_bytes(b"\0\5\x16\7")
    before = contents(tmp_path / "other")
    first = photocli("score", shoot, "--xmp", "--embed", "--json", "-", "--debug", cwd=tmp_path)
    assert first.code == 0, first.err
    records = {Path(r["path"]).name: r for r in first.document["records"]}
    assert records["own.jpg"]["status"] == "ok"
    assert records["folder"]["error"] == records["photo.jpg"]["error"] == LEADS_OUT
    assert records["._own.jpg"]["error"] == HIDDEN_FILE
    assert all(
        any(name in line and "link" in line for line in first.lines) for name in ("folder", "photo.jpg")
    )
    second = photocli("score", shoot, "--xmp", "--embed", "--follow-links", "--json", "-", cwd=tmp_path)
    assert second.code == 0, second.err
    statuses = {Path(r["path"]).name: r["status"] for r in second.document["records"]}
    assert statuses == {"own.jpg": "ok", "photo.jpg": "ok", "theirs.jpg": "ok"}
    assert "2 linked" in second.err
    assert contents(tmp_path / "other") == before
    rejects = photocli(
        "cull", shoot, "--follow-links", "--move-rejects", tmp_path / "out", "--per-group", "1"
    )
    assert rejects.code == 0, rejects.err
    assert contents(tmp_path / "other") == before
    assert is_link(shoot / "photo.jpg")
