"""`photocli crop`: suggest crops, and write them as reversible crops for Camera Raw and Lightroom."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from photocli.cli import outputs
from photocli.cli.boundary import ExitCode, reported
from photocli.cli.options import JsonFile, Paths, RatingOptions, ShownOptions
from photocli.cli.ratings import xmp_writer
from photocli.cli.signature import option, with_options

if TYPE_CHECKING:
    from photocli.cli.progress import Progress
    from photocli.framing.suggestions import Cropped, CropRun
    from photocli.writers.xmp import XmpWriter


@dataclass(slots=True)
class Written:
    """What became of the crops that were to be written: how many, and how many were left alone."""

    writer: XmpWriter | None = None
    developed: int = 0
    unfit: int = 0
    failed: int = 0


@dataclass(frozen=True, kw_only=True)
class CropOptions(JsonFile, ShownOptions):
    """The options of `photocli crop`."""

    aspect: str = option(
        "own", metavar="W:H", help="own (the photo's), free, or a ratio: 3:2, 4:5, 1:1, 16:9 ..."
    )
    keep: float = option(0.4, metavar="SHARE", help="Keep at least this share of the photo's area, 0 to 1.")
    smallest: int = option(600, metavar="PIXELS", min=1, help="No side of a crop is smaller than this.")
    xmp: bool = option(False, "--xmp", help="Write the crops to XMP sidecars, never over develop settings.")
    embed: bool = option(False, "--embed", help="Write crops of JPEGs into the files, where Lightroom looks.")


@with_options(
    "aspect keep smallest json xmp embed",
    "assess device precision batch workers timeout max_pixels raw follow_links allow_empty quiet debug",
)
def crop(paths: Paths, options: CropOptions) -> None:
    """Suggest a crop where one gains.

    Candidates are scored by the aesthetics model, and by whether they remove a border of clutter or blur.
    Photos that no crop makes clearly better are left alone. No crop cuts a head, or leaves out a prominent
    one, as far as faces are found. It takes about a second a photo on one core.

    \b
    Examples:
      photocli crop shoot
      photocli crop shoot --aspect 4:5 --keep 0.6
      photocli crop shoot --xmp          # reversible, for Camera Raw; photocli undo takes it back
      photocli explain IMG_1.jpg --crop -o why.png

    \b
    Exit codes: 0 all good, 2 wrong use, 3 some photos could not be read or written, 4 fatal.
    """
    with reported(options.debug):
        from photocli.framing import Framing
        from photocli.framing.suggestions import CropRun

        to_stdout = outputs.check({"--json": options.json}, paths)
        photos = options.require_photos(paths)
        framing = Framing(options.aspect, options.keep, options.smallest)
        if not _crop(CropRun(photos, framing, options.of_run()), options, to_stdout=to_stdout):
            raise typer.Exit(ExitCode.UNREADABLE)


def _crop(run: CropRun, options: CropOptions, *, to_stdout: bool) -> bool:
    """Do the run, write what was asked for; whether everything could be done."""
    from photocli.cli.progress import Progress
    from photocli.writers.json import JsonWriter

    found: list[Cropped] = []
    written = Written()
    with ExitStack() as stack:
        progress = stack.enter_context(Progress(run, quiet=options.quiet, task="cropping", data=to_stdout))
        editor = "lightroom" if options.xmp else ""
        ratings = RatingOptions(xmp=options.xmp, editor=editor, embed=options.embed)
        written.writer = stack.enter_context(xmp_writer(ratings, progress.report_sidecar, run.paths))
        document = stack.enter_context(JsonWriter(options.json)) if options.json else None
        for cropped in run:
            progress.advance(cropped.record)
            found.append(cropped)
            record = cropped.record
            if written.writer is not None and cropped.suggestion is not None:
                record = replace(record, sidecar=_write(cropped, written, progress))
            if document is not None:
                document.write(record, _details(cropped))
        if document is not None:
            document.close(asdict(run.summary))
    if not options.quiet:
        _print(found, written, to_stdout=to_stdout)
    failed = written.failed or (written.writer is not None and written.writer.counts["failed"])
    return not run.summary.failed and not failed


def _write(cropped: Cropped, written: Written, progress: Progress) -> str | None:
    """Write one crop, where there are no develop settings anywhere; what the record says of its sidecar."""
    from photocli.records import Record
    from photocli.xmp import camera_raw
    from photocli.xmp.sidecar_plan import Marks

    record, suggestion = cropped.record, cropped.suggestion
    photo, twin = Path(record.path), Path(record.twin) if record.twin else None
    assert suggestion is not None
    assert written.writer is not None
    if cropped.orientation is None or not camera_raw.can_hold(photo):
        written.unfit += 1
        return None
    try:
        if camera_raw.developed(photo, twin) is not None:
            written.developed += 1
            return "kept"
    except OSError as error:
        written.failed += 1
        why = f"it cannot be searched for develop settings: {error.strerror or error}"
        progress.warn(f"{photo}: {why}")
        return f"refused: {why}"
    marks = Marks(crop=camera_raw.placed(suggestion.box, cropped.orientation))
    return written.writer.write(Record(record.path, twin=record.twin), marks).sidecar


def _details(cropped: Cropped) -> dict[str, object]:
    """What the JSON document says of a crop, under `details`; fractions of the upright photo, and points."""
    suggestion = cropped.suggestion
    if suggestion is None:
        return {"crop": None}
    points = {name: round(getattr(suggestion, name), 4) for name in ("gain", "aesthetic", "border", "lost")}
    sides = {name: round(value, 6) for name, value in asdict(suggestion.box).items()}
    return {"crop": {"aspect": suggestion.aspect, **sides, **points}}


def _print(found: list[Cropped], written: Written, *, to_stdout: bool) -> None:
    """The table of the crops, and a summary."""
    from rich.text import Text

    from photocli.display import console, joined
    from photocli.framing.listing import print_crops

    out = console(stderr=to_stdout)
    crops = [(cropped.record.path, cropped.suggestion) for cropped in found if cropped.suggestion is not None]
    if crops:
        print_crops(out, crops)
    for parts in _summary(found, len(crops), written):
        for line in joined(parts, out.width):
            out.print(Text(line))


def _summary(found: list[Cropped], crops: int, written: Written) -> list[list[str]]:
    judged = sum(cropped.record.status == "ok" for cropped in found)
    failed = sum(cropped.record.status == "failed" for cropped in found)
    photos, suggested = "photo" if judged == 1 else "photos", "crop" if crops == 1 else "crops"
    lines = [[f"{judged:,} {photos}", f"{crops:,} {suggested} suggested", f"{failed:,} failed"]]
    if written.writer is None:
        return lines
    counts = ", ".join(f"{count:,} {kind}" for kind, count in sorted(written.writer.counts.items()))
    lines.append([f"crops: {counts or 'none written'}"])
    if written.developed:
        lines.append([f"left alone, as they have develop settings: {written.developed:,}"])
    if written.unfit:
        lines.append([f"left alone, as crops go with RAW files and JPEGs alone: {written.unfit:,}"])
    if written.writer.unread:
        lines += [[line] for line in written.writer.hint.splitlines()]
    return lines
