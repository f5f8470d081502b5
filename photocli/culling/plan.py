"""A cull as a person reads it: the groups as a table, the sidecars as differences, the moves as lines."""

from __future__ import annotations

import difflib
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from photocli.display import common_folder, printable, shorten

if TYPE_CHECKING:
    from rich.console import Console

    from photocli.culling.closeups import Closeups
    from photocli.culling.cull import Culling
    from photocli.culling.moves import Move
    from photocli.records import Record
    from photocli.xmp.sidecar_plan import Planned

_MARKS = {"pick": ("pick", "green"), "reject": ("reject", "red"), None: ("", "")}
_KINDS = ("burst", "look-alikes", "bracket", "panorama", "focus stack", "single")
_PLURALS = {"look-alikes": "groups of look-alikes", "single": "single photos"}
_MOST_LINES = 20_000  # of a sidecar whose differences are shown
_BESIDE = 44  # cells that the columns beside the name take


def print_table(console: Console, records: Iterable[Record]) -> None:
    """Print every culled photo, group by group, the best of each first."""
    from rich import box
    from rich.table import Table
    from rich.text import Text

    shown = [record for record in records if record.group is not None]
    shown.sort(key=lambda record: (record.group or 0, record.rank_in_group or 0))
    folder = common_folder([record.path for record in shown])
    title = Text(f"Plan for {printable(folder) or 'the photos'}")
    table = Table(box=box.SIMPLE_HEAD, title=title, title_justify="left", pad_edge=False)
    for name, justify in (("Group", "right"), ("Rank", "right"), ("Photo", "left"), ("Score", "right")):
        table.add_column(name, no_wrap=True, justify=justify)  # type: ignore[arg-type]
    table.add_column("", no_wrap=True)
    room = max(12, console.width - _BESIDE)
    for at, record in enumerate(shown, start=1):
        first = record.rank_in_group == 1
        word, style = _MARKS[record.pick]
        table.add_row(
            f"{record.group_kind} {record.group}" if first else "",
            str(record.rank_in_group),
            Text(shorten(printable(record.path[len(folder) :]), room)),
            "" if record.score is None else f"{record.score:.2f}",
            Text(word, style=style),
            end_section=at < len(shown) and shown[at].group != record.group,
        )
    console.print(table)


def summary(records: Sequence[Record], kinds: Counter[str]) -> str:
    """How many photos and groups there are, and what is picked and rejected, in one line."""
    marks = Counter(record.pick for record in records)
    culled = sum(record.group is not None for record in records)
    parts = [f"{culled:,} {'photo' if culled == 1 else 'photos'} culled"]
    parts += [f"{kinds[kind]:,} {_named(kind, kinds[kind])}" for kind in _KINDS if kinds[kind]]
    parts.append(f"{marks['pick']:,} picked")
    if marks["reject"]:
        parts.append(f"{marks['reject']:,} rejected")
    return " · ".join(parts)


def judged(culling: Culling) -> Iterator[str]:
    """Where what the person said decides otherwise than photocli would, and what is done against it."""
    if culling.beyond:
        picks = "1 pick of yours is" if culling.beyond == 1 else f"{culling.beyond:,} picks of yours are"
        yield f"{picks} kept beyond what was asked for"
    if culling.kept:
        yield f"no rejects, as you rated, picked, labelled or edited them: {len(culling.kept):,}"
    for path in culling.overruled:
        yield f"{printable(path)}: a reject, as --overwrite was given, although yours: " + printable(
            culling.judgements[path].words
        )


def closer_look(closeups: Closeups) -> str:
    """What the closer look did and what it cost, in one line."""
    frames, groups = (
        f"{count:,} {word if count == 1 else word + 's'}"
        for count, word in ((closeups.frames, "frame"), (closeups.groups, "group"))
    )
    changed = f"another one leads in {closeups.changed:,}"
    if closeups.groups == 1:
        changed = "another one leads now" if closeups.changed else "the same one leads"
    return f"looked closer at {frames} in {groups}, {closeups.seconds:.1f} s; {changed}"


def _named(kind: str, count: int) -> str:
    if count == 1:
        return {"look-alikes": "group of look-alikes", "single": "single photo"}.get(kind, kind)
    return _PLURALS.get(kind, f"{kind}s")


def difference(planned: Planned) -> Iterator[str]:
    """What will change in a sidecar, or in the packet inside a JPEG, as the lines of a unified diff.

    Of very long ones only the names are given: finding the differences could take for ever.
    """
    path = printable(str(planned.path))
    before, after = _lines(planned.before), _lines(planned.after)
    old = f"a/{path}" if planned.before is not None else "/dev/null"
    if max(len(before), len(after)) > _MOST_LINES:
        yield from (f"--- {old}", f"+++ b/{path}", f"(more than {_MOST_LINES:,} lines: not shown)")
        return
    for line in difflib.unified_diff(before, after, old, f"b/{path}", lineterm=""):
        yield printable(line)


def _lines(packet: bytes | None) -> list[str]:
    from photocli.xmp.encoding import decode

    return [] if packet is None else decode(packet)[0].splitlines()


def moves(planned: Iterable[Move]) -> Iterator[str]:
    """What moves where, a line for each file, and whether it is renamed for a name that is taken."""
    for move in planned:
        for source, target in move.files:
            note = "  (renamed: the name is taken)" if move.renamed else ""
            yield printable(f"{source} -> {target}{note}")
