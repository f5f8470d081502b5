"""What stands before the page: its token, the names it may be asked by, and what each answer forbids."""

from __future__ import annotations

import json
import secrets
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
"""What the page may load: nothing but its own files, and pictures that it made itself."""

HEADERS: tuple[tuple[bytes, bytes], ...] = (
    (b"content-security-policy", POLICY.encode()),
    (b"referrer-policy", b"no-referrer"),
    (b"x-content-type-options", b"nosniff"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"x-frame-options", b"DENY"),
)
"""What every answer says, whatever it is."""

ONCE = "open"
"""The address below which a browser is let in a single time, see `Guard.once`."""

_READING = ("GET", "HEAD")
_LARGEST_BODY = 1 << 20  # bytes of JSON; photos that are dropped have a limit of their own
_TOKEN_BYTES = 24
_PATIENCE = 20  # of a body that is too large, so many times as much as may be sent is read


class TooLarge(Exception):
    """A body is longer than it may be."""


class Guard:
    """Lets through to `app` only what is asked with the token, by one of this machine's own names.

    Everything lies below `/<token>/`. A page of another site may send its visitors' browsers here, also by a
    name of its own that leads to this machine (DNS rebinding): the names in `Host` and `Origin` tell. What
    changes something must come from the page itself.
    """

    def __init__(self, app: ASGIApp, port: int, largest_drop: int) -> None:
        """`largest_drop` is how many bytes may be dropped at once."""
        self._app = app
        self._hosts = tuple(f"{name}:{port}".encode() for name in ("127.0.0.1", "localhost"))
        self._largest_drop = largest_drop
        self.token = secrets.token_urlsafe(_TOKEN_BYTES)
        self._once: str | None = secrets.token_urlsafe(_TOKEN_BYTES)

    @property
    def once(self) -> str:
        """A path that leads to the page a single time: others on this machine see how a browser is called."""
        return f"/{ONCE}/{self._once}"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, or have the app answer."""
        if scope["type"] != "http":
            return  # a websocket is refused by not being accepted
        headers, path = dict(scope["headers"]), str(scope["path"])
        most = self._largest_drop if path == f"/{self.token}/drop" else _LARGEST_BODY
        refused = self._refusal(scope, headers, path)
        if refused is None and self._lets_in_once(scope, path):
            await _say(send, 303, "go on to the page", ((b"location", f"/{self.token}/".encode()),))
        elif refused is not None:
            await _say(send, *refused)
        elif int(headers.get(b"content-length", b"0")) > most:
            await _pass_over(receive, _PATIENCE * most)  # else a browser takes it for a broken connection
            await _say(send, 413, f"send {most >> 20} MB at once at most")
        else:
            inner = {**scope, "root_path": f"/{self.token}"}
            await self._app(inner, _limited(receive, most), _guarded(send))

    def _refusal(self, scope: Scope, headers: dict[bytes, bytes], path: str) -> tuple[int, str] | None:
        """Why it is refused, with the status for it; None if it is not."""
        if headers.get(b"host") not in self._hosts:
            return 403, "open the page by the address that photocli printed"
        if not headers.get(b"content-length", b"0").isdigit():
            return 400, "the length of the body is no number"
        if not self._is_known(path) and not self._is_once(path):
            return 404, "there is nothing here; open the page by the address that photocli printed"
        if scope["method"] not in _READING:
            origin = headers.get(b"origin") == b"http://" + headers[b"host"]
            if not origin or headers.get(b"sec-fetch-site", b"same-origin") != b"same-origin":
                return 403, "only the page itself may change anything"
        return None

    def _is_known(self, path: str) -> bool:
        """Whether an address begins with the token."""
        return _same(path.split("/")[1] if path.startswith("/") else "", self.token)

    def _is_once(self, path: str) -> bool:
        return self._once is not None and _same(path, self.once)

    def _lets_in_once(self, scope: Scope, path: str) -> bool:
        found = scope["method"] == "GET" and self._is_once(path)
        if found:
            self._once = None
        return found


def _same(given: str, secret: str) -> bool:
    """Compare in a time that tells nothing about the secret."""
    return secrets.compare_digest(given.encode("utf-8", "replace"), secret.encode())


async def _pass_over(receive: Receive, most: int) -> None:
    """Read a body, but not more than `most` bytes, and forget it."""
    while most > 0:
        message = await receive()
        most -= len(message.get("body", b"")) + 1
        if message["type"] != "http.request" or not message.get("more_body", False):
            return


def _limited(receive: Receive, most: int) -> Receive:
    """The same messages, which end where the body is longer than announced, and than it may be."""
    so_far = 0

    async def receive_some() -> Message:
        nonlocal so_far
        message = await receive()
        so_far += len(message.get("body", b""))
        if so_far > most:
            raise TooLarge
        return message

    return receive_some


def _guarded(send: Send) -> Send:
    """The same answers, each with what every answer says."""

    async def send_guarded(message: Message) -> None:
        if message["type"] == "http.response.start":
            given = {name.lower() for name, _ in message["headers"]}
            added = [(name, value) for name, value in HEADERS if name not in given]
            if b"cache-control" not in given:
                added.append((b"cache-control", b"no-store"))
            message = {**message, "headers": [*message["headers"], *added]}
        await send(message)

    return send_guarded


async def _say(send: Send, status: int, text: str, headers: tuple[tuple[bytes, bytes], ...] = ()) -> None:
    """Answer with one sentence."""
    body = json.dumps({"error": text}).encode()
    plain = (
        (b"content-type", b"application/json"),
        (b"content-length", str(len(body)).encode()),
    )
    guarded = _guarded(send)
    await guarded({"type": "http.response.start", "status": status, "headers": [*plain, *headers]})
    await guarded({"type": "http.response.body", "body": body})
