"""Files that are written whole or not at all."""

from __future__ import annotations

import contextlib
import errno
import os
import stat
import sys
from pathlib import Path
from types import TracebackType

from photocli.errors import PhotocliError, UsageError
from photocli.files import exchange, strays
from photocli.files.links import crossed, links, real_place
from photocli.files.strays import is_temporary as is_temporary

_LONGEST_NAME = 255  # bytes; what ext4, APFS, NTFS and most others allow

_REASONS = {
    errno.EACCES: "permission denied",
    errno.EPERM: "permission denied",
    errno.EROFS: "the disk is read-only",
    errno.ENOSPC: "the disk is full",
    errno.EDQUOT: "the disk quota is used up",
    errno.ENOENT: "there is no such folder",
    errno.ENOTDIR: "a part of its path is not a folder",
    errno.ENAMETOOLONG: "the name is too long",
    errno.ELOOP: "its symbolic links go round in a circle",
}


def atomic_write(path: str | os.PathLike[str], *, follow_links: bool = True) -> AtomicFile:
    """Open a file that replaces `path` when the `with` block ends well, and leaves it alone otherwise.

    Without `follow_links`, a link at `path` is refused; see `AtomicFile`.
    """
    return AtomicFile(path, follow_links=follow_links)


class AtomicFile:
    """New content for a file, which takes the old one's place in one step, at `commit`.

    The content goes to a hidden temporary file in the same folder, is flushed to the disk, and is then
    renamed over the old file: whoever reads, or pulls the plug, meets the old file or the new one, never a
    mixture. The old file's mode, owner and extended attributes are kept as far as the system lets us; a new
    file gets the usual mode of the user. A symbolic link stays a link: its target is replaced. A
    write-protected file is refused, although renaming over it would work. A pipe or a device is written to
    directly. An object that is dropped discards what it has.

    Without `follow_links`, nothing is written through a link: one at `path` is refused, and so are pipes and
    devices. One that takes the file's or its folder's place before `commit` is refused there.
    """

    def __init__(self, path: str | os.PathLike[str], *, follow_links: bool = True) -> None:
        self._fd = -1
        self._follow_links = follow_links
        self._temporary: Path | None = None
        self._former: Path | None = None
        self._process = os.getpid()
        self.path = Path(path)
        try:
            self._target, old = _resolve(self.path) if follow_links else _in_place(self.path)
            if old is not None and not stat.S_ISREG(old.st_mode):
                self._fd = os.open(self._target, os.O_WRONLY | getattr(os, "O_BINARY", 0))
            else:
                self._create(old)
        except OSError as error:
            self.discard()
            raise _translated(error, self.path) from error
        except BaseException:  # a signal that ends the run
            self.discard()
            raise

    def _create(self, old: os.stat_result | None) -> None:
        """Make the temporary file; its name is known before it is there, so that it never stays."""
        while True:
            self._temporary = _name_beside(self._target)
            # 0600 at first where there was a file: a private sidecar must not be readable for a moment.
            mode = 0o666 if old is None else 0o600
            flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
            self._fd = os.open(self._temporary, flags, mode)
            if strays.claim(self._fd):
                break
            self._close()
        if old is not None:
            _copy_attributes(self._target, old, self._temporary, self._fd)

    def write(self, data: bytes) -> None:
        """Add `data` to the new content."""
        # Straight to the system: a buffer of Python's would be flushed a second time by a forked worker.
        view = memoryview(data)
        try:
            while view:
                view = view[os.write(self._fd, view) :]
        except OSError as error:
            raise _translated(error, self.path) from error

    def commit(self) -> None:
        """Put the new content in the old file's place; does nothing after the first `commit` or `discard`."""
        if self._fd < 0:
            return
        try:
            if self._temporary is not None:
                os.fsync(self._fd)
                self._refuse_crossed()
                if sys.platform == "win32":  # an open file cannot be renamed; elsewhere it stays claimed
                    self._close()
                self._temporary.replace(self._target)
                self._temporary = None
                exchange.sync_folder(self._target.parent)
            self._close()
        except PhotocliError:
            self.discard()
            raise
        except OSError as error:
            self.discard()
            raise _translated(error, self.path) from error

    def commit_over(self, old: bytes | None, new: bytes) -> bool:
        """Put what was written, `new`, in the file's place if that holds `old` still, or None: is not there.

        Whether it was done; if not, the file is as another program left it. The folder should be locked
        (`locks.folder_lock`), else other runs of ours may take what lies in it for a stray. Raises
        `PhotocliError`.
        """
        if self._temporary is None:
            raise PhotocliError(f"cannot write {self.path}: it is no file")
        try:
            self._refuse_crossed()
            os.fsync(self._fd)
            self._close()
            if self._temporary.read_bytes() != new:
                raise PhotocliError(f"{self.path} reads back differently from what was written")
            if old is not None:
                self._former, self._temporary = self._temporary, strays.exchanging(self._temporary, new, old)
                self._former.rename(self._temporary)
            try:
                done = exchange.put(self._temporary, self._target, new, old)
            except PhotocliError:  # what it holds may be an edit by another program
                self._temporary = None
                raise
            self.discard()
            if done:
                exchange.sync_folder(self._target.parent)
            return done
        except OSError as error:
            raise _translated(error, self.path) from error
        finally:
            self.discard()

    def _refuse_crossed(self) -> None:
        """Raise `PhotocliError` where no link is followed, and one took the file's or its folder's place."""
        if not self._follow_links and (why := crossed(self._target)) is not None:
            raise PhotocliError(f"cannot write {self.path}: {why}")

    def discard(self) -> None:
        """Drop the new content; the old file stays as it was."""
        with contextlib.suppress(OSError):
            self._close()
        for name in (self._temporary, self._former):
            if name is not None:
                with contextlib.suppress(OSError):
                    name.unlink()
        self._temporary = self._former = None

    def _close(self) -> None:
        if self._fd >= 0:
            fd, self._fd = self._fd, -1
            os.close(fd)

    def __del__(self) -> None:
        if self._process == os.getpid():  # what a fork has is its parent's
            self.discard()

    def __enter__(self) -> AtomicFile:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if kind is None:
                self.commit()
        finally:
            self.discard()


