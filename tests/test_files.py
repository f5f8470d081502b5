from __future__ import annotations

import errno
import os
import signal
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from photocli import files
from photocli.errors import PhotocliError, UsageError
from photocli.files import AtomicFile, atomic_write, is_temporary
from photocli.output import open_output

posix = pytest.mark.skipif(sys.platform == "win32", reason="needs modes, links and signals as on POSIX")


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_file_is_written_whole_or_not_at_all(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    with atomic_write(path) as file:
        file.write(b"new ")
        assert not path.exists()
        file.write(b"content")
    assert path.read_bytes() == b"new content"
    with pytest.raises(ZeroDivisionError), atomic_write(path) as file:
        file.write(b"half")
        raise ZeroDivisionError
    assert path.read_bytes() == b"new content"
    assert names(tmp_path) == ["a.csv"]


def test_commit_and_discard_only_count_once(tmp_path: Path) -> None:
    file = AtomicFile(tmp_path / "a")
    file.write(b"1")
    file.commit()
    file.discard()
    file.commit()
    assert (tmp_path / "a").read_bytes() == b"1"


@posix
def test_mode_of_the_old_file_is_kept_and_new_files_follow_the_umask(tmp_path: Path) -> None:
    path = tmp_path / "a.xmp"
    old_umask = os.umask(0o027)
    try:
        with atomic_write(path) as file:
            file.write(b"x")
        assert stat.S_IMODE(path.stat().st_mode) == 0o640
        for mode in (0o600, 0o664, 0o777):
            path.chmod(mode)
            with atomic_write(path) as file:
                file.write(b"y")
            assert stat.S_IMODE(path.stat().st_mode) == mode
    finally:
        os.umask(old_umask)


@posix
@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root may give files away")
def test_owner_of_the_old_file_is_kept(tmp_path: Path) -> None:
    path = tmp_path / "a.xmp"
    path.write_bytes(b"x")
    os.chown(path, 1234, 4321)
    with atomic_write(path) as file:
        file.write(b"y")
    assert (path.stat().st_uid, path.stat().st_gid) == (1234, 4321)


@pytest.mark.skipif(not hasattr(os, "setxattr"), reason="extended attributes are tested on Linux")
def test_extended_attributes_are_kept(tmp_path: Path) -> None:
    path = tmp_path / "a.xmp"
    path.write_bytes(b"x")
    try:
        os.setxattr(path, "user.tag", b"red")
    except OSError:
        pytest.skip("this file system has no extended attributes")
    with atomic_write(path) as file:
        file.write(b"y")
    assert os.getxattr(path, "user.tag") == b"red"


@posix
def test_a_link_stays_a_link(tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    (tmp_path / "there" / "a.xmp").write_bytes(b"old")
    link = tmp_path / "link.xmp"
    link.symlink_to(Path("there") / "a.xmp")
    with atomic_write(link) as file:
        file.write(b"new")
    assert link.is_symlink()
    assert (tmp_path / "there" / "a.xmp").read_bytes() == b"new"
    dangling = tmp_path / "dangling.xmp"
    dangling.symlink_to(tmp_path / "there" / "b.xmp")
    with atomic_write(dangling) as file:
        file.write(b"made")
    assert dangling.is_symlink()
    assert dangling.read_bytes() == b"made"


@posix
def test_a_circle_of_links_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a").symlink_to(tmp_path / "b")
    (tmp_path / "b").symlink_to(tmp_path / "a")
    with pytest.raises(PhotocliError):
        atomic_write(tmp_path / "a")
    assert (tmp_path / "a").is_symlink()


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs the device that is always full")
def test_devices_are_written_to_and_stay_devices() -> None:
    with atomic_write("/dev/null") as file:
        file.write(b"x")
    assert Path("/dev/null").is_char_device()
    with pytest.raises(PhotocliError, match="cannot write /dev/full: the disk is full"):
        atomic_write("/dev/full").write(b"x")


def test_errors_are_one_sentence_and_leave_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UsageError, match="it is a folder"):
        atomic_write(tmp_path)
    with pytest.raises(PhotocliError, match="there is no such folder"):
        atomic_write(tmp_path / "missing" / "a.csv")

    path = tmp_path / "a.csv"
    path.write_bytes(b"old")

    def no_space(fd: int, data: bytes) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(files.os, "write", no_space)
    with pytest.raises(PhotocliError, match=r"a\.csv: the disk is full$"), atomic_write(path) as file:
        file.write(b"new")
    assert path.read_bytes() == b"old"
    assert names(tmp_path) == ["a.csv"]


def test_a_failing_sync_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(b"old")

    def broken(fd: int) -> None:
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(files.os, "fsync", broken)
    with pytest.raises(PhotocliError, match="Input/output error"), atomic_write(path) as file:
        file.write(b"new")
    assert path.read_bytes() == b"old"
    assert names(tmp_path) == ["a.csv"]


def test_a_write_protected_file_is_respected(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.xmp"
    path.write_bytes(b"old")
    monkeypatch.setattr(files.os, "access", lambda path, mode: False)  # root may always write
    with pytest.raises(PhotocliError, match="write-protected"):
        atomic_write(path)
    assert path.read_bytes() == b"old"


def test_short_writes_are_continued(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = os.write
    monkeypatch.setattr(files.os, "write", lambda fd, data: real(fd, bytes(data)[:3]))
    with atomic_write(tmp_path / "a") as file:
        file.write(b"0123456789")
    assert (tmp_path / "a").read_bytes() == b"0123456789"


@pytest.mark.parametrize("name", ["n" * 255, "ü" * 127, "with\nnewline.csv"])
@posix
def test_awkward_names_have_a_temporary_file_too(tmp_path: Path, name: str) -> None:
    with atomic_write(tmp_path / name) as file:
        file.write(b"x")
        (temporary,) = names(tmp_path)
        assert is_temporary(temporary)
    assert names(tmp_path) == [name]
    assert not is_temporary(name)


KILLED = """
import os, signal, sys
from photocli.files import atomic_write
with atomic_write(sys.argv[1]) as file:
    for _ in range(100):
        file.write(b"new" * 1000)
    os.kill(os.getpid(), signal.SIGKILL)
"""


@posix
def test_a_killed_write_leaves_the_old_file_and_a_recognisable_rest(tmp_path: Path) -> None:
    path = tmp_path / "IMG.xmp"
    path.write_bytes(b"old")
    done = subprocess.run([sys.executable, "-c", KILLED, str(path)], check=False)
    assert done.returncode == -signal.SIGKILL
    assert path.read_bytes() == b"old"
    rest = [name for name in names(tmp_path) if name != "IMG.xmp"]
    assert len(rest) == 1
    assert is_temporary(rest[0])
    output = open_output(path)
    output.write(b"later")
    output.commit()
    assert path.read_bytes() == b"later"
    assert names(tmp_path) == ["IMG.xmp"]


def test_dash_is_standard_output(capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    output = open_output("-")
    output.write(b"\xff one\n")
    output.commit()
    output.discard()
    assert capfdbinary.readouterr().out == b"\xff one\n"
    assert not Path("-").exists()
