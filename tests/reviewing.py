"""The review page as users have it: `photocli review` in a process of its own, asked over real sockets."""

from __future__ import annotations

import http.client
import json
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

from commands import start

PATIENCE_S = 60.0


@dataclass(frozen=True)
class Answer:
    """What came back."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class Review:
    """A running `photocli review`."""

    process: subprocess.Popen[str]
    url: str

    @property
    def port(self) -> int:
        return urlsplit(self.url).port or 0

    @property
    def base(self) -> str:
        """The path of the page, `/<token>/`."""
        return urlsplit(self.url).path

    @property
    def origin(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def ask(
        self,
        path: str,
        method: str = "GET",
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """Ask for a path of the server, just as it is written; `Host` may be among the headers."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE_S)
        try:
            given = dict(headers or {})
            connection.putrequest(method, path, skip_host="Host" in given, skip_accept_encoding=True)
            for name, value in given.items():
                connection.putheader(name, value)
            if body is not None and "Content-Length" not in given:
                connection.putheader("Content-Length", str(len(body)))
            connection.endheaders(body)
            answer = connection.getresponse()
            return Answer(answer.status, {k.lower(): v for k, v in answer.getheaders()}, answer.read())
        finally:
            connection.close()

    def get(self, path: str = "", **query: Any) -> Answer:
        """Ask for a path below the page."""
        return self.ask(f"{self.base}{path}" + (f"?{urlencode(query)}" if query else ""))

    def post(self, path: str, document: Any = None, method: str = "POST", **headers: str) -> Answer:
        """Send JSON as the page does."""
        told = {"Origin": self.origin, "Content-Type": "application/json", **headers}
        return self.ask(f"{self.base}{path}", method, json.dumps(document or {}).encode(), told)

    def list(self, filter: str = "", sort: str = "score", down: int = 1) -> Any:
        return self.get("list", filter=filter, sort=sort, down=down).json

    def rows(self, *ids: int) -> Any:
        return self.get("rows", ids=",".join(map(str, ids))).json

    def events(self, since: int = 0, timeout: float = PATIENCE_S) -> Iterator[tuple[str, Any]]:
        """The events as they come, by name."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout)
        try:
            connection.request("GET", f"{self.base}events?since={since}")
            answer = connection.getresponse()
            assert answer.status == 200
            name = ""
            while line := answer.readline():
                said = line.decode().rstrip("\n")
                if said.startswith("event: "):
                    name = said.removeprefix("event: ")
                elif said.startswith("data: "):
                    yield name, json.loads(said.removeprefix("data: "))
        finally:
            connection.close()

    def until(self, holds: Callable[[], Any]) -> Any:
        """Wait until something holds, and give it."""
        end = time.monotonic() + PATIENCE_S
        while not (found := holds()):
            assert self.process.poll() is None, self.process.communicate()
            assert time.monotonic() < end, "it took too long"
            time.sleep(0.05)
        return found

    def until_done(self) -> Any:
        """Wait until all is scored and proposed; the progress then."""
        for name, data in self.events():
            if name == "progress" and data["phase"] == "done":
                return data
        raise AssertionError(f"the events ended: {self.process.communicate()}")

    def stop(self, number: int = signal.SIGINT) -> tuple[int, str, str]:
        """Send it a signal; its exit code, and what it still said."""
        self.process.send_signal(number)
        out, err = self.process.communicate(timeout=PATIENCE_S)
        return self.process.returncode, out, err


def until_shown(page: Any, holds: str, arg: Any = None) -> None:
    """Wait until something holds of the page's `state`, in JavaScript; `row(name)` is a photo's row.

    Playwright takes a promise for true, so what is asked must be there before.
    """
    page.evaluate("""async () => {
      window.state = (await import('./static/state.js')).state;
      window.row = name => [...state.rows.values()].find(row => row.name === name);
    }""")
    page.wait_for_function(f"arg => {holds}", arg=arg)


@contextmanager
def reviewed(*arguments: str | Path, **given: Any) -> Iterator[Review]:
    """Run `photocli review` with these arguments and no browser, until the block ends."""
    process = start("review", *arguments, "--no-open", **given)
    try:
        assert process.stdout is not None
        url = process.stdout.readline().strip()
        assert url.startswith("http://127.0.0.1:"), (url, process.communicate())
        yield Review(process, url)
    finally:
        if process.poll() is None:
            process.kill()
        process.communicate()
