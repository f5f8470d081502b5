"""Reads the structure of the code from its imports; `python docs/rooms.py` writes it into CONTRIBUTING.md.

A room is a package of `photocli`, `trainers` or `export`; modules that stand alone on the top floor of
`photocli` share a room. Every import counts: at the top of a file, inside a function, and for types.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from pathlib import Path

ROOT = Path(__file__).parents[1]
TREES = ("photocli", "trainers", "export")
START, END = "<!-- rooms -->\n", "<!-- /rooms -->\n"

Graph = dict[str, set[str]]
"""Names, and the names that each imports."""


def modules(root: Path = ROOT) -> dict[str, Path]:
    """Returns the file of every module of `TREES`, by its dotted name; a package's is its `__init__`."""
    found = {}
    for tree in TREES:
        for path in sorted((root / tree).rglob("*.py")):
            parts = path.relative_to(root).with_suffix("").parts
            found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


def imports(files: Mapping[str, Path]) -> Graph:
    """Returns which of the modules each module imports, itself left out."""
    return {name: set(_imported(name, path, files)) - {name} for name, path in files.items()}


def _imported(name: str, path: Path, known: Mapping[str, Path]) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name in known)
        elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            inner = [f"{node.module}.{alias.name}" for alias in node.names]
            yield from (one for one in inner if one in known)
            if node.module in known and any(one not in known for one in inner):
                yield node.module


def circles(graph: Graph) -> list[list[str]]:
    """Returns the groups of names that import each other in a circle (Tarjan 1972); empty where none do."""
    order: dict[str, int] = {}
    low: dict[str, int] = {}
    stack: list[str] = []
    found: list[list[str]] = []

    def visit(name: str) -> None:
        order[name] = low[name] = len(order)
        stack.append(name)
        for other in sorted(graph[name]):
            if other not in order:
                visit(other)
                low[name] = min(low[name], low[other])
            elif other in stack:
                low[name] = min(low[name], order[other])
        if low[name] == order[name]:
            place = stack.index(name)
            group = stack[place:]
            del stack[place:]
            if len(group) > 1:
                found.append(sorted(group))

    for name in sorted(graph):
        if name not in order:
            visit(name)
    return found


def room_of(name: str, files: Mapping[str, Path]) -> str:
    """Returns the room of a module: its package on the first floor, else the tree itself."""
    parts = name.split(".")
    if parts[0] == "export" or len(parts) == 1:
        return parts[0]
    first = ".".join(parts[:2])
    return first if first in files and files[first].name == "__init__.py" else parts[0]


def rooms(graph: Graph, files: Mapping[str, Path]) -> Graph:
    """Returns which rooms each room imports."""
    found: Graph = {}
    for name, others in graph.items():
        room = room_of(name, files)
        if name.split(".")[-1] == "__main__" or ".commands." in name:
            continue
        found.setdefault(room, set()).update(room_of(other, files) for other in others)
    for room, others in found.items():
        others.discard(room)
    return found


def diagram() -> str:
    """Returns the rooms as a Mermaid diagram and as a table: what is in each, and what it imports."""
    files = modules()
    floor = rooms(imports(files), files)
    lines = ["| room | what is in it | imports |", "| --- | --- | --- |"]
    for room in sorted(floor, key=lambda name: (TREES.index(name.split(".")[0]), name)):
        text = ast.get_docstring(ast.parse(files[room].read_text(encoding="utf-8"))) or ""
        summary, own = " ".join(text.split("\n\n")[0].split()), room.split(".")[0]
        others = ", ".join(sorted(other.removeprefix(f"{own}.") for other in floor[room])) or "–"
        lines.append(f"| `{room.replace('.', '/')}` | {summary} | {others} |")
    return _picture(floor) + "\n" + "\n".join(lines) + "\n"


def _picture(floor: Graph) -> str:
    """Returns an arrow for each room of `photocli` that another imports; `cli` imports nearly all."""
    lines = ["```mermaid", "flowchart TD"]
    for room in sorted(floor):
        for other in sorted(floor[room]):
            ends = [name.removeprefix("photocli.") for name in (room, other)]
            if room.startswith("photocli.") and other.startswith("photocli.") and ends[0] != "cli":
                lines.append(f"  {ends[0]} --> {ends[1]}")
    return "\n".join([*lines, "```", ""])


def write(page: Path = ROOT / "CONTRIBUTING.md") -> None:
    """Puts the table between its two marks on the page."""
    text = page.read_text(encoding="utf-8")
    before, after = text.split(START)[0], text.split(END)[1]
    page.write_text(f"{before}{START}\n{diagram()}\n{END}{after}", encoding="utf-8")


if __name__ == "__main__":
    write()
