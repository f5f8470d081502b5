"""Which image format a file is in, told from its first bytes; standard library only, so cheap to import."""

from __future__ import annotations

HEAD = 4096
"""How many bytes from the start of a file `sniff` and `describe` want to see (or all of a short one)."""

_TIFF_LIKE = ".3fr .arq .arw .cr2 .dcr .dcs .dng .erf .fff .gpr .iiq .k25 .kdc .mdc .mef .mos .nef .nrw .pef"
_OF_THEIR_OWN = ".cr3 .crw .mrw .orf .ori .raf .raw .rw2 .rwl .sr2 .srf .srw .x3f"
RAW_SUFFIXES = frozenset(f"{_TIFF_LIKE} {_OF_THEIR_OWN}".split())
RENDERED_SUFFIXES = {
    ".jpg": "jpeg",
    ".jpeg": "jpeg",
    ".jpe": "jpeg",
    ".jfif": "jpeg",
    ".mpo": "jpeg",
    ".png": "png",
    ".webp": "webp",
    ".tif": "tiff",
    ".tiff": "tiff",
    ".avif": "avif",
    ".heic": "heif",
    ".heif": "heif",
    ".hif": "heif",
    ".bmp": "bmp",
    ".dib": "bmp",
    ".gif": "gif",
}

_RAW_MAGIC = (
    b"FUJIFILMCCD-RAW",  # RAF
    b"IIRO",  # ORF, three spellings
    b"IIRS",
    b"MMOR",
    b"IIU\0",  # RW2 and RWL
    b"FOVb",  # X3F
    b"\0MRM",  # MRW
    b"II\x1a\0\0\0HEAPCCDR",  # CRW
    b"IIII",  # IIQ
    b"MMMM",
)
_TIFF_MAGIC = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
_HEIF_BRANDS = frozenset((b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs"))
_AVIF_BRANDS = frozenset((b"avif", b"avis"))
_KNOWN_STRANGERS = (
    (b"%PDF", "a PDF document"),
    (b"%!PS", "PostScript"),
    (b"\xc5\xd0\xd3\xc6", "PostScript"),
    (b"PK\x03\x04", "a ZIP archive"),
    (b"PK\x05\x06", "a ZIP archive"),
    (b"7z\xbc\xaf\x27\x1c", "a 7-Zip archive"),
    (b"Rar!", "a RAR archive"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"8BPS", "a Photoshop document"),
    (b"SQLite format 3\0", "a database"),
    (b"\xff\x0a", "a JPEG XL picture, which is not supported"),
    (b"\0\0\0\x0cJXL ", "a JPEG XL picture, which is not supported"),
    (b"\0\0\0\x0cjP  ", "a JPEG 2000 picture, which is not supported"),
    (b"\x1aE\xdf\xa3", "a video"),
    (b"\0\0\x01\xba", "a video"),
    (b"\0\0\x01\xb3", "a video"),
    (b"OggS", "a sound or video file"),
    (b"ID3", "a sound file"),
    (b"fLaC", "a sound file"),
    (b"\x7fELF", "a program"),
    (b"MZ", "a program"),
)


def sniff(head: bytes, suffix: str) -> str | None:
    """The format that the first bytes of a file say it is in, or None when they are no photo's.

    `head` is the first `HEAD` bytes or all of a shorter file. The result is one of 'jpeg', 'png', 'webp',
    'tiff', 'avif', 'heif', 'bmp', 'gif' and 'raw'. The content decides; `suffix` (with its dot, in any case)
    only tells RAW files that are TIFF containers, or have no signature of their own, from the rest.
    """
    rendered = _rendered(head)
    if rendered:
        return rendered
    if head.startswith(_RAW_MAGIC) or _brands(head)[:1] == [b"crx "]:
        return "raw"
    is_raw_name = suffix.lower() in RAW_SUFFIXES
    if head.startswith(_TIFF_MAGIC):
        return "raw" if is_raw_name or head[8:10] == b"CR" else "tiff"
    return "raw" if is_raw_name and describe(head) == "an unknown kind of file" else None


def describe(head: bytes) -> str:
    """What a file that is no photo is, in words for a message; `head` as for `sniff`."""
    if not head:
        return "an empty file"
    for magic, words in _KNOWN_STRANGERS:
        if head.startswith(magic):
            return words
    if _brands(head) or head[4:8] in (b"moov", b"mdat", b"wide", b"free", b"skip"):
        return "a video"
    if head[:4] == b"RIFF":
        return {b"AVI ": "a video", b"WAVE": "a sound file"}.get(head[8:12], "an unknown kind of file")
    return _describe_text(head)


def _describe_text(head: bytes) -> str:
    text = head.lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if text.startswith((b"<!doctype html", b"<html")):
        return "a web page (HTML)"
    is_markup = text.startswith((b"<svg", b"<?xml", b"<!--", b"<!doctype svg"))
    if is_markup and b"<svg" in text:
        return "an SVG drawing"
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "plain text"
    if not any(head):
        return "nothing but zero bytes"
    # Text has no control characters but tabs, line breaks, form feeds and escapes; above 127 anything goes.
    if any(byte < 32 and byte not in b"\t\n\r\f\x1b" for byte in head):
        return "an unknown kind of file"
    return "plain text"


def _rendered(head: bytes) -> str | None:
    if head.startswith(b"\xff\xd8\xff"):
        return "jpeg"
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return "png"
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "webp"
    if head.startswith((b"GIF87a", b"GIF89a")):
        return "gif"
    # Two letters are too few to go by: the size of the header that follows must be one that exists.
    if head[:2] == b"BM" and head[14:18] in [bytes((n, 0, 0, 0)) for n in (12, 16, 40, 52, 56, 64, 108, 124)]:
        return "bmp"
    brands = frozenset(_brands(head))
    if brands & _AVIF_BRANDS:
        return "avif"
    if brands & _HEIF_BRANDS or b"mif1" in _brands(head)[:1]:
        return "heif"
    return None


def _brands(head: bytes) -> list[bytes]:
    """The brands of an ISO media file (HEIF, AVIF, CR3, MP4, QuickTime), the major one first."""
    if head[4:8] != b"ftyp":
        return []
    box = head[: max(16, int.from_bytes(head[:4], "big"))]
    return [head[8:12], *(box[at : at + 4] for at in range(16, len(box) - 3, 4))]
