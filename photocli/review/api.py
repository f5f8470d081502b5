"""What the page asks for, and what it has done: thin handlers over the parts of a review."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from photocli.errors import PhotocliError, UsageError
from photocli.records import as_dict
from photocli.review import queries
from photocli.review.answers import Json, answered, posted, refusal
from photocli.review.rows import file_version, row
from photocli.scoring.ratings import breakdown

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from starlette.requests import Request

    from photocli.review.judging import Judge, Judged
    from photocli.review.overlays import Overlays
    from photocli.review.pictures import Pictures
    from photocli.review.shoot import Shoot
    from photocli.scoring.pipeline import Run

FIRST = 60
"""So many rows come with the page."""

MOST_ROWS = 500
"""So many rows may be asked for at once."""

_FOREVER = "private, max-age=31536000, immutable"  # the address of a picture names its version


@dataclass(frozen=True, slots=True)
class Desk:
    """The parts of a review that the page works with."""

    run: Run
    shoot: Shoot
    judge: Judge | None = None
    pictures: Pictures | None = None
    overlays: Overlays | None = None

    def version(self, id: int) -> str | None:
        """What tells versions of a photo's picture apart; None where its file is gone."""
        entry = self.shoot.entry(id)
        return f"d{id}" if entry.dropped else file_version(entry.path)

    def rows(self, ids: Sequence[int]) -> list[dict[str, Any]]:
        """The rows of some photos."""
        return [row(self.shoot.entry(id), self.version(id)) for id in ids]


class Api:
    """The handlers, each with what it answers as JSON, or a picture."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._shoot = desk.shoot
        self.list = answered(self._list)
        self.rows = answered(self._rows)
        self.photo = answered(self._photo)
        self.judge = posted(self._judge)
        self.undo = posted(lambda _: self._judged(self._judging.undo()))
        self.redo = posted(lambda _: self._judged(self._judging.redo()))

    def start(self) -> dict[str, Any]:
        """What the page begins with."""
        ids = queries.listed(self._shoot, "", "score", down=True)
        return {
            "version": self._shoot.version,
            "rows": self._desk.rows(ids[:FIRST]),
            "total": len(ids),
            "counts": {"total": len(ids), "done": self._shoot.progress.done},
        }

    def _list(self, request: Request) -> Any:
        asked = request.query_params
        version = self._shoot.version
        down = asked.get("down", "1") != "0"
        try:
            ids = queries.listed(self._shoot, asked.get("filter", ""), asked.get("sort", "score"), down=down)
        except UsageError as error:
            return Json(
                {"version": version, "ids": [], "groups": [], "total": len(self._shoot), "error": str(error)},
                400,
            )
        return {
            "version": version,
            "ids": ids,
            "groups": list(self._shoot.groups().values()),
            "total": len(self._shoot),
            "error": None,
        }

    def _rows(self, request: Request) -> Any:
        text = request.query_params.get("ids", "")
        words = [word for word in text.split(",") if word]
        if not all(word.isascii() and word.isdigit() and len(word) < 10 for word in words):
            raise UsageError("ids are whole numbers parted by commas")
        if len(words) > MOST_ROWS:
            raise UsageError(f"ask for {MOST_ROWS} rows at most")
        return self._desk.rows([int(word) for word in words])

    def _photo(self, request: Request) -> Any:
        id = int(request.path_params["id"])
        entry = self._shoot.entry(id)
        record = entry.record
        profile = self._desk.run.models.profile
        parts = () if record is None else breakdown(record, profile)
        return {
            "row": self._desk.rows([id])[0],
            "record": None if record is None else as_dict(record),
            "exif": [],
            "parts": [[part.name, part.points] for part in parts],
            "overlay": {},
            "others": self._shoot.members(entry.group) or [id],
        }

    async def picture(self, request: Request) -> Response:
        """A picture of a photo: `thumb`, `preview`, `full`, or a `face` by its number."""
        id, kind = int(request.path_params["id"]), str(request.path_params["kind"])
        face = int(request.path_params.get("face", 0))
        pictures = self._desk.pictures
        if pictures is None:
            side = {"thumb": 320, "preview": 2048}.get(kind, 8000)
            data = await run_in_threadpool(_simplest, self._shoot.entry(id).path, side)
            return Response(data, media_type="image/jpeg")
        try:
            data, media_type = await asyncio.wrap_future(pictures.begin(kind, id, face))
        except LookupError as error:
            return refusal(str(error.args[0]) if error.args else "there is no such photo", 404)
        except PhotocliError as error:
            return refusal(str(error), 404)
        tag = f'"{kind}-{id}-{face}-{self._desk.version(id)}"'
        headers = {"cache-control": _FOREVER, "etag": tag}
        if request.headers.get("if-none-match") == tag:
            return Response(status_code=304, headers=headers)
        return Response(data, media_type=media_type, headers=headers)

    @property
    def _judging(self) -> Judge:
        if self._desk.judge is None:
            raise UsageError("photos cannot be judged here")
        return self._desk.judge

    def _judge(self, document: dict[str, Any]) -> Any:
        from photocli.review.judging import Change

        ids = _numbers(document.get("ids"))
        for id in ids:
            if not self._shoot.entry(id).can_judge:
                raise UsageError("a photo that was dropped on the page is no file here and cannot be rated")
        seen = document.get("seen")
        seen = seen if isinstance(seen, dict) else {}
        known = {id: str(seen.get(str(id)) or "") for id in ids}
        return self._judged(self._judging.judge(ids, Change.from_json(document.get("change")), known))

    def _judged(self, judged: Judged) -> Any:
        conflicts = [
            {"id": each.id, "stands": each.standing.as_row(), "message": each.message}
            for each in judged.conflicts
        ]
        ids = [*judged.ids, *(each.id for each in judged.conflicts), *(judged.failures or ())]
        return {
            "rows": self._desk.rows(list(dict.fromkeys(ids))),
            "conflicts": conflicts,
            "failures": [{"id": id, "message": why} for id, why in (judged.failures or {}).items()],
            "notes": list(judged.notes),
            "message": judged.message,
            "undo": judged.undo,
            "redo": judged.redo,
        }


def _simplest(path: Path, side: int) -> bytes:
    """A picture in the simplest way, until there are `Pictures`."""
    from io import BytesIO

    from PIL import Image, ImageOps

    with Image.open(path) as image:
        upright = ImageOps.exif_transpose(image).convert("RGB")
    upright.thumbnail((side, side))
    file = BytesIO()
    upright.save(file, "JPEG", quality=85)
    return file.getvalue()


def _numbers(ids: Any) -> list[int]:
    if not isinstance(ids, list) or not ids or not all(type(id) is int for id in ids):
        raise UsageError("say which photos, by their ids")
    return list(dict.fromkeys(ids))
