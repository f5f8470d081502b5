"""The page from its start to its end: it opens at once and fills, takes ratings, and ends in good order."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from commands import photocli, start
from many_photos import many_photos
from networks import write_model
from photos import camera_exif, write_photo
from reviewing import PATIENCE_S, Review, reviewed

from photocli import Options

ASSESS = ("--assess", "aesthetics")


@pytest.fixture
def models(own_folders: Path) -> Path:
    """A tiny model in the place of the built-in one: photos are scored at once."""
    return write_model(own_folders / "models")


@pytest.fixture
def shoot(tmp_path: Path, models: Path) -> Path:
    for name, picture in (("a", "china"), ("b", "chelsea"), ("c", "astronaut")):
        write_photo(tmp_path / "shoot" / f"{name}.jpg", picture, size=(120, 80), exif=camera_exif())
    return tmp_path / "shoot"


def sidecar(photo: Path) -> str:
    """What stands in the sidecar of a photo; nothing where it has none."""
    file = photo.with_name(f"{photo.name}.xmp")
    return file.read_text() if file.exists() else ""


def test_ctrl_c_ends_it_with_nothing_said_and_its_port_free(shoot: Path) -> None:
    with reviewed(shoot, *ASSESS) as review:
        review.until_done()
        events = review.events()
        next(events)  # a page that listens does not hold up the end
        code, _, err = review.stop(signal.SIGINT)
        assert code == 0
        assert "Traceback" not in err
        with socket.socket() as again:
            again.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            again.bind(("127.0.0.1", review.port))


@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
def test_ctrl_c_while_photos_are_scored_ends_the_workers_too(tmp_path: Path, models: Path) -> None:
    first = write_photo(tmp_path / "shoot" / "0.png", "china", size=(3000, 2000), compress_level=1)
    for number in range(1, 30):
        shutil.copy(first, first.with_name(f"{number}.png"))
    with reviewed(tmp_path / "shoot", *ASSESS, "--workers", "2") as review:
        assert len(review.list()["ids"]) == 30
        code, _, err = review.stop(signal.SIGINT)
        assert (code, "Traceback" in err) == (0, False)
        left = subprocess.run(
            ["ps", "-g", str(review.process.pid), "-o", "pid="], capture_output=True, text=True
        )
        assert left.stdout.split() == []


@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
def test_other_signals_end_it_by_their_own_codes(shoot: Path) -> None:
    with reviewed(shoot, *ASSESS) as review:
        code, _, err = review.stop(signal.SIGTERM)
        assert (code, "Traceback" in err) == (143, False)


def test_two_at_once_have_a_port_and_a_token_each(shoot: Path) -> None:
    with reviewed(shoot, *ASSESS) as first, reviewed(shoot, *ASSESS) as second:
        assert first.port != second.port
        assert first.base != second.base
        assert first.ask(second.base).status == 404
        for one, two in ((first, second), (second, first)):
            one.until_done()
            row = one.rows(0)[0]
            judged = one.post("judge", {"ids": [0], "change": {"stars": 3}, "seen": {"0": row["state"]}})
            assert judged.json["conflicts"] == []
            seen = two.until(lambda two=two: two.rows(0)[0]["stars"] == 3)
            assert seen
            assert one.post("undo").json["rows"][0]["stars"] is None
            two.until(lambda two=two: two.rows(0)[0]["stars"] is None)


def test_a_port_that_is_taken_is_one_clear_line(shoot: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = photocli("review", shoot, *ASSESS, "--no-open", "--port", str(port))
    assert done.code == 4
    assert done.lines[-1].startswith(f"photocli: port {port} cannot be used:")
    assert "Traceback" not in done.err


def test_a_port_of_ones_own_can_be_had_twice_in_a_row(shoot: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    for _ in range(2):
        with reviewed(shoot, *ASSESS, "--port", str(port)) as review:
            assert review.port == port
            assert review.get().status == 200
            assert review.stop()[0] == 0


def test_the_page_opens_before_photos_are_scored_and_fills(tmp_path: Path, models: Path) -> None:
    first = write_photo(tmp_path / "shoot" / "00.png", "china", size=(3000, 2000), compress_level=1)
    for number in range(1, 12):
        shutil.copy(first, first.with_name(f"{number:02}.png"))
    with reviewed(tmp_path / "shoot", *ASSESS, "--workers", "1") as review:
        page = review.get()
        assert page.status == 200
        rows = review.rows(*review.list()["ids"])
        assert len(rows) == 12
        assert rows[-1]["status"] == "pending"
        assert review.get("thumb/11").status == 200  # pictures do not wait for scores
        filled: set[int] = set()
        done = []
        for name, data in review.events():
            if name == "rows":
                filled |= set(data["ids"])
            else:
                done.append(data["done"])
                if data["phase"] == "done":
                    break
        assert filled == set(range(12))
        assert done == sorted(done)
        assert done[-1] == 12
        assert {row["status"] for row in review.rows(*range(12))} == {"ok"}


def test_a_rating_is_on_the_disk_and_comes_back(shoot: Path) -> None:
    with reviewed(shoot, *ASSESS) as review:
        review.until_done()
        row = review.rows(1)[0]
        assert (row["stars"], row["pick"], row["label"]) == (None, None, None)
        seen = {"1": row["state"]}
        judged = review.post("judge", {"ids": [1], "change": {"stars": 4}, "seen": seen}).json
        assert [row["stars"] for row in judged["rows"]] == [4]
        assert (judged["undo"], judged["redo"]) == (1, 0)
        assert 'Rating="4"' in sidecar(shoot / "b.jpg") or "Rating>4<" in sidecar(shoot / "b.jpg")
        # What was seen before is no longer what stands there.
        late = review.post("judge", {"ids": [1], "change": {"stars": 1}, "seen": seen}).json
        assert [conflict["id"] for conflict in late["conflicts"]] == [1]
        assert late["conflicts"][0]["stands"]["stars"] == 4
        assert review.list("stars == 4")["ids"] == [1]
        assert review.post("undo").json["rows"][0]["stars"] is None
        assert sidecar(shoot / "b.jpg") == ""
        assert review.post("redo").json["rows"][0]["stars"] == 4
        assert review.get("agreement").status == 200
        learned = review.post("learn").json
        assert "ratings" in learned["message"]
    assert photocli("undo").code == 0
    assert sidecar(shoot / "b.jpg") == ""


def test_a_photo_that_vanishes_says_so(shoot: Path) -> None:
    with reviewed(shoot, *ASSESS) as review:
        review.until_done()
        (shoot / "a.jpg").unlink()
        row = review.rows(0)[0]
        assert not row["can_judge"]
        assert "no longer" in row["error"]
        for kind in ("preview/0", "full/0"):
            answer = review.get(kind)
            assert answer.status == 404
            assert "a.jpg" in answer.json["error"]
        assert review.get("photo/0").json["row"]["error"] == row["error"]
        judged = review.post("judge", {"ids": [0], "change": {"stars": 4}, "seen": {"0": row["state"]}})
        assert judged.json["failures"] or judged.json["conflicts"]
        assert sidecar(shoot / "a.jpg") == ""
        assert review.rows(1)[0]["error"] is None


@pytest.mark.skipif(sys.platform == "win32", reason="names that Windows does not allow")
def test_hostile_names_are_shown_and_change_nothing(tmp_path: Path, models: Path) -> None:
    names = [
        "<script>alert(1)<.jpg",
        '"><img src=x onerror=alert(1)>.jpg',
        "</script><b>.jpg",
        "line\nbreak.jpg",
        "\x1b[31mred\x07.jpg",
        "\u202egpj.exe.jpg",
        "{{ 7*7 }}.jpg",
        "a&amp;b.jpg",
        "-rf.jpg",
        "a..%2f..%2fetc.jpg",
    ]
    for name in names:
        write_photo(tmp_path / "shoot" / name, "china", size=(60, 40))
    undecodable = tmp_path / "shoot" / os.fsdecode(b"\xff\xfe.jpg")
    write_photo(tmp_path / "x.jpg", "china", size=(60, 40)).rename(undecodable)
    with reviewed(tmp_path / "shoot", *ASSESS) as review:
        review.until_done()
        ids = review.list()["ids"]
        rows = review.rows(*ids)
        assert len(rows) == len(names) + 1
        assert all(row["status"] == "ok" and row["name"].isprintable() for row in rows)
        page = review.get().body.decode()
        for bad in ("<script>alert", "<img src=x", "</script><b>", "49.jpg"):
            assert bad not in page
        for id in ids:
            assert review.get(f"photo/{id}").status == 200
            assert review.get(f"thumb/{id}").status == 200
            seen = {str(id): review.rows(id)[0]["state"]}
            judged = review.post("judge", {"ids": [id], "change": {"stars": 2}, "seen": seen}).json
            assert judged["rows"][0]["stars"] == 2, judged
        assert review.list("'{{ 7*7 }}'")["total"] == len(ids)


def test_what_is_dropped_is_scored_and_never_written(shoot: Path, tmp_path: Path, own_folders: Path) -> None:
    photo = write_photo(tmp_path / "outside" / "dropped.jpg", "chelsea", size=(300, 200)).read_bytes()
    with reviewed(shoot, *ASSESS) as review:
        review.until_done()
        before = {path for path in own_folders.rglob("*") if path.is_file()}
        parts = b"".join(
            b'--sep\r\nContent-Disposition: form-data; name="photos"; filename="%s"\r\n'
            b"Content-Type: image/jpeg\r\n\r\n%s\r\n" % (name, data)
            for name, data in ((b"dropped.jpg", photo), (b"../../bad.jpg", b"no photo at all"))
        )
        headers = {"Origin": review.origin, "Content-Type": "multipart/form-data; boundary=sep"}
        answer = review.ask(f"{review.base}drop", "POST", parts + b"--sep--\r\n", headers)
        assert answer.status == 200, answer.body
        first, second = answer.json["ids"]
        rows = review.rows(first, second)
        assert [row["name"] for row in rows] == ["dropped.jpg", "bad.jpg"]
        assert [row["status"] for row in rows] == ["ok", "failed"]
        assert not any(row["can_judge"] for row in rows)
        assert review.get(f"thumb/{first}").status == 200
        refused = review.post("judge", {"ids": [first], "change": {"stars": 4}, "seen": {}})
        assert refused.status == 400
        assert "dropped" in refused.json["error"]
        assert {path for path in own_folders.rglob("*") if path.is_file()} == before
        for broken in (b"", b"--sep", b"x" * 1000):
            answer = review.ask(f"{review.base}drop", "POST", broken, headers)
            assert answer.status == 400
            assert answer.json["error"]


def test_filters_are_kept_for_the_next_time(shoot: Path) -> None:
    with reviewed(shoot, *ASSESS) as review:
        assert review.get("filters").json == []
        saved = review.post(
            "filters", {"name": "Best <b>", "filter": "score >= 6", "sort": "captured", "down": False}
        )
        assert [each["name"] for each in saved.json] == ["Best <b>"]
        bad = review.post("filters", {"name": "Bad", "filter": "scre >= 6"})
        assert (bad.status, "did you mean score?" in bad.json["error"]) == (400, True)
    with reviewed(shoot, *ASSESS) as review:
        assert review.get("filters").json[0]["filter"] == "score >= 6"
        assert review.post("filters/Best%20%3Cb%3E", method="DELETE").json == []
        assert review.post("filters/Best", method="DELETE").status == 404


def test_an_address_lets_a_browser_in_once(shoot: Path, tmp_path: Path) -> None:
    # The command line of a browser can be seen by others on the machine.
    note = tmp_path / "opened"
    browser = tmp_path / "browser"
    browser.write_text(f'#!/bin/sh\nprintf "%s" "$1" > {note}.new; mv {note}.new {note}\n')
    browser.chmod(browser.stat().st_mode | stat.S_IXUSR)
    process = start("review", shoot, *ASSESS, env={**os.environ, "BROWSER": f"{browser} %s"})
    try:
        assert process.stdout is not None
        review = Review(process, process.stdout.readline().strip())
        review.until(note.exists)
        once = note.read_text()
        assert review.base not in once
        path = once.removeprefix(review.origin)
        assert review.ask(path, "HEAD").status != 303
        assert review.ask(path, headers={"Host": f"evil.example:{review.port}"}).status == 403
        first = review.ask(path)
        assert (first.status, first.headers["location"]) == (303, review.base)
        assert review.ask(path).status == 404
    finally:
        process.kill()
        process.communicate()


def test_an_empty_folder_needs_leave(tmp_path: Path, models: Path) -> None:
    (tmp_path / "empty").mkdir()
    assert photocli("review", tmp_path / "empty", "--no-open").code == 2
    assert photocli("review", tmp_path / "missing", "--no-open").code == 2
    with reviewed(tmp_path / "empty", *ASSESS, "--allow-empty") as review:
        assert review.list()["ids"] == []
        assert review.until_done()["total"] == 0
        assert review.get().status == 200


@pytest.fixture
def many(tmp_path: Path, own_folders: Path) -> Iterator[Path]:
    write_model(own_folders / "models")
    yield many_photos(tmp_path / "many", 2000, Options(device="cpu", assess=("aesthetics",)))


def test_thousands_of_cached_photos_are_there_at_once(many: Path) -> None:
    psutil = pytest.importorskip("psutil")
    with reviewed(many, *ASSESS) as review:
        began = time.monotonic()
        assert len(review.list()["ids"]) == 2000
        assert time.monotonic() - began < PATIENCE_S / 4
        review.until_done()
        assert len(review.list("score >= 1")["ids"]) == 2000
        assert psutil.Process(review.process.pid).memory_info().rss < 500e6


def test_groups_and_picks_are_proposed_and_a_person_s_word_leads(tmp_path: Path) -> None:
    folder = many_photos(tmp_path / "many", 24, Options(device="cpu", workers=1))
    with reviewed(folder, "--workers", "1") as review:
        review.until_done()
        groups = review.list(sort="captured", down=0)["groups"]
        assert [12, 13, 14, 15] in [sorted(group) for group in groups]
        best, *others = next(group for group in groups if 12 in group)
        rows = {row["id"]: row for row in review.rows(best, *others)}
        assert (rows[best]["proposal"], rows[best]["rank"], rows[best]["kind"]) == ("pick", 1, "burst")
        assert {rows[id]["proposal"] for id in others} == {None}
        assert review.get(f"photo/{others[0]}").json["others"] == [best, *others]
        unsure = review.get("undecided").json
        assert [each["doubt"] for each in unsure] == sorted((each["doubt"] for each in unsure), reverse=True)
        # A pick that is not the proposed one: the group is decided, and it did not follow.
        group, other = unsure[0]["group"], unsure[0]["ids"][1]
        seen = {str(other): review.rows(other)[0]["state"]}
        review.post("judge", {"ids": [other], "change": {"pick": 1}, "seen": seen})
        assert group not in [each["group"] for each in review.get("undecided").json]
        (followed,) = [each for each in review.get("agreement").json if each["kind"] == "all"][:1]
        assert followed["followed"] < followed["n"]
        assert review.list("proposal == pick pick == 0")["ids"]
