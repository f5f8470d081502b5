from __future__ import annotations

import base64
import hashlib
import io
import json
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from browser import Browser, browser
from networks import write_model
from photos import camera_exif, write_photo
from PIL import Image
from typer.testing import CliRunner

from photocli.cli import app
from photocli.models.store import cards
from photocli.records import RECORD_FIELDS, Answer, Record
from photocli.scoring.ratings import rate
from photocli.writers.html import THUMBNAIL, HtmlWriter

HOSTILE = "</script><script>hacked=1</script><img src=x onerror=hacked=1> &\"'`\x1b\u2028\u202e.jpg"


def page(file: Path, records: list[Record], **summary: Any) -> str:
    with HtmlWriter(file, workers=1) as writer:
        for record in records:
            writer.write(record)
        writer.close({"photos": len(records), **summary})
    return file.read_text(encoding="utf-8")


def data(text: str) -> Any:
    found = re.search(r'<script type="application/json" id="data">(.*?)</script>', text, re.DOTALL)
    assert found
    return json.loads(found[1])


def test_all_records_come_out_once_and_in_order(tmp_path: Path) -> None:
    records = []
    for number in range(150):
        name = str(tmp_path / f"{number}.png")
        if number % 3 == 0:
            write_photo(Path(name), np.full((20, 40 + number, 3), number, np.uint8))
        records.append(Record(name, status="failed" if number % 3 == 1 else "ok", score=number / 10))
    read = data(page(tmp_path / "r.html", records))["photos"]
    assert [photo["path"] for photo in read] == [record.path for record in records]
    assert [photo["score"] for photo in read] == [record.score for record in records]
    assert [photo["thumbnail"] is not None for photo in read] == [n % 3 == 0 for n in range(150)]
    assert set(read[0]) == {*RECORD_FIELDS, "thumbnail", "made_of"}


def test_the_page_says_what_a_score_is_made_of(tmp_path: Path) -> None:
    fields = {"aesthetic": 7.0, "motion_blur": 0.3, "noise": 0.1}
    faulty = Record("a.jpg", faults=("motion_blur",), **{**fields, **rate(fields)})
    read = data(page(tmp_path / "r.html", [faulty, Record("b.jpg", aesthetic=7.0, score=7.0)]))["photos"]
    assert [photo["made_of"] for photo in read] == ["7.00 aesthetic − 1.05 motion blur − 0.18 noise", None]
    assert [photo["faults"] for photo in read] == [["motion_blur"], []]


def test_classes_are_in_the_page_without_all_their_probabilities(tmp_path: Path) -> None:
    answer = Answer("rooms", None, 0.75, (("kitchen", 0.25), ("bath", 0.1)))
    (read,) = data(page(tmp_path / "r.html", [Record("a.jpg", answers=(answer,))]))["photos"]
    assert read["answers"] == [{"model": "rooms", "label": None, "confidence": 0.75}]


@pytest.mark.parametrize(
    ("size", "shown"), [((1200, 800), (240, 160)), ((600, 1800), (80, 240)), ((90, 40), (90, 40))]
)
def test_thumbnails_have_the_shape_of_the_photo(
    tmp_path: Path, size: tuple[int, int], shown: tuple[int, int]
) -> None:
    photo = write_photo(tmp_path / "a.jpg", size=size)
    (read,) = data(page(tmp_path / "r.html", [Record(str(photo))]))["photos"]
    image = Image.open(io.BytesIO(base64.b64decode(read["thumbnail"])))
    assert (image.format, image.size) == ("JPEG", shown)
    assert max(image.size) <= THUMBNAIL
    small = Image.open(photo).convert("RGB").resize(shown, Image.Resampling.LANCZOS)
    assert np.abs(np.asarray(image, float) - np.asarray(small, float)).mean() < 6


def test_texts_stay_data(tmp_path: Path) -> None:
    records = [Record(HOSTILE, camera="<!--<script>"), Record(os.fsdecode(b"latin-\xe9.jpg"))]
    text = page(tmp_path / "r.html", records)
    assert [photo["path"] for photo in data(text)["photos"]] == [record.path for record in records]
    assert text.count("</script>") == 2
    assert "<!--" not in text


def test_the_page_names_its_own_script_and_style_and_nothing_else(tmp_path: Path) -> None:
    text = page(tmp_path / "r.html", [])
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', text)
    assert policy
    assert policy[1].startswith("default-src 'none'; img-src data:;")
    for tag, rule in (("style", "style-src"), ("script", "script-src")):
        content = re.search(rf"<{tag}>(.*?)</{tag}>", text, re.DOTALL)
        assert content
        digest = base64.b64encode(hashlib.sha256(content[1].encode()).digest()).decode()
        assert f"{rule} 'sha256-{digest}'" in policy[1]
    addresses = set(re.findall(r"https?://[^\s\"'`<]+", text))
    assert addresses <= {"http://www.w3.org/2000/svg"}  # a name, which is never loaded


