"""Downloads many photos from their addresses: politely, resumably, and with a reason for each that fails."""

from __future__ import annotations

import hashlib
import json
import threading
import time
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from http.cookiejar import CookieJar, DefaultCookiePolicy
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

import httpx
import tenacity

from photocli.decode import decode
from photocli.errors import DecodeError
from photocli.files.atomic import atomic_write

GONE = "gone.json"
"""In the folder of the photos: what failed for good, so that another run doesn't ask for it again."""

PLACEHOLDER = "a placeholder for a photo that is no longer there"

_PLACEHOLDERS = frozenset(("6a92790b1c2a301c6e7ddef645dca1f53ea97ac2",))  # SHA-1 of Flickr's old one
_PLACEHOLDER_NAMES = ("photo_unavailable", "photo_not_found")  # where Flickr redirects to today
_LONGEST_WAIT = 120.0  # seconds; a server that asks for a longer wait gets this one


@dataclass(frozen=True)
class RequestPolicy:
    """Says how a server is treated."""

    at_once: int = 4
    delay: float = 0.2
    """Seconds between the starts of two requests, over all connections."""

    timeout: float = 20.0
    """Seconds without an answer, and half of those that one photo may take in all."""

    retries: int = 3
    """Of what may be over soon: time-outs, broken connections, 429 and 5xx."""

    back_off: float = 2.0
    """Seconds before the first retry; each further one waits twice as long."""

    largest: int = 30_000_000
    """Bytes."""

    agent: str = "photocli-trainers/0.1 (research; fetches each photo once)"


class DownloadRequest(NamedTuple):
    """Holds a photo's address, and the file that it is to become."""

    url: str
    path: Path


class DownloadResult(NamedTuple):
    """Says what came of a photo: `reason` is empty where the file is there; `kept` if it was before."""

    request: DownloadRequest
    reason: str = ""
    kept: bool = False


class _Failure(Exception):
    """Reports a failed attempt; `wait` is None if another one would be in vain, else seconds asked for."""

    def __init__(self, reason: str, wait: float | None = None) -> None:
        super().__init__(reason)
        self.wait = wait


class Downloader:
    """Downloads photos into a folder; files appear whole or not at all.

    What is there is not fetched again, and neither is what failed for good, unless `again` is set.
    """

    def __init__(self, folder: Path, policy: RequestPolicy | None = None, again: bool = False) -> None:
        self.folder, self.policy = folder, policy or RequestPolicy()
        self._lock, self._next = threading.Lock(), 0.0
        self._gone: dict[str, str] = {}
        stored = folder / GONE
        if stored.is_file() and not again:
            self._gone = json.loads(stored.read_text(encoding="utf-8"))

    def fetch_all(self, requests: Iterable[DownloadRequest]) -> Iterator[DownloadResult]:
        """Yields what came of each photo, in order; a few are in flight."""
        self.folder.mkdir(parents=True, exist_ok=True)
        at_once = self.policy.at_once
        pending: deque[Future[DownloadResult]] = deque()
        pool = ThreadPoolExecutor(at_once)
        with _client(self.policy) as client:
            try:
                for request in requests:
                    pending.append(pool.submit(self._fetch, client, request))
                    if len(pending) >= 4 * at_once:
                        yield pending.popleft().result()
                while pending:
                    yield pending.popleft().result()
            finally:
                pool.shutdown(cancel_futures=True)
                with atomic_write(self.folder / GONE) as file:
                    file.write((json.dumps(self._gone, indent=1, sort_keys=True) + "\n").encode())

    def _fetch(self, client: httpx.Client, request: DownloadRequest) -> DownloadResult:
        """Fetches one photo, unless it is there; tries again what may be over soon."""
        if request.path.is_file():
            return DownloadResult(request, kept=True)
        if request.url in self._gone:
            return DownloadResult(request, self._gone[request.url], kept=True)
        retrying = tenacity.Retrying(
            retry=tenacity.retry_if_exception(_may_be_over_soon),
            stop=tenacity.stop_after_attempt(self.policy.retries + 1),
            wait=self._pause,
            reraise=True,
        )
        try:
            retrying(self._attempt, client, request)
        except _Failure as failure:
            if failure.wait is None:
                self._gone[request.url] = str(failure)
            return DownloadResult(request, str(failure))
        return DownloadResult(request)

    def _pause(self, state: tenacity.RetryCallState) -> float:
        """Returns the seconds before another attempt: what the server asks for, or more from try to try."""
        failure = state.outcome.exception() if state.outcome else None
        asked = (failure.wait if isinstance(failure, _Failure) else None) or 0.0
        back_off = tenacity.wait_exponential(multiplier=self.policy.back_off)(state)
        return min(_LONGEST_WAIT, max(asked, back_off))

    def _wait_for_turn(self) -> None:
        """Waits so that requests start one after the other, with the delay between them."""
        with self._lock:
            now = time.monotonic()
            start = max(now, self._next)
            self._next = start + self.policy.delay
        time.sleep(start - now)

    def _attempt(self, client: httpx.Client, request: DownloadRequest) -> None:
        self._wait_for_turn()
        content = _content(client, request.url, self.policy)
        if hashlib.sha1(content, usedforsecurity=False).hexdigest() in _PLACEHOLDERS:
            raise _Failure(PLACEHOLDER)
        part = request.path.with_name(f".{request.path.name}.part")
        with atomic_write(part) as file:
            file.write(content)
        try:
            decode(part, 64)
            part.replace(request.path)
        except DecodeError as error:
            raise _Failure("no photo, or a damaged one") from error
        finally:
            part.unlink(missing_ok=True)


