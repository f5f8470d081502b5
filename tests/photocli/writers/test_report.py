from __future__ import annotations

import base64
import hashlib
import io
import json
import os
import re
import sys
import urllib.parse
from collections.abc import Iterator
from dataclasses import replace
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
from photocli.inputs.thumbnails import encode
from photocli.models.store import cards
from photocli.records import RECORD_FIELDS, Answer, Record
from photocli.scoring.ratings import rate
from photocli.writers._report import SMALL
from photocli.writers.html import HtmlWriter, address, title_of

HOSTILE = "</script><script>hacked=1</script><img src=x onerror=hacked=1> &\"'`\x1b\u2028\u202e.jpg"


def page(file: Path, records: list[Record], *, title: str = "Photos", **summary: Any) -> str:
    with HtmlWriter(file, title=title) as writer:
        for record in reversed(records):  # thumbnails come in any order
            if Path(record.path).is_file():
                writer.show(record.path, webp(Path(record.path)))
        for record in records:
            writer.write(record)
        writer.close({"photos": len(records), **summary})
    return file.read_text(encoding="utf-8")


def webp(photo: Path) -> bytes:
    return encode(np.asarray(Image.open(photo).convert("RGB"))).tobytes()


def picture(text: str, number: int) -> Image.Image:
    """A thumbnail, as it stands in the page."""
    found = re.search(rf'<script type="text/plain" id="t{number}">([A-Za-z0-9+/=]*)</script>', text)
    assert found
    return Image.open(io.BytesIO(base64.b64decode(found[1])))


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
    text = page(tmp_path / "r.html", records)
    read = data(text)["photos"]
    assert [photo["path"] for photo in read] == [record.path for record in records]
    widths = [picture(text, photo["thumbnail"]).width for photo in read if photo["thumbnail"] is not None]
    assert widths == [40 + number for number in range(0, 150, 3)]
    assert [photo["score"] for photo in read] == [record.score for record in records]
    assert [photo["thumbnail"] is not None for photo in read] == [n % 3 == 0 for n in range(150)]
    assert set(read[0]) == {*RECORD_FIELDS, "thumbnail", "made_of", "href", "twin_href"}


def test_the_page_says_what_a_score_is_made_of(tmp_path: Path) -> None:
    fields = {"aesthetic": 7.0, "motion_blur": 0.3, "noise": 0.1}
    faulty = Record("a.jpg", faults=("motion_blur",), **{**fields, **rate(fields)})
    read = data(page(tmp_path / "r.html", [faulty, Record("b.jpg", aesthetic=7.0, score=7.0)]))["photos"]
    assert [photo["made_of"] for photo in read] == [
        "7.00 aesthetic − 0.61 motion blur − 0.11 slight faults",
        None,
    ]
    assert [photo["faults"] for photo in read] == [["motion_blur"], []]


def test_classes_are_in_the_page_without_all_their_probabilities(tmp_path: Path) -> None:
    answer = Answer("rooms", None, 0.75, (("kitchen", 0.25), ("bath", 0.1)))
    (read,) = data(page(tmp_path / "r.html", [Record("a.jpg", answers=(answer,))]))["photos"]
    assert read["answers"] == [{"model": "rooms", "label": None, "confidence": 0.75}]


def test_thumbnails_come_before_the_records(tmp_path: Path) -> None:
    with HtmlWriter(tmp_path / "r.html") as writer:
        writer.show("a.jpg", None)
        writer.write(Record("a.jpg"))
        with pytest.raises(ValueError, match="before the records"):
            writer.show("b.jpg", b"late")
    assert data((tmp_path / "r.html").read_text())["photos"][0]["thumbnail"] is None


