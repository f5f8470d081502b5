"""What a person marked, in sidecars as each editor writes them: laid out like theirs, made by hand."""

from __future__ import annotations

from collections.abc import Mapping

_PACKET = """\
<x:xmpmeta xmlns:x="adobe:ns:meta/" x:xmptk="{toolkit}">
 <rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
  <rdf:Description rdf:about=""
    xmlns:xmp="http://ns.adobe.com/xap/1.0/"
    xmlns:xmpDM="http://ns.adobe.com/xmp/1.0/DynamicMedia/"
    xmlns:xmpMM="http://ns.adobe.com/xap/1.0/mm/"
    xmlns:photoshop="http://ns.adobe.com/photoshop/1.0/"
    xmlns:crs="http://ns.adobe.com/camera-raw-settings/1.0/"
    xmlns:digiKam="http://www.digikam.org/ns/1.0/"
    xmlns:MicrosoftPhoto="http://ns.microsoft.com/photo/1.0/"
    xmlns:darktable="http://darktable.sf.net/"
    {attributes}>
{elements}  </rdf:Description>
 </rdf:RDF>
</x:xmpmeta>
"""
_ADOBE = "Adobe XMP Core 7.0-c000 1.000000, 0000/00/00-00:00:00        "
_EXIV2 = "XMP Core 4.4.0-Exiv2"

UNTOUCHED = (
    'crs:Version="15.3" crs:ProcessVersion="11.0" crs:WhiteBalance="As Shot" crs:Temperature="5150" '
    'crs:Tint="+8" crs:Exposure2012="0.00" crs:Contrast2012="0" crs:Highlights2012="0" crs:Sharpness="40" '
    'crs:SharpenRadius="+1.0" crs:ColorNoiseReduction="25" crs:LensProfileEnable="1" crs:GrainAmount="0" '
    'crs:ToneCurveName2012="Linear" crs:ConvertToGrayscale="False" crs:CropTop="0" crs:CropLeft="0" '
    'crs:CropBottom="1" crs:CropRight="1" crs:CropAngle="0" crs:HasCrop="False" crs:HasSettings="True" '
    'crs:AlreadyApplied="False"'
)
"""What Lightroom writes for a photo that nobody developed."""

CROPPED = (
    'crs:HasSettings="False" crs:CropTop="0.098788" crs:CropLeft="0.167191" crs:CropBottom="0.867592" '
    'crs:CropRight="0.87305" crs:CropAngle="0.413781" crs:CropConstrainToWarp="0" crs:HasCrop="True" '
    'crs:AlreadyApplied="False"'
)

_DARKTABLE = (
    'exif_time="" xmpMM:DerivedFrom="IMG.jpg" darktable:import_timestamp="63848515846079968" '
    'darktable:xmp_version="5" darktable:raw_params="0" darktable:auto_presets_applied="1" '
    'darktable:history_end="{end}" darktable:iop_order_version="3" '
    'darktable:history_basic_hash="8921fe8edb66aeacff411f85c52c8f4a" '
    'darktable:history_auto_hash="1f21fe8edb66aeacff411f85c52c8f4a" '
    'darktable:history_current_hash="{current}"'
).removeprefix('exif_time="" ')
_HISTORY = """\
   <darktable:history>
    <rdf:Seq>
     <rdf:li darktable:num="0" darktable:operation="gamma" darktable:enabled="1" darktable:params="00"/>
     <rdf:li darktable:num="1" darktable:operation="flip" darktable:enabled="1" darktable:params="ff"/>
     <rdf:li darktable:num="2" darktable:operation="crop" darktable:enabled="1" darktable:params="cdcc"/>
    </rdf:Seq>
   </darktable:history>
"""
_AUTO, _EDITED = "1f21fe8edb66aeacff411f85c52c8f4a", "5746e8e023517a2df85554f13a0cb807"
_PROFILE = """\
[Version]
AppVersion=5.10
Version=349

[General]
Rank={rank}
ColorLabel={label}
InTrash={trash}
"""
_SETTINGS = "\n[Exposure]\nAuto=false\nCompensation=0.35\n\n[Crop]\nEnabled=true\nX=100\nY=80\n"


def packet(attributes: str, elements: str = "", toolkit: str = _ADOBE) -> str:
    """A packet with these attributes and elements of a description."""
    return _PACKET.format(attributes=attributes, elements=elements, toolkit=toolkit)