def _client(policy: RequestPolicy) -> httpx.Client:
    """Makes a client without memory: cookies are neither kept nor sent, bytes come as they are stored."""
    return httpx.Client(
        headers={"User-Agent": policy.agent, "Accept-Encoding": "identity"},
        cookies=CookieJar(DefaultCookiePolicy(allowed_domains=())),
        timeout=policy.timeout,
        limits=httpx.Limits(max_connections=policy.at_once),
        follow_redirects=True,
        max_redirects=10,
    )


def _may_be_over_soon(error: BaseException) -> bool:
    return isinstance(error, _Failure) and error.wait is not None


def _content(client: httpx.Client, url: str, policy: RequestPolicy) -> bytes:
    """Returns the content of an address; raises a `_Failure` whatever goes wrong."""
    try:
        if urlsplit(url).scheme not in ("http", "https"):
            raise _Failure("not an address of the web")
        with client.stream("GET", url) as response:
            if not response.is_success:
                passing = response.status_code in (408, 429) or response.status_code >= 500
                raise _Failure(f"HTTP {response.status_code}", _asked_wait(response) if passing else None)
            return _body(response, policy)
    except httpx.TimeoutException as error:
        raise _Failure("no answer in time", 0.0) from error
    except (httpx.ConnectError, httpx.ProxyError) as error:
        raise _Failure("no connection", 0.0) from error
    except (ValueError, httpx.InvalidURL, httpx.UnsupportedProtocol) as error:
        raise _Failure("not an address of the web") from error
    except httpx.TooManyRedirects as error:
        raise _Failure("redirected too often") from error
    except httpx.HTTPError as error:
        raise _Failure("the connection broke off", 0.0) from error


def _body(response: httpx.Response, policy: RequestPolicy) -> bytes:
    """Reads the body of a response that is neither a placeholder, nor too large, nor too slow."""
    if any(name in str(response.url) for name in _PLACEHOLDER_NAMES):
        raise _Failure(PLACEHOLDER)
    promised = response.headers.get("Content-Length", "")
    if promised.isdigit() and int(promised) > policy.largest:
        raise _Failure("too large")
    parts, size, deadline = [], 0, time.monotonic() + 2 * policy.timeout
    for part in response.iter_raw():
        parts.append(part)
        size += len(part)
        if size > policy.largest:
            raise _Failure("too large")
        if time.monotonic() > deadline:  # a server that drips is one that hangs
            raise _Failure("no answer in time", 0.0)
    return b"".join(parts)


def _asked_wait(response: httpx.Response) -> float:
    """Returns the wait in seconds that a server asks for, 0 if it asks for none."""
    asked = response.headers.get("Retry-After", "")
    if asked.isdigit():
        return float(asked)
    try:
        return max(0.0, parsedate_to_datetime(asked).timestamp() - time.time())
    except (TypeError, ValueError):
        return 0.0