def _resolve(path: Path) -> tuple[Path, os.stat_result | None]:
    """The file to replace, behind all links, and what is known about it if it exists."""
    try:
        old = path.stat()
    except FileNotFoundError:
        old = None
    if old is None:
        return Path(os.path.realpath(path)), None
    if stat.S_ISDIR(old.st_mode):
        raise UsageError(f"cannot write {path}: it is a folder")
    if not stat.S_ISREG(old.st_mode):
        return path, old
    target = Path(os.path.realpath(path))
    if not os.access(target, os.W_OK):
        raise PhotocliError(f"cannot write {path}: it is write-protected")
    return target, old


def _in_place(path: Path) -> tuple[Path, os.stat_result | None]:
    """The file to replace, which must be no link, and what is known about it if it exists."""
    target = real_place(path)
    try:
        old = target.lstat()
    except FileNotFoundError:
        return target, None
    if links(old):
        raise PhotocliError(f"cannot write {path}: it is a link, and nothing is written through it")
    if not stat.S_ISREG(old.st_mode):
        raise PhotocliError(f"cannot write {path}: it is no file")
    if not os.access(target, os.W_OK):
        raise PhotocliError(f"cannot write {path}: it is write-protected")
    return target, old


def _name_beside(target: Path) -> Path:
    """A name for a temporary file, with room for what `strays.exchanging` adds."""
    ending = f".photocli-{os.urandom(4).hex()}.tmp"
    longest = _LONGEST_NAME - len(ending) - 1 - 2 * 17
    stem = os.fsencode(target.name)[:longest].decode("utf-8", "ignore")
    return target.with_name(f".{stem}{ending}")


def _copy_attributes(target: Path, old: os.stat_result, temporary: Path, fd: int) -> None:
    """Owner, extended attributes, mode: in this order, as changing the owner may reset the mode."""
    if sys.platform != "win32":
        for owner, group in ((old.st_uid, old.st_gid), (-1, old.st_gid)):
            with contextlib.suppress(OSError):
                os.fchown(fd, owner, group)
                break
    if sys.platform == "linux":
        with contextlib.suppress(OSError):
            for name in os.listxattr(target):
                with contextlib.suppress(OSError):
                    os.setxattr(fd, name, os.getxattr(target, name))
    with contextlib.suppress(OSError):
        temporary.chmod(stat.S_IMODE(old.st_mode) & 0o777)


def reason_of(error: OSError) -> str:
    """Say in plain words why something could not be written."""
    return _REASONS.get(error.errno or 0) or error.strerror or str(error)


def _translated(error: OSError, path: Path) -> PhotocliError:
    return PhotocliError(f"cannot write {path}: {reason_of(error)}")
