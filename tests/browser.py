"""A headless Chromium, driven by the WebDriver protocol itself: a few requests need no library."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

_ELEMENT = "element-6066-11e4-a52e-4f735466cecf"
KEYS = {
    "ArrowRight": "\ue014",
    "ArrowLeft": "\ue012",
    "ArrowDown": "\ue015",
    "Enter": "\ue007",
    "Esc": "\ue00c",
}


class Browser:
    """One window. Raises `AssertionError` with what the driver says when something is not there."""

    def __init__(self, address: str, profile: str) -> None:
        self._address = address
        arguments = [
            "--headless=new",
            "--disable-gpu",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            "--no-first-run",
            "--hide-scrollbars",
            "--window-size=1400,1000",
            f"--user-data-dir={profile}",
        ]
        if sys.platform == "linux" and os.geteuid() == 0:
            arguments.append("--no-sandbox")
        options = {"binary": chromium(), "args": arguments}
        wanted = {"goog:chromeOptions": options, "goog:loggingPrefs": {"browser": "ALL"}}
        answer = self._ask("POST", "/session", {"capabilities": {"alwaysMatch": wanted}})
        self._session = f"/session/{answer['sessionId']}"

    def open(self, page: Path) -> None:
        self._ask("POST", f"{self._session}/url", {"url": page.resolve().as_uri()})

    def run(self, script: str, *arguments: Any) -> Any:
        """What a script returns."""
        return self._ask("POST", f"{self._session}/execute/sync", {"script": script, "args": list(arguments)})

    def click(self, selector: str) -> None:
        self._ask("POST", f"{self._session}/element/{self._find(selector)}/click", {})

    def type(self, selector: str, text: str) -> None:
        self._ask("POST", f"{self._session}/element/{self._find(selector)}/value", {"text": text})

    def press(self, key: str) -> None:
        """Press a key, wherever the focus is."""
        value = KEYS.get(key, key)
        steps = [{"type": "keyDown", "value": value}, {"type": "keyUp", "value": value}]
        actions = [{"type": "key", "id": "keyboard", "actions": steps}]
        self._ask("POST", f"{self._session}/actions", {"actions": actions})

    def prefer(self, scheme: str) -> None:
        """Light or dark, as the system says it."""
        features = [{"name": "prefers-color-scheme", "value": scheme}]
        body = {"cmd": "Emulation.setEmulatedMedia", "params": {"features": features}}
        self._ask("POST", f"{self._session}/goog/cdp/execute", body)

    def size(self, width: int, height: int) -> None:
        """Give the window's inside a size in CSS pixels."""
        params = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 700}
        body = {"cmd": "Emulation.setDeviceMetricsOverride", "params": params}
        self._ask("POST", f"{self._session}/goog/cdp/execute", body)

    def complaints(self) -> list[str]:
        """What the console has to say since the last time."""
        return [
            entry["message"] for entry in self._ask("POST", f"{self._session}/se/log", {"type": "browser"})
        ]

    def picture(self) -> bytes:
        """The window as a PNG."""
        import base64

        return base64.b64decode(self._ask("GET", f"{self._session}/screenshot"))

    def close(self) -> None:
        self._ask("DELETE", self._session)

    def _find(self, selector: str) -> str:
        body = {"using": "css selector", "value": selector}
        return str(self._ask("POST", f"{self._session}/element", body)[_ELEMENT])

    def _ask(self, method: str, path: str, body: Any = None) -> Any:
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self._address + path, data, method=method)
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            with opener.open(request, timeout=120) as answer:
                return json.load(answer)["value"]
        except urllib.error.HTTPError as error:
            raise AssertionError(json.load(error)["value"]["message"]) from None


def chromium() -> str | None:
    """The browser's program, if there is one."""
    return shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


@contextmanager
def browser() -> Iterator[Browser]:
    """A browser with a profile of its own; skips the test where there is none."""
    driver = shutil.which("chromedriver")
    if driver is None or chromium() is None:
        pytest.skip("needs chromium and chromedriver (Debian: chromium, chromium-driver)")
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        process = subprocess.Popen(
            [driver, "--port=0"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        )
        try:
            assert process.stdout is not None
            said = (re.search(r"successfully on port (\d+)", line) for line in process.stdout)
            port = next(match[1] for match in said if match)
            window = Browser(f"http://127.0.0.1:{port}", profile)
            try:
                yield window
            finally:
                window.close()
        finally:
            process.terminate()
            process.wait()
            process.stdout.close()
