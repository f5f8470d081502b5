"""From paths to photos: nothing twice, nothing lost, in an order that is the same everywhere."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from photos import write_photo

from photocli.decode.signature import describe, sniff
from photocli.discover import discover
from photocli.errors import UsageError
from photocli.records import Photo, Skipped


def touch(folder: Path, *files: str) -> list[Path]:
    paths = [folder / file for file in files]
    for path in paths:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    return paths


def found(*paths: Path, under: Path) -> list[str]:
    """What is found, as short strings: `photo`, `photo<twin`, or `!skipped`."""
    short = []
    for item in discover(paths):
        name = item.path.relative_to(under).as_posix()
        if isinstance(item, Skipped):
            short.append(f"!{name}")
        else:
            short.append(f"{name}<{item.twin.name}" if item.twin else name)
    return short


def test_folders_in_sorted_order(tmp_path: Path) -> None:
    touch(tmp_path, "b/2.jpg", "b/10.jpg", "b/c/1.png", "a/9.webp", "z.tif", "A.heic")
    expected = ["A.heic", "z.tif", "a/9.webp", "b/10.jpg", "b/2.jpg", "b/c/1.png"]
    assert found(tmp_path, under=tmp_path) == expected


def test_output_order_is_input_order(tmp_path: Path) -> None:
    first, second, third = touch(tmp_path, "z.jpg", "a.jpg", "folder/m.jpg")
    assert found(first, third.parent, second, under=tmp_path) == ["z.jpg", "folder/m.jpg", "a.jpg"]


def test_each_file_once(tmp_path: Path) -> None:
    one, _ = touch(tmp_path, "in/1.jpg", "in/2.jpg")
    again = one.parent / ".." / "in" / "1.jpg"
    assert found(one, again, one.parent, tmp_path, under=tmp_path) == ["in/1.jpg", "in/2.jpg"]


def test_links(tmp_path: Path) -> None:
    (one,) = touch(tmp_path, "a/1.jpg")
    (tmp_path / "a" / "circle").symlink_to(tmp_path)
    (tmp_path / "a" / "same.jpg").symlink_to(one)
    (tmp_path / "b").symlink_to(tmp_path / "a")
    (tmp_path / "self").symlink_to(tmp_path / "self")
    (tmp_path / "lost").symlink_to(tmp_path / "nowhere")
    assert found(tmp_path, under=tmp_path) == ["!lost", "!self", "a/1.jpg"]


@pytest.mark.skipif(sys.platform != "win32", reason="junctions are links of Windows")
def test_a_junction_is_a_link(tmp_path: Path) -> None:
    import _winapi

    touch(tmp_path, "shoot/1.jpg", "other/2.jpg")
    _winapi.CreateJunction(str(tmp_path / "other"), str(tmp_path / "shoot" / "out"))
    _winapi.CreateJunction(str(tmp_path / "shoot"), str(tmp_path / "shoot" / "again"))
    assert found(tmp_path / "shoot", under=tmp_path) == ["shoot/1.jpg", "!shoot/out"]


def test_hidden_files_and_sidecars_are_passed_over(tmp_path: Path) -> None:
    touch(tmp_path, "1.jpg", "1.xmp", "1.jpg.XMP", "1.pp3", "1.dop", "1.cos", "1.on1", "1.AAE", "1.thm")
    touch(
        tmp_path,
        ".hidden.jpg",
        ".folder/2.jpg",
        "Thumbs.db",
        "desktop.ini",
        "1.jpg_original",
        "1.jpg~",
        "1.jpg.explained.png",
    )
    touch(tmp_path, "@eaDir/1.jpg", "Previews.lrdata/1.jpg")
    assert found(tmp_path, under=tmp_path) == ["1.jpg"]


def test_others_are_skipped_with_a_reason(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("Take the long lens.\n")
    (tmp_path / "clip.mov").write_bytes(b"\0\0\0\x14ftypqt  \0\0\0\0qt  ")
    (tmp_path / "old.zip").write_bytes(b"PK\x03\x04rest")
    (tmp_path / "empty").touch()
    reasons = {item.path.name: item.reason for item in discover([tmp_path]) if isinstance(item, Skipped)}
    assert reasons == {
        "notes.txt": "not a photo: plain text",
        "clip.mov": "not a photo: a video",
        "old.zip": "not a photo: a ZIP archive",
        "empty": "not a photo: an empty file",
    }


def test_photo_suffix_is_believed_and_others_are_sniffed(tmp_path: Path) -> None:
    (tmp_path / "broken.JPG").write_text("not really")
    write_photo(tmp_path / "photo.png").rename(tmp_path / "download")
    write_photo(tmp_path / "photo.jpg").rename(tmp_path / "photo.bin")
    assert found(tmp_path, under=tmp_path) == ["broken.JPG", "download", "photo.bin"]


def test_a_file_given_by_name_is_a_photo(tmp_path: Path) -> None:
    given = touch(tmp_path, "notes.txt", ".hidden.jpg", "1.xmp")
    assert found(*given, under=tmp_path) == ["notes.txt", ".hidden.jpg", "1.xmp"]


def test_raw_is_stacked_under_its_jpeg_or_heic(tmp_path: Path) -> None:
    touch(tmp_path, "IMG_1.CR2", "img_1.jpg", "IMG_2.HEIC", "IMG_2.dng", "IMG_3.NEF", "IMG_4.JPG")
    assert found(tmp_path, under=tmp_path) == [
        "IMG_2.HEIC<IMG_2.dng",
        "IMG_3.NEF",
        "IMG_4.JPG",
        "img_1.jpg<IMG_1.CR2",
    ]


def test_stacks_of_more_than_two(tmp_path: Path) -> None:
    touch(tmp_path, "1.heic", "1.jpg", "1.png", "1.cr3", "1.dng", "2.tif", "2.arw", "sub/3.jpg", "3.arw")
    expected = ["1.dng", "1.heic", "1.jpg<1.cr3", "1.png", "2.arw", "2.tif", "3.arw", "sub/3.jpg"]
    assert found(tmp_path, under=tmp_path) == expected


def test_files_given_by_name_are_stacked_too(tmp_path: Path) -> None:
    raw, jpeg, other = touch(tmp_path, "1.CR2", "1.JPG", "0.JPG")
    assert found(raw, jpeg, other, under=tmp_path) == ["1.JPG<1.CR2", "0.JPG"]
    assert found(jpeg, tmp_path, under=tmp_path) == ["1.JPG", "0.JPG", "1.CR2"]  # no file is lost


def test_path_that_does_not_exist_is_refused_at_once(tmp_path: Path) -> None:
    touch(tmp_path, "1.jpg")
    with pytest.raises(UsageError, match="there is no file or folder"):
        discover([tmp_path, tmp_path / "nowhere"])


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="no folder is closed to the superuser")
def test_folder_that_cannot_be_read(tmp_path: Path) -> None:
    closed = touch(tmp_path, "closed/1.jpg", "open.jpg")[0].parent
    closed.chmod(0)
    try:
        items = list(discover([tmp_path]))
    finally:
        closed.chmod(0o700)
    reason = "the folder cannot be read: permission denied"
    assert items == [Photo(tmp_path / "open.jpg"), Skipped(closed, reason)]


def test_folder_that_fails_to_list(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    touch(tmp_path, "closed/1.jpg", "open.jpg")
    scandir = os.scandir

    def refuse(path: Path) -> os._ScandirIterator[str]:
        if Path(path).name == "closed":
            raise PermissionError(13, "Permission denied")
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refuse)
    reason = "the folder cannot be read: permission denied"
    assert list(discover([tmp_path])) == [Photo(tmp_path / "open.jpg"), Skipped(tmp_path / "closed", reason)]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="pipes with a name are a Unix thing")
def test_a_pipe_does_not_block(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    assert list(discover([tmp_path])) == [Skipped(tmp_path / "pipe", "not a regular file")]


def test_one_folder_at_a_time(tmp_path: Path) -> None:
    touch(tmp_path, "a/1.jpg", "b/1.jpg")
    items = discover([tmp_path])
    assert next(items).path == tmp_path / "a" / "1.jpg"
    touch(tmp_path, "b/0.jpg")  # not listed yet
    assert [item.path.name for item in items] == ["0.jpg", "1.jpg"]


def test_nothing_heavy_is_imported() -> None:
    heavy = "{'numpy', 'PIL', 'rawpy', 'exifread'}"
    code = f"import sys, photocli.discover; print(sorted({heavy} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize(
    ("head", "suffix", "expected"),
    [
        (b"\xff\xd8\xff\xe1", ".cr2", "jpeg"),
        (b"II*\0\x10\0\0\0CR\x02\0", ".tif", "raw"),
        (b"II*\0\x08\0\0\0", ".TIF", "tiff"),
        (b"MM\0*\0\0\0\x08", ".NEF", "raw"),
        (b"MM\0*\0\0\0\x08", "", "tiff"),
        (b"FUJIFILMCCD-RAW 0201", "", "raw"),
        (b"IIRO\x08\0\0\0", "", "raw"),
        (b"IIU\0\x18\0\0\0", "", "raw"),
        (b"FOVb", "", "raw"),
        (b"\0MRM", "", "raw"),
        (b"\0\0\0\x18ftypcrx \0\0\0\x01crx isom", "", "raw"),
        (b"\0\0\0\x18ftypheic\0\0\0\0mif1heic", "", "heif"),
        (b"\0\0\0\x1cftypmif1\0\0\0\0mif1avifmiaf", "", "avif"),
        (b"\0\0\0\x18ftypmif1\0\0\0\0mif1heic", "", "heif"),
        (b"\0\0\0\x18ftypisom\0\0\0\0isommp42", ".heic", None),
        (b"BM and then some text", ".bmp", None),
        (b"GIF89a", "", "gif"),
        (b"%!PS-Adobe", ".jpg", None),
        (b"just text", ".nef", None),
        (b"", ".jpg", None),
    ],
)
def test_sniff(head: bytes, suffix: str, expected: str | None) -> None:
    assert sniff(head, suffix) == expected


@pytest.mark.parametrize(
    ("head", "words"),
    [
        (b"", "an empty file"),
        (b"<!DOCTYPE html><html>", "a web page (HTML)"),
        (b"<?xml version='1.0'?><svg xmlns=''/>", "an SVG drawing"),
        (b"<?xml version='1.0'?><x/>", "plain text"),
        (b"%!PS-Adobe-3.0 EPSF-3.0", "PostScript"),
        ("Grüße".encode(), "plain text"),
        (b"\0\0\0\x14ftypqt  ", "a video"),
        (b"RIFF\0\0\0\0AVI LIST", "a video"),
        (b"\0" * 64, "nothing but zero bytes"),
        (b"\x01\x02\x03", "an unknown kind of file"),
    ],
)
def test_describe(head: bytes, words: str) -> None:
    assert describe(head) == words
