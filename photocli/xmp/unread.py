"""The sidecars that Lightroom and Bridge pass over, since they read these files from the inside alone."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from photocli.decode.signature import RENDERED_SUFFIXES
from photocli.xmp.editors import Editor

_DNG = ".dng"
_UNSURE = "HEIF"  # which is said to have sidecars


class UnreadSidecars:
    """Counts the sidecars that are written and that the editor doesn't read, by what kind of file has them.

    Where any editor may come, those count that Lightroom and Bridge don't read.
    """

    def __init__(self, editor: Editor) -> None:
        self._editor = editor
        self._counts: Counter[str] = Counter()

    def note(self, photo: Path) -> None:
        """Take the photo, or the RAW file of a pair, that a sidecar is written for."""
        suffix = photo.suffix.lower()
        kind = "DNG" if suffix == _DNG else RENDERED_SUFFIXES.get(suffix, "").upper()
        if kind and kind != _UNSURE and self._editor.inside_alone:
            self._counts[kind] += 1

    def __len__(self) -> int:
        return self._counts.total()

    @property
    def hint(self) -> str:
        """What to say of them, and what can be done: one line for JPEGs, and one for other files."""
        jpegs, who = self._counts["JPEG"], self._editor.inside_alone
        lines = []
        if jpegs:
            lines.append(
                f"{who} the sidecars of JPEGs ({jpegs:,} here), only the files themselves: --embed writes "
                "there and leaves the picture as it is; photocli undo takes it back"
            )
        if others := sorted(self._counts.keys() - {"JPEG"}):
            count = sum(self._counts[kind] for kind in others)
            lines.append(
                f"{who} the sidecars of {' and '.join(others)} files ({count:,} here), and photocli doesn't "
                "write into these"
            )
        return "\n".join(lines)
