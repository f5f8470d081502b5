"""A cull as a person reads it on a terminal: the groups, who leads them and why, and a summary."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING

from photocli.culling.groups import SERIES
from photocli.display import (
    BAD,
    GOOD,
    cells,
    common_folder,
    counted,
    folded,
    heading,
    printable,
    shorten,
    shorten_name,
    shorten_names,
)

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

    from photocli.culling.closeups import Closeups
    from photocli.culling.cull import Culling
    from photocli.records import Record

_STYLES = {"pick": GOOD, "reject": BAD}
_KINDS = ("burst", "look-alikes", "bracket", "panorama", "focus stack", "single")
_PLURALS = {"look-alikes": "groups of look-alikes", "single": "single photos"}
_SHOWN = {"pick": 20, None: 5, "reject": 5}  # of a group, at most; of more, one fewer is shown, and a count
_ALONE = "only one"  # the reason of a single photo that nothing was said of
_SINGLES = 10  # up to so many single photos have a row each
_OF_SEVERAL = {"you rejected it": "you rejected them", "you edited it": "you edited them"}
_NAMES = 120  # the most cells of a line of names, where nobody looks at a terminal
_LEAST_NAME = 12  # cells; where there are fewer, scores are left out
_SCORE, _MARK = 5, 6  # cells of a column


@dataclass(frozen=True, slots=True)
class _Row:
    """A line of the table: a photo, or several that are one to the cull.

    `first` is the first name of several, and `others` how many more there are.
    """

    rank: str
    name: str
    score: str
    mark: str | None
    why: str
    first: str = ""
    others: int = 0

    def named(self, width: int, cut: str) -> str:
        """The name in so many cells: `cut`, but of several photos the first and how many others there are."""
        if not self.others or cells(self.name) <= width:
            return cut
        more = f" +{self.others:,}"
        return shorten(f"{shorten_name(self.first, max(4, width - cells(more)))}{more}", width)


@dataclass(frozen=True, slots=True)
class _Block:
    """A group: its title, its rows, and lines of names that need no row each."""

    title: str
    rows: list[_Row]
    names: tuple[str, ...] = ()


def print_plan(console: Console, records: Iterable[Record], title: str = "Plan for ") -> None:
    """Print the culled photos group by group, the best of each first, with the reason of each.

    Large groups are cut short, and many single photos are counted: every photo stands in CSV and JSON.
    """
    from rich.text import Text

    shown = [record for record in records if record.group is not None]
    if not shown:
        return
    shown.sort(key=lambda record: (record.group or 0, record.rank_in_group or 0))
    folder = common_folder([record.path for record in shown])
    blocks = list(_blocks(shown, folder))
    line = heading(title, printable(folder) or "the photos", "", console.width)
    console.print(Text(line, style="bold"), soft_wrap=True)
    console.print()
    for text in _lines(blocks, console.width):
        console.print(text, soft_wrap=True)
    console.print()


def _blocks(records: Sequence[Record], folder: str) -> Iterator[_Block]:
    """The groups of several photos in their order, then the single photos."""
    singles = []
    for number, found in groupby(records, key=lambda record: record.group):
        members = list(found)
        kind = members[0].group_kind or "group"
        if kind == "single":
            singles += members
        else:
            rows = [_of_series(members, folder)] if kind in SERIES else list(_of_group(members, folder))
            yield _Block(f"{kind} {number} · {len(members):,} photos", rows)
    if len(singles) > _SINGLES:
        yield from _of_singles(singles, folder)
    elif singles:
        count = f"{len(singles)} {_named('single', len(singles))}"
        yield _Block(count, [_row(record, folder, "") for record in singles])


def _of_group(members: Sequence[Record], folder: str) -> Iterator[_Row]:
    """A row for each photo of a group; where there are many, the last of a kind are counted in one."""
    counts, seen = Counter(record.pick for record in members), Counter[str | None]()
    for record in members:
        seen[record.pick] += 1
        most = _SHOWN[record.pick]
        if counts[record.pick] <= most or seen[record.pick] < most:
            yield _row(record, folder, str(record.rank_in_group))
    for mark, count in counts.items():
        if count > _SHOWN[mark]:
            rest = [record for record in members if record.pick == mark][_SHOWN[mark] - 1 :]
            whys = Counter(record.pick_reason for record in rest).most_common(3)
            others = len(rest) - sum(number for _, number in whys)
            words = [f"{number:,} {why}" for why, number in whys] + [f"{others:,} other"] * bool(others)
            why = ", ".join(words) if len(whys) > 1 else str(whys[0][0])
            yield _Row("", f"{len(rest):,} more", _span(rest), mark, why)


def _of_series(members: Sequence[Record], folder: str) -> _Row:
    first, last = (printable(record.path[len(folder) :]) for record in (members[0], members[-1]))
    why, others = members[0].pick_reason or "", len(members) - 1
    return _Row("", f"{first} to {last}", _span(members), members[0].pick, why, first, others)


def _of_singles(singles: Sequence[Record], folder: str) -> Iterator[_Block]:
    """Many single photos: how many have which mark, and why; their names where some have another one."""
    kinds: dict[tuple[str | None, str], list[Record]] = {}
    for record in singles:
        kinds.setdefault((record.pick, record.pick_reason or ""), []).append(record)
    for (mark, why), members in sorted(
        kinds.items(), key=lambda item: (item[0][0] != "pick", item[0][1] != _ALONE)
    ):
        word = {"pick": "picked", "reject": "rejected"}.get(mark or "", "not picked")
        count = f"{len(members):,} {_named('single', len(members))}"
        reason = "" if why == _ALONE else f": {_OF_SEVERAL.get(why, why) if len(members) > 1 else why}"
        title = f"{count} {word}{reason} · {_scores(members)}"
        named = len(kinds) > 1 and (mark == "pick" or len(members) <= _SINGLES)
        names = [f"{printable(record.path[len(folder) :])}  {_score(record)}" for record in members]
        yield _Block(title, [], tuple(names) if named else ())


def _row(record: Record, folder: str, rank: str) -> _Row:
    name = printable(record.path[len(folder) :])
    return _Row(rank, name, _score(record), record.pick, record.pick_reason or "")


def _score(record: Record) -> str:
    return "" if record.score is None else f"{record.score:.2f}"


def _span(records: Sequence[Record]) -> str:
    """The lowest and the highest score, with one decimal; one of them where they are the same."""
    scores = [record.score for record in records if record.score is not None]
    ends = dict.fromkeys(f"{end(scores):.1f}" for end in (min, max)) if scores else ()
    return "–".join(ends)


def _scores(records: Sequence[Record]) -> str:
    span = _span(records)
    return f"scores {span}" if "–" in span else f"score {span}" if span else "no scores"


def _lines(blocks: Sequence[_Block], width: int) -> Iterator[Text]:
    """The lines of the table, each at most `width` cells."""
    from rich.text import Text

    rows = [row for block in blocks for row in block.rows]
    columns = _Columns.fitting(rows, width)
    if rows:
        yield columns.line(_Row("", "Photo", "Score", None, "Why"), "Photo", "dim")
    names = iter(shorten_names([row.name for row in rows], columns.name))
    for block in blocks:
        yield from (Text(line) for line in folded(block.title, width))
        for row in block.rows:
            yield columns.line(row, row.named(columns.name, next(names)))
        yield from (Text(line) for line in _flowing(block.names, min(width, _NAMES)))


def _flowing(names: Sequence[str], width: int) -> Iterator[str]:
    """The names side by side in columns, as many as fit."""
    if not names:
        return
    each = min(max(map(cells, names)), width - 2)
    across = max(1, width // (each + 4))
    for start in range(0, len(names), across):
        some = [shorten_name(name, each) for name in names[start : start + across]]
        yield "  " + "    ".join(name + " " * (each - cells(name)) for name in some).rstrip()


@dataclass(frozen=True, slots=True)
class _Columns:
    """The cells that each column of the table gets; 0 for one that is left out."""

    rank: int
    name: int
    score: int
    mark: int
    why: int

    @classmethod
    def fitting(cls, rows: Sequence[_Row], width: int) -> _Columns:
        """Those in which the rows fit into a width: names give way first, then scores, then reasons."""
        rank = max((cells(row.rank) for row in rows), default=0)
        score = max((cells(row.score) for row in rows), default=0)
        score = max(score, _SCORE) if score else 0
        mark = max((cells(row.mark or "") for row in rows), default=0)
        why = max((cells(row.why) for row in rows), default=0)
        name = max((cells(row.name) for row in rows), default=0)
        left = width - (rank + 3) - (mark + 2 if mark else 0) - 2
        why = min(why, max(left // 2, left - name - score - 2))
        if left - why - score - 2 < min(name, _LEAST_NAME):
            score = 0
        room = left - why - (score + 2 if score else 0)
        return cls(rank, max(1, min(name, room)), score, mark, why)

    def line(self, row: _Row, name: str, style: str = "") -> Text:
        """A row as text, its name cut already."""
        from rich.text import Text

        text = Text(f"  {row.rank:>{self.rank}} {_padded(name, self.name)}", style=style)
        if self.score:
            text.append(f"  {row.score:>{self.score}}")
        if self.mark:
            text.append(f"  {_padded(row.mark or '', self.mark)}", style=_STYLES.get(row.mark or "", ""))
        text.append(f"  {shorten(row.why, max(1, self.why))}")
        text.rstrip()
        return text


def _padded(text: str, width: int) -> str:
    return text + " " * max(0, width - cells(text))


def summary(records: Sequence[Record], kinds: Counter[str]) -> Iterator[str]:
    """How many photos are picked, rejected or neither; how many groups there are; what can't be read."""
    marks = Counter(record.pick for record in records if record.group is not None)
    count = sum(marks.values())
    parts = [f"{marks['pick']:,} picked"]
    parts += [f"{marks['reject']:,} rejected"] if marks["reject"] else []
    parts += [f"{marks[None]:,} not picked"] if marks[None] else []
    yield f"{counted(count, 'photo')}: {', '.join(parts)}"
    if found := [f"{kinds[kind]:,} {_named(kind, kinds[kind])}" for kind in _KINDS if kinds[kind]]:
        yield ", ".join(found)
    if failed := sum(record.status == "failed" for record in records):
        yield f"{failed:,} can't be read"


