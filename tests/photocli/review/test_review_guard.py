"""Who gets in: the token, the names in Host and Origin, paths out of the folder, methods, bodies, headers."""

from __future__ import annotations

import os
import socket
import sys
from collections.abc import Iterator

import pytest
from networks import write_model
from photos import write_photo
from reviewing import Review, reviewed

from photocli.review.guard import HEADERS


@pytest.fixture(scope="module")
def review(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Review]:
    """A review of two photos, beside a secret, with a link that leads out of the folder."""
    root = tmp_path_factory.mktemp("guarded")
    home = root / "home"
    write_model(home / "models")
    shoot = root / "shoot"
    write_photo(shoot / "a.jpg", "china", size=(90, 60))
    write_photo(shoot / "b.jpg", "chelsea", size=(90, 60))
    secret = write_photo(root / "outside" / "secret.jpg", "astronaut", size=(90, 60))
    (root / "outside" / "secret.txt").write_text("secret")
    if sys.platform != "win32":
        (shoot / "link.jpg").symlink_to(secret)
        (shoot / "folder").symlink_to(secret.parent)
    own = {"HOME": str(home), "PHOTOCLI_CACHE": str(home / "cache"), "PHOTOCLI_MODELS": str(home / "models")}
    with reviewed(shoot, "--assess", "aesthetics", env={**os.environ, **own}) as running:
        running.until_done()
        yield running


def test_the_page_has_its_photos_and_nothing_of_links_out_of_the_folder(review: Review) -> None:
    listed = review.list()
    assert sorted(listed["ids"]) == [0, 1]
    assert [row["name"] for row in review.rows(0, 1)] == ["a.jpg", "b.jpg"]
    assert review.get("rows", ids="2").status == 404
    assert review.get("thumb/2").status == 404
    assert b"secret" not in review.get().body


def test_every_answer_forbids_what_the_page_does_not_need(review: Review) -> None:
    paths = [
        "",
        "list",
        "rows?ids=0",
        "photo/0",
        "thumb/0",
        "static/main.js",
        "nothing",
        "thumb/99",
        "list?sort=x",
    ]
    answers = [review.ask(review.base + path) for path in paths]
    answers += [review.ask("/"), review.ask(f"{review.base}judge", "POST", b"{}"), review.post("judge")]
    for answer in answers:
        for name, value in HEADERS:
            assert answer.headers[name.decode()] == value.decode()
        assert "server" not in answer.headers
    assert [answer.status for answer in answers] == [200] * 6 + [404, 404, 400, 404, 403, 400]


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/list",
        "/static/main.js",
        "/thumb/0",
        "/x/",
        "/open/",
        "/open/None",
        "/favicon.ico",
        "//",
        "/%00/",
        "*",
    ],
)
def test_nothing_is_served_without_the_token(review: Review, path: str) -> None:
    answer = review.ask(path)
    assert answer.status in (400, 404)
    assert b"a.jpg" not in answer.body


def test_a_token_that_is_nearly_right_is_none(review: Review) -> None:
    token = review.base.strip("/")
    assert len(token) >= 22  # 128 bits
    for wrong in (token[:-1], token + "A", token.swapcase(), token[::-1], "%00" + token):
        assert review.ask(f"/{wrong}/").status == 404


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:{port}", "127.0.0.1", "127.0.0.1:1", "[::1]:{port}", ""]
)
def test_other_names_that_lead_to_this_machine_are_refused(review: Review, host: str) -> None:
    # DNS rebinding: a page of evil.example has its name lead to 127.0.0.1 after it was loaded.
    answer = review.ask(review.base, headers={"Host": host.format(port=review.port)})
    assert answer.status in (400, 403)
    assert b"a.jpg" not in answer.body
    assert review.ask(review.base, headers={"Host": f"localhost:{review.port}"}).status == 200


@pytest.mark.parametrize(
    "origin", [None, "null", "http://evil.example", "https://127.0.0.1:{port}", "http://127.0.0.1:1"]
)
@pytest.mark.parametrize("path", ["judge", "undo", "redo", "drop", "learn", "filters"])
def test_other_pages_change_nothing(review: Review, path: str, origin: str | None) -> None:
    headers = {"Content-Type": "application/json"}
    if origin is not None:
        headers["Origin"] = origin.format(port=review.port)
    body = b'{"ids": [0], "change": {"stars": 5}, "seen": {}}'
    assert review.ask(review.base + path, "POST", body, headers).status == 403
    crossed = {**headers, "Origin": review.origin, "Sec-Fetch-Site": "cross-site"}
    assert review.ask(review.base + path, "POST", body, crossed).status == 403


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", ""])
def test_what_a_form_of_another_page_could_send_is_refused(review: Review, kind: str) -> None:
    answer = review.post("judge", {"ids": [0], "change": {"stars": 5}}, **{"Content-Type": kind})
    assert answer.status == 415


