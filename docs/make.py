"""Makes the parts of the documentation that the program itself provides: its help texts and its pictures.

`python docs/make.py help` writes docs/help.md; `python docs/make.py picture FOLDER` scores a folder of photos
and writes docs/score.svg; `python docs/make.py explain PHOTO` writes docs/explain.jpg; `python docs/make.py
report` writes docs/report.png and docs/report_photo.png, and `python docs/make.py review` the pictures of
the review page; both need Chromium.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

DOCS = Path(__file__).parent
COLUMNS = 84


def run(*arguments: str, folder: Path | None = None, **environment: str) -> str:
    """What `photocli` prints, as a terminal of `COLUMNS` columns would receive it."""
    command = [sys.executable, "-m", "photocli", *arguments]
    variables = {**os.environ, "COLUMNS": str(COLUMNS), "LINES": "60", **environment}
    return subprocess.run(
        command, cwd=folder, env=variables, check=True, text=True, stdout=subprocess.PIPE
    ).stdout


def commands() -> list[tuple[str, ...]]:
    """The words of every command, the program itself first."""
    import typer

    from photocli.cli import app

    found: list[tuple[str, ...]] = [()]
    root = typer.main.get_command(app)
    waiting = [((), root)]
    while waiting:
        words, command = waiting.pop(0)
        for name, child in getattr(command, "commands", {}).items():
            found.append((*words, name))
            waiting.append(((*words, name), child))
    return sorted(found)


def help_page() -> str:
    """Every command's help text as one Markdown page."""
    parts = ["# Commands\n\nMade by `python docs/make.py help` from the program's own help.\n"]
    for words in commands():
        title = " ".join(("photocli", *words))
        parts.append(f"## {title}\n\n```\n{run(*words, '--help').rstrip()}\n```\n")
    return "\n".join(parts)


def picture(photos: Path) -> str:
    """The output of `photocli score` as an SVG picture of a terminal."""
    from rich.console import Console
    from rich.text import Text

    with tempfile.TemporaryDirectory() as cache:
        printed = run(
            "score", photos.name, "--top", "5", folder=photos.parent, FORCE_COLOR="1", PHOTOCLI_CACHE=cache
        )
    console = Console(record=True, width=COLUMNS, file=open(os.devnull, "w"))  # noqa: SIM115, PTH123
    console.print(Text.from_ansi(f"$ photocli score {photos.name} --top 5\n{printed}".rstrip()))
    return console.export_svg(title="photocli")


def page(photo: Path) -> None:
    """The page of `photocli explain`, as docs/explain.jpg: as a PNG it would be ten times as large."""
    from PIL import Image

    with tempfile.TemporaryDirectory() as folder:
        run("explain", str(photo), "-o", f"{folder}/page.png", "-q", PHOTOCLI_TASTES=folder)
        with Image.open(f"{folder}/page.png") as drawn:
            drawn.save(DOCS / "explain.jpg", quality=82, optimize=True)


def main() -> None:
    """Write what is asked for."""
    if sys.argv[1:] == ["help"]:
        (DOCS / "help.md").write_text(help_page(), encoding="utf-8")
    elif len(sys.argv) == 3 and sys.argv[1] == "picture":
        (DOCS / "score.svg").write_text(picture(Path(sys.argv[2]).resolve()), encoding="utf-8")
    elif len(sys.argv) == 3 and sys.argv[1] == "explain":
        page(Path(sys.argv[2]).resolve())
    elif sys.argv[1:] == ["report"]:
        import report_picture

        report_picture.main()
    elif sys.argv[1:] == ["review"]:
        import review_picture

        review_picture.main()
    else:
        sys.exit(__doc__)


if __name__ == "__main__":
    main()
