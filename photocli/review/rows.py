"""A photo as the page shows it: a small row of plain values, whose names are those of the record."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from photocli.discover.names import is_raw
from photocli.display import presentable, printable

if TYPE_CHECKING:
    from photocli.records import Record
    from photocli.review.judging import Standing
    from photocli.review.shoot import ShootEntry

GONE = "this photo is no longer where it was; put it back, or start photocli review again"


def row(entry: ShootEntry, version: str | None) -> dict[str, Any]:
    """The row of a photo, as JSON has it. `version` is that of its picture; None where its file is gone."""
    record = entry.record
    found: dict[str, Any] = {
        "id": entry.id,
        "name": printable(entry.name),
        "path": presentable(entry.file),
        "raw": is_raw(entry.name) or entry.raw is not None,
        "v": version or "gone",
        **_of_record(record),
        **_of_judgement(entry.judgement),
        "can_judge": version is not None and entry.can_judge,
    }
    if version is None:
        found["error"] = GONE
    return found


def _of_record(record: Record | None) -> dict[str, Any]:
    if record is None:
        return {**dict.fromkeys(_NAMES), "status": "pending", "faces": [], "faults": []}
    return {
        "width": record.width,
        "height": record.height,
        "status": record.status,
        "error": None if record.error is None else printable(record.error),
        "score": record.score,
        "proposed": record.stars,
        "proposal": record.pick,
        "captured": record.captured,
        "camera": record.camera,
        "faces": [list(face.box) for face in record.each_face],
        "faults": list(record.faults),
        "style": record.style,
        "group": record.group,
        "rank": record.rank_in_group,
        "kind": record.group_kind,
        "reason": record.pick_reason,
    }


def _of_judgement(standing: Standing | None) -> dict[str, Any]:
    if standing is None:
        return {"stars": None, "pick": None, "label": None, "state": ""}
    return standing.as_row()


_NAMES = (
    *("width", "height", "status", "error", "score", "proposed", "proposal", "captured", "camera"),
    *("faces", "faults", "style", "group", "rank", "kind", "reason"),
)