def test_an_unfinished_page_replaces_nothing(tmp_path: Path) -> None:
    file = tmp_path / "r.html"
    file.write_text("before")
    with pytest.raises(RuntimeError), HtmlWriter(file, workers=1) as writer:
        writer.write(Record("a.jpg"))
        raise RuntimeError
    assert file.read_text() == "before"
    assert [path.name for path in tmp_path.iterdir()] == ["r.html"]


def test_the_command(tmp_path: Path, own_folders: Path) -> None:
    write_model(own_folders / "models")
    write_photo(tmp_path / "shoot" / "a.png", np.full((32, 48, 3), 200, np.uint8))
    (tmp_path / "shoot" / "b.jpg").write_bytes(b"\xff\xd8\xff\xe0 no more")
    file = tmp_path / "r.html"
    arguments = ["report", str(tmp_path / "shoot"), "--html", str(file), "--workers", "1", "--device", "cpu"]
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 3, result.output
    document = data(file.read_text())
    assert [photo["status"] for photo in document["photos"]] == ["ok", "failed"]
    assert document["models"] == sorted(card.label for card in cards())
    assert document["summary"]["failed"] == 1
    assert CliRunner().invoke(app, ["report", str(tmp_path / "shoot")]).exit_code == 2


def test_bursts_are_groups_of_the_page(tmp_path: Path) -> None:
    for second in range(3):
        exif = camera_exif(subsec=f"{100 * second:03}")
        write_photo(tmp_path / "shoot" / f"a{second}.jpg", "chelsea", exif=exif, quality=90 - second)
    write_photo(tmp_path / "shoot" / "b.jpg", "coffee")
    file = tmp_path / "r.html"
    result = CliRunner().invoke(app, ["report", str(tmp_path / "shoot"), "--html", str(file), "-q"])
    assert result.exit_code == 0, result.output
    photos = data(file.read_text())["photos"]
    assert len({photo["group"] for photo in photos[:3]}) == 1
    assert photos[0]["group"] is not None
    assert sorted(photo["rank_in_group"] for photo in photos[:3]) == [1, 2, 3]
    assert photos[3]["group"] is None


# In a browser. The photos: 0 to 299, the higher the number the higher the score; then odd ones.


