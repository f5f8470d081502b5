"""Makers of files that do harm: they take for ever, take all memory, or kill the process that reads them."""

from __future__ import annotations

import io
import struct
import zlib
from pathlib import Path
from textwrap import dedent

import pytest
from photos import picture
from PIL import Image

FAKE_GIF = """\
    import ctypes, os, time

    def read(file, side, reading):
        what = file.read()[6:]
        if what == b"hang":
            time.sleep(600)
        if what == b"exit":
            os._exit(0)
        if what == b"crash":
            ctypes.string_at(0)
        if what == b"memory":
            return bytearray(64 << 30)
        raise ValueError(what)
    """


def many_scans(path: Path, scans: int = 20_000, side: int = 3000) -> Path:
    """A progressive JPEG of a megabyte or so with thousands of scans, each of which costs a pass."""
    buffer = io.BytesIO()
    Image.new("L", (side, side), 128).save(buffer, "JPEG", progressive=True, quality=80)
    data = buffer.getvalue()
    last = data.rindex(b"\xff\xda")
    path.write_bytes(data[:last] + data[last:-2] * scans + b"\xff\xd9")
    return path


def endless_exif(path: Path) -> Path:
    """A good PNG whose EXIF has 65,535 fields of 999 numbers each, all at the same place."""
    fields = 65_535
    entry = struct.pack("<HHII", 0x9999, 4, 999, 8)
    exif = b"II*\0" + struct.pack("<IH", 8, fields) + entry * fields + bytes(4)
    picture(size=(300, 200)).save(path, "PNG", exif=exif)
    return path


def bomb(path: Path, side: int = 16_000) -> Path:
    """A PNG of under a megabyte that unpacks to `side` * `side` pixels."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    packer = zlib.compressobj(9)
    row = bytes(1 + 3 * side)
    rows = b"".join(packer.compress(row) for _ in range(side)) + packer.flush()
    header = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    parts = chunk(b"IHDR", header), chunk(b"IDAT", rows), chunk(b"IEND", b"")
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + b"".join(parts))
    return path


def fake_gif_reader(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Put another module for GIF into the registry of formats, in processes that are started from now on.

    It stands for a native decoder with a fault, and does what the file asks for: see `harmful`.
    """
    (folder / "formats").mkdir(parents=True)
    (folder / "formats" / "gif.py").write_text(dedent(FAKE_GIF))
    (folder / "sitecustomize.py").write_text(
        f"import photocli.decode\nphotocli.decode.__path__.insert(0, {str(folder / 'formats')!r})\n"
    )
    monkeypatch.setenv("PYTHONPATH", str(folder))


def harmful(path: Path, what: str) -> Path:
    """A file that makes the reader of `fake_gif_reader` `hang`, `exit`, `crash` or take all `memory`."""
    path.write_bytes(b"GIF89a" + what.encode())
    return path
