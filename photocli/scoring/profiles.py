"""Profiles: how much each answer weighs in the overall score, built in or from a person's own TOML file."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from photocli.errors import UsageError

FAULTS: tuple[str, ...] = ("blur", "motion_blur", "underexposed", "overexposed", "noise", "compression")
"""The faults whose severities, 0 to 1, make the technical quality; in the order of the record."""


@dataclass(frozen=True, slots=True)
class Profile:
    """The weights of the overall score; each is 0 to 1. See `ratings.breakdown` for what they do.

    `selfie` is how many points of the score go with each point of the selfie score where a photo has one,
    `technical` a ninth of the points that a ruined photo loses, and `faults` how much of the technical
    quality a fault of severity 1 takes.
    """

    name: str
    selfie: float
    technical: float
    faults: Mapping[str, float]


def _profile(name: str, selfie: float, technical: float, *faults: float) -> Profile:
    return Profile(name, selfie, technical, dict(zip(FAULTS, faults, strict=True)))


GENERAL = _profile("general", 0.1, 0.4, 1.0, 1.0, 0.8, 0.8, 0.6, 0.6)
"""What holds without a choice: a photo that is ruined loses 3 to 4 points."""

BUILTIN: Mapping[str, Profile] = {
    profile.name: profile
    for profile in (
        GENERAL,
        # The face counts, and a little noise does not; skin that is blown out is lost.
        _profile("portrait", 0.4, 0.4, 1.0, 1.0, 0.7, 0.9, 0.4, 0.5),
        # There is time for a tripod and a low ISO, and prints are large; silhouettes and dusk are dark.
        _profile("landscape", 0.0, 0.5, 1.0, 1.0, 0.6, 0.9, 0.8, 0.8),
        # High ISO is the price of short exposures, and panning blurs on purpose; missed focus is no photo.
        _profile("action", 0.1, 0.4, 1.0, 0.6, 0.6, 0.6, 0.3, 0.5),
    )
}
"""The profiles that can be named, by name."""


def load(name_or_file: str | None = None) -> Profile:
    """The profile of that name, or that of a file `NAME.toml`; `general` without one.

    A file may have `selfie`, `technical` and a table `[faults]`; what it leaves out is as in `general`.
    Raises `UsageError` for an unknown name, for a file that cannot be read, and for anything in it that is
    not understood: a misspelt weight would otherwise say nothing.
    """
    if name_or_file is None:
        return GENERAL
    if name_or_file in BUILTIN:
        return BUILTIN[name_or_file]
    file = Path(name_or_file)
    if file.suffix.lower() != ".toml":
        raise UsageError(
            f"there is no profile '{name_or_file}'; choose one of {', '.join(BUILTIN)}, or a file NAME.toml"
        )
    return _read(file)


def _read(file: Path) -> Profile:
    from photocli import config

    document = config.load(file)
    faults = document.pop("faults", {})
    if not isinstance(faults, dict):
        raise UsageError(f"{file}: faults must be a table, [faults]")
    _refuse_unknown(file, document, ("selfie", "technical", "[faults]"))
    _refuse_unknown(file, faults, FAULTS)
    weights = {name: _weight(file, name, value) for name, value in document.items()}
    own = {name: _weight(file, name, value) for name, value in faults.items()}
    return replace(GENERAL, name=file.stem, faults={**GENERAL.faults, **own}, **weights)


def _refuse_unknown(file: Path, table: Mapping[str, Any], known: tuple[str, ...]) -> None:
    for name in table:
        if name not in known:
            raise UsageError(f"{file}: {name} is unknown; there may be {', '.join(known)}")


def _weight(file: Path, name: str, value: Any) -> float:
    number = isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)
    if not number or not 0 <= value <= 1:
        raise UsageError(f"{file}: {name} must be a number from 0 to 1")
    return float(value)
