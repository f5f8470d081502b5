"""Where the sidecars of a photo are, or should be: under the names that each editor looks for."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from photocli.decode.signature import RAW_SUFFIXES, RENDERED_SUFFIXES
from photocli.xmp.editors import DEFAULT, Editor


class SidecarFolder:
    """Which photos and sidecars a folder holds, so that each sidecar is found without listing it again."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._names = set(os.listdir(path))  # noqa: PTH208 - names alone, and tens of thousands of them
        self._photos: dict[str, list[str]] = {}
        self._sidecars: dict[str, str] = {}
        for name in sorted(self._names):
            stem, suffix = os.path.splitext(name)  # noqa: PTH122
            suffix = suffix.lower()
            if suffix == ".xmp":
                self._sidecars.setdefault(stem, name)
            elif suffix in RAW_SUFFIXES or suffix in RENDERED_SUFFIXES:
                # Without case, as some file systems take IMG.xmp and img.xmp for one file.
                self._photos.setdefault(stem.casefold(), []).append(name)

    def sidecars(self, photo: Path, twin: Path | None, editor: Editor = DEFAULT) -> list[Path]:
        """The sidecars to update, or to make, so that this editor reads them.

        It is one, unless the editor has one for each file of a RAW+JPEG pair. The one that is there is
        updated, under either name, if the editor reads it. Photos that differ in their suffix alone never
        share one, unless they are such a pair.
        """
        short = self._owns_short_name(photo, twin)
        if twin is not None and editor.names[0] == "full":
            return list(dict.fromkeys(self._one(file, None, short, editor) for file in (photo, twin)))
        return [self._one(photo, twin, short, editor)]

    def named(self, base: str) -> list[Path]:
        """The sidecars called like `base` that are there, also those made since the folder was listed."""
        found: dict[tuple[int, int], Path] = {}
        folder = str(self.path)
        for name in self._spellings(base):
            with suppress(OSError):
                status = os.stat(os.path.join(folder, name))  # noqa: PTH116, PTH118 - several for each photo
                found.setdefault((status.st_dev, status.st_ino), self.path / name)
        return list(found.values())

    def _one(self, photo: Path, twin: Path | None, short: bool, editor: Editor) -> Path:
        suffix = photo.suffix.lower()
        raw = twin is not None or suffix in RAW_SUFFIXES or suffix in editor.as_raw
        full = "full" in editor.names if raw else editor.jpeg_name == "full"
        bases = [photo.name] if full else []
        # darktable and digiKam look for IMG.xmp beside RAW files at most.
        bases += [photo.stem] if short and (raw or editor.names[0] == "short") else []
        bases += [twin.name] if full and twin is not None else []
        for base in bases:
            for name in self._spellings(base):
                if (self.path / name).exists():
                    return self.path / name
        first = editor.names[0] if raw else editor.jpeg_name
        return self.path / f"{photo.stem if first == 'short' and short else photo.name}.xmp"

    def _spellings(self, base: str) -> Iterator[str]:
        if base in self._sidecars:
            yield self._sidecars[base]
        # Another program may have made one since the folder was listed.
        yield from (f"{base}.xmp", f"{base}.XMP")

    def _owns_short_name(self, photo: Path, twin: Path | None) -> bool:
        """Whether `IMG.xmp` can be meant for this photo, or its pair, alone."""
        if photo.stem in self._names:  # IMG.JPG beside IMG.JPG.png: IMG.JPG.xmp is the former's
            return False
        own = {photo.name, twin.name if twin else photo.name}
        others = [Path(name) for name in self._photos.get(photo.stem.casefold(), []) if name not in own]
        if twin is not None or photo.suffix.lower() in RAW_SUFFIXES:
            return not any(other.suffix.lower() in RAW_SUFFIXES for other in others)
        return not others
