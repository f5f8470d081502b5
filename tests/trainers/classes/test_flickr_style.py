"""The downloader of Flickr Style, against a local server that behaves as servers do."""

from __future__ import annotations

import gzip
import io
import threading
import time
from collections import Counter
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from photos import picture
from typer.testing import CliRunner

from photocli.errors import UsageError
from trainers.classes.data import read_labelled
from trainers.classes.downloader import (
    GONE,
    PLACEHOLDER,
    Downloader,
    DownloadRequest,
    DownloadResult,
    RequestPolicy,
)
from trainers.classes.flickr_style import (
    CLASSES,
    ListEntry,
    download_requests,
    read_list,
    run,
    sample_entries,
    write_lists,
)
from trainers.common.options import make_app

QUICK = RequestPolicy(at_once=3, delay=0, timeout=0.5, retries=2, back_off=0.01, largest=300_000)


def jpeg(name: str, side: int = 80) -> bytes:
    file = io.BytesIO()
    picture(name, (side, side)).save(file, "JPEG", quality=90)
    return file.getvalue()


class Server(ThreadingHTTPServer):
    """Photos by name, and addresses that fail in the ways of servers."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.asked: Counter[str] = Counter()
        self.agents: set[str] = set()
        self.cookies: list[str] = []
        self.times: list[float] = []
        self.stop = threading.Event()
        names = ("astronaut", "chelsea", "coffee", "rocket", "china", "flower")
        self.files = {f"/{name}.jpg": jpeg(name) for name in names}
        self.files |= {f"/same{n}.jpg": jpeg("chelsea", 60) for n in range(3)}
        self.files["/photo_unavailable.png"] = jpeg("coffee", 20)
        self.files["/half.jpg"] = self.files["/rocket.jpg"][:900]
        self.files["/page.jpg"] = b"<html>not a photo</html>"
        self.files["/large.jpg"] = bytes(400_000)

    def url(self, name: str) -> str:
        return f"http://127.0.0.1:{self.server_port}/{name}"


class Handler(BaseHTTPRequestHandler):
    server: Server

    def log_message(self, *arguments: object) -> None:
        pass

    def do_GET(self) -> None:
        server, path = self.server, self.path
        server.asked[path] += 1
        server.agents.add(self.headers["User-Agent"])
        server.cookies += self.headers.get_all("Cookie", [])
        server.times.append(time.monotonic())
        if path == "/hangs.jpg":
            server.stop.wait(5)
        elif path == "/moved.jpg":
            self.send_response(302)
            self.send_header("Location", "/photo_unavailable.png")
            self.end_headers()
        elif path == "/busy.jpg" and server.asked[path] < 3:
            self.send_response(503)
            self.send_header("Retry-After", "0")
            self.end_headers()
        elif path == "/later.jpg" and server.asked[path] < 2:
            self.send_response(429)
            self.send_header("Retry-After", "1")
            self.send_header("Set-Cookie", "visitor=1")
            self.end_headers()
        elif path == "/cut.jpg":  # promises more than it sends
            self._send(server.files["/flower.jpg"][:700], len(server.files["/flower.jpg"]))
        elif path in ("/busy.jpg", "/later.jpg"):
            self._send(server.files["/china.jpg"])
        elif path in server.files:
            self._send(server.files[path])
        else:
            self.send_error(404)

    def _send(self, content: bytes, promised: int | None = None) -> None:
        self.send_response(200)
        self.send_header("Content-Length", str(promised or len(content)))
        self.end_headers()
        self.wfile.write(content)


@pytest.fixture
def server() -> Iterator[Server]:
    one = Server()
    thread = threading.Thread(target=one.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    yield one
    one.stop.set()
    one.shutdown()
    one.server_close()


def fetched(server: Server, folder: Path, *names: str, again: bool = False) -> dict[str, DownloadResult]:
    downloader = Downloader(folder, QUICK, again)
    results = downloader.fetch_all(DownloadRequest(server.url(name), folder / name) for name in names)
    return dict(zip(names, results, strict=True))


def test_each_failure_has_its_reason_and_the_rest_arrives(server: Server, tmp_path: Path) -> None:
    found = fetched(
        server,
        tmp_path,
        *("astronaut.jpg", "gone.jpg", "half.jpg", "page.jpg", "moved.jpg", "large.jpg"),
        *("busy.jpg", "hangs.jpg", "cut.jpg", "chelsea.jpg"),
    )
    assert {name: result.reason for name, result in found.items()} == {
        "astronaut.jpg": "",
        "gone.jpg": "HTTP 404",
        "half.jpg": "no photo, or a damaged one",
        "page.jpg": "no photo, or a damaged one",
        "moved.jpg": PLACEHOLDER,
        "large.jpg": "too large",
        "busy.jpg": "",
        "hangs.jpg": "no answer in time",
        "cut.jpg": "the connection broke off",
        "chelsea.jpg": "",
    }
    # Nothing but whole photos and the note of what is gone.
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "astronaut.jpg",
        "busy.jpg",
        "chelsea.jpg",
        GONE,
    ]
    assert (tmp_path / "astronaut.jpg").read_bytes() == server.files["/astronaut.jpg"]
    tries = {name: server.asked[f"/{name}.jpg"] for name in ("gone", "half", "busy", "hangs", "cut")}
    assert tries == {"gone": 1, "half": 1, "busy": 3, "hangs": 3, "cut": 3}
    assert server.agents == {QUICK.agent}


def test_a_second_run_asks_for_what_may_be_had_only(server: Server, tmp_path: Path) -> None:
    names = ("astronaut.jpg", "gone.jpg", "cut.jpg")
    fetched(server, tmp_path, *names)
    before = server.asked.copy()
    found = fetched(server, tmp_path, *names)
    assert found["astronaut.jpg"].kept and found["gone.jpg"] == (
        DownloadRequest(server.url("gone.jpg"), tmp_path / "gone.jpg"),
        "HTTP 404",
        True,
    )
    assert server.asked - before == {"/cut.jpg": 3}
    fetched(server, tmp_path, *names, again=True)
    assert server.asked["/gone.jpg"] == 2 and server.asked["/astronaut.jpg"] == 1


def test_requests_keep_their_distance(server: Server, tmp_path: Path) -> None:
    downloader = Downloader(tmp_path, RequestPolicy(at_once=4, delay=0.05))
    names = ("astronaut.jpg", "chelsea.jpg", "coffee.jpg", "rocket.jpg", "china.jpg")
    results = list(downloader.fetch_all(DownloadRequest(server.url(name), tmp_path / name) for name in names))
    assert not any(result.reason for result in results)
    times = sorted(server.times)
    assert times[-1] - times[0] > 0.17


def test_a_server_gets_the_time_that_it_asks_for_and_no_cookies(server: Server, tmp_path: Path) -> None:
    (result,) = fetched(server, tmp_path, "later.jpg").values()
    assert result.reason == "" and server.asked["/later.jpg"] == 2
    assert server.times[1] - server.times[0] >= 0.95  # not the .01 s of the first back-off
    assert server.cookies == []


def test_addresses_that_are_none_are_failures(tmp_path: Path) -> None:
    downloader = Downloader(tmp_path, QUICK)
    urls = ("file:///etc/passwd", "nothing", "http://[", "http://127.0.0.1:1/photo.jpg")
    found = list(downloader.fetch_all(DownloadRequest(url, tmp_path / "x.jpg") for url in urls))
    assert [result.reason for result in found] == [
        "not an address of the web",
        "not an address of the web",
        "not an address of the web",
        "no connection",
    ]


def test_the_list_of_the_data_set_is_read(tmp_path: Path) -> None:
    text = "image_url,label,_split\nhttp://a/1_b.jpg,0,train\nhttp://a/2.jpg,19,test\n"
    (tmp_path / "list.csv").write_text(text)
    (tmp_path / "list.csv.gz").write_bytes(gzip.compress(text.encode()))
    entries = read_list(tmp_path / "list.csv")
    assert entries == read_list(tmp_path / "list.csv.gz")
    assert entries == [ListEntry("http://a/1_b.jpg", 0, "train"), ListEntry("http://a/2.jpg", 19, "test")]
    for wrong, message in (("image_url\nx\n", "needs columns"), (text.replace("19", "20"), "line 3")):
        (tmp_path / "wrong.csv").write_text(wrong)
        with pytest.raises(UsageError, match=message):
            read_list(tmp_path / "wrong.csv")
    assert len(CLASSES) == 20 and CLASSES[3] == "Noir"


def test_choices_and_names_are_the_same_every_time(tmp_path: Path) -> None:
    entries = [ListEntry(f"http://a/{n % 90}.jpg", 0, "train") for n in range(100)]
    few = sample_entries(entries, 10, 1)
    assert len(few) == 10 and few == sample_entries(entries, 10, 1) != sample_entries(entries, 10, 2)
    assert set(few) <= set(sample_entries(entries, 20, 1))
    odd = [
        ListEntry(url, 0, "train")
        for url in ("http://a/../x.jpg?b=1", "http://a/b/", "http://a/é.jpg", "http://b/x.jpg")
    ]
    names = [request.path.name for request in download_requests(odd, tmp_path)]
    assert len(set(names)) == 4 and all(
        request.path.parent == tmp_path for request in download_requests(odd, tmp_path)
    )
    assert all(name.isascii() and name.endswith(".jpg") for name in names)
    assert download_requests([entries[0]], tmp_path)[0].path.name == "0.jpg"


def test_the_same_bytes_behind_many_addresses_are_no_photo(server: Server, tmp_path: Path) -> None:
    names = ("same0.jpg", "same1.jpg", "same2.jpg", "coffee.jpg")
    found = fetched(server, tmp_path / "images", *names)
    entries = [(ListEntry(server.url(name), 2, "train"), result) for name, result in found.items()]
    assert write_lists(entries, tmp_path) == {PLACEHOLDER: 3}
    assert (tmp_path / "train.txt").read_text() == "images/coffee.jpg 2\n"


def test_the_command_writes_what_the_trainer_reads(server: Server, tmp_path: Path) -> None:
    rows = [("astronaut", 0, "train"), ("chelsea", 3, "train"), ("coffee", 3, "test"), ("lost", 5, "test")]
    lines = [f"{server.url(name)}.jpg,{label},{side}" for name, label, side in rows]
    (tmp_path / "list.csv").write_text("\n".join(["image_url,label,_split", *lines]))
    app = make_app(run)
    arguments = [str(tmp_path / "list.csv"), "--out", str(tmp_path / "set"), "--delay", "0"]
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 0, result.output
    assert "3 photos of 4, 0 of which were there before" in result.output
    assert "failed 1: HTTP 404" in result.output
    training = read_labelled([tmp_path / "set" / "train.txt"])
    assert training.classes == ("Detailed", "Noir") and len(training) == 2
    failures = (tmp_path / "set" / "failures.csv").read_text()
    assert f"{server.url('lost.jpg')},HTTP 404" in failures
    assert "3 of which were there before" in CliRunner().invoke(app, arguments).output
