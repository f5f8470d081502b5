"""Makes the pictures of the review page, docs/review_*.jpg: `python docs/make.py review`.

Needs Chromium, and Playwright of the dev extra. The photos are those of the report's picture.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from report_picture import make_photos

DOCS = Path(__file__).parent
BURST = "DSC_3100.jpg"
RATED = {"DSC_3100.jpg": "p4", "DSC_3101.jpg": "x", "Coffee_": "37"}
"""How names of photos begin, and the keys that were pressed for them."""

FOCUS = """async name => {
  const {state} = await import('./static/state.js');
  const {rows} = await import('./static/api.js');
  await rows(state.ids);
  state.focus([...state.rows.values()].find(row => row.name.startsWith(name)).id);
}"""


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """The address of a page over some photos, all of them scored."""
    command = [sys.executable, "-m", "photocli"]
    settings = {name: str(folder) for name in ("PHOTOCLI_CACHE", "PHOTOCLI_TASTES", "XDG_STATE_HOME", "HOME")}
    given: Any = {"cwd": folder, "env": {**os.environ, **settings}, "text": True}
    subprocess.run([*command, "cull", "Lake weekend", "-q"], check=True, **given)
    page = subprocess.Popen(
        [*command, "review", "Lake weekend", "--no-open", "-q"], stdout=subprocess.PIPE, **given
    )
    try:
        assert page.stdout is not None
        yield page.stdout.readline().strip()
    finally:
        page.terminate()
        page.wait()


def main() -> None:
    """Take the pictures."""
    sys.path.insert(0, str(DOCS.parent / "tests"))
    from browser import chromium
    from playwright.sync_api import sync_playwright
    from reviewing import until_shown

    with tempfile.TemporaryDirectory() as folder, sync_playwright() as play:
        make_photos(Path(folder, "Lake weekend"))
        window = play.chromium.launch(executable_path=chromium(), args=["--no-sandbox"])
        with served(Path(folder)) as address:
            page = window.new_page(viewport={"width": 1400, "height": 875}, color_scheme="dark")
            page.goto(address)
            until_shown(
                page, "state.ids.length === 28 && [...state.rows.values()].every(row => row.status === 'ok')"
            )
            page.wait_for_timeout(4000)  # groups and proposals come once all is scored
            for name, keys in RATED.items():
                page.evaluate(FOCUS, name)
                for key in keys:
                    page.keyboard.press(key)
            page.evaluate(FOCUS, BURST)
            shots = (("grid", "g", 0), ("loupe", "e", 0), ("compare", "c", 1), ("light", "g", 0))
            for name, key, zoomed in shots:
                page.keyboard.press(key)
                page.wait_for_timeout(2500)
                if page.locator("#messages button").count():
                    page.locator("#messages button").first.click()
                if name == "light":
                    page.evaluate("() => document.documentElement.dataset.theme = 'light'")
                if zoomed:
                    page.keyboard.press("z")
                page.wait_for_timeout(2500)
                page.screenshot(path=str(DOCS / f"review_{name}.jpg"), type="jpeg", quality=85)
        window.close()


if __name__ == "__main__":
    main()
