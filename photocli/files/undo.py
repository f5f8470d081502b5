"""Taking back what a run wrote or moved, by its journal, unless someone changed it since."""

from __future__ import annotations

import contextlib
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from photocli.errors import PhotocliError, UsageError
from photocli.files import ledger
from photocli.files.atomic import atomic_write
from photocli.files.journal import RunInfo, content_of, digest_of, mark_of, runs
from photocli.files.links import crossed, is_link
from photocli.files.locks import folder_lock
from photocli.files.move import move_file, remove_file
from photocli.files.strays import sweep


@dataclass(frozen=True, slots=True)
class Undone:
    """What taking back did to one file: it was `restored`, `removed`, `moved` back, or `left` as it is.

    `problem` says why it was left although the run had changed it.
    """

    path: Path
    action: str
    problem: str | None = None


def undo(run_id: str | None = None) -> list[Undone]:
    """Take back the named run, or the last one that wasn't yet: its changes one by one, the last one first.

    A file that was changed by someone since is left alone, and so is a moved one whose old place is taken;
    both are reported. Folders that the run made go when they are empty again. Killed midway, it can simply be
    called again. A run of which something could not be taken back can be tried again by its name. Raises
    `UsageError` where there is no such run.
    """
    run = _chosen(run_id)
    lines = list(ledger.read(ledger.run_file(run.id)))
    results = {line.facts["entry"]: line.facts["new"] for line in lines if line.facts["action"] == "replaced"}
    done = {line.facts["entry"] for line in lines if line.facts["action"] in ("undone", "abandoned")}
    found: list[Undone] = []
    fd = ledger.reopen(run.id)
    try:
        with ledger.run_file(run.id).open("rb") as stream:
            for line in reversed(lines):
                facts = line.facts
                if facts["action"] in ("folder", "marker"):
                    _tidy(facts, run)
                if facts["action"] not in ("replace", "move") or facts["n"] in done:
                    continue
                if facts["action"] == "move":
                    undone = _move_back(facts)
                else:
                    stream.seek(line.at)
                    undone = put_back(
                        {**facts, "new": results.get(facts["n"], facts["new"])}, stream.read(line.size)
                    )
                found.append(undone)
                if undone.problem is None:
                    ledger.append(fd, {"action": "undone", "entry": facts["n"]})
        ledger.append(fd, {"action": "end"})
        os.fsync(fd)
    finally:
        os.close(fd)
    for folder in {undone.path.parent for undone in found}:
        sweep(folder)
    return found


def _chosen(run_id: str | None) -> RunInfo:
    kept = runs()
    if run_id is None:
        open_runs = [run for run in kept if not run.undone]
        if not open_runs:
            raise UsageError("there is no run to take back")
        return open_runs[-1]
    for run in kept:
        if run.id == run_id:
            return run
    raise UsageError(f"there is no run '{run_id}'; see: photocli undo --list")


def _tidy(facts: dict[str, Any], run: RunInfo) -> None:
    """Remove a folder that the run made, if it is empty, or the marker of one that no other run moved into.

    What killed runs left in the folder goes, too. What cannot be removed stays.
    """
    path = Path(facts["path"])
    with contextlib.suppress(OSError, PhotocliError):
        if crossed(path) is not None:
            return
        if facts["action"] == "marker":
            content = content_of(path)
            if content is not None and digest_of(content) == facts["new"] and not _is_needed(path, run):
                remove_file(path, content)
        elif path.is_dir():
            sweep(path)
            path.rmdir()


def _is_needed(marker: Path, run: RunInfo) -> bool:
    """Whether another run moved something into the folder of a marker, and was not taken back."""
    others = (other for other in runs() if other.id != run.id and not other.undone)
    return any(
        line.facts["action"] == "move" and Path(line.facts["target"]).is_relative_to(marker.parent)
        for other in others
        for line in ledger.read(ledger.run_file(other.id))
    )


def put_back(facts: dict[str, Any], kept: bytes) -> Undone:
    """Give a file its old content, or remove it where there was none, if it is as the run left it.

    `facts` are those of the journal's entry, and `kept` the bytes that it keeps.
    """
    path = Path(facts["path"])
    try:
        if (why := crossed(path)) is not None:
            return Undone(path, "left", why)
        present = content_of(path)
        if (present is not None) == facts["existed"] and digest_of(present or b"") == facts["old"]:
            return Undone(path, "left")  # the run was stopped before it wrote it, or the undo after
        if present is None:
            return Undone(path, "left", "it was removed since")
        if facts["new"] is None:
            return Undone(path, "left", "the run was stopped while writing it; it may hold later changes")
        if digest_of(present) != facts["new"]:
            return Undone(path, "left", "it was changed since")
        if not facts["existed"]:
            if not remove_file(path, present):
                return Undone(path, "left", "it was changed since")
            return Undone(path, "removed")
        old = present[: facts["head"]] + kept + present[len(present) - facts["tail"] :]
        if digest_of(old) != facts["old"]:
            return Undone(path, "left", "what was kept of it is damaged")
        with folder_lock(path.parent), atomic_write(path, follow_links=False) as file:
            file.write(old)
            if not file.commit_over(present, old):
                return Undone(path, "left", "it was changed since")
        return Undone(path, "restored")
    except PhotocliError as error:
        return Undone(path, "left", str(error))
    except OSError as error:
        return Undone(path, "left", error.strerror or str(error))


def _move_back(facts: dict[str, Any]) -> Undone:
    """Move a file back to where it was, if nothing else stands there."""
    source, target = Path(facts["source"]), Path(facts["target"])
    try:
        was_link = is_link(target) and mark_of(target) == facts["file"]  # a link that the run moved itself
        if (why := crossed(source) or (None if was_link else crossed(target))) is not None:
            return Undone(source, "left", why)
        if _are_one_file(source, target):  # stopped between the two names, by the run or by an undo
            target.unlink()
            return Undone(source, "moved")
        if facts["file"] is not None and mark_of(source) == facts["file"]:
            return Undone(source, "left")  # stopped or refused before it was moved
        if not os.path.lexists(target):
            moved = os.path.lexists(source)  # back already, from another disk
            return Undone(source, "left", None if moved else f"it is no longer at {target}")
        if os.path.lexists(source):
            return Undone(source, "left", f"its place is taken; it is at {target}")
        source.parent.mkdir(parents=True, exist_ok=True)
        move_file(target, source)
        return Undone(source, "moved")
    except PhotocliError as error:
        return Undone(source, "left", str(error))
    except OSError as error:
        return Undone(source, "left", error.strerror or str(error))


def _are_one_file(one: Path, other: Path) -> bool:
    """Whether a file has both names; one name in two spellings, as some disks allow, is no second name."""
    try:
        first, second = one.lstat(), other.lstat()
    except OSError:
        return False
    return first.st_nlink > 1 and (first.st_dev, first.st_ino) == (second.st_dev, second.st_ino)
