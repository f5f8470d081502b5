"""Sidecars in the style of the programs that write them, made by hand."""

from __future__ import annotations

LIGHTROOM = """\
<x:xmpmeta xmlns:x="adobe:ns:meta/" x:xmptk="Adobe XMP Core 7.0-c000 1.000000, 0000/00/00-00:00:00        ">
 <rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
  <rdf:Description rdf:about=""
    xmlns:xmp="http://ns.adobe.com/xap/1.0/"
    xmlns:dc="http://purl.org/dc/elements/1.1/"
    xmlns:photoshop="http://ns.adobe.com/photoshop/1.0/"
    xmlns:lr="http://ns.adobe.com/lightroom/1.0/"
    xmlns:xmpMM="http://ns.adobe.com/xap/1.0/mm/"
    xmlns:stEvt="http://ns.adobe.com/xap/1.0/sType/ResourceEvent#"
    xmlns:crs="http://ns.adobe.com/camera-raw-settings/1.0/"
   xmp:ModifyDate="2023-05-01T10:00:00.42+02:00"
   xmp:MetadataDate="2023-05-02T11:00:00+02:00"
   xmp:Label="Red"
   photoshop:SidecarForExtension="NEF"
   xmpMM:DocumentID="xmp.did:0001"
   crs:Version="15.3"
   crs:Exposure2012="+0.35"
   crs:HasSettings="True">
   <dc:subject>
    <rdf:Bag>
     <rdf:li>Zürich</rdf:li>
     <rdf:li>Tom &amp; Jerry &lt;3</rdf:li>
    </rdf:Bag>
   </dc:subject>
   <lr:hierarchicalSubject>
    <rdf:Bag>
     <rdf:li>Places|Zürich</rdf:li>
    </rdf:Bag>
   </lr:hierarchicalSubject>
   <xmpMM:History>
    <rdf:Seq>
     <rdf:li
      stEvt:action="saved"
      stEvt:when="2023-05-02T11:00:00+02:00"
      stEvt:changed="/metadata"/>
    </rdf:Seq>
   </xmpMM:History>
   <crs:ToneCurvePV2012>
    <rdf:Seq>
     <rdf:li>0, 0</rdf:li>
     <rdf:li>255, 255</rdf:li>
    </rdf:Seq>
   </crs:ToneCurvePV2012>
  </rdf:Description>
 </rdf:RDF>
</x:xmpmeta>
"""

DARKTABLE = """\
<?xml version="1.0" encoding="UTF-8"?>
<x:xmpmeta xmlns:x="adobe:ns:meta/" x:xmptk="XMP Core 4.4.0-Exiv2">
 <rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
  <rdf:Description rdf:about=""
    xmlns:exif="http://ns.adobe.com/exif/1.0/"
    xmlns:xmp="http://ns.adobe.com/xap/1.0/"
    xmlns:xmpMM="http://ns.adobe.com/xap/1.0/mm/"
    xmlns:darktable="http://darktable.sf.net/"
   exif:DateTimeOriginal="2023:05:01 10:00:00.000"
   xmp:Rating="0"
   xmpMM:DerivedFrom="IMG_0001.CR2"
   darktable:xmp_version="5"
   darktable:raw_params="0"
   darktable:auto_presets_applied="1"
   darktable:history_end="2"
   darktable:iop_order_version="4">
   <darktable:masks_history>
    <rdf:Seq/>
   </darktable:masks_history>
   <darktable:history>
    <rdf:Seq>
     <rdf:li
      darktable:num="0"
      darktable:operation="rawprepare"
      darktable:enabled="1"
      darktable:modversion="2"
      darktable:params="000000000000000080070000800700008007000080070000b33b00000000"
      darktable:multi_name=""
      darktable:multi_priority="0"/>
     <rdf:li
      darktable:num="1"
      darktable:operation="exposure"
      darktable:params="gz02eJxjYGBgYAFiCQYYOOHEgAZY0QUwgH0FAPCsAhM="
      darktable:blendop_params="gz08eJxjYGBgYAFiCQYYOOHEgAYAAPCsAhM="/>
    </rdf:Seq>
   </darktable:history>
  </rdf:Description>
 </rdf:RDF>
</x:xmpmeta>
"""

DIGIKAM = """\
<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>
<x:xmpmeta xmlns:x="adobe:ns:meta/" x:xmptk="XMP Core 4.4.0-Exiv2">
 <rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
  <rdf:Description rdf:about=""
    xmlns:digiKam="http://www.digikam.org/ns/1.0/"
    xmlns:MicrosoftPhoto="http://ns.microsoft.com/photo/1.0/"
    xmlns:acdsee="http://ns.acdsee.com/iptc/1.0/"
    xmlns:xmp="http://ns.adobe.com/xap/1.0/"
    xmlns:dc="http://purl.org/dc/elements/1.1/"
   digiKam:PickLabel="0"
   digiKam:ColorLabel="3"
   MicrosoftPhoto:Rating="50"
   acdsee:categories="&lt;Category Assigned=&quot;1&quot;&gt;Süden&lt;/Category&gt;"
   xmp:Rating="3"
   xmp:CreatorTool="digiKam-8.3.0">
   <digiKam:TagsList>
    <rdf:Seq>
     <rdf:li>Places/Süden</rdf:li>
    </rdf:Seq>
   </digiKam:TagsList>
   <dc:description>
    <rdf:Alt>
     <rdf:li xml:lang="x-default">A caption,&#xA;in two lines</rdf:li>
     <rdf:li xml:lang="de-DE">Eine Beschriftung</rdf:li>
    </rdf:Alt>
   </dc:description>
  </rdf:Description>
 </rdf:RDF>
</x:xmpmeta>
<?xpacket end="w"?>"""

