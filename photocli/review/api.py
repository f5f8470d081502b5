"""What the page asks for, and what it has done: thin handlers over the parts of a review."""

from __future__ import annotations

import asyncio
from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any

from starlette.responses import Response

from photocli.errors import PhotocliError, UsageError
from photocli.records import as_dict
from photocli.review import queries
from photocli.review.answers import Json, answered, posted, refusal, take_files
from photocli.review.drops import LARGEST
from photocli.review.lessons import Lessons
from photocli.review.overlays import geometry
from photocli.review.rows import GONE
from photocli.review.saved_filters import SavedFilters
from photocli.scoring.ratings import breakdown

if TYPE_CHECKING:
    from starlette.requests import Request

    from photocli.review.desk import Desk
    from photocli.review.judging import Judged

FIRST = 60
"""So many rows come with the page."""

MOST_ROWS = 500
"""So many rows may be asked for at once."""

KINDS = ("thumb", "preview", "full", "face")
"""The kinds of pictures."""

_FOREVER = "private, max-age=31536000, immutable"  # the address of a picture names its version


class Api:
    """The handlers, each with what it answers: JSON, or a picture."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._shoot = desk.shoot
        self._filters = SavedFilters()
        self.list = answered(self._list)
        self.rows = answered(self._rows)
        self.photo = answered(self._photo)
        self.crop = answered(self._crop)
        self.heat = answered(self._heat)
        self.judge = posted(self._judge)
        self.undo = posted(lambda _: self._judged(desk.judge.undo()))
        self.redo = posted(lambda _: self._judged(desk.judge.redo()))
        self.drop = take_files(lambda files: {"ids": desk.drops.take(files)})
        lessons = Lessons(desk)
        self.learn = posted(lambda _: lessons.learn())
        self.agreement = answered(lambda _: lessons.agreement())
        self.undecided = answered(lambda _: lessons.undecided())
        self.filters = answered(lambda _: _as_dicts(self._filters.all()))
        self.save_filter = posted(self._save_filter)
        self.remove_filter = answered(
            lambda request: _as_dicts(self._filters.remove(request.path_params["name"]))
        )

    def start(self) -> dict[str, Any]:
        """What the page begins with."""
        ids = queries.listed(self._shoot, "", "score", down=True)
        return {
            "version": self._shoot.version,
            "rows": self._desk.rows(ids[:FIRST]),
            "total": len(self._shoot),
            "progress": asdict(self._shoot.progress),
            "filters": _as_dicts(self._filters.all()),
            "largest_drop": LARGEST,
            "fields": queries.fields(self._columns),
            "classes": self._desk.run.models.classes,
            "profile": self._desk.run.models.profile.name,
            "taste": None if (taste := self._desk.run.models.taste) is None else taste.name,
        }

    @property
    def _columns(self) -> tuple[str, ...]:
        return self._desk.run.models.classifiers

    def _list(self, request: Request) -> Any:
        asked, version, total = request.query_params, self._shoot.version, len(self._shoot)
        text, sort = asked.get("filter", ""), asked.get("sort") or "score"
        down = asked.get("down", "1") not in ("0", "false")
        try:
            ids = queries.listed(self._shoot, text, sort, down=down, columns=self._columns)
        except UsageError as error:
            empty = {"version": version, "ids": [], "groups": [], "total": total}
            return Json({**empty, "error": str(error)}, 400)
        groups = list(self._shoot.groups().values())
        return {"version": version, "ids": ids, "groups": groups, "total": total, "error": None}

    def _rows(self, request: Request) -> Any:
        words = [word for word in request.query_params.get("ids", "").split(",") if word]
        if not all(word.isascii() and word.isdigit() and len(word) < 10 for word in words):
            raise UsageError("ids are whole numbers parted by commas")
        if len(words) > MOST_ROWS:
            raise UsageError(f"ask for {MOST_ROWS} rows at most")
        return self._desk.rows([int(word) for word in words])

    def _photo(self, request: Request) -> Any:
        id = int(request.path_params["id"])
        (row,) = self._desk.rows([id])
        entry = self._shoot.entry(id)
        record = entry.record
        parts = () if record is None else breakdown(record, self._desk.run.models.profile)
        return {
            "row": row,
            "record": None if record is None else as_dict(record),
            "exif": self._exif(id),
            "parts": [[part.name, part.points] for part in parts],
            "overlay": geometry(entry),
            "others": self._shoot.members(entry.group) or [id],
        }

    def _exif(self, id: int) -> list[list[str]]:
        try:
            return self._desk.pictures.exif(id)
        except PhotocliError:  # what is known else can be shown without it
            return []

    def _crop(self, request: Request) -> Any:
        return {"crop": self._desk.overlays.suggestion(int(request.path_params["id"]))}

    def _heat(self, request: Request) -> Response:
        picture = self._desk.overlays.heat(int(request.path_params["id"]))
        return Response(picture, media_type="image/png", headers={"cache-control": _FOREVER})

    async def picture(self, request: Request) -> Response:
        """A picture of a photo: one of `KINDS`, of faces the one of a number."""
        id, kind = int(request.path_params["id"]), str(request.path_params["kind"])
        face = int(request.path_params.get("face", 0))
        if kind not in KINDS:
            return refusal("there is nothing here", 404)
        pictures = self._desk.pictures
        tag = f'"{kind}-{id}-{face}-{pictures.version(id)}"'
        headers = {"cache-control": _FOREVER, "etag": tag}
        if request.headers.get("if-none-match") == tag:
            return Response(status_code=304, headers=headers)
        try:
            data, media_type = await asyncio.wrap_future(pictures.begin(kind, id, face))
        except PhotocliError as error:
            return refusal(str(error), 404)
        return Response(data, media_type=media_type, headers=headers)

    def _judge(self, document: dict[str, Any]) -> Any:
        from photocli.review.change import Change

        ids = _numbers(document.get("ids"))
        if not all(self._shoot.entry(id).can_judge for id in ids):
            raise UsageError("a photo that was dropped on the page is no file here and cannot be rated")
        gone = dict.fromkeys((id for id in ids if self._desk.is_gone(id)), GONE)
        ids = [id for id in ids if id not in gone]
        seen = document.get("seen")
        seen = seen if isinstance(seen, dict) else {}
        known = {id: str(seen[str(id)]) for id in ids if seen.get(str(id)) is not None}
        judged = self._desk.judge.judge(ids, Change.from_json(document.get("change")), known)
        failures = {**(judged.failures or {}), **gone}
        message = judged.message or (GONE if gone else None)
        return self._judged(replace(judged, failures=failures, message=message))

    def _judged(self, judged: Judged) -> Any:
        failures = judged.failures or {}
        conflicts = [
            {"id": each.id, "stands": each.standing.as_row(), "message": each.message}
            for each in judged.conflicts
        ]
        ids = dict.fromkeys([*judged.ids, *(each.id for each in judged.conflicts), *failures])
        return {
            "rows": self._desk.rows(list(ids)),
            "conflicts": conflicts,
            "failures": [{"id": id, "message": why} for id, why in failures.items()],
            "notes": list(judged.notes),
            "message": judged.message,
            "undo": judged.undo,
            "redo": judged.redo,
        }

    def _save_filter(self, document: dict[str, Any]) -> Any:
        queries.conditions(str(document.get("filter", "")), self._columns)
        return _as_dicts(self._filters.save(document))


def _as_dicts(found: Any) -> list[dict[str, Any]]:
    return [asdict(each) for each in found]


def _numbers(ids: Any) -> list[int]:
    if not isinstance(ids, list) or not ids or not all(type(id) is int for id in ids):
        raise UsageError("say which photos, by their ids")
    return list(dict.fromkeys(ids))
