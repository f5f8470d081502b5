"""Filters with a name, which a user keeps from one review to the next."""

from __future__ import annotations

import json
import threading
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from photocli.errors import UsageError
from photocli.files.atomic import atomic_write
from photocli.review import queries

MOST = 200
"""So many filters are kept at most."""

_LONGEST_NAME = 80
_LARGEST = 1 << 20  # bytes


@dataclass(frozen=True, slots=True)
class SavedFilter:
    """A filter by name, with the order that belongs to it."""

    name: str
    filter: str = ""
    sort: str = "score"
    down: bool = True


class SavedFilters:
    """The filters in one file, which is read each time, as another review may have changed it.

    Threads may share it.
    """

    def __init__(self, file: Path | None = None) -> None:
        """Without a `file`, the one in the platform's folder for user data."""
        self._file = file or filters_file()
        self._lock = threading.Lock()

    def all(self) -> list[SavedFilter]:
        """All of them, by name. A file that cannot be read holds none."""
        try:
            with self._file.open("rb") as stream:
                document = json.loads(stream.read(_LARGEST))
            found = [SavedFilter(**each) for each in document["filters"]]
            return sorted(filter(_is_sound, found), key=lambda each: each.name.casefold())
        except (OSError, ValueError, TypeError, LookupError, RecursionError):
            return []

    def save(self, document: dict[str, Any]) -> list[SavedFilter]:
        """Keep one, instead of an older one of its name; all of them then. Raises `PhotocliError`."""
        new = _from_document(document)
        with self._lock:
            others = [each for each in self.all() if each.name != new.name]
            if len(others) >= MOST:
                raise UsageError(f"{MOST} filters are kept at most; remove one first")
            return self._write([*others, new])

    def remove(self, name: str) -> list[SavedFilter]:
        """Forget one; all that are left. Raises `LookupError` if there is none of that name."""
        with self._lock:
            found = self.all()
            left = [each for each in found if each.name != name]
            if len(left) == len(found):
                raise LookupError("there is no filter of that name; reload the page")
            return self._write(left)

    def _write(self, filters: list[SavedFilter]) -> list[SavedFilter]:
        text = json.dumps({"filters": [asdict(each) for each in filters]}, indent=1)
        try:
            self._file.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise UsageError(f"{self._file.parent} cannot be made: {error.strerror}") from None
        with atomic_write(self._file) as file:
            file.write(f"{text}\n".encode())
        return self.all()


def filters_file() -> Path:
    """Where a user's filters are kept."""
    from platformdirs import user_data_path

    return user_data_path("photocli", appauthor=False) / "filters.json"


def _from_document(document: dict[str, Any]) -> SavedFilter:
    name, text = document.get("name"), document.get("filter", "")
    sort, down = document.get("sort", "score"), document.get("down", True)
    if not isinstance(name, str) or not name.strip() or len(name) > _LONGEST_NAME or "/" in name:
        raise UsageError(f"a name has 1 to {_LONGEST_NAME} characters, and no slash")
    if not isinstance(text, str) or not isinstance(sort, str) or not isinstance(down, bool):
        raise UsageError("a filter and its order are texts; reload the page")
    if len(text) > queries.LONGEST or len(sort) > _LONGEST_NAME:
        raise UsageError(f"a filter has {queries.LONGEST:,} characters at most")
    return SavedFilter(name.strip(), text, sort, down)


def _is_sound(one: SavedFilter) -> bool:
    texts = (one.name, one.filter, one.sort)
    return all(isinstance(text, str) for text in texts) and isinstance(one.down, bool)
