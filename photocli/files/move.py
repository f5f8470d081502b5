"""Moving a file without ever replacing another one."""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

from photocli.errors import PhotocliError
from photocli.files import strays
from photocli.files.exchange import rename_fresh, sync_folder

_TRIES = 5


def move_file(source: Path, target: Path) -> None:
    """Move a file to a place that must be free, on the same disk or another.

    Raises `PhotocliError`, and then the source is where it was. Killed at any time, it leaves the whole file
    under its old name, its new one, or both, and perhaps a hidden copy whose name says that it is temporary.
    """
    try:
        try:
            _rename(source, target)
        except OSError as error:
            if error.errno != errno.EXDEV:
                raise
            _copy(source, target)
        for folder in {source.parent, target.parent}:
            sync_folder(folder)
    except FileExistsError:
        raise PhotocliError(f"cannot move {source}: {target} exists already") from None
    except OSError as error:
        raise PhotocliError(f"cannot move {source} to {target}: {error.strerror or error}") from error


def remove_file(path: Path, content: bytes) -> bool:
    """Remove a file if it holds this; whether it was. What another program put in its place stays there."""
    try:
        removed = _take_away(path, lambda hidden: hidden.read_bytes() == content)
    except FileNotFoundError:
        return False
    sync_folder(path.parent)
    return removed


def _rename(source: Path, target: Path) -> None:
    """Rename, but fail where the new name is taken, which a plain `rename` doesn't."""
    if rename_fresh(source, target):
        return
    try:
        os.link(source, target, follow_symlinks=False)
    except (OSError, NotImplementedError) as error:
        if isinstance(error, FileExistsError) or getattr(error, "errno", None) in (errno.EXDEV, errno.ENOENT):
            raise
        # FAT, exFAT and some network disks have no links; between the look and the renaming is a risk.
        if os.path.lexists(target):
            raise FileExistsError(errno.EEXIST, "it exists already") from None
        source.rename(target)
    else:
        source.unlink()


def _copy(source: Path, target: Path) -> None:
    """Move to another disk: a copy under a hidden name, durable, which gets its name before the source goes.

    A source that another program changes meanwhile is copied again.
    """
    for _ in range(_TRIES):
        hidden = _hidden(target)
        try:
            before = _state(source)
            with _held(source, hidden):
                if _state(source) != before:
                    continue
                _rename(hidden, target)
        finally:
            with contextlib.suppress(OSError):
                hidden.unlink()
        if _take_away(source, lambda gone: _state(gone) == before):  # noqa: B023 - called here
            return
        target.unlink()
    raise OSError(errno.EBUSY, "another program keeps changing it")


@contextlib.contextmanager
def _held(source: Path, hidden: Path) -> Iterator[None]:
    """Copy a file, and hold the copy, so that no sweeper takes it for what a killed run left."""
    if source.is_symlink():
        hidden.symlink_to(source.readlink())
        yield
        return
    with source.open("rb") as old, hidden.open("xb") as new:
        strays.claim(new.fileno())
        shutil.copyfileobj(old, new, 1 << 20)
        new.flush()
        shutil.copystat(source, hidden)
        os.fsync(new.fileno())
        if sys.platform != "win32":
            yield
            return
    yield  # an open file cannot be renamed there


def _take_away(path: Path, expected: Callable[[Path], bool]) -> bool:
    """Remove a file that is as expected; whether it was. It is looked at where no program writes to it."""
    hidden = _hidden(path)
    with contextlib.ExitStack() as stack:
        if not path.is_symlink() and sys.platform != "win32":  # an open file cannot be renamed there
            strays.claim(stack.enter_context(path.open("rb")).fileno())
        _rename(path, hidden)
        if expected(hidden):
            hidden.unlink()
            return True
        _put_back(hidden, path)
        return False


def _put_back(hidden: Path, path: Path) -> None:
    """Give a file its name back, unless there is a newer one by now."""
    try:
        _rename(hidden, path)
    except FileExistsError:
        hidden.unlink()


def _state(path: Path) -> tuple[int, ...]:
    status = path.lstat()
    return status.st_ino, status.st_size, status.st_mtime_ns


def _hidden(path: Path) -> Path:
    return path.with_name(f".{path.name[:60]}.photocli-{os.urandom(4).hex()}.tmp")