@pytest.fixture(scope="module")
def window(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    folder = tmp_path_factory.mktemp("report")
    photo = str(write_photo(folder / "chelsea.jpg", "chelsea", size=(450, 300)))
    shown = {"camera": "Canon EOS R5", "exposure_s": 0.004, "f_number": 2.8}
    said = {"aesthetic": 5.5, "aesthetic_std": 1.6, "aesthetic_good": 0.55, "aesthetic_class": "average"}
    own = Answer("rooms", "kitchen", 0.93, (("kitchen", 0.93), ("<b>bath</b>", 0.07)))
    shaken = {"motion_blur": 0.07, "faults": ("motion_blur",)}
    records = [
        Record(photo, **shown, **{**said, **shaken, **rate({**said, **shaken}), "stars": 3}, answers=(own,))
    ]
    for number in range(299):
        score = 1 + 9 * number / 300
        records.append(
            Record(
                f"gone/IMG_{number:03}.jpg",
                score=score,
                stars=1 + min(4, number // 60),
                aesthetic=score,
                aesthetic_std=1.5,
                aesthetic_good=number / 300,
                aesthetic_class="bad",
                group=number // 2 if number < 20 else None,
                rank_in_group=1 + number % 2,
            )
        )
    records.append(Record(HOSTILE, score=9.9, stars=5, camera=HOSTILE))
    records.append(Record("broken.jpg", status="failed", error="truncated"))
    page(folder / "report.html", records, photos=302, failed=1)
    with browser() as opened:
        opened.file = folder / "report.html"  # type: ignore[attr-defined]
        yield opened


@pytest.fixture
def opened(window: Browser) -> Browser:
    window.open(window.file)  # type: ignore[attr-defined]
    assert window.run("return document.documentElement.dataset.ready") == "true"
    return window


def names(window: Browser) -> list[str]:
    return window.run("return [...document.querySelectorAll('.photo .name')].map(e => e.textContent)")


def count(window: Browser) -> str:
    return window.run("return document.getElementById('count').textContent")


def choose(window: Browser, control: str, value: str) -> None:
    change = "e.value = arguments[1]; e.dispatchEvent(new Event('input'))"
    window.run(f"const e = document.getElementById(arguments[0]); {change}", control, value)


def test_it_opens_from_the_disk_and_loads_nothing(opened: Browser) -> None:
    assert count(opened) == "301 of 302 files shown"
    loaded = opened.run("return performance.getEntriesByType('resource').map(e => e.name)")
    assert [name for name in loaded if not name.startswith("data:")] == []
    assert opened.complaints() == []
    choose(opened, "search", "chelsea")
    # Pictures load behind the script that shows them; WebDriver waits for a promise.
    shown = "const e = document.querySelector('.photo img'); return e.decode().then(() => e.naturalWidth)"
    assert opened.run(shown) == 240


def test_hostile_names_are_shown_and_do_nothing(opened: Browser) -> None:
    choose(opened, "search", "onerror")
    (name,) = names(opened)
    assert name.startswith("script><img src=x onerror=hacked=1>")
    opened.click(".photo")
    assert "<img src=x" in opened.run("return document.getElementById('detail').textContent")
    assert opened.run("return typeof hacked") == "undefined"
    assert opened.run("return document.querySelectorAll('img[src=x]').length") == 0
    assert opened.complaints() == []


def test_no_other_script_can_run(opened: Browser) -> None:
    script = (
        "const s = document.createElement('script'); s.textContent = 'injected = 1'; document.body.append(s)"
    )
    opened.run(script)
    assert opened.run("return typeof injected") == "undefined"
    assert any("Content Security Policy" in line for line in opened.complaints())


def test_sorting_searching_and_filtering(opened: Browser) -> None:
    assert names(opened)[:2] == ["IMG_298.jpg", "IMG_297.jpg"]
    choose(opened, "order", "1")
    assert names(opened)[0] == "IMG_000.jpg"
    choose(opened, "sort", "name")
    assert names(opened)[0] == "chelsea.jpg"
    choose(opened, "search", "canon")
    assert names(opened) == ["chelsea.jpg"]
    choose(opened, "search", "img_1")
    choose(opened, "stars", "2")
    assert count(opened) == "20 of 302 files shown"
    choose(opened, "search", "nothing like it")
    assert "Nothing matches." in opened.run("return document.querySelector('main').textContent")
    choose(opened, "search", "")
    choose(opened, "stars", "")
    choose(opened, "show", "failed")
    assert names(opened) == ["broken.jpg"]


def test_bars_filter(opened: Browser) -> None:
    opened.click(".chart:nth-of-type(2) .bars button:nth-child(1)")
    assert count(opened) == "60 of 302 files shown"
    opened.click(".chart:nth-of-type(2) .bars button:nth-child(1)")
    assert count(opened) == "301 of 302 files shown"


def test_groups(opened: Browser) -> None:
    opened.click("#groups")
    titles = opened.run("return [...document.querySelectorAll('.group')].map(e => e.textContent)")
    assert titles == [*(f"Group {number}" for number in range(10)), "Alone"]
    assert names(opened)[:4] == ["IMG_001.jpg", "IMG_000.jpg", "IMG_003.jpg", "IMG_002.jpg"]


def test_a_photo_explains_its_score(opened: Browser) -> None:
    choose(opened, "search", "chelsea")
    opened.click(".photo")
    text = opened.run("return document.getElementById('detail').innerText")
    assert "People would rate it 5.5 of 10 on average, with votes spread by ±1.6." in text
    assert "The score adds up: 5.25 = 5.50 aesthetic − 0.25 motion blur." in text
    facts = opened.run("return document.getElementById('detail-facts').textContent")
    assert "faultsmotion blur" in facts
    assert facts.endswith("roomskitchen (0.93)")
    choose(opened, "search", "kitchen")
    assert names(opened) == ["chelsea.jpg"]
    assert "better half is 55%. It counts as average." in text
    assert "1/250 s, f/2.8" in text
    assert opened.run("return document.querySelector('#detail-curve path').getBBox().width") > 200


def test_the_keyboard_is_enough(opened: Browser) -> None:
    opened.press("/")
    assert opened.run("return document.activeElement.id") == "search"
    opened.run("document.querySelector('.photo').focus()")
    opened.press("ArrowRight")
    assert opened.run("return document.activeElement.dataset.index") == "1"
    opened.press("ArrowDown")
    row = int(opened.run("return document.activeElement.dataset.index")) - 1
    assert row >= 2
    opened.press("Enter")
    assert opened.run("return document.getElementById('detail').open") is True
    before = opened.run("return document.getElementById('detail-name').textContent")
    opened.press("ArrowRight")
    assert opened.run("return document.getElementById('detail-name').textContent") != before
    opened.press("Esc")
    assert opened.run("return document.getElementById('detail').open") is False
    opened.run("return new Promise(done => setTimeout(done, 300))")
    assert opened.run("return document.activeElement.dataset.index") == str(row + 2)


def test_long_lists_grow_as_they_are_scrolled(opened: Browser) -> None:
    first = len(names(opened))
    assert first < 301
    opened.run("window.scrollTo(0, document.body.scrollHeight)")
    opened.run("return new Promise(done => setTimeout(done, 500))")
    assert len(names(opened)) > first


def test_dark_and_light(opened: Browser) -> None:
    colours = []
    for scheme in ("dark", "light"):
        opened.prefer(scheme)
        colours.append(opened.run("return getComputedStyle(document.body).backgroundColor"))
    assert colours == ["rgb(22, 22, 24)", "rgb(246, 246, 244)"]
