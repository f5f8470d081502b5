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
        return {**dict.fromkeys(_FIELDS), "status": "pending", "faces": [], "faults": []}
    return {
        **{name: getattr(record, field) for name, field in _FIELDS.items()},
        "error": None if record.error is None else printable(record.error),
        "faces": [list(face.box) for face in record.each_face],
        "faults": list(record.faults),
    }


def _of_judgement(standing: Standing | None) -> dict[str, Any]:
    if standing is None:
        return {"stars": None, "pick": None, "label": None, "state": ""}
    return standing.as_row()


_FIELDS = {
    **{name: name for name in ("width", "height", "status", "error", "score", "captured", "camera", "style")},
    **{"proposed": "stars", "proposal": "pick", "group": "group", "rank": "rank_in_group"},
    **{"kind": "group_kind", "reason": "pick_reason", "faces": "each_face", "faults": "faults"},
}
"""The fields of a record that a row has, by their names in it: `stars` and `pick` are a person's there."""