@pytest.mark.parametrize(
    "path",
    [
        "../outside/secret.txt",
        "static/../../../shoot/a.jpg",
        "static/..%2f..%2fserver.py",
        "static/%2e%2e/server.py",
        "static/..%5cserver.py",
        "static//etc/passwd",
        "static/%2fetc%2fpasswd",
        "thumb/../../outside/secret.jpg",
        "thumb/a.jpg",
        "thumb/-1",
        "full/0/../../secret.txt",
        "full/%2e%2e",
        "exif/0",
        "photo/0%00",
        "photo/99999999999999999999999999",
        "templates/page.html",
        "filters/..%2f..%2fx",
    ],
)
def test_paths_lead_nowhere_else(review: Review, path: str) -> None:
    answer = review.ask(review.base + path)
    assert answer.status in (400, 404, 405)
    assert b"root:" not in answer.body and b"secret" not in answer.body and b"import" not in answer.body


def test_methods_are_those_of_the_page(review: Review) -> None:
    told = {"Origin": review.origin, "Content-Type": "application/json"}
    for method in ("PUT", "PATCH", "DELETE", "POST", "TRACE", "OPTIONS"):
        assert review.ask(f"{review.base}list", method, b"{}", told).status == 405
    for path in ("judge", "undo", "drop", "learn"):
        assert review.get(path).status == 405
    head = review.ask(review.base, "HEAD")
    assert (head.status, head.body) == (200, b"")


def test_bodies_have_a_limit_and_say_so(review: Review) -> None:
    big = review.post("judge", {"ids": [0], "filler": "x" * (2 << 20)})
    assert big.status == 413
    assert "at once at most" in big.json["error"]
    # Longer than announced ends the connection; in pieces of no announced length there is the same limit.
    with socket.create_connection(("127.0.0.1", review.port), 20) as line:
        head = (
            f"POST {review.base}judge HTTP/1.1\r\n"
            f"Host: 127.0.0.1:{review.port}\r\nOrigin: {review.origin}\r\n"
            "Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
        )
        line.sendall(head.encode())
        piece = b"10000\r\n" + b"[" * 0x10000 + b"\r\n"
        try:
            for _ in range(40):
                line.sendall(piece)
            line.sendall(b"0\r\n\r\n")
        except OSError:  # it was closed meanwhile
            pass
        answer = line.recv(100)
    assert b" 413 " in answer
    assert review.get("list").status == 200


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b"\xff\xfe", b"[" * 100_000, b'{"ids": ' + b"[" * 50_000])
def test_what_is_no_object_is_refused_in_a_sentence(review: Review, body: bytes) -> None:
    told = {"Origin": review.origin, "Content-Type": "application/json"}
    answer = review.ask(f"{review.base}judge", "POST", body, told)
    assert answer.status == 400
    assert answer.json["error"]


def test_what_is_no_http_ends_no_server(review: Review) -> None:
    for said in (b"\x16\x03\x01\x02", b"GET\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n", b"\0" * 70_000):
        with socket.create_connection(("127.0.0.1", review.port), 20) as line:
            line.sendall(said)
            line.shutdown(socket.SHUT_WR)
            try:
                while line.recv(4096):
                    pass
            except OSError:
                pass
    assert review.get("list").status == 200


def test_a_websocket_is_refused(review: Review) -> None:
    headers = {
        "Connection": "Upgrade",
        "Upgrade": "websocket",
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": "AAAAAAAAAAAAAAAAAAAAAA==",
    }
    assert review.ask(f"{review.base}events2", headers=headers).status in (400, 403, 404)


def test_it_listens_to_this_machine_alone(review: Review) -> None:
    others = {info[4][0] for info in socket.getaddrinfo(socket.gethostname(), None, socket.AF_INET)}
    for address in {*others, "127.0.0.2"} - {"127.0.0.1"}:
        with pytest.raises(OSError):
            socket.create_connection((str(address), review.port), 2).close()
