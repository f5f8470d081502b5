"""Fetching many photos from their addresses: politely, resumably, and with a reason for each that fails."""

from __future__ import annotations

import hashlib
import http.client
import json
import threading
import time
import urllib.error
import urllib.request
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

from photocli.decode import decode
from photocli.errors import DecodeError
from photocli.files import atomic_write

GONE = "gone.json"
"""In the folder of the photos: what failed for good, so that another run doesn't ask for it again."""

PLACEHOLDER = "a placeholder for a photo that is no longer there"

_PLACEHOLDERS = frozenset(("6a92790b1c2a301c6e7ddef645dca1f53ea97ac2",))  # SHA-1 of Flickr's old one
_PLACEHOLDER_NAMES = ("photo_unavailable", "photo_not_found")  # where Flickr redirects to today
_CHUNK = 64 * 1024
_LONGEST = 120.0  # seconds; a server that asks for a longer wait is not waited for


@dataclass(frozen=True)
class Manners:
    """How a server is treated."""

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


class Wanted(NamedTuple):
    """A photo's address, and the file that it is to become."""

    url: str
    path: Path


class Outcome(NamedTuple):
    """What came of a photo: `reason` is empty where the file is there; `kept` says that it was before."""

    wanted: Wanted
    reason: str = ""
    kept: bool = False


class _Failure(Exception):
    """An attempt that failed; `wait` is None if another one would be in vain, else seconds asked for."""

    def __init__(self, reason: str, wait: float | None = None) -> None:
        super().__init__(reason)
        self.wait = wait


class Downloader:
    """Fetches photos into a folder; files appear whole or not at all.

    What is there is not fetched again, and neither is what failed for good, unless `again` is set.
    """

    def __init__(self, folder: Path, manners: Manners | None = None, again: bool = False) -> None:
        self.folder, self.manners = folder, manners or Manners()
        self._lock, self._next = threading.Lock(), 0.0
        self._gone: dict[str, str] = {}
        stored = folder / GONE
        if stored.is_file() and not again:
            self._gone = json.loads(stored.read_text(encoding="utf-8"))

    def fetch_all(self, wanted: Iterable[Wanted]) -> Iterator[Outcome]:
        """What came of each photo, in order; a few are in flight."""
        self.folder.mkdir(parents=True, exist_ok=True)
        at_once = self.manners.at_once
        pending: deque[Future[Outcome]] = deque()
        pool = ThreadPoolExecutor(at_once)
        try:
            for one in wanted:
                pending.append(pool.submit(self.fetch, one))
                if len(pending) >= 4 * at_once:
                    yield pending.popleft().result()
            while pending:
                yield pending.popleft().result()
        finally:
            pool.shutdown(cancel_futures=True)
            with atomic_write(self.folder / GONE) as file:
                file.write((json.dumps(self._gone, indent=1, sort_keys=True) + "\n").encode())

    def fetch(self, wanted: Wanted) -> Outcome:
        """Fetch one photo, unless it is there; try again what may be over soon."""
        if wanted.path.is_file():
            return Outcome(wanted, kept=True)
        if wanted.url in self._gone:
            return Outcome(wanted, self._gone[wanted.url], kept=True)
        manners = self.manners
        for attempt in range(manners.retries + 1):
            self._wait_for_turn()
            try:
                self._attempt(wanted)
                return Outcome(wanted)
            except _Failure as failure:
                reason, wait = str(failure), failure.wait
            if wait is None:
                self._gone[wanted.url] = reason
                break
            if attempt < manners.retries:
                time.sleep(min(_LONGEST, max(wait, manners.back_off * 2**attempt)))
        return Outcome(wanted, reason)

    def _wait_for_turn(self) -> None:
        """Requests start one after the other, with the delay between them."""
        with self._lock:
            now = time.monotonic()
            start = max(now, self._next)
            self._next = start + self.manners.delay
        time.sleep(start - now)

    def _attempt(self, wanted: Wanted) -> None:
        content = self._answer(wanted.url)
        if hashlib.sha1(content, usedforsecurity=False).hexdigest() in _PLACEHOLDERS:
            raise _Failure(PLACEHOLDER)
        with atomic_write(wanted.path.with_name(f".{wanted.path.name}.part")) as file:
            file.write(content)
        part = wanted.path.with_name(f".{wanted.path.name}.part")
        try:
            decode(part, 64)
            part.replace(wanted.path)
        except DecodeError as error:
            raise _Failure("no photo, or a damaged one") from error
        finally:
            part.unlink(missing_ok=True)

    def _answer(self, url: str) -> bytes:
        """The content of an address; a `_Failure` whatever goes wrong."""
        if urlsplit(url).scheme not in ("http", "https"):
            raise _Failure("not an address of the web")
        request = urllib.request.Request(url, headers={"User-Agent": self.manners.agent})  # noqa: S310
        try:
            with urllib.request.urlopen(request, timeout=self.manners.timeout) as answer:  # noqa: S310
                return self._read(answer)
        except urllib.error.HTTPError as error:
            passing = error.code in (408, 429) or error.code >= 500
            raise _Failure(f"HTTP {error.code}", _asked(error) if passing else None) from error
        except TimeoutError as error:
            raise _Failure("no answer in time", 0.0) from error
        except urllib.error.URLError as error:
            late = isinstance(error.reason, TimeoutError)
            raise _Failure("no answer in time" if late else "no connection", 0.0) from error
        except (http.client.HTTPException, OSError) as error:
            raise _Failure("the connection broke off", 0.0) from error
        except ValueError as error:
            raise _Failure("not an address of the web") from error

    def _read(self, answer: http.client.HTTPResponse) -> bytes:
        manners = self.manners
        if any(name in answer.url for name in _PLACEHOLDER_NAMES):
            raise _Failure(PLACEHOLDER)
        promised = answer.headers.get("Content-Length", "")
        if promised.isdigit() and int(promised) > manners.largest:
            raise _Failure("too large")
        parts, size, deadline = [], 0, time.monotonic() + 2 * manners.timeout
        while part := answer.read1(_CHUNK):
            parts.append(part)
            size += len(part)
            if size > manners.largest:
                raise _Failure("too large")
            if time.monotonic() > deadline:  # a server that drips is one that hangs
                raise _Failure("no answer in time", 0.0)
        if promised.isdigit() and size < int(promised):
            raise _Failure("the connection broke off", 0.0)
        return b"".join(parts)


def _asked(error: urllib.error.HTTPError) -> float:
    """The wait in seconds that a server asks for, 0 if it asks for none."""
    asked = error.headers.get("Retry-After", "") if error.headers else ""
    if asked.isdigit():
        return float(asked)
    try:
        return max(0.0, parsedate_to_datetime(asked).timestamp() - time.time())
    except (TypeError, ValueError):
        return 0.0
