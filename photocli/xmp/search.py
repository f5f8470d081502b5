"""Files searched piece by piece, so that memory stays flat whatever their size."""

from __future__ import annotations

from collections.abc import Iterable
from typing import BinaryIO

_PIECE = 1 << 20


def find(file: BinaryIO, texts: Iterable[bytes], most: int) -> int:
    """Where the first of these texts stands in the first `most` bytes of a file; -1 if none does."""
    texts = tuple(texts)
    overlap = max(map(len, texts)) - 1
    file.seek(0)
    piece, start = b"", 0
    while start < most and (more := file.read(_PIECE)):
        piece = piece[-overlap:] + more if overlap and piece else more
        found = [at for text in texts if (at := piece.find(text)) >= 0]
        if found:
            return start + len(more) - len(piece) + min(found)
        start += len(more)
    return -1
