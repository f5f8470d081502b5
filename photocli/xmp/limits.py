"""How much an XMP packet may hold, and how long reading it may take: what is over a limit is left untouched.

The longest histories of darktable have about 5 MB and 20,000 nodes. Each limit is checked before memory is
taken for what lies beyond it.
"""

from __future__ import annotations

import time

from photocli.errors import SidecarError

LARGEST = 8 * 1024 * 1024
"""Bytes of a packet."""

NODES = 100_000
"""Elements, comments, processing instructions and CDATA sections."""

ATTRIBUTES = 100_000
"""Declarations of namespaces among them."""

NAMESPACES = 10_000
"""Declarations of namespaces, in all elements together."""

DEPTH = 100
"""Elements within each other."""

LARGEST_JPEG = 256 * 1024 * 1024
"""Bytes of a JPEG that a packet is put into: it is held in memory twice."""

METADATA = 32 * 1024 * 1024
"""Bytes before the picture of a JPEG: EXIF, profiles, packets and their extensions."""

SEGMENTS = 10_000
"""Segments before the picture of a JPEG; 32 MB fill 512."""

SEARCHED = 4 * 1024 * 1024 * 1024
"""Bytes of a photo that is not understood in which a packet, or settings, are searched for."""

LONGEST_VALUE = 10_000
"""Characters of a simple value that is looked at; a longer rating is none that we understand."""

SECONDS = 1.5
"""Of the processor's time, not of the clock's, so that a busy machine refuses no more than another."""


class Deadline:
    """When reading a packet has to be done, in the processor's time of this thread."""

    def __init__(self, seconds: float = SECONDS) -> None:
        self._seconds = seconds
        self._end = time.thread_time() + seconds

    def check(self) -> None:
        """Raises `SidecarError` if it has passed."""
        if time.thread_time() > self._end:
            raise SidecarError(f"reading it takes longer than {self._seconds:g} seconds")


def check(count: int, most: int, what: str) -> None:
    """Raises `SidecarError` if there are more of something than there may be."""
    if count > most:
        raise SidecarError(f"more than {most:,} {what}")
