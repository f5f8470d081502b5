"""HTML: one page that holds everything, with thumbnails, and needs no network."""

from __future__ import annotations

import base64
import hashlib
import html
import json
import os
from collections.abc import Iterable, Mapping
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from photocli.display import printable
from photocli.files.output import open_output
from photocli.records import RECORD_FIELDS, VERSION
from photocli.scoring.profiles import GENERAL
from photocli.scoring.ratings import breakdown, in_words
from photocli.writers import FileWriter, tidy_field

if TYPE_CHECKING:
    from photocli.records import Record
    from photocli.scoring.profiles import Profile

_NAMED = 3  # folders that a title names
_PARTS = Path(__file__).parent / "report"
_SCRIPTS = ("words.js", "charts.js", "grid.js", "photo.js", "begin.js")


class HtmlWriter(FileWriter):
    """Writes a page with all records, to a file, or to standard output for `-`.

    Thumbnails come first (`show`), in any order and while photos are still scored, then the records: each
    goes into the page at once, so that memory stays flat. The page allows itself its own style and script, by
    their hashes, and pictures inside it; nothing else can run or load. Names and other texts go in as data.
    """

    def __init__(
        self, path: str | PathLike[str], *, title: str = "Photos", profile: Profile = GENERAL
    ) -> None:
        """`title` stands above the photos, and `profile` is what the scores follow."""
        self._output = open_output(path)
        self._folder = None if os.fspath(path) == "-" else os.path.dirname(os.path.abspath(path))  # noqa: PTH100, PTH120
        self._profile = profile
        self._shown: dict[str, int] = {}
        self._records = 0
        self._closed = False
        self._models: set[str] = set()
        head, self._middle, self._tail = _template(title)
        self._put(head)

    def show(self, path: str, thumbnail: bytes | None) -> None:
        """Take the thumbnail, a WebP file, of the photo at `path`, before the first record is written."""
        if thumbnail is None:
            return
        if self._records:
            raise ValueError("thumbnails come before the records")
        number = self._shown[path] = len(self._shown) + 1
        # A block of data, which browsers neither run nor draw: the page draws those that are seen.
        text = base64.b64encode(thumbnail).decode()
        self._put(f'<script type="text/plain" id="t{number}">{text}</script>\n')

    def write(self, record: Record, *, in_memory: bool = False) -> None:
        """Take one record; its thumbnail was taken before. One of an image in memory links to no file."""
        self._models.update(record.models)
        values = {name: tidy_field(name, getattr(record, name)) for name in RECORD_FIELDS}
        for answer in values["answers"]:
            del answer["probabilities"]  # of a thousand classes, they would be most of the page
        parts = breakdown(record, self._profile)
        values["made_of"] = in_words(parts, most=len(parts), named=record.faults) if len(parts) > 1 else None
        values["thumbnail"] = self._shown.get(record.path)
        values["href"] = None if in_memory else address(record.path, self._folder)
        values["twin_href"] = None if record.twin is None else address(record.twin, self._folder)
        self._put((",\n" if self._records else f'{self._middle}{{"photos": [\n') + _data(values))
        self._records += 1

    def close(self, summary: Mapping[str, Any] | None = None) -> None:
        """End the page and put it in place."""
        if self._closed:
            return
        self._closed = True
        counts = {"photos": 0, "failed": 0, "skipped": 0, **(summary or {})}
        end = {"summary": counts, "models": sorted(self._models)}
        start = "" if self._records else self._middle + '{"photos": ['
        self._put(start + "\n], " + _data(end)[1:] + self._tail)
        self._output.commit()

    def discard(self) -> None:
        """Drop what is not in place yet."""
        self._closed = True
        self._output.discard()

    def _put(self, text: str) -> None:
        self._output.write(text.encode())


def title_of(paths: Iterable[str | PathLike[str]]) -> str:
    """The names of the folders that photos come from: of folders their own, of files that of their folder."""
    folders = [os.path.abspath(path if os.path.isdir(path) else Path(path).parent) for path in paths]  # noqa: PTH100, PTH112
    names = list(dict.fromkeys(Path(folder).name or folder for folder in folders)) or ["Photos"]
    more = len(names) - _NAMED
    return ", ".join(names[:_NAMED]) + (f" and {more} more" if more > 0 else "")


def address(file: str, folder: str | None) -> str:
    """The address of a file, quoted: as seen from a page in `folder`, or whole where that is not known.

    A page and its photos may move together. Folders are taken as they are spelled, as browsers do.
    """
    place = os.path.abspath(file)  # noqa: PTH100
    if folder is None:
        return Path(place).as_uri()
    try:
        relative = os.path.relpath(place, folder)
    except ValueError:  # on another drive
        return Path(place).as_uri()
    return quote(os.fsencode(relative.replace(os.sep, "/")))


def _template(title: str) -> tuple[str, str, str]:
    """The page before its thumbnails, between them and its data, and after, with style and script put in."""
    page, style = ((_PARTS / name).read_text(encoding="utf-8") for name in ("page.html", "page.css"))
    script = "\n".join((_PARTS / name).read_text(encoding="utf-8") for name in _SCRIPTS)
    for mark, text in (("STYLE", style), ("SCRIPT", script)):
        digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        page = page.replace(f"@{mark}_HASH@", digest).replace(f"@{mark}@", text)
    head, _, rest = page.replace("@VERSION@", VERSION).partition("@THUMBNAILS@\n")
    middle, _, tail = rest.partition("@DATA@")
    return head.replace("@TITLE@", html.escape(printable(title))), middle, tail


def _data(value: Any) -> str:
    """JSON that can stand in a script element: nothing in it can end the element, or begin a comment."""
    text = json.dumps(value, allow_nan=False)  # ASCII alone, so no line separators either
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")
