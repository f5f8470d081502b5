"""The page in a real browser: filters, keys, undo, reload, two tabs, hostile names, no barriers."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from many_photos import many_photos
from photos import camera_exif, write_photo
from reviewing import PATIENCE_S, Review, reviewed, until_shown

barriers = pytest.importorskip("axe_playwright_python.sync_playwright", reason="needs axe")

HOSTILE = '<img src=x onerror="document.title=1">&amp;\u202egpj.jpg'
MAKER = "<script>document.title=2</script>"
SEVERE = ("serious", "critical")
TOO_LONG_MS = 100
"""No frame may take longer while one scrolls (one thread of a busy machine gets twice that)."""

FRAMES = """async () => {
  const box = document.getElementById('grid'), times = [];
  let last = performance.now(), stop = false;
  const longs = [];
  new PerformanceObserver(list => longs.push(...list.getEntries().map(entry => entry.duration)))
    .observe({type: 'longtask'});
  const tick = now => { times.push(now - last); last = now; if (!stop) requestAnimationFrame(tick); };
  requestAnimationFrame(tick);
  const inner = [box, ...box.querySelectorAll('*'), document.scrollingElement]
    .find(one => one.scrollHeight > one.clientHeight + 1000);
  for (let step = 0; step < 80; step++) {
    inner.scrollTop += step % 10 ? 400 : 20000;
    await new Promise(done => requestAnimationFrame(done));
  }
  stop = true;
  return {longs, frames: times.length, moved: inner.scrollTop};
}"""
"""Scrolls through the grid, slowly and by leaps; the tasks that kept the page from drawing."""


@pytest.fixture
def shoot(tmp_path: Path) -> Path:
    folder = tmp_path / "shoot"
    for number, name in enumerate(("chelsea", "coffee", "china", "flower")):
        exif = camera_exif(captured=f"2024:05:01 10:{number}0:00")
        write_photo(folder / f"{name}.jpg", name, size=(900, 600), exif=exif)
    write_photo(folder / HOSTILE, "astronaut", size=(600, 600), exif=camera_exif(make=MAKER, model=MAKER))
    return folder


@pytest.fixture
def review(shoot: Path, own_folders: Path) -> Iterator[Review]:
    with reviewed(shoot) as running:
        running.until_done()
        yield running


def opened(window: Any, review: Review, photos: int, **context: Any) -> Any:
    """The page in a window of its own, once it shows all photos."""
    page = window.new_context(viewport={"width": 1280, "height": 800}, **context).new_page()
    page.set_default_timeout(1000 * PATIENCE_S)
    page.goto(review.url)
    until_shown(page, "state.ids.length === arg", photos)
    return page


def marked(photo: Path, tag: str) -> Any:
    """A property of the sidecar of a photo, as exiftool reads it; None where there is none."""
    sidecar = photo.with_name(f"{photo.name}.xmp")
    asked = ["exiftool", "-json", "-n", f"-XMP:{tag}", str(sidecar)]
    out = subprocess.run(asked, capture_output=True, text=True)  # the sidecar may go while it starts
    return json.loads(out.stdout)[0].get(tag) if out.stdout else None


def current(page: Any) -> str:
    return page.evaluate("() => state.rows.get(state.current).name")


def stars(page: Any, name: str) -> Any:
    return page.evaluate("name => row(name).stars", name)


def choose_only(page: Any, text: str) -> None:
    """Filters by a text that one photo has, and chooses that one."""
    page.keyboard.press("/")
    page.keyboard.type(text)
    page.keyboard.press("Enter")
    until_shown(page, "state.ids.length === 1")
    page.keyboard.press("Escape")
    page.locator("[role=option]:visible").first.click()


needs_exiftool = pytest.mark.skipif(shutil.which("exiftool") is None, reason="needs exiftool")


@needs_exiftool
def test_a_photo_is_filtered_rated_by_keyboard_and_undone(window: Any, review: Review, shoot: Path) -> None:
    page = opened(window, review, 5)
    choose_only(page, "coffee")
    page.keyboard.press("4")
    review.until(lambda: marked(shoot / "coffee.jpg", "Rating") == 4)
    page.keyboard.press("p")
    review.until(lambda: marked(shoot / "coffee.jpg", "Pick") == 1)
    page.keyboard.press("7")
    review.until(lambda: marked(shoot / "coffee.jpg", "Label") == "Yellow")
    page.reload()
    until_shown(page, "state.ids.length > 0")
    for _ in range(3):
        page.keyboard.press("Control+z")
    review.until(lambda: marked(shoot / "coffee.jpg", "Rating") is None)
    assert not (shoot / "coffee.jpg.xmp").exists()
    page.keyboard.press("Control+Shift+z")
    review.until(lambda: marked(shoot / "coffee.jpg", "Rating") == 4)


def test_two_tabs_stay_in_step(window: Any, review: Review) -> None:
    one, other = opened(window, review, 5), opened(window, review, 5)
    one.locator("[role=option]:visible").first.click()
    one.keyboard.press("3")
    name = current(one)
    until_shown(other, "row(arg)?.stars === 3", name)
    assert stars(one, name) == stars(other, name) == 3


@needs_exiftool
def test_what_an_editor_said_meanwhile_is_shown_and_kept(window: Any, review: Review, shoot: Path) -> None:
    page = opened(window, review, 5)
    page.locator("[role=option]:visible").first.click()
    name = current(page)
    page.keyboard.press("2")
    review.until(lambda: marked(shoot / name, "Rating") == 2)
    page.route("**/events*", lambda route: route.abort())  # this tab hears nothing of it
    subprocess.run(
        ["exiftool", "-q", "-overwrite_original", "-XMP:Rating=5", str(shoot / f"{name}.xmp")], check=True
    )
    page.keyboard.press("1")
    page.wait_for_function("() => /theirs/i.test(document.getElementById('messages').innerText)")
    assert marked(shoot / name, "Rating") == 5
    assert stars(page, name) == 5


def test_hostile_names_and_makers_are_text(window: Any, review: Review) -> None:
    page = opened(window, review, 5)
    said: list[str] = []
    page.on("pageerror", lambda error: said.append(str(error)))
    choose_only(page, "onerror")
    page.keyboard.press("e")
    page.wait_for_function("() => document.getElementById('loupe').innerText.includes('<script>')")
    assert page.title() not in ("1", "2")
    assert "\u202e" not in page.locator("#loupe").inner_text()
    assert page.locator("img[src=x]").count() == 0
    assert said == []


def test_a_photo_that_vanishes_costs_a_sentence(window: Any, review: Review, shoot: Path) -> None:
    page = opened(window, review, 5)
    page.locator("[role=option]:visible").first.click()
    name = current(page)
    (shoot / name).unlink()
    page.keyboard.press("4")
    page.wait_for_function("() => /gone|not there|no longer/i.test(document.body.innerText)")
    assert not (shoot / f"{name}.xmp").exists()


@pytest.mark.parametrize("scheme", ["dark", "light"])
def test_there_are_no_serious_barriers(window: Any, review: Review, scheme: str) -> None:
    page = opened(window, review, 5, color_scheme=scheme, reduced_motion="reduce")
    page.evaluate("scheme => document.documentElement.dataset.theme = scheme", scheme)
    axe = barriers.Axe()
    for keys in ("", "e", "c", "n", "d", "g", "?"):
        if keys:
            page.keyboard.press(keys)
            page.wait_for_timeout(700)
        found = [
            (keys, one["id"], [node["html"][:150] for node in one["nodes"]][:3])
            for one in axe.run(page).response["violations"]
            if one["impact"] in SEVERE
        ]
        assert found == []


@pytest.mark.slow
def test_twenty_thousand_photos_scroll(window: Any, tmp_path: Path) -> None:
    folder = many_photos(tmp_path / "many", 20_000)
    with reviewed(folder, "--device", "cpu") as review:
        page = opened(window, review, 20_000)
        seen = page.evaluate(FRAMES)
        assert seen["moved"] > 100_000
        assert [long for long in seen["longs"] if long > 2 * TOO_LONG_MS] == []
        assert page.locator("[role=option]").count() < 400  # nodes of what is not seen are used again
        assert page.evaluate("() => document.querySelector('[role=option]').ariaSetSize") == "20000"
