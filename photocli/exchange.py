"""Giving a file new content only where it still holds what was read from it, so that no edit is lost.

A look before the renaming leaves a moment in which another program may write. So the two files change
places in one step, where the system can do that, and what came out is looked at: an edit gets its place back.
"""

from __future__ import annotations

import contextlib
import errno
import os
import sys
import time
from pathlib import Path

from photocli.errors import PhotocliError

_ROUNDS = 8
_REST_S = 1.0
"""How long to wait for a program that has the file open to write."""

_FRESH, _SWAP = ("fresh", "swap")
_FLAGS = {"linux": {_FRESH: 1, _SWAP: 2}, "darwin": {_FRESH: 4, _SWAP: 2}}
_UNABLE = (errno.ENOSYS, errno.EINVAL, errno.ENOTSUP, errno.EOPNOTSUPP)


def put(temporary: Path, target: Path, new: bytes, old: bytes | None) -> bool:
    """Give `temporary`, which holds `new`, the place of `target` if that holds `old`, or is not there.

    Whether it was done. If so, `temporary` may be there still, with the old content. If not, `target` is what
    another program made of it, and `temporary` can be deleted, too. Raises `OSError`, and `PhotocliError` if
    other programs don't leave the file alone; `temporary` must then not be deleted.
    """
    if old is None:
        return _put_new(temporary, target)
    if _content(target) != old:
        return False
    try:
        if not _renamed(temporary, target, _SWAP):  # the system can't; a moment without a look remains
            temporary.replace(target)
            return True
        return settle(temporary, target, new, old)
    except FileNotFoundError:
        return False
    except BaseException:
        settle(temporary, target, new, old)  # the run is stopped right here
        raise


def settle(temporary: Path, target: Path, new: bytes, old: bytes) -> bool:
    """Look at what came out of the place of `target`, and give an edit of another program its place back.

    Whether `target` holds `new`, in the place of `old`. Does nothing where they didn't change places.
    """
    found = _content(temporary)
    if found == old:
        return True
    if found == new and _content(target) != new:
        return False  # they didn't change places, or have theirs again
    give_back(temporary, target, new)
    return False


def give_back(temporary: Path, target: Path, new: bytes) -> None:
    """Let an edit in `temporary` change places with our `new` content, unless there is a newer edit."""
    awaited: bytes | None = new
    for _ in range(_ROUNDS):
        inside = _content(temporary)
        try:
            if not _renamed(temporary, target, _SWAP):
                return
        except FileNotFoundError:  # someone removed it since: what was there before is gone, too
            return
        if _content(temporary) == awaited:
            return
        awaited = inside
    raise PhotocliError(f"another program keeps changing {target}; what it wrote may be in {temporary}")


def rename_fresh(source: Path, target: Path) -> bool:
    """Rename in one step if nothing stands at `target`; whether the system can. Raises `OSError`."""
    return _renamed(source, target, _FRESH)


def sync_folder(folder: Path) -> None:
    """Make the renaming itself durable, where folders can be opened and synced at all."""
    if sys.platform == "win32":
        return
    with contextlib.suppress(OSError):
        fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(fd)
        finally:
            os.close(fd)


def _put_new(temporary: Path, target: Path) -> bool:
    try:
        if _renamed(temporary, target, _FRESH):
            return True
        try:
            os.link(temporary, target)
        except FileExistsError:
            raise
        except (OSError, NotImplementedError):  # FAT, exFAT and some network disks have no links
            if os.path.lexists(target):
                return False
            temporary.replace(target)
    except FileExistsError:
        return False
    return True


def _renamed(source: Path, target: Path, how: str) -> bool:
    """Let two files change places, or rename one to a free name. False where the system can't."""
    flags = _FLAGS.get(sys.platform)
    if flags is None:
        return False
    import ctypes

    system = ctypes.CDLL(None, use_errno=True)
    one, other = os.fsencode(source), os.fsencode(target)
    try:
        if sys.platform == "linux":
            here = ctypes.c_int(-100)  # AT_FDCWD: relative names are those of the current folder
            failed = system.renameat2(here, one, here, other, ctypes.c_uint(flags[how]))
        else:
            failed = system.renamex_np(one, other, ctypes.c_uint(flags[how]))
    except AttributeError:  # a system that is older
        return False
    if not failed:
        return True
    code = ctypes.get_errno()
    if code in _UNABLE:
        return False
    raise OSError(code, os.strerror(code), str(source), None, str(target))


def _content(path: Path) -> bytes | None:
    """What a file holds; None if it is not there, or a program is writing it and doesn't come to an end."""
    until = time.monotonic() + _REST_S
    with contextlib.suppress(FileNotFoundError), path.open("rb") as file:
        while _is_open_to_write(file.fileno()):
            if time.monotonic() > until:
                return None
            time.sleep(0.002)
        return file.read()
    return None


def _is_open_to_write(fd: int) -> bool:
    """Whether some program has the file open to write, as far as the system tells."""
    if sys.platform != "linux":
        return False
    import fcntl
    import signal

    try:
        # A lease on reading is refused while anyone can write. It is given back at once; who opens the file
        # in between waits for that, and the signal that tells us of it is one that processes ignore.
        fcntl.fcntl(fd, fcntl.F_SETSIG, signal.SIGURG)
        fcntl.fcntl(fd, fcntl.F_SETLEASE, fcntl.F_RDLCK)
        fcntl.fcntl(fd, fcntl.F_SETLEASE, fcntl.F_UNLCK)
    except OSError as error:
        return error.errno == errno.EAGAIN
    return False