def test_the_title_names_the_folders_as_text(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("Lake weekend", "b", "c", "d", "e"):
        write_photo(tmp_path / name / "1.png", size=(30, 20))
    monkeypatch.chdir(tmp_path / "b")
    assert title_of([Path()]) == "b"
    assert title_of([tmp_path / "Lake weekend", tmp_path / "Lake weekend" / "1.png"]) == "Lake weekend"
    assert title_of([tmp_path / name for name in "bcde"]) == "b, c, d and 1 more"
    text = page(tmp_path / "r.html", [], title="</title><script>x</script> & \x1b\u202e")
    title = "&lt;/title&gt;&lt;script&gt;x&lt;/script&gt; &amp; \ufffd\ufffd"
    assert f"<title>{title} · photocli report</title>" in text
    assert f"<h1>{title}</h1>" in text


@pytest.mark.parametrize("name", ["50% #1?.jpg", "a b\"'<&>.jpg", "javascript:alert(1).jpg", "ünï 日本.jpg"])
@pytest.mark.parametrize("where", ["", "pages/more", "shoot"])
@pytest.mark.skipif(sys.platform == "win32", reason="Windows allows none of these names")
def test_links_lead_to_the_file_from_wherever_the_page_lies(tmp_path: Path, name: str, where: str) -> None:
    photo = tmp_path / "shoot" / name
    file = tmp_path / where / "r.html"
    file.parent.mkdir(parents=True, exist_ok=True)
    (read,) = data(page(file, [Record(str(photo), twin=str(photo.with_suffix(".nef")))]))["photos"]
    for href, of in ((read["href"], photo), (read["twin_href"], photo.with_suffix(".nef"))):
        assert re.fullmatch(r"[A-Za-z0-9%./_~-]+", href)
        assert file_of(urllib.parse.urljoin(file.as_uri(), href)) == of
    assert file_of(address(str(photo), None)) == photo  # the page is on standard output: nobody knows where


def file_of(link: str) -> Path:
    parts = urllib.parse.urlsplit(link)
    assert (parts.scheme, parts.query, parts.fragment) == ("file", "", "")
    return Path(urllib.parse.unquote(parts.path))


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
    with pytest.raises(RuntimeError), HtmlWriter(file) as writer:
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
    assert [label.removesuffix("+int8") for label in document["models"]] == sorted(
        card.label for card in cards()
    )
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
    assert [photo["group_kind"] for photo in photos] == ["burst"] * 3 + [None]
    assert sorted(photo["rank_in_group"] for photo in photos[:3]) == [1, 2, 3]
    assert [photo["pick"] for photo in photos[:3] if photo["rank_in_group"] == 1] == ["pick"]
    assert [photo["pick"] for photo in photos].count("pick") == 1
    assert (photos[3]["group"], photos[3]["rank_in_group"]) == (None, None)


def test_the_thumbnails_are_those_of_the_run(tmp_path: Path) -> None:
    for number in range(3):
        write_photo(tmp_path / "shoot" / f"{number}.jpg", "coffee", size=(900, 600 + number))
    texts = []
    for _ in range(2):  # a second time, with all scores from the cache
        file = tmp_path / "r.html"
        result = CliRunner().invoke(app, ["report", str(tmp_path / "shoot"), "--html", str(file), "-q"])
        assert result.exit_code == 0, result.output
        texts.append(file.read_text())
    for text in texts:
        photos = data(text)["photos"]
        assert [picture(text, photo["thumbnail"]).size for photo in photos] == [
            (512, 341),
            (512, 342),
            (512, 342),
        ]
    assert "<title>shoot · photocli report</title>" in texts[0]


def test_many_photos_have_smaller_thumbnails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("photocli.writers._report.MANY", 2)
    for number in range(2):
        write_photo(tmp_path / "shoot" / f"{number}.jpg", "coffee", size=(600, 400 + number))
    result = CliRunner().invoke(
        app, ["report", str(tmp_path / "shoot"), "--html", str(tmp_path / "r.html"), "-q"]
    )
    assert result.exit_code == 0, result.output
    assert picture((tmp_path / "r.html").read_text(), 1).width == SMALL


# In a browser. The photos: 0 to 299, the higher the number the higher the score; then odd ones.


@pytest.fixture(scope="module")
def window(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    folder = tmp_path_factory.mktemp("report")
    photo = str(write_photo(folder / "chelsea.jpg", "chelsea", size=(450, 300)))
    tall = str(write_photo(folder / "tall #1.jpg", "astronaut", size=(300, 600)))
    shown = {"camera": "Canon EOS R5", "exposure_s": 0.005, "f_number": 2.8, "iso": 400, "focal_mm": 35.0}
    shown |= {"captured": "2026-06-20T13:10:41.250+02:00", "width": 450, "height": 300, "face_sharpness": 0.2}
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
                rank_in_group=1 + number % 2 if number < 20 else None,
                group_kind=("burst" if number >= 4 else "look-alikes") if number < 20 else None,
                pick="pick" if number < 20 and not number % 2 else None,
            )
        )
    records[-1] = replace(records[-1], path=tall, width=300, height=600)
    records.append(Record(HOSTILE, score=9.9, stars=5, camera=HOSTILE))
    records.append(Record("broken.jpg", status="failed", error="truncated"))
    page(folder / "report.html", records, title="Lake weekend", photos=302, failed=1)
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
    assert opened.run(shown) == 450
    assert opened.run("return [document.title, document.querySelector('h1').textContent]") == [
        "Lake weekend · photocli report",
        "Lake weekend",
    ]


def test_pictures_come_and_go_as_they_are_scrolled(opened: Browser) -> None:
    choose(opened, "order", "-1")
    wait = "return new Promise(done => setTimeout(done, 400))"
    shown = "return document.querySelectorAll('.photo img[src]').length"
    opened.run(wait)
    assert opened.run(shown) == 1  # the tall one; the other comes much later
    choose(opened, "size", "400")
    opened.run("document.querySelector('.photo[data-index=\"100\"]').scrollIntoView()")
    opened.run(wait)
    assert opened.run(shown) == 0
    opened.run("window.scrollTo(0, 0)")
    opened.run(wait)
    assert opened.run(shown) == 1


