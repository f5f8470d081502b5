"""One run of ours at a time in a folder: a lock that leaves nothing in it."""

from __future__ import annotations

import contextlib
import hashlib
import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from photocli.errors import PhotocliError

PATIENCE_S = 30.0
"""How long to wait for another run, which holds a lock for one file at a time."""

_EVERY_S = 0.002


@contextlib.contextmanager
def folder_lock(folder: Path, patience_s: float = PATIENCE_S) -> Iterator[bool]:
    """Keep other runs of ours from writing into a folder; yields whether locks can be had at all.

    The lock is on the folder itself. Where that can't be locked, as on Windows and some network disks, it is
    on a file in the user's folder for state. A process that ends, however it does, holds no lock any more.
    Raises `PhotocliError` if another run holds it for longer than `patience_s` seconds.
    """
    fd, held = -1, False
    try:
        for place in (_the_folder, _a_file):
            with contextlib.suppress(OSError):
                fd = place(folder)
            held = fd >= 0 and _locked(fd, folder, patience_s)
            if held:
                break
            fd = _closed(fd)
        yield held
    finally:
        if held:
            _unlock(fd)
        _closed(fd)


def _the_folder(folder: Path) -> int:
    if sys.platform == "win32":
        return -1
    return os.open(folder, os.O_RDONLY | os.O_DIRECTORY)


def _a_file(folder: Path) -> int:
    """One of 256 files; folders that share one wait for each other."""
    from photocli.files.ledger import journal_folder

    name = hashlib.sha256(os.fsencode(os.path.realpath(folder))).hexdigest()[:2]
    place = journal_folder().with_name("locks")
    place.mkdir(parents=True, exist_ok=True, mode=0o700)
    return os.open(place / f"{name}.lock", os.O_RDWR | os.O_CREAT, 0o600)


def _locked(fd: int, folder: Path, patience_s: float) -> bool:
    """Lock it; False where that is not possible."""
    until = time.monotonic() + patience_s
    while True:
        try:
            _try_to_lock(fd)
            return True
        except (BlockingIOError, PermissionError):  # another run has it
            if time.monotonic() > until:
                reason = f"another run of photocli is writing into {folder}; run this again when it has ended"
                raise PhotocliError(reason) from None
            time.sleep(_EVERY_S)
        except OSError:
            return False


if sys.platform == "win32":

    def _try_to_lock(fd: int) -> None:
        import msvcrt

        os.lseek(fd, 0, os.SEEK_SET)
        msvcrt.locking(fd, msvcrt.LK_NBLCK, 1)

    def _unlock(fd: int) -> None:
        import msvcrt

        with contextlib.suppress(OSError):
            os.lseek(fd, 0, os.SEEK_SET)
            msvcrt.locking(fd, msvcrt.LK_UNLCK, 1)

else:

    def _try_to_lock(fd: int) -> None:
        import fcntl

        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)

    def _unlock(fd: int) -> None:
        import fcntl

        with contextlib.suppress(OSError):
            fcntl.flock(fd, fcntl.LOCK_UN)


def _closed(fd: int) -> int:
    if fd >= 0:
        os.close(fd)
    return -1
