"""Moving a file without ever replacing another one."""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
import shutil
from pathlib import Path

from photocli.errors import PhotocliError
from photocli.files import sync_folder


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
            source.unlink()
        for folder in {source.parent, target.parent}:
            sync_folder(folder)
    except FileExistsError:
        raise PhotocliError(f"cannot move {source}: {target} exists already") from None
    except OSError as error:
        raise PhotocliError(f"cannot move {source} to {target}: {error.strerror or error}") from error


def _rename(source: Path, target: Path) -> None:
    """Rename, but fail where the new name is taken: a second link to the file does, `rename` doesn't."""
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
    """Copy to another disk under a hidden name, durably, and then give the copy its name."""
    hidden = target.with_name(f".{target.name[:60]}.photocli-{secrets.token_hex(4)}.tmp")
    try:
        shutil.copy2(source, hidden, follow_symlinks=False)
        if not hidden.is_symlink():
            with hidden.open("rb+") as file:
                os.fsync(file.fileno())
        _rename(hidden, target)
    finally:
        with contextlib.suppress(OSError):
            hidden.unlink()
