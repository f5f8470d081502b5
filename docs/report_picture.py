"""Makes docs/report.png and docs/report_photo.png: `python docs/make.py report`.

Needs Chromium and its driver, and the dev extra.

The photos are pieces of the pictures in scikit-image and scikit-learn, some of them spoiled.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
from PIL import Image, ImageEnhance, ImageFilter

DOCS = Path(__file__).parent
sys.path.insert(0, str(DOCS.parent / "tests"))


BURSTS = {"flower": 31, "chelsea": 47}
"""What was taken several times in a row, and the minute."""


def make_photos(folder: Path) -> None:
    """Some three dozen photos: whole pictures, pieces, blurred, dark, pale and tall ones, and two bursts."""
    from photos import camera_exif, sample_pictures, write_photo

    rng = np.random.default_rng(4)
    number = 4100
    for name, source in sample_pictures().items():
        if name in BURSTS:
            continue
        height, width = source.shape[:2]
        left, top = rng.integers(width // 4), rng.integers(height // 4)
        whole = Image.fromarray(source)
        piece = whole.crop((left, top, left + 2 * width // 3, top + height // 2))
        dark = ImageEnhance.Brightness(whole).enhance(0.35)
        spoiled = (whole.filter(ImageFilter.GaussianBlur(7)), ImageEnhance.Color(piece).enhance(0.15))
        for image in (whole, piece, dark, spoiled[number % 2]):
            number += 1
            exif = camera_exif(captured=f"2024:05:01 10:{number % 60:02}:00", iso=100 + 100 * (number % 4))
            write_photo(folder / f"{name.capitalize()}_{number}.jpg", image, exif=exif)
        across = min(width, height) // 2
        middle = whole.crop(
            (width // 2 - across // 2, 0, width // 2 + across // 2, min(height, 3 * across // 2))
        )
        write_photo(folder / f"{name.capitalize()}_tall.jpg", middle)
    for name, minute in BURSTS.items():
        source = Image.fromarray(sample_pictures()[name])
        for shot, blur in enumerate((0, 4, 0, 2)):
            frame = source.crop(
                (6 * shot, 4 * shot, source.width - 24 + 6 * shot, source.height - 16 + 4 * shot)
            )
            exif = camera_exif(captured=f"2024:05:01 11:{minute}:20", subsec=f"{200 * shot:03}", iso=400)
            blurred = frame.filter(ImageFilter.GaussianBlur(blur))
            write_photo(folder / f"DSC_{minute}{shot:02}.jpg", blurred, exif=exif)


def main() -> None:
    from browser import browser

    with tempfile.TemporaryDirectory() as folder:
        photos, page = Path(folder, "Lake weekend"), Path(folder, "report.html")
        make_photos(photos)
        command = [sys.executable, "-m", "photocli", "report", photos.name, "--html", str(page), "-q"]
        settings = {"PHOTOCLI_CACHE": folder, "PHOTOCLI_TASTES": folder}
        subprocess.run(command, check=True, cwd=folder, env={**os.environ, **settings})
        with browser() as window:
            window.size(1400, 1000)
            window.open(page)
            for name, click in (("report", None), ("report_photo", ".photo.member")):
                if click is not None:
                    window.click(click)
                window.run("return new Promise(done => setTimeout(done, 500))")
                (DOCS / f"{name}.png").write_bytes(window.picture())


if __name__ == "__main__":
    main()
