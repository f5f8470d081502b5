"""Frames side by side in a real browser: zoom in step, focus peaking, faces, survey, the undecided walk."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from photos import camera_exif, picture, write_photo
from PIL import Image, ImageFilter
from reviewing import Review, reviewed, until_shown

HOSTILE = "<img src=x onerror=document.title=1>.jpg"

VIEWS = """() => [...document.querySelectorAll('.view:not([hidden]) .glass')].map(glass => {
  const sheet = glass.querySelector('.sheet').getBoundingClientRect(), box = glass.getBoundingClientRect();
  return {x: (box.left + box.width / 2 - sheet.left) / sheet.width,
          y: (box.top + box.height / 2 - sheet.top) / sheet.height, scale: sheet.width / box.width,
          full: !glass.querySelector('.whole').hidden};
})"""
"""What panes show: the middle in fractions of the picture, its width in panes, whether it is in full."""

PEAKS = """() => [...document.querySelectorAll('.view:not([hidden]) .glass')].map(glass => {
  const canvas = glass.querySelector('.peaks');
  if (!canvas) return null;
  const {data} = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
  let marked = 0;
  for (let at = 3; at < data.length; at += 4) marked += data[at] > 0;
  return marked / (data.length / 4);
})"""
"""The share of each pane that focus peaking marks; null where it has not answered yet."""


def burst(folder: Path, scene: Image.Image, hour: int, names: list[str], blurred: int | None = None) -> None:
    """Frames of a scene, a second apart, each a little aside; the last one is of half the size."""
    width, height = scene.size
    for n, name in enumerate(names):
        frame = scene.crop((12 * n, 7 * n, width - 60 + 12 * n, height - 40 + 7 * n))
        if n == blurred:
            frame = frame.filter(ImageFilter.GaussianBlur(9))
        if n == len(names) - 1:
            frame = frame.resize((frame.width // 2, frame.height // 2))
        exif = camera_exif(captured=f"2024:05:01 {hour}:20:{n:02d}")
        write_photo(folder / name, frame, exif=exif)


@pytest.fixture(scope="module")
def review(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Review, Path]]:
    """A review of two bursts, one with a face, and of a single photo."""
    folder = tmp_path_factory.mktemp("shoot")
    face = picture("astronaut").crop((0, 0, 512, 341)).resize((3000, 2000), Image.Resampling.LANCZOS)
    burst(folder, face, 10, ["face0.jpg", "face1.jpg", "face2.jpg", "face3.jpg"], blurred=1)
    burst(folder, picture("coffee").resize((3000, 2000)), 12, ["cup0.jpg", "cup1.jpg", HOSTILE])
    write_photo(
        folder / "cat.jpg", "chelsea", size=(1500, 1000), exif=camera_exif(captured="2024:05:01 15:20:00")
    )
    home = tmp_path_factory.mktemp("home")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HOME", str(home))
        for name in ("CACHE", "CONFIG", "DATA", "STATE"):
            patch.setenv(f"XDG_{name}_HOME", str(home / name.lower()))
        patch.setenv("PHOTOCLI_CACHE", str(home / "cache"))
        with reviewed(folder) as running:
            running.until_done()
            yield running, folder


@pytest.fixture
def page(window: Any, review: tuple[Review, Path]) -> Iterator[Any]:
    """The page, with every message of the console held against it."""
    context = window.new_context(viewport={"width": 1280, "height": 800})
    page = context.new_page()
    said: list[str] = []
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("console", lambda message: said.append(message.text) if message.type == "error" else None)
    page.set_default_timeout(120_000)  # on a machine that does other things, too
    page.goto(review[0].url)
    until_shown(page, "state.ids.length === 8")
    yield page
    context.close()
    assert said == []


def opened(page: Any, view: str, *names: str) -> list[int]:
    """Opens a view over photos of these names; their ids."""
    return page.evaluate(
        """async ([view, names]) => {
          const {state} = await import('./static/state.js');
          const {rows} = await import('./static/api.js');
          await rows(state.ids);
          const ids = names.map(name => [...state.rows.values()].find(row => row.name === name).id);
          if (ids.length) state.focus(ids[0]);
          state.open(view, ids);
          return ids;
        }""",
        [view, list(names)],
    )


def shown(page: Any, count: int) -> None:
    """Waits until so many frames are shown in the open view."""
    frames = ".view:not([hidden]) .sheet"
    page.wait_for_function(f"() => document.querySelectorAll('{frames}').length === {count}")


def active(page: Any) -> str:
    return page.locator(".view:not([hidden]) .cell.active .name").inner_text()


def names(page: Any) -> list[str]:
    return page.locator(".view:not([hidden]) .cell .name").all_inner_texts()


def pick(page: Any, folder: Path, name: str) -> str | None:
    """What the sidecar of a photo says of its flag."""
    sidecar = folder / f"{name}.xmp"
    other = (folder / name).with_suffix(".xmp")
    text = "".join(path.read_text(encoding="utf-8") for path in (sidecar, other) if path.exists())
    found = re.search(r'(?:xmpDM:pick="|<xmpDM:pick>)(-?\d)', text)
    return found[1] if found else None


def stars(sidecar: Path) -> list[str]:
    """The ratings that a sidecar holds."""
    return re.findall(r'xmp:Rating(?:="|>)(-?\d)', sidecar.read_text(encoding="utf-8"))


def test_frames_of_different_size_are_zoomed_in_step(page: Any) -> None:
    fetched: list[str] = []
    page.on("request", lambda request: fetched.append(request.url.split("/")[4]))
    opened(page, "compare", "face0.jpg", "face2.jpg", "face3.jpg", "cat.jpg")
    shown(page, 4)
    assert "full" not in fetched
    box = page.locator("#compare .glass").nth(0).bounding_box()
    page.mouse.move(box["x"] + box["width"] * 0.35, box["y"] + box["height"] * 0.4)
    for _ in range(12):
        page.mouse.wheel(0, -120)
    page.wait_for_function(f"() => ({VIEWS})().filter(view => view.full).length >= 2")
    views = page.evaluate(VIEWS)
    assert all(view["scale"] > 6 for view in views), views
    for view in views[1:]:
        assert view["x"] == pytest.approx(views[0]["x"], abs=0.003)
        assert view["y"] == pytest.approx(views[0]["y"], abs=0.003)
    assert fetched.count("full") == 2  # of the two that have more pixels than a preview
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.2, box["y"] + box["height"] * 0.3, steps=5)
    page.mouse.up()
    page.wait_for_function(f"before => ({VIEWS})().every(view => view.x > before + 0.01)", arg=views[0]["x"])


def test_an_unlocked_frame_moves_alone_and_keeps_its_shift(page: Any) -> None:
    opened(page, "compare", "cup0.jpg", "cup1.jpg")
    shown(page, 2)
    page.keyboard.press("z")
    page.wait_for_function(f"() => ({VIEWS})().every(view => view.scale > 1.5)")
    page.keyboard.press("l")
    before = page.evaluate(VIEWS)
    page.keyboard.press("Shift+ArrowRight")
    page.wait_for_function(f"x => ({VIEWS})()[1].x > x + 0.01", arg=before[1]["x"])
    assert page.evaluate(VIEWS)[0]["x"] == pytest.approx(before[0]["x"], abs=0.001)
    apart = page.evaluate(VIEWS)[1]["x"] - before[0]["x"]
    page.keyboard.press("l")
    page.keyboard.press("Shift+ArrowLeft")
    page.wait_for_function(f"x => ({VIEWS})()[0].x < x - 0.01", arg=before[0]["x"])
    views = page.evaluate(VIEWS)
    assert views[1]["x"] - views[0]["x"] == pytest.approx(apart, abs=0.003)


def test_focus_peaking_marks_what_is_sharp(page: Any) -> None:
    opened(page, "compare", "face0.jpg", "face1.jpg")
    shown(page, 2)
    page.keyboard.press("k")
    page.wait_for_function(f"() => ({PEAKS})().every(share => share !== null)")
    share = dict(zip(names(page), page.evaluate(PEAKS), strict=True))
    assert share["face0.jpg"] > 0.01
    assert share["face1.jpg"] < share["face0.jpg"] / 20
    page.keyboard.press("k")
    page.wait_for_function(f"() => ({PEAKS})().every(share => share === null)")
    opened(page, "loupe", "face0.jpg")
    shown(page, 1)
    page.keyboard.press("k")
    page.wait_for_function(f"() => ({PEAKS})()[0] > 0.01")


def test_edges_are_found_in_noise_and_noise_is_none(page: Any) -> None:
    found = page.evaluate(
        """async () => {
          const {edges, noise} = await import('./static/edges.js');
          const [width, height] = [300, 200];
          let seed = 1;
          const random = () => (seed = (seed * 16807) % 2147483647) / 2147483647;
          const normal = () => Math.sqrt(-2 * Math.log(random())) * Math.cos(2 * Math.PI * random());
          const shares = {};
          for (const sigma of [0, 4, 12]) for (const blur of [0, 12]) {
            const grey = new Uint8Array(width * height);
            for (let y = 0; y < height; y++) for (let x = 0; x < width; x++) {
              const ramp = blur ? Math.min(1, Math.max(0, (x - 150) / blur + .5)) : x < 150 ? 0 : 1;
              grey[y * width + x] = 60 + 120 * ramp + sigma * normal();
            }
            const picture = {grey, width, height, noise: noise(grey, width, height)};
            const marks = edges(picture, [0, 0, width, height], width, height);
            let [near, far] = [0, 0];
            marks.forEach((mark, at) => Math.abs(at % width - 149.5) < 8 ? near += mark : far += mark);
            shares[`${sigma} ${blur}`] = [near / height, far / marks.length];
          }
          return shares;
        }"""
    )
    for sigma in (0, 4, 12):
        sharp, stray = found[f"{sigma} 0"]
        assert sharp > 0.9, found  # the edge is marked in its rows
        assert stray < 0.002, found
        soft, stray = found[f"{sigma} 12"]
        assert soft < sharp / 5, found
        assert stray < 0.002, found


def test_candidates_change_swap_and_are_rated_on_the_disk(page: Any, review: tuple[Review, Path]) -> None:
    opened(page, "compare", "cup1.jpg")
    shown(page, 2)
    assert page.locator("#compare .strip button").count() == 3
    best, candidate = names(page)
    assert active(page) == candidate
    page.keyboard.press("ArrowRight")
    page.wait_for_function(
        "was => document.querySelectorAll('#compare .name')[1].textContent !== was", arg=candidate
    )
    third = active(page)
    assert names(page)[0] == best
    page.keyboard.press("ArrowDown")
    assert names(page) == [third, best]
    assert active(page) == best
    page.keyboard.press("c")
    shown(page, 3)
    assert HOSTILE in names(page)
    page.keyboard.press("4")
    page.wait_for_function("() => document.querySelector('#compare .active .stars.own')")
    assert page.locator("#compare .active .stars.own").get_attribute("aria-label") == "4 of 5 stars"
    review[0].until(lambda: any("4" in stars(path) for path in review[1].glob("*.xmp")))
    page.keyboard.press("Control+z")
    page.wait_for_function("() => !document.querySelector('#compare .active .stars.own')")


def test_faces_stand_in_rows_by_person_and_frames_go_to_one(page: Any) -> None:
    opened(page, "compare", "face0.jpg", "face2.jpg", "face3.jpg")
    shown(page, 3)
    page.keyboard.press("f")
    heads = page.locator(".faces thead th")
    assert heads.all_inner_texts() == ["face0.jpg", "face2.jpg", "face3.jpg"]
    first = page.locator(".faces tbody tr").nth(0).locator("button")
    assert first.count() == 3
    first.nth(1).click()
    page.wait_for_function(f"() => ({VIEWS})().every(view => view.scale > 1.5)")
    middles = page.evaluate(
        """async () => {
          const {state} = await import('./static/state.js');
          return [...document.querySelectorAll('#compare .cell')].map(({dataset}) => {
            const [left, top, right, bottom] = state.rows.get(Number(dataset.id)).faces[0];
            return [(left + right) / 2, (top + bottom) / 2];
          });
        }"""
    )
    for view, (x, y) in zip(page.evaluate(VIEWS), middles, strict=True):
        assert view["x"] == pytest.approx(x, abs=0.02)
        assert view["y"] == pytest.approx(y, abs=0.03)  # nothing above the frame is shown


def test_persons_keep_their_rows_when_the_frame_moves_or_a_face_is_missing(page: Any) -> None:
    rows = page.evaluate(
        """async () => {
          const {persons} = await import('./static/persons.js');
          const box = (x, y) => [x - .04, y - .06, x + .04, y + .06];
          const frames = [
            {id: 1, aspect: 1.5, faces: [box(.7, .4), box(.3, .5)]},
            {id: 2, aspect: 1.5, faces: [box(.38, .55), box(.78, .45)]},
            {id: 3, aspect: 1.5, faces: [box(.79, .46)]},
            {id: 4, aspect: 1.5, faces: [box(.1, .1), box(.38, .55), box(.78, .45)]},
          ];
          return persons(frames).map(person => Object.fromEntries(person));
        }"""
    )
    assert rows == [
        {"1": 1, "2": 0, "4": 1},
        {"1": 0, "2": 1, "3": 0, "4": 2},
        {"4": 0},
    ]


def test_a_photo_goes_out_of_the_survey(page: Any) -> None:
    opened(page, "survey", "cup0.jpg", "cup1.jpg", "cat.jpg")
    shown(page, 3)
    assert active(page) == "cup0.jpg"
    page.keyboard.press("/")
    shown(page, 2)
    assert names(page) == ["cup1.jpg", "cat.jpg"]
    page.get_by_role("button", name="Remove cat.jpg from the survey").click()
    shown(page, 1)
    page.get_by_role("button", name="Bring back what was removed").click()
    shown(page, 3)


def test_the_undecided_walk_counts_its_keys_and_writes_the_picks(
    page: Any, review: tuple[Review, Path]
) -> None:
    groups = review[0].get("undecided").json
    assert groups
    assert all(len(group["ids"]) > 1 and group["why"] for group in groups)
    opened(page, "undecided")
    chosen = []
    for n in range(len(groups)):
        page.get_by_role("heading", name=f"Undecided {n + 1} of {len(groups)}").wait_for()
        shown(page, len(groups[n]["ids"]))
        page.keyboard.press("ArrowRight")
        chosen.append(active(page))
        page.keyboard.press("Enter")
    page.get_by_role("heading", name="That was all").wait_for()
    said = page.locator("#undecided .summary").inner_text()
    assert f"{len(groups)} of {len(groups)} group" in said
    assert f"with {2 * len(groups)} keystrokes" in said
    for name in chosen:
        review[0].until(lambda name=name: pick(page, review[1], name) == "1")
    assert review[0].get("undecided").json == []
    page.get_by_role("button", name="Agreement").click()
    page.locator("dialog .agreement caption").wait_for()
