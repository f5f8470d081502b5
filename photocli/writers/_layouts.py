"""What the table shows where there is no score: the columns, the order and the counts of each assessor."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from photocli.display import BAD, Column, column_of, percent, printable, sureness
from photocli.records import CONFIDENCE, as_columns
from photocli.scoring.profiles import FAULTS
from photocli.writers._columns import confident, formatted
from photocli.writers._summary import CROPS, FACE_COUNTS, score_bins

if TYPE_CHECKING:
    from photocli.records import Face, Record

    Records = Sequence[Record]

_HEADINGS = {  # of the severities of faults, long and short
    "blur": ("Blur", "Blur"),
    "motion_blur": ("Motion blur", "Motion"),
    "underexposed": ("Underexposed", "Under"),
    "overexposed": ("Overexposed", "Over"),
    "noise": ("Noise", "Noise"),
    "compression": ("Compression", "Compr."),
}
_PLAIN, _NO_LOOK = "plain", "no look"
_DOWN, _ACROSS = ("upper", "", "lower"), ("left", "", "right")
_CROPPED = 0.5  # the chance from which a photo counts as cropped


@dataclass(frozen=True)
class Layout:
    """How the table shows what one kind of model says.

    `order` says in its title what ranks, `rank` gives the value (None: not ranked), and with `ends` the last
    photos are shown, too, which are the worst with `best`. `tally` gives the groups that a photo counts in,
    under `counted`; `note` explains the columns.
    """

    order: str
    rank: Callable[[Record], Any]
    columns: Callable[[Records], dict[str, Column]]
    note: str
    counted: str
    tally: Callable[[Record], Iterable[str]]
    ends: bool = True
    best: bool = True


def technical_columns(records: Records) -> dict[str, Column]:
    """The technical quality, how severe each fault is, and by how much a photo should be turned."""
    from rich.text import Text

    found = {"Technical": _values("Technical", "Tech.", (record.technical for record in records))}
    for fault in FAULTS:
        texts = []
        for record in records:
            value = getattr(record, fault)
            style = BAD if fault in record.faults else "" if value and value >= 0.005 else "dim"
            texts.append(Text("" if value is None else f"{value:.2f}", style=style))
        found[_HEADINGS[fault][0]] = Column(tuple((heading, texts) for heading in _HEADINGS[fault]))
    turns = [Text(f"{record.rotate}°" if record.rotate else "") for record in records]
    if any(turns):
        found["Turn"] = Column((("Turn", turns),))
    return found


def face_columns(records: Records) -> dict[str, Column]:
    """How many faces there are; of the most prominent one its size, its place, and how sharp it is."""
    first = [record.each_face[0] if record.each_face else None for record in records]
    found = {
        "Faces": column_of(
            "Faces", ("" if record.faces is None else f"{record.faces}" for record in records)
        ),
        "Size": column_of("Size", (_size(face) for face in first)),
        "Place": column_of("Place", (_place(face) for face in first), left=True),
        "Sharpness": _values("Sharpness", "Sharp", (record.face_sharpness for record in records)),
        "Certain": column_of("Certain", (sureness(face.confidence) if face else "" for face in first)),
    }
    return {name: column for name, column in found.items() if any(column.forms[0][1])}


def selfie_columns(records: Records) -> dict[str, Column]:
    """The score of the most prominent face, and what is known of it."""
    return {
        "Selfie": _values("Selfie", "Selfie", (record.selfie for record in records)),
        **face_columns(records),
    }


def crop_columns(records: Records) -> dict[str, Column]:
    """The chance that a photo was cropped, the linear size that was kept, and what each side lost."""
    found = {
        "Cropped": column_of("Cropped", (_share(record.cropped) for record in records)),
        "Kept": column_of("Kept", (_share(record.crop_factor) for record in records)),
    }
    for side in ("left", "top", "right", "bottom"):
        lost = (_lost(getattr(record, f"crop_{side}"), side) for record in records)
        found[side.capitalize()] = column_of(side.capitalize(), lost)
    return found


def style_columns(records: Records) -> dict[str, Column]:
    """What a picture was made with, and all the looks and painting styles that hold, with their chances."""
    from rich.text import Text

    looks = [_looks(record) for record in records]
    forms = tuple(
        ("Looks", [Text(", ".join(said[:most]) or _NO_LOOK, style="" if said else "dim") for said in looks])
        for most in (4, 2, 1)
    )
    medium = column_of("Medium", (record.medium or "" for record in records), left=True)
    return {"Looks": Column(forms, left=True), "Medium": medium}


def classifier_columns(names: Sequence[str]) -> Callable[[Records], dict[str, Column]]:
    """What classifiers say, a column for each."""

    def found(records: Records) -> dict[str, Column]:
        answers = [as_columns(record, names) for record in records]
        return {
            name: column_of(
                name, (confident(each[name], each[name + CONFIDENCE]) for each in answers), left=True
            )
            for name in names
        }

    return found


def layouts(kinds: Iterable[str], classifiers: Sequence[str] = ()) -> list[Layout]:
    """The layouts of these kinds of models, the one that ranks first; empty if they give a score."""
    known = {"faces" if kind == "yunet" else kind for kind in kinds}
    if "aesthetics" in known:
        return []
    if "selfie" in known:
        known.discard("faces")  # it shows them, too
    found = [layout for kind, layout in LAYOUTS.items() if kind in known]
    return [*found, _of_classifiers(classifiers)] if classifiers else found


def _of_classifiers(names: Sequence[str]) -> Layout:
    first = names[0]

    def rank(record: Record) -> Any:
        return as_columns(record, names)[first + CONFIDENCE]

    def tally(record: Record) -> Iterable[str]:
        label = as_columns(record, names)[first]
        return ["none"] if label is None else [printable(name) for name in label.split("; ")]

    return Layout(
        f"the surest {printable(first)} first",
        rank,
        classifier_columns(names),
        "",
        printable(first),
        tally,
        best=False,
    )


def _style_rank(record: Record) -> float | None:
    """How sure the first look is; photos without any come last."""
    if record.style is None or record.style_confidence is None:
        return None
    return -record.style_confidence if record.style == _PLAIN else record.style_confidence


def _looks(record: Record) -> list[str]:
    named = record.styles or (
        ((record.style, record.style_confidence),)
        if record.style not in (None, _PLAIN) and record.style_confidence is not None
        else ()
    )
    return [f"{printable(str(name))} {sureness(chance)}" for name, chance in named]


def _size(face: Face | None) -> str:
    return "" if face is None else f"{min(max(face.box[3] - face.box[1], 0.0), 1.0):.0%}"


def _place(face: Face | None) -> str:
    """In which third of the photo the middle of a face is, across and down."""
    if face is None:
        return ""
    across, down = (min(max(int(3 * (face.box[at] + face.box[at + 2]) / 2), 0), 2) for at in (0, 1))
    return f"{_DOWN[down]} {_ACROSS[across]}".strip() or "middle"


def _lost(side: float | None, name: str) -> str:
    """The share of the camera's frame that a side lost; nothing where it lost none."""
    if side is None:
        return ""
    lost = side if name in ("left", "top") else 1 - side
    return percent(lost) if lost >= 0.005 else ""


