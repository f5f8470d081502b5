"""A browser for the tests that look at the page."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from browser import chromium


@pytest.fixture(scope="module")
def window() -> Iterator[Any]:
    """Chromium without a window, driven by Playwright."""
    api = pytest.importorskip("playwright.sync_api", reason="needs Playwright")
    if chromium() is None:
        pytest.skip("needs chromium")
    with api.sync_playwright() as play:
        browser = play.chromium.launch(executable_path=chromium(), args=["--no-sandbox"])
        yield browser
        browser.close()