def _darktable(attributes: str, elements: str = "", *, current: str = _AUTO, end: int = 2) -> str:
    said = _DARKTABLE.format(current=current, end=end)
    return packet(f"{attributes} {said}", elements, _EXIV2)


def _profile(rank: int = 0, label: int = 0, trash: str = "false", settings: str = "") -> str:
    return _PROFILE.format(rank=rank, label=label, trash=trash) + settings


def _labels(number: int) -> str:
    return f"   <darktable:colorlabels><rdf:Seq><rdf:li>{number}</rdf:li></rdf:Seq></darktable:colorlabels>\n"


MARKED: Mapping[str, Mapping[str, str]] = {
    "lightroom": {
        "stars": packet(f'xmp:Rating="5" xmpDM:pick="0" {UNTOUCHED}'),
        "pick": packet(f'xmpDM:pick="1" xmpDM:good="True" {UNTOUCHED}'),
        "label": packet(f'xmp:Label="Green" photoshop:LabelColor="green" xmpDM:pick="0" {UNTOUCHED}'),
        "edited": packet(CROPPED),
        "reject": packet(f'xmp:Rating="0" xmpDM:pick="-1" xmpDM:good="False" {UNTOUCHED}'),
        "nothing": packet(f'xmp:Rating="0" xmpDM:pick="0" xmp:Label="" {UNTOUCHED}'),
    },
    "bridge": {
        "stars": packet("", "   <xmp:Rating>5</xmp:Rating>\n"),
        "label": packet("", "   <xmp:Label>Approved</xmp:Label>\n"),
        "edited": packet(UNTOUCHED.replace('Exposure2012="0.00"', 'Exposure2012="+0.35"')),
        "reject": packet("", "   <xmp:Rating>-1</xmp:Rating>\n"),
        "nothing": packet("", "   <xmp:Rating>0</xmp:Rating>\n"),
    },
    "darktable": {
        "stars": _darktable('xmp:Rating="5"'),
        "label": _darktable('xmp:Rating="0"', _labels(2)),
        "edited": _darktable('xmp:Rating="0"', _HISTORY, current=_EDITED, end=3),
        "reject": _darktable('xmp:Rating="-1"', _HISTORY, current=_EDITED, end=3),
        "nothing": _darktable('xmp:Rating="0"', _HISTORY),
    },
    "digikam": {
        "stars": packet(
            'xmp:Rating="5" MicrosoftPhoto:Rating="99" digiKam:PickLabel="0" digiKam:ColorLabel="0"',
            toolkit=_EXIV2,
        ),
        "pick": packet('xmp:Rating="0" digiKam:PickLabel="3" digiKam:ColorLabel="0"', toolkit=_EXIV2),
        "label": packet(
            'xmp:Rating="0" digiKam:PickLabel="0" digiKam:ColorLabel="2" photoshop:Urgency="2"',
            toolkit=_EXIV2,
        ),
        "reject": packet('xmp:Rating="0" digiKam:PickLabel="1" digiKam:ColorLabel="0"', toolkit=_EXIV2),
        "nothing": packet(
            'xmp:Rating="0" MicrosoftPhoto:Rating="0" digiKam:PickLabel="0" digiKam:ColorLabel="0" '
            'photoshop:Urgency="0"',
            toolkit=_EXIV2,
        ),
    },
    "captureone": {
        "stars": packet("", "      <xmp:Rating>5</xmp:Rating>\r\n      <xmp:Label></xmp:Label>\r\n"),
        "label": packet("", "      <xmp:Rating>0</xmp:Rating>\r\n      <xmp:Label>Green</xmp:Label>\r\n"),
        "nothing": packet("", "      <xmp:Rating>0</xmp:Rating>\r\n      <xmp:Label></xmp:Label>\r\n"),
    },
    "rawtherapee": {
        "stars": _profile(rank=5, settings=_SETTINGS),
        "label": _profile(label=3),
        "edited": _profile(settings=_SETTINGS),
        "reject": _profile(trash="true", settings=_SETTINGS),
        "nothing": _profile(),
    },
}
"""Sidecars by the editor, and by what the person said; `nothing`: it wrote one for other reasons."""

NAMES = {
    "lightroom": "{stem}.xmp",
    "bridge": "{stem}.xmp",
    "darktable": "{name}.xmp",
    "digikam": "{name}.xmp",
    "captureone": "{stem}.xmp",
    "rawtherapee": "{name}.pp3",
}
"""The name of each editor's sidecar."""