def test_tall_photos_are_whole(opened: Browser) -> None:
    choose(opened, "search", "tall")
    sizes = (
        "const b = document.querySelector('.photo .frame').getBoundingClientRect(); return b.width / b.height"
    )
    assert opened.run(sizes) == pytest.approx(0.5, rel=0.02)
    opened.run("const e = document.querySelector('.photo img'); return e.decode()")
    assert opened.run("return getComputedStyle(document.querySelector('.photo img')).objectFit") == "contain"
    opened.click(".photo")
    link = opened.run("return document.querySelector('#detail-links a').href")
    assert file_of(link).read_bytes()[:2] == b"\xff\xd8"
    bottoms = [
        opened.run("return document.querySelector(arguments[0]).getBoundingClientRect().bottom", part)
        for part in ("#detail-image", "#detail .picture", "#detail")
    ]
    assert bottoms == sorted(bottoms)


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
    assert names(opened)[:2] == ["tall #1.jpg", "IMG_297.jpg"]
    choose(opened, "groups", "apart")
    choose(opened, "order", "1")
    assert names(opened)[:2] == ["IMG_000.jpg", "IMG_001.jpg"]
    choose(opened, "sort", "name")
    assert names(opened)[0] == "chelsea.jpg"
    choose(opened, "search", "canon")
    assert names(opened) == ["chelsea.jpg"]
    choose(opened, "search", "20 june")
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
    choose(opened, "search", "img_00")  # the first five groups, together as the page begins
    assert names(opened) == [f"IMG_00{number}.jpg" for number in (8, 9, 6, 7, 4, 5, 2, 3, 0, 1)]
    badges = (
        "return [...document.querySelectorAll('.badges')].map(e => [...e.children].map(b => b.textContent))"
    )
    assert opened.run(badges)[:2] == [["Burst of 2", "✓ pick"], ["2 / 2"]]
    assert opened.run(badges)[-2] == ["2 look-alikes", "✓ pick"]
    choose(opened, "groups", "best")
    assert names(opened) == [f"IMG_00{number}.jpg" for number in (8, 6, 4, 2, 0)]
    assert count(opened) == "10 of 302 files shown, 5 of them behind the best of their group"
    opened.click(".photo")
    facts = opened.run("return document.getElementById('detail-facts').textContent")
    assert "groupburst of 2, number 1 (pick)" in facts
    opened.click("#detail-group button:nth-child(2)")
    assert opened.run("return document.getElementById('detail-name').textContent") == "IMG_009.jpg"
    opened.press("Esc")
    choose(opened, "groups", "apart")
    assert names(opened)[0] == "IMG_009.jpg"


def test_a_photo_explains_its_score(opened: Browser) -> None:
    choose(opened, "search", "chelsea")
    opened.click(".photo")
    text = opened.run("return document.getElementById('detail').innerText")
    assert "People would rate it 5.5 of 10 on average, with votes spread by ±1.6." in text
    assert "The score adds up: 5.43 = 5.50 aesthetic − 0.07 motion blur." in text
    facts = opened.run("return document.getElementById('detail-facts').textContent")
    assert "faultsmotion blur" in facts
    assert "roomskitchen (93%)" in facts
    assert "taken20 June 2026 13:10:41exposure1/200 s · f/2.8 · ISO 400 · 35 mmcamera" in facts
    assert "size450 × 300 (0.1 MP)" in facts
    assert "sharpness of the face0.20" in facts
    assert "motion blur0.07" in facts
    choose(opened, "search", "kitchen")
    assert names(opened) == ["chelsea.jpg"]
    assert "The chance of being in the better half is 55%. It counts as average." in text
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


def test_on_a_phone_the_close_button_is_seen_and_filters_are_folded(opened: Browser) -> None:
    opened.size(390, 844)
    try:
        opened.open(opened.file)  # type: ignore[attr-defined]
        assert opened.run("return document.documentElement.scrollWidth") <= 390
        assert opened.run("return document.getElementById('order').checkVisibility()") is False
        opened.click("#filters")
        assert opened.run("return document.getElementById('order').checkVisibility()") is True
        opened.click(".photo")
        opened.run("document.querySelector('#detail .body').scrollTop = 500")
        for button in ("close", "previous", "next"):
            script = (
                "const e = document.getElementById(arguments[0]), b = e.getBoundingClientRect();"
                "const at = document.elementFromPoint(b.x + b.width / 2, b.y + b.height / 2);"
                "return [at === e, b.width, b.height, getComputedStyle(e).color]"
            )
            on_top, width, height, colour = opened.run(script, button)
            assert on_top
            assert min(width, height) >= 44
            if button == "close":
                assert colour == opened.run("return getComputedStyle(document.body).color")
        opened.click("#close")
        assert opened.run("return document.getElementById('detail').open") is False
    finally:
        opened.size(1400, 1000)


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
