"""Whether a packet holds crop or develop settings that a person made, in Camera Raw, Lightroom or darktable.

Editors also write what nobody chose: their defaults, their automatic steps, and what an export has had done
to it already. That, and a crop of photocli's own, is no person's edit. What is not known counts as one.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from photocli.xmp.editors import CAMERA_RAW, DARKTABLE, OWN_CROP
from photocli.xmp.packet import number

if TYPE_CHECKING:
    from photocli.xmp.packet import Packet

_CROP = ("CropTop", "CropLeft", "CropBottom", "CropRight", "CropAngle")

# What Camera Raw writes for a photo that nobody touched. The white balance says whether temperature and tint
# were chosen, and amounts of zero are left out of account in any case.
_DEFAULTS = frozenset(
    """
    Version ProcessVersion CompatibleVersion RawFileName HasSettings HasCrop AlreadyApplied Temperature Tint
    CameraProfile CameraProfileDigest Look ToneCurveName ToneCurveName2012 ToggleStyleDigest
    ToggleStyleAmount Sharpness SharpenRadius SharpenDetail ColorNoiseReduction ColorNoiseReductionDetail
    ColorNoiseReductionSmoothness LuminanceNoiseReductionDetail LuminanceNoiseReductionContrast
    LensProfileEnable LensProfileSetup LensProfileName LensProfileFilename LensProfileDigest
    LensProfileIsEmbedded LensProfileMatchKeyExifMake LensProfileMatchKeyExifModel
    LensProfileMatchKeyCameraModelName LensProfileMatchKeyLensInfo LensProfileMatchKeyLensID
    LensProfileMatchKeyLensName LensProfileMatchKeyIsRaw LensProfileMatchKeySensorFormatFactor
    LensProfileDistortionScale LensProfileChromaticAberrationScale LensProfileVignettingScale AutoLateralCA
    DefringePurpleHueLo DefringePurpleHueHi DefringeGreenHueLo DefringeGreenHueHi PerspectiveScale
    VignetteMidpoint PostCropVignetteMidpoint PostCropVignetteFeather PostCropVignetteStyle GrainSize
    GrainFrequency ParametricShadowSplit ParametricMidtoneSplit ParametricHighlightSplit ColorGradeBlending
    UprightVersion UprightCenterMode UprightCenterNormX UprightCenterNormY UprightFocalMode
    UprightFocalLength35mm UprightPreview UprightTransformCount OverrideLookVignette HDRMaxValue CropTop
    CropLeft CropBottom CropRight CropAngle CropConstrainToWarp CropConstrainToUnitSquare
    """.split()  # noqa: SIM905
)
_DEFAULT_VALUES = {
    "WhiteBalance": "As Shot",
    "Shadows": "5", "Brightness": "50", "Contrast": "25",  # of process version 2010 and before
    "PerspectiveAspect": "100",
}  # fmt: skip
_STRAIGHT = ["0, 0", "255, 255"]  # the tone curve that changes nothing

# What darktable does to a photo by itself, before anyone touched it.
_AUTOMATIC = frozenset(
    """
    rawprepare demosaic colorin colorout gamma highlights temperature flip basecurve sharpen dither
    colorreconstruct finalscale overexposed rawoverexposed mask_manager
    """.split()  # noqa: SIM905
)
_OPERATION = re.compile(r"""operation\s*(?:=\s*["']|>)\s*(\w+)""")


def is_edited(packet: Packet) -> bool:
    """Whether a person cropped or developed the photo, by what the packet says."""
    return _is_edited_by_adobe(packet) or _is_edited_in_darktable(packet)


def crop_note(values: dict[str, str]) -> str:
    """What photocli notes of a crop that it writes, by the local names of its properties."""
    return " ".join(values[name] for name in _CROP)


def _is_edited_by_adobe(packet: Packet) -> bool:
    names = packet.names(CAMERA_RAW)
    if not names or _is(packet, "AlreadyApplied", "true"):  # these made the file, and may be made no more
        return False
    if _is(packet, "HasCrop", "true") and not _is_own_crop(packet):
        return True
    if _is(packet, "HasSettings", "false"):
        return False
    return any(not _is_default(packet, name) for name in names)


def _is(packet: Packet, name: str, word: str) -> bool:
    return any((value or "").strip().lower() == word for value in packet.values((CAMERA_RAW, name)))


def _is_own_crop(packet: Packet) -> bool:
    notes = packet.values(OWN_CROP)
    values = {name: (packet.values((CAMERA_RAW, name)) or [None])[0] or "" for name in _CROP}
    return notes == [crop_note(values)]


def _is_default(packet: Packet, name: str) -> bool:
    if name in _DEFAULTS:
        return True
    if name.startswith("ToneCurve"):
        return packet.items((CAMERA_RAW, name)) in ([], _STRAIGHT)
    for value in packet.values((CAMERA_RAW, name)):
        said = None if value is None else value.strip()
        if said is None or not (said in ("", "False", _DEFAULT_VALUES.get(name)) or number(said) == 0):
            return False
    return True


def _is_edited_in_darktable(packet: Packet) -> bool:
    names = packet.names(DARKTABLE)
    if any(name.startswith("history_") and name.endswith("_hash") for name in names):
        current, *untouched = (
            set(packet.values((DARKTABLE, f"history_{which}_hash"))) for which in ("current", "basic", "auto")
        )
        return bool(current - set().union(*untouched))
    if "history" not in names or packet.values((DARKTABLE, "history_end")) == ["0"]:
        return False
    return not _AUTOMATIC.issuperset(_OPERATION.findall(packet.text))
