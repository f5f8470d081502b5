"""Configuration of the teachers: which networks answer, for which photos."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from photocli.errors import UsageError
from trainers.common.options import option


@dataclass(frozen=True)
class TeachersConfig:
    """Decides all of what is answered; the manifest has it."""

    rated: str = option("", "folder with rated photos and their ratings.csv")
    scale: tuple[float, float] | None = option(None, "lowest and highest mark of the ratings")
    media: str = option("", "folder with photo, art_painting, cartoon and sketch")
    photos: tuple[str, ...] = option((), "folder of good photos that nobody rated (repeatable)")
    more: tuple[str, ...] = option((), "likewise, of photos that are never held out (repeatable)")
    teacher: tuple[str, ...] = option((), "ARCH@SIDE=WEIGHTS, a network and its input (repeatable)")
    folds: int = option(5, "folds of the split: rated photos by series, others by name")
    cache: str = option("", "folder for decoded photos")


@dataclass(frozen=True)
class FrozenTeacher:
    """A frozen network of ImageNet features, and the size at which it looks: about side² pixels."""

    arch: str
    side: int
    weights: Path

    @property
    def name(self) -> str:
        return f"{self.arch}@{self.side}"


def teachers(config: TeachersConfig) -> tuple[FrozenTeacher, ...]:
    """Reads the teachers of a configuration. Raises `UsageError` for one that cannot be."""
    from trainers.common.backbones import BACKBONES  # torch: not for `--help`

    found = []
    for text in config.teacher:
        match = re.fullmatch(r"(\w+)@(\d+)=(.+)", text)
        if not match or match[1] not in BACKBONES:
            raise UsageError(f"--teacher is ARCH@SIDE=WEIGHTS, with ARCH of {', '.join(BACKBONES)}: '{text}'")
        side, weights = int(match[2]), Path(match[3])
        if side < 32 or not weights.is_file():
            raise UsageError(f"--teacher '{text}': the side is at least 32, and the weights are a file")
        found.append(FrozenTeacher(match[1], side, weights))
    names = [each.name for each in found]
    if not names or len(set(names)) < len(names):
        raise UsageError("give one --teacher or more, each another network or size")
    return tuple(found)
