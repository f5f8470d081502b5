"""What each photo editor reads: the names of its sidecars, its labels, and how it says pick and reject.

All of it is data. Labels are named by their colour: red, yellow, green, blue and purple; the editors' own
words for them stand in the tables.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from photocli.errors import UsageError

Key = tuple[str, str]
"""A property: the address of its namespace, and its local name."""

SidecarName = Literal["short", "full"]
"""`IMG.xmp` or `IMG.CR2.xmp`."""

NAMESPACE = "http://ns.photocli.org/1.0/"
"""Our own properties. `Stars`, `Label`, `Pick`, `Crop` and `Keywords` note what we wrote, to know it."""

XMP = "http://ns.adobe.com/xap/1.0/"
PHOTOSHOP = "http://ns.adobe.com/photoshop/1.0/"
_DM = "http://ns.adobe.com/xmp/1.0/DynamicMedia/"
_DIGIKAM = "http://www.digikam.org/ns/1.0/"
# Both are in use. exiftool takes the one with a slash for a mistake, exiv2 and digiKam read either.
_MICROSOFT = ("http://ns.microsoft.com/photo/1.0", "http://ns.microsoft.com/photo/1.0/")
_DC = "http://purl.org/dc/elements/1.1/"
_LIGHTROOM = "http://ns.adobe.com/lightroom/1.0/"
DARKTABLE = "http://darktable.sf.net/"
CAMERA_RAW = "http://ns.adobe.com/camera-raw-settings/1.0/"
"""Develop settings, crops among them."""

PREFIXES = {
    NAMESPACE: "photocli",
    XMP: "xmp",
    PHOTOSHOP: "photoshop",
    _DM: "xmpDM",
    _DIGIKAM: "digiKam",
    _MICROSOFT[0]: "MicrosoftPhoto",
    _DC: "dc",
    _LIGHTROOM: "lr",
    DARKTABLE: "darktable",
    CAMERA_RAW: "crs",
}

RATING: Key = (XMP, "Rating")
METADATA_DATE: Key = (XMP, "MetadataDate")
MICROSOFT_RATINGS: tuple[Key, ...] = tuple((uri, "Rating") for uri in _MICROSOFT)
MICROSOFT_STARS = (0, 1, 25, 50, 75, 99)
SIDECAR_FOR: Key = (PHOTOSHOP, "SidecarForExtension")
STARS: Key = (NAMESPACE, "Stars")

LABEL: Key = (XMP, "Label")
LABEL_COLOR: Key = (PHOTOSHOP, "LabelColor")
URGENCY: Key = (PHOTOSHOP, "Urgency")
COLOR_LABEL: Key = (_DIGIKAM, "ColorLabel")
COLORLABELS: Key = (DARKTABLE, "colorlabels")
OWN_LABEL: Key = (NAMESPACE, "Label")

DM_PICK: Key = (_DM, "pick")
DM_GOOD: Key = (_DM, "good")
PICK_LABEL: Key = (_DIGIKAM, "PickLabel")
PENDING = "2"
"""Of digiKam's pick labels: looked at, and not decided."""
OWN_PICK: Key = (NAMESPACE, "Pick")
OWN_CROP: Key = (NAMESPACE, "Crop")

SUBJECT: Key = (_DC, "subject")
HIERARCHICAL: Key = (_LIGHTROOM, "hierarchicalSubject")
TAGS_LIST: Key = (_DIGIKAM, "TagsList")
OWN_KEYWORDS: Key = (NAMESPACE, "Keywords")

LISTS: Mapping[Key, str] = {SUBJECT: "Bag", HIERARCHICAL: "Bag", TAGS_LIST: "Seq", COLORLABELS: "Seq"}
"""Properties that are lists, and what kind of list."""

COLOURS = ("red", "yellow", "green", "blue", "purple")
_NAMES = {colour: colour.capitalize() for colour in COLOURS}
_BRIDGE = dict(zip(COLOURS, ("Select", "Second", "Approved", "Review", "To Do"), strict=True))
_DIGIKAM_NUMBERS = dict(zip(COLOURS, ("1", "3", "4", "5", "6"), strict=True))

COLOUR_VALUES: Mapping[Key, Mapping[str, str]] = {
    LABEL_COLOR: {colour: colour for colour in COLOURS},
    COLOR_LABEL: _DIGIKAM_NUMBERS,
    URGENCY: _DIGIKAM_NUMBERS,  # digiKam and Nikon's programs keep the colour there, too
    COLORLABELS: {colour: str(number) for number, colour in enumerate(COLOURS)},
}
FLAG_VALUES: Mapping[Key, Mapping[str, str]] = {
    DM_PICK: {"pick": "1", "reject": "-1"},
    DM_GOOD: {"pick": "True", "reject": "False"},  # as the specification spells them; capitals don't count
    PICK_LABEL: {"pick": "3", "reject": "1"},
}
UNSET: Mapping[Key, str] = {COLOR_LABEL: "0", URGENCY: "0", DM_PICK: "0", PICK_LABEL: "0"}
"""What these say where nothing is chosen; the others are then absent."""