def judged(culling: Culling) -> Iterator[str]:
    """Where what the person said decides otherwise than photocli would, and what is done against it."""
    if culling.beyond:
        picks = "1 pick of yours is" if culling.beyond == 1 else f"{culling.beyond:,} picks of yours are"
        yield f"{picks} kept beyond what was asked for"
    if culling.kept:
        yield f"not rejected, as you rated, picked, labelled or edited them: {len(culling.kept):,}"
    for path in culling.overruled:
        said = culling.judgements[path].words
        yield printable(f"{path}: rejected, as --overwrite was given, in spite of yours: {said}")


def closer_look(closeups: Closeups) -> str:
    """What the closer look did and what it cost, in one line."""
    changed = f"{closeups.changed:,} of {closeups.groups:,} groups have another first photo now"
    if not closeups.changed:
        changed = "the first photo stays the same" + (" in each" if closeups.groups > 1 else "")
    elif closeups.groups == 1:
        changed = "another photo is the first now"
    where = "1 group" if closeups.groups == 1 else f"{closeups.groups:,} groups"
    frames = f"{closeups.frames:,} nearly equal photos in {where}"
    return f"{frames} were compared at full resolution in {closeups.seconds:.1f} s: {changed}"


def _named(kind: str, count: int) -> str:
    if count == 1:
        return {"look-alikes": "group of look-alikes", "single": "single photo"}.get(kind, kind)
    return _PLURALS.get(kind, f"{kind}s")
