"""Pictures of what is no photo any more, or never was: a sentence for the user, and the others go on."""

from __future__ import annotations

import io
import os
import sys
import threading
import time
from pathlib import Path

import psutil
import pytest
from hostile import bomb, fake_gif_reader, harmful, many_scans
from photos import picture, write_photo
from PIL import Image
from shown import ShownFiles

from photocli.errors import PictureError
from photocli.review.pictures import KINDS, Pictures

POSIX = pytest.mark.skipif(sys.platform == "win32", reason="as on POSIX")


def said(pictures: Pictures, id: int, kind: str = "preview") -> str:
    with pytest.raises(PictureError) as error:
        pictures.begin(kind, id).result(240)
    return str(error.value)


@pytest.fixture
def good(tmp_path: Path) -> Path:
    return write_photo(tmp_path / "shoot" / "good.png", "coffee", size=(300, 200))


def processes() -> set[int]:
    """The processes that this one started."""
    return {child.pid for child in psutil.Process().children()}


@pytest.mark.parametrize("kind", KINDS)
def test_a_photo_that_vanished_is_said_to_be_gone(tmp_path: Path, good: Path, kind: str) -> None:
    pictures = Pictures(ShownFiles([good]), tmp_path / "kept")
    good.unlink()
    assert said(pictures, 0, kind) == "good.png is gone: it was moved or deleted meanwhile"
    assert said(pictures, 1, kind) == said(pictures, -1, kind) == "there is no such photo on this page"
    pictures.close()


def test_what_cannot_be_read_is_said_once_more_without_trying(tmp_path: Path, good: Path) -> None:
    shoot = tmp_path / "shoot"
    (shoot / "text.jpg").write_text("no photo")
    (shoot / "half.jpg").write_bytes(write_photo(shoot / "a.jpg", size=(900, 600)).read_bytes()[:9000])
    (shoot / "empty.jpg").write_bytes(b"")
    bomb(shoot / "bomb.png")
    paths = [shoot / name for name in ("text.jpg", "half.jpg", "empty.jpg", "bomb.png")]
    pictures = Pictures(ShownFiles([*paths, good]), tmp_path / "kept", max_pixels=100_000_000)
    for kind in ("thumb", "preview", "full"):
        assert said(pictures, 0, kind).startswith("text.jpg cannot be shown: not a photo")
        assert said(pictures, 1, kind) == "half.jpg cannot be shown: truncated: the picture data ends early"
        assert said(pictures, 2, kind) == "empty.jpg cannot be shown: the file is empty"
        assert said(pictures, 3, kind).startswith("bomb.png cannot be shown: too large: 256 megapixels")
        assert len(pictures.begin(kind, 4).result(240)[0]) > 1000
    assert said(pictures, 0, "colour") == "there are no pictures of kind 'colour'"
    pictures.close()
    assert said(pictures, 4) == "the review has ended"


def test_names_that_would_move_a_terminal_are_harmless(tmp_path: Path) -> None:
    name = "a\x1b[2J.jpg" if sys.platform != "win32" else "a.jpg"
    pictures = Pictures(ShownFiles([tmp_path / name]), tmp_path / "kept")
    assert "\x1b" not in said(pictures, 0)
    pictures.close()


@POSIX
def test_only_what_lies_in_the_chosen_folders_is_shown(tmp_path: Path, good: Path) -> None:
    secret = write_photo(tmp_path / "private" / "secret.png", size=(300, 200))
    kept = tmp_path / "kept"
    pictures = Pictures(ShownFiles([good, good.parent / "link.png"]), kept, roots=[good.parent])
    good_one = pictures.preview(0)
    good.unlink()
    good.symlink_to(secret)
    assert said(pictures, 0) == "good.png leads out of the chosen folders by now, so it is not shown"
    (good.parent / "inside.png").write_bytes(secret.read_bytes())
    (good.parent / "link.png").symlink_to(good.parent / "inside.png")
    assert len(pictures.preview(1)) > 1000
    pictures.close()
    followed = Pictures(ShownFiles([good]), kept, roots=None)
    assert followed.preview(0) != good_one
    followed.close()


@POSIX
def test_a_pipe_in_the_place_of_a_photo_keeps_nobody_waiting(tmp_path: Path, good: Path) -> None:
    good.unlink()
    os.mkfifo(good)
    pictures = Pictures(ShownFiles([good]), tmp_path / "kept")
    for kind in ("thumb", "preview", "full", "exif"):
        assert "not a regular file" in said(pictures, 0, kind)
    pictures.close()


def test_a_decoder_that_crashes_hangs_or_lies_costs_its_photo_alone(
    tmp_path: Path, good: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake_gif_reader(tmp_path / "fake", monkeypatch)
    kinds = ("crash", "exit", "memory", "hang")
    bad = [harmful(tmp_path / f"{what}.gif", what) for what in kinds]
    pictures = Pictures(ShownFiles([*bad, good]), tmp_path / "kept", deadline_s=12.0)
    assert said(pictures, 0) == "crash.gif cannot be shown: the decoder crashed on this file"
    assert said(pictures, 1) == "exit.gif cannot be shown: the decoder crashed on this file"
    assert said(pictures, 2) == "memory.gif cannot be shown: not enough memory for this photo"
    hangs = pictures.begin("preview", 3)
    assert len(pictures.begin("preview", 4).result(240)[0]) > 1000  # by another process meanwhile
    with pytest.raises(PictureError, match=r"hang\.gif cannot be shown: it took longer than 12 s"):
        hangs.result(240)
    before = time.monotonic()
    assert said(pictures, 3) == "hang.gif cannot be shown: it took longer than 12 s"  # known by now
    assert time.monotonic() - before < 10
    pictures.close()


def test_a_jpeg_of_many_scans_is_refused_in_time(tmp_path: Path) -> None:
    path = many_scans(tmp_path / "scans.jpg")
    pictures = Pictures(ShownFiles([path]), tmp_path / "kept", deadline_s=5.0)
    assert "scans.jpg cannot be shown" in said(pictures, 0)
    pictures.close()


@pytest.mark.skipif(sys.platform != "linux", reason="counts processes as Linux starts them")
def test_processes_start_when_needed_and_end_with_the_server(
    tmp_path: Path, good: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake_gif_reader(tmp_path / "fake", monkeypatch)
    before = processes()
    slow = harmful(tmp_path / "hang.gif", "hang")
    pictures = Pictures(ShownFiles([good, slow]), tmp_path / "kept", processes=2)
    assert processes() == before
    pictures.preview(0)
    assert len(processes() - before) == 1
    waiting = pictures.begin("preview", 1)
    threading.Timer(1.0, pictures.close).start()
    with pytest.raises(PictureError, match="the review has ended"):
        waiting.result(240)
    until = time.monotonic() + 60
    while processes() - before and time.monotonic() < until:
        time.sleep(0.05)
    assert processes() == before


def test_a_thumbnail_from_a_hostile_worker_is_not_kept(tmp_path: Path, good: Path) -> None:
    pictures = Pictures(ShownFiles([good]), tmp_path / "kept")
    pictures.keep_thumbnail(0, b"<script>alert(1)</script>")
    shown = Image.open(io.BytesIO(pictures.thumbnail(0)))
    assert shown.size == picture(size=(300, 200)).size
    pictures.close()
