"""What the name of a file or folder says: a photo, a sidecar, or what other programs keep there."""

from __future__ import annotations

from photocli.decode.signature import RAW_SUFFIXES, RENDERED_SUFFIXES

SIDECAR_SUFFIXES = frozenset(
    ".xmp .pp3 .dop .cos .cof .cop .cot .comask .on1 .aae .thm .nksc .vrd .dr4 .arp .spd .exif .exv".split()  # noqa: SIM905
)
_SIDECAR_NAMES = frozenset(("thumbs.db", "ehthumbs.db", "desktop.ini", "icon\r"))
# Previews, indexes and waste bins that other programs and systems keep in or beside the folders of photos.
_PASSED_FOLDERS = frozenset(("@eadir", "$recycle.bin", "system volume information", "__macosx", "#recycle"))
_USUAL = frozenset(
    end
    for suffix in (*RENDERED_SUFFIXES, *RAW_SUFFIXES)
    for end in (suffix, suffix.upper())
    if len(suffix) == 4 and suffix != ".png"
)
"""What most names end with: each of 20,000 is asked about more than once."""

_JPEGS = frozenset((".jpg", ".JPG"))
_EXPLAINED = ".explained.png"  # our own page about a photo
# "IMG_1.jpg_original" and "IMG_1.jpg~" are the copies that metadata tools and editors leave behind.
_COPIES = ("_original", "~")


def claims(name: str) -> bool:
    """Tell whether a name is that of a photo; whether it is one will be seen when it is decoded."""
    if name[-4:] in _USUAL:
        return True
    suffix = suffix_of(name)
    return suffix in RENDERED_SUFFIXES or suffix in RAW_SUFFIXES


def is_raw(name: str) -> bool:
    """Tell whether a name is that of a RAW file."""
    return name[-4:] not in _JPEGS and suffix_of(name) in RAW_SUFFIXES


def is_passed_folder(name: str) -> bool:
    """Tell whether it is a folder that is not looked into."""
    name = name.lower()
    return name in _PASSED_FOLDERS or name.endswith(".lrdata")


def is_sidecar(name: str) -> bool:
    """Tell whether it is what programs and systems keep beside photos."""
    if name[-4:] in _USUAL:
        return False
    name = name.lower()
    if name.endswith(_EXPLAINED):
        return True
    if claims(name):
        return False
    return name in _SIDECAR_NAMES or name.endswith(_COPIES) or suffix_of(name) in SIDECAR_SUFFIXES


def suffix_of(name: str) -> str:
    """Return the end of a name from its last dot on, in lower case, as `os.path.splitext` finds it."""
    stem, dot, end = name.rpartition(".")
    return f".{end.lower()}" if dot and stem.strip(".") else ""
