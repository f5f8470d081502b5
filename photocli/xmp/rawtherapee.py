"""What a person said of a photo in RawTherapee, by its sidecar `IMG.CR2.pp3`."""

from __future__ import annotations

from photocli.xmp.editors import COLOURS
from photocli.xmp.judgement import Judgement

SUFFIX = ".pp3"

_PLAIN = ("Version", "General")  # sections without a setting of the picture


def said_in_profile(text: str) -> Judgement:
    """What a profile says: rank, colour, the trash; it holds develop settings unless it has ranks alone.

    RawTherapee writes all settings at once, so that it cannot be told whether a person moved one of them;
    but a photo in the trash is there whatever its settings.
    """
    section, general, sections = "", {}, set()
    for line in text.splitlines():
        line = line.strip()
        if line.startswith("[") and line.endswith("]"):
            section = line[1:-1]
            sections.add(section)
        elif section == "General" and "=" in line:
            name, _, value = line.partition("=")
            general[name.strip()] = value.strip()
    rank, colour = _digit(general.get("Rank")), _digit(general.get("ColorLabel"))
    return Judgement(
        rating=min(rank, 5) or None,
        flag="reject" if general.get("InTrash", "").lower() in ("true", "1") else None,
        label=COLOURS[colour - 1] if 1 <= colour <= len(COLOURS) else None,
        edited=bool(sections.difference(_PLAIN)),
    )


def _digit(text: str | None) -> int:
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 4 else 0