CAPTURE_ONE = """\
<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\r
<x:xmpmeta xmlns:x="adobe:ns:meta/">\r
  <rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">\r
    <rdf:Description xmlns:xmp="http://ns.adobe.com/xap/1.0/" rdf:about="">\r
      <xmp:Rating>0</xmp:Rating>\r
      <xmp:Label></xmp:Label>\r
    </rdf:Description>\r
    <rdf:Description xmlns:photoshop="http://ns.adobe.com/photoshop/1.0/" rdf:about="">\r
      <photoshop:City>Aarhus</photoshop:City>\r
    </rdf:Description>\r
  </rdf:RDF>\r
</x:xmpmeta>\r
"""

BRIDGE = (
    """\
<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>
<x:xmpmeta xmlns:x="adobe:ns:meta/" x:xmptk="Adobe XMP Core 5.6-c140">
   <rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
      <rdf:Description rdf:about=""
            xmlns:xmp="http://ns.adobe.com/xap/1.0/">
         <xmp:Label>Select</xmp:Label>
         <xmp:MetadataDate>2019-01-01T00:00:00Z</xmp:MetadataDate>
      </rdf:Description>
      <rdf:Description rdf:about=""
            xmlns:dc="http://purl.org/dc/elements/1.1/">
         <dc:format>image/jpeg</dc:format>
         <dc:creator>
            <rdf:Seq>
               <rdf:li>Ansel  O'Adams "II"</rdf:li>
            </rdf:Seq>
         </dc:creator>
      </rdf:Description>
   </rdf:RDF>
</x:xmpmeta>
"""
    + (" " * 99 + "\n") * 20
    + '<?xpacket end="w"?>'
)

EXIFTOOL = """\
<?xpacket begin='\ufeff' id='W5M0MpCehiHzreSzNTczkc9d'?>
<x:xmpmeta xmlns:x='adobe:ns:meta/' x:xmptk='Image::ExifTool 12.57'>
<rdf:RDF xmlns:rdf='http://www.w3.org/1999/02/22-rdf-syntax-ns#'>

 <rdf:Description rdf:about=''
  xmlns:dc='http://purl.org/dc/elements/1.1/'>
  <dc:title>
   <rdf:Alt>
    <rdf:li xml:lang='x-default'>Title &#39;quoted&#39;</rdf:li>
   </rdf:Alt>
  </dc:title>
 </rdf:Description>

 <rdf:Description rdf:about=''
  xmlns:xmp='http://ns.adobe.com/xap/1.0/'>
  <xmp:Rating>0</xmp:Rating>
  <xmp:CreateDate>2023-05-01T10:00:00</xmp:CreateDate>
 </rdf:Description>
</rdf:RDF>
</x:xmpmeta>
<?xpacket end='w'?>"""

STRANGE = """\
<x:xmpmeta xmlns:x="adobe:ns:meta/" xmlns:xmp="http://example.org/not-xmp/">
<!-- a comment with <rdf:RDF> and <?pi?> in it -->
<?some program="1"?>
<rdf:RDF
xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><!-- <rdf:Description xmp:Rating="1"/> -->
<rdf:Description rdf:about='' xmlns:odd='urn:odd' odd:gt="a > b" xmp:Rating = '7'
 xmlns:photocli="http://example.org/not-us/" photocli:Score='left alone' xmlns:ex="relative/address">
<odd:cdata><![CDATA[<xmp:Rating>1</xmp:Rating> & ]]></odd:cdata><odd:empty/><?inside it?>
<odd:struct rdf:parseType="Resource"><odd:a>1</odd:a><xmp:Rating>2</xmp:Rating></odd:struct>
<odd:link rdf:resource="http://example.org/"/><ex:space>  two  </ex:space>
<odd:nested><rdf:Description><rdf:value>9</rdf:value><odd:q>x</odd:q></rdf:Description></odd:nested>
</rdf:Description></rdf:RDF></x:xmpmeta>
"""

BARE = """\
<!-- a comment with <rdf:RDF> and <?pi?> in it -->
<?some program="1"?>
<RDF xmlns="http://www.w3.org/1999/02/22-rdf-syntax-ns#"/>"""

STYLES = {
    "lightroom": LIGHTROOM,
    "darktable": DARKTABLE,
    "digikam": DIGIKAM,
    "capture_one": CAPTURE_ONE,
    "bridge": BRIDGE,
    "exiftool": EXIFTOOL,
    "strange": STRANGE,
    "bare": BARE,
}
