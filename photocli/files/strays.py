"""Temporary files: their names, how a living writer holds one, and the sweeping of those of killed runs."""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import stat
import sys
import time
from pathlib import Path

from photocli.errors import PhotocliError
from photocli.files import exchange
from photocli.files.locks import folder_lock

_NAME = re.compile(
    r"^\.(?P<of>.*)\.photocli-[0-9a-f]{8}(?:-(?P<new>[0-9a-f]{16})-(?P<old>[0-9a-f]{16}))?\.tmp$", re.DOTALL
)
_PATIENCE_S = 1.0
_DAY_S = 24 * 3600.0
_MINUTE_S = 60.0


def is_temporary(name: str) -> bool:
    """Whether a file of this name is what a killed run left behind: never a result, safe to delete."""
    return _NAME.match(name) is not None


def exchanging(temporary: Path, new: bytes, old: bytes) -> Path:
    """The name of a temporary file, whole now, that is to change places with a file that holds `old`.

    It says what both hold: killed right then, a run may leave another program's edit under this name.
    """
    stem = temporary.name.removesuffix(".tmp")
    return temporary.with_name(f"{stem}-{_digest(new)}-{_digest(old)}.tmp")


def claim(fd: int) -> bool:
    """Hold a temporary file for as long as it is open. False if a sweeper was faster: make another one."""
    if sys.platform == "win32":  # nobody can delete it while it is open
        return True
    import fcntl

    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:  # a disk without locks
        return True
    return os.fstat(fd).st_nlink > 0


def sweep(folder: Path) -> None:
    """Delete the temporary files in a folder whose runs were killed; those of living ones stay.

    What cannot be deleted is left: this never fails.
    """
    with contextlib.suppress(OSError, PhotocliError):
        found = [name for name in os.listdir(folder) if is_temporary(name)]  # noqa: PTH208 - names alone
        if not found:
            return
        with folder_lock(folder, _PATIENCE_S) as held:
            for name in found:
                with contextlib.suppress(OSError, PhotocliError):
                    _sweep(folder, name, held)


def _sweep(folder: Path, name: str, held: bool) -> None:
    stray, match = folder / name, _NAME.match(name)
    status = stray.lstat()
    if match is None or not stat.S_ISREG(status.st_mode):
        return
    age = time.time() - status.st_mtime
    if match["new"] is not None:  # runs that live have the folder's lock while there is such a file
        if held or age > _DAY_S:
            _sweep_exchanged(stray, folder / match["of"], match["new"], match["old"])
    elif sys.platform == "win32":
        if age > _MINUTE_S:
            stray.unlink()
    else:
        _sweep_abandoned(stray, age)


def _sweep_exchanged(stray: Path, target: Path, new: str, old: str) -> None:
    """Delete what a run left that was killed while two files changed places, unless it is someone's edit."""
    held = stray.read_bytes()
    if _digest(held) not in (new, old):
        ours = target.read_bytes()
        if _digest(ours) != new:  # and someone changed it since
            return
        exchange.give_back(stray, target, ours)
    stray.unlink()


def _sweep_abandoned(stray: Path, age: float) -> None:
    if sys.platform == "win32":
        return
    import fcntl

    fd = os.open(stray, os.O_RDWR | os.O_NOFOLLOW)
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:  # its writer lives
        return
    except OSError:  # a disk without locks
        if age < _DAY_S:
            return
    else:
        stray.unlink()
        return
    finally:
        os.close(fd)
    stray.unlink()


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:16]
