"""Photographic looks, made from plain photos as photographers make them.

A look is a function (picture, strength, rng) -> picture over sRGB, uint8, (height, width, 3). Strength 0 is
the mildest that a person sees at a glance, 1 the strongest that is of use; neither leaves the photo as it is.
Light is added up in linear light. `random_looks` chooses the looks of a sample, `apply` makes them in the
order in which camera and darkroom do: lens, light, tones, paper.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from numpy.random import Generator

from trainers.common.frames import Picture
from trainers.style.looks import blur, finish, light, toning

Look = Callable[[Picture, float, Generator], Picture]

LOOKS: dict[str, Look] = {
    "noir": toning.noir,
    "black and white": toning.black_and_white,
    "sepia": toning.sepia,
    "vintage": toning.vintage,
    "hdr": light.hdr,
    "high key": light.high_key,
    "low key": light.low_key,
    "pastel": toning.pastel,
    "hazy": light.hazy,
    "vivid": toning.vivid,
    "cross-processed": toning.cross_processed,
    "shallow depth of field": blur.shallow_depth_of_field,
    "radial motion": blur.radial_motion,
    "motion blur": blur.motion_blur,
    "vignette": finish.vignette,
    "film grain": finish.film_grain,
}
"""Every look by its name in records, in the order of the model's outputs."""

NAMES = tuple(LOOKS)
TONING = ("noir", "black and white", "sepia", "vintage", "pastel", "vivid", "cross-processed")
LIGHT = ("hdr", "high key", "low key", "hazy")
BLUR = ("shallow depth of field", "radial motion", "motion blur")
FINISH = ("vignette", "film grain")
FAMILIES = (BLUR, LIGHT, TONING, FINISH)
"""In the order in which they are made; of each but the last, a photo has one look at most."""

COLOURLESS = ("noir", "black and white", "sepia")
COLOURED = ("vivid", "pastel", "cross-processed", "vintage", "hdr")
"""Looks that need the photo's own colours to be seen."""

INCOMPATIBLE = frozenset(
    frozenset(pair)
    for pair in (
        *(("noir", other) for other in ("high key", "hazy", "hdr", "low key")),
        *(("pastel", other) for other in ("high key", "low key", "hazy", "hdr", "vignette")),
        *(("vintage", other) for other in ("high key", "low key", "hazy", "hdr")),
        *(("vivid", other) for other in ("hazy", "hdr", "high key", "low key")),
        *(("cross-processed", other) for other in ("hazy", "high key", "low key", "hdr")),
        *(("sepia", other) for other in ("high key", "low key", "hdr")),
        *(("vignette", other) for other in ("low key", "high key", "hazy")),
        ("hdr", "black and white"),
        ("hdr", "motion blur"),
        ("low key", "film grain"),
    )
)
"""Pairs of which one hides the other."""


def random_looks(rng: Generator) -> dict[str, float]:
    """Chooses the looks of one sample, with their strengths.

    None in 35 of 100 samples, one in 40, two or three that go together in the rest; one look is as frequent
    as another where there is one.
    """
    count = int(rng.choice([0, 1, 2, 3], p=[0.35, 0.40, 0.17, 0.08]))
    chosen: list[str] = []
    for name in (NAMES[place] for place in rng.permutation(len(NAMES))):
        if len(chosen) < count and all(compatible(name, other) for other in chosen):
            chosen.append(name)
    return {name: float(rng.uniform()) for name in chosen}


def compatible(one: str, other: str) -> bool:
    """Returns whether a photo may have both looks, each plain to see."""
    same = next(family for family in FAMILIES if one in family) is next(
        family for family in FAMILIES if other in family
    )
    return one != other and (not same or one in FINISH) and frozenset((one, other)) not in INCOMPATIBLE


def apply(picture: Picture, strengths: Mapping[str, float], rng: Generator) -> Picture:
    """Makes these looks of a picture; without any, returns the very same array."""
    for name in (name for family in FAMILIES for name in family if name in strengths):
        picture = LOOKS[name](picture, strengths[name], rng)
    return picture