def _share(value: float | None) -> str:
    return "" if value is None else percent(value)


def _values(heading: str, short: str, values: Iterable[float | None]) -> Column:
    column = column_of(heading, map(formatted, values))
    return Column((*column.forms, (short, column.forms[0][1])))


LAYOUTS: dict[str, Layout] = {
    "technical": Layout(
        "by technical quality",
        lambda record: record.technical,
        technical_columns,
        "Faults: 0 is none, 0.5 easily seen, 1 ruined; in red what is beyond doubt.",
        "Technical",
        lambda record: score_bins(record.technical),
    ),
    "selfie": Layout(
        "by selfie score",
        lambda record: record.selfie,
        selfie_columns,
        "Of the most prominent face: its height as a share of the photo's, where it is, "
        "how sharp from 0 to 1, and how certain it is one.",
        "Selfie",
        lambda record: score_bins(record.selfie),
    ),
    "faces": Layout(
        "the sharpest faces first",
        lambda record: record.face_sharpness,
        face_columns,
        "Of the most prominent face: its height as a share of the photo's, where it is, "
        "how sharp from 0 to 1, and how certain it is one.",
        "Faces",
        lambda record: [FACE_COUNTS[min(record.faces, 3)]] if record.faces is not None else [],
        best=False,
    ),
    "crop": Layout(
        "the most likely cropped first",
        lambda record: record.cropped,
        crop_columns,
        "Kept is the share of the width and height that the camera took; the sides lost the rest.",
        "Crops",
        lambda record: [CROPS[record.cropped >= _CROPPED]] if record.cropped is not None else [],
        best=False,
    ),
    "style": Layout(
        "the surest looks first",
        _style_rank,
        style_columns,
        "Looks that hold, each with its chance.",
        "Looks",
        lambda record: [name for name, _ in record.styles] or ([_NO_LOOK] if record.style else []),
        ends=False,
        best=False,
    ),
}
"""How the answers of each kind of model are shown, the kind that ranks first at the top."""