@dataclass(frozen=True, slots=True)
class Editor:
    """What one editor reads. `names` are its sidecars' names, the one it makes first.

    `labels` are its words for the colours in `xmp:Label`; `colours` and `flags` are the properties that say
    them beside it. `reject_stars` says that a reject has a rating of -1, and `flag_labels` with which colour
    it says what it has no flag for. `jpeg_name` is the name of the sidecar of a JPEG and of other files that
    are no RAW files; `as_raw` are suffixes of such files that are treated like RAW files all the same.
    `inside_alone` is set where ratings of others, and of DNG files, are read from the files themselves alone:
    who doesn't read their sidecars.
    """

    title: str
    names: tuple[SidecarName, ...]
    labels: Mapping[str, str]
    colours: tuple[Key, ...] = ()
    flags: tuple[Key, ...] = ()
    flag_labels: Mapping[str, str] | None = None
    reject_stars: bool = False
    keywords: tuple[Key, ...] = (SUBJECT, HIERARCHICAL)
    microsoft: bool = False
    jpeg_name: SidecarName = "full"
    as_raw: frozenset[str] = frozenset()
    inside_alone: str = ""


_HEIF = frozenset((".heic", ".heif", ".hif"))  # Adobe's toolkit can't write into them
_ADOBE = "Lightroom and Bridge don't read"
_EVERYTHING = Editor(
    title="every editor",
    names=("short", "full"),
    labels=_NAMES,
    colours=(LABEL_COLOR, COLOR_LABEL, URGENCY, COLORLABELS),
    flags=(DM_PICK, DM_GOOD, PICK_LABEL),
    reject_stars=True,
    keywords=(SUBJECT, HIERARCHICAL, TAGS_LIST),
    microsoft=True,
    inside_alone=_ADOBE,
)
EDITORS: Mapping[str, Editor] = {
    "lightroom": Editor(
        title="Lightroom",
        names=("short",),
        labels=_NAMES,
        colours=(LABEL_COLOR,),
        flags=(DM_PICK, DM_GOOD),
        as_raw=_HEIF,
        inside_alone="Lightroom doesn't read",
    ),
    "bridge": Editor(
        title="Bridge",
        names=("short",),
        labels=_BRIDGE,
        flag_labels={"pick": "red"},  # whose name is Select
        reject_stars=True,
        as_raw=_HEIF,
        inside_alone="Bridge doesn't read",
    ),
    "darktable": Editor(
        title="darktable",
        names=("full", "short"),
        labels=_NAMES,
        colours=(COLORLABELS,),
        flag_labels={"pick": "green"},
        reject_stars=True,
    ),
    "digikam": Editor(
        title="digiKam",
        names=("full", "short"),
        labels=_NAMES,
        colours=(COLOR_LABEL, URGENCY),
        flags=(PICK_LABEL,),
        keywords=(SUBJECT, HIERARCHICAL, TAGS_LIST),
        microsoft=True,
    ),
    "captureone": Editor(
        title="Capture One",
        names=("short",),
        labels=_NAMES,
        flag_labels={"pick": "green", "reject": "red"},  # it has stars and colours alone
        jpeg_name="short",
    ),
    "all": _EVERYTHING,
}
DEFAULT = Editor(
    title="every editor",
    names=("short", "full"),
    labels=_EVERYTHING.labels,
    colours=_EVERYTHING.colours,
    flags=_EVERYTHING.flags,
    reject_stars=True,
    keywords=_EVERYTHING.keywords,
    inside_alone=_EVERYTHING.inside_alone,
)
"""Without a choice: like `all`, but `MicrosoftPhoto:Rating` is only kept in step where it is there."""


def editor(name: str | None) -> Editor:
    """The editor of this name, as `--for` takes it. Raises `UsageError`."""
    if name is None:
        return DEFAULT
    if name not in EDITORS:
        raise UsageError(f"there is no editor '{name}'; choose one of {', '.join(EDITORS)}")
    return EDITORS[name]


def colour_of(label: str) -> str:
    """The colour that a label means in any editor, such as red for Select; the label itself for others."""
    for each in EDITORS.values():
        for colour, word in each.labels.items():
            if label in (colour, word):
                return colour
    return label


def meanings(colour: str) -> dict[Key, set[str]]:
    """All values by which any editor says a colour."""
    said = {key: {values[colour]} for key, values in COLOUR_VALUES.items()}
    return {LABEL: {each.labels[colour] for each in EDITORS.values()}, **said}
