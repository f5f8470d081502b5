"""The encoding of an XML document: its text out of its bytes, so that the same bytes come of it again."""

from __future__ import annotations

import codecs
import re

from photocli.errors import SidecarError
from photocli.limits import LARGEST

_BOMS = (
    # UTF-32 first: its little-endian mark begins with that of UTF-16.
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
    (b"<\0\0\0", "utf-32-le"),
    (b"\0\0\0<", "utf-32-be"),
    (b"<\0", "utf-16-le"),
    (b"\0<", "utf-16-be"),
)
_DECLARED = re.compile(rb"<\?xml[^>]*?\sencoding\s*=\s*[\"']([A-Za-z0-9._-]{1,40})[\"']")
_ENCODINGS = ("utf-8", "ascii", "iso8859", "cp125")


def decode(packet: bytes) -> tuple[str, str]:
    """The text of a document, byte order mark included, and the encoding that gives the same bytes again."""
    if len(packet) > LARGEST:
        raise SidecarError(f"larger than {LARGEST / 2**20:g} MB")
    if not packet.strip():
        raise SidecarError("it is empty")
    encoding = next((name for mark, name in _BOMS if packet.startswith(mark)), None)
    declared = _DECLARED.match(packet.removeprefix(codecs.BOM_UTF8))
    if encoding is None:
        encoding = declared[1].decode() if declared else "utf-8"
    elif encoding == "utf-8" and declared and declared[1].lower() not in (b"utf-8", b"utf8"):
        raise SidecarError("its byte order mark is that of UTF-8, and it declares another encoding")
    try:
        if not codecs.lookup(encoding).name.startswith((*_ENCODINGS, "utf-16-", "utf-32-")):
            raise LookupError
        text = packet.decode(encoding)
        if text.encode(encoding) == packet:
            return text, encoding
    except LookupError:
        raise SidecarError(f"its encoding, {encoding}, is not known") from None
    except UnicodeError:
        pass
    raise SidecarError(f"it is not written in its encoding, {encoding}")
