"""Text for pictures: a font that is always there, others for what it cannot spell, and lines that fit."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from photocli.display import MINUS, printable

if TYPE_CHECKING:
    from PIL import ImageFont

    Font = ImageFont.FreeTypeFont

ELLIPSIS = "…"

# Pillow's own font has little beyond ASCII. These come with systems and desktops, the widest coverage last.
_OTHERS = (
    "DejaVuSans.ttf",
    "NotoSans-Regular.ttf",
    "LiberationSans-Regular.ttf",
    "segoeui.ttf",
    "Arial Unicode.ttf",
    "Arial.ttf",
    "NotoSansCJK-Regular.ttc",
    "msyh.ttc",
    "Hiragino Sans GB.ttc",
)
_NOBODY_HAS = "\U0010ffff"


def spell(text: str, size: float) -> tuple[str, Font]:
    """The text as it can be drawn, and the font for it at `size` pixels.

    Control characters are replaced first, as on the terminal. Pillow's own font is taken wherever it has all
    the characters, so that a page looks the same everywhere; else the font of the system that lacks the
    fewest, and what it lacks becomes a question mark.
    """
    text = printable(text)
    chosen = _font(None, size)
    assert chosen is not None
    for dash in "–-":  # it lacks a minus sign, and another font only for that would look odd
        if MINUS in text and MINUS in _lacks(chosen, text) and not _lacks(chosen, dash):
            text = text.replace(MINUS, dash)
    lacking = _lacks(chosen, text)
    for name in _OTHERS:
        if not lacking:
            break
        other = _font(name, size)
        if other is not None and len(_lacks(other, text)) < len(lacking):
            chosen, lacking = other, _lacks(other, text)
    return "".join("?" if char in lacking else char for char in text), chosen


def width(text: str, size: float) -> float:
    """How wide the text is at `size` pixels, in pixels."""
    text, font = spell(text, size)
    return font.getlength(text)


def shorten(text: str, size: float, room: float) -> str:
    """The text cut in its middle to `room` pixels: of a name, the start and the end tell most."""
    if width(text, size) <= room:
        return text
    for kept in range(len(text) - 1, 1, -1):
        head = (kept + 1) // 2
        short = text[:head] + ELLIPSIS + text[len(text) - (kept - head) :]
        if width(short, size) <= room:
            return short
    return ELLIPSIS


def wrap(text: str, size: float, room: float, lines: int = 20) -> list[str]:
    """The text in lines of at most `room` pixels, parted between words; the last of `lines` is shortened."""
    done: list[str] = []
    words = text.split()
    while words:
        if len(done) == lines - 1:
            return [*done, shorten(" ".join(words), size, room)]
        line = words.pop(0)
        while words and width(f"{line} {words[0]}", size) <= room:
            line = f"{line} {words.pop(0)}"
        done.append(shorten(line, size, room))
    return done


@lru_cache(maxsize=256)
def _font(name: str | None, size: float) -> Font | None:
    from PIL import ImageFont

    if name is None:
        font = ImageFont.load_default(size)
        assert isinstance(font, ImageFont.FreeTypeFont)
        return font
    try:
        return ImageFont.truetype(name, size, layout_engine=ImageFont.Layout.BASIC)
    except OSError:
        return None


def _lacks(font: Font, text: str) -> set[str]:
    """The characters of the text that the font would draw as an empty box."""
    return {char for char in set(text) if char != " " and _drawn(font, char) == _drawn(font, _NOBODY_HAS)}


@lru_cache(maxsize=4096)
def _drawn(font: Font, char: str) -> tuple[tuple[int, int], bytes]:
    mask = font.getmask(char)
    return mask.size, bytes(mask)
