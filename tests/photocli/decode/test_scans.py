"""What is said of damaged JPEGs: the same as by a search that goes over the bytes one by one."""

from __future__ import annotations

import io
import time
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from photos import picture
from PIL import Image

from photocli.decode import decode, scans
from photocli.errors import DecodeError


def jpeg(size: tuple[int, int] = (300, 200), **options: object) -> bytes:
    file = io.BytesIO()
    picture(size=size).save(file, "JPEG", **{"quality": 90, **options})  # type: ignore[arg-type]
    return file.getvalue()


FILES = (
    jpeg(),
    jpeg(optimize=True),
    jpeg(progressive=True),
    jpeg(restart_marker_blocks=1),
    jpeg(restart_marker_rows=1, subsampling=0),
    jpeg(progressive=True, restart_marker_blocks=7),
)

KINDS = ("zeros", "ones", "cut out", "cut off", "marker", "other bytes")


class _Slow(scans._Data):
    """Goes over the bytes one by one, and looks for runs in each stretch between markers by itself."""

    def marker(self, at: int, picture: scans._Picture) -> int:
        end = at
        while end < len(self.whole) - 1 and not (self.whole[end] == 255 and 0 < self.whole[end + 1] < 255):
            end += 1
        found = end < len(self.whole) - 1
        stretch = bytes(self.whole[at:end] if found else self.whole[at:])
        if b"\xff" * 64 in stretch:
            raise DecodeError("damaged: the picture data is interrupted")
        if picture.zeros_are_damage and (hole := stretch.find(bytes(256))) >= 0:
            if any(self.whole[at + hole :]):
                raise DecodeError("damaged: the picture data is interrupted")
            raise DecodeError("truncated: the picture data ends early")
        if not found:
            raise DecodeError("truncated: the picture data ends early")
        return end


def verdict(data: bytes) -> object:
    try:
        return scans.check(data)
    except DecodeError as error:
        return str(error)


def slow_verdict(data: bytes) -> object:
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(scans, "_Data", _Slow)
        return verdict(data)


def damaged(data: bytes, kind: str, at: int, length: int, seed: int) -> bytes:
    end = at + length
    if kind == "zeros":
        return data[:at] + bytes(len(data[at:end])) + data[end:]
    if kind == "ones":
        return data[:at] + b"\xff" * len(data[at:end]) + data[end:]
    if kind == "cut out":
        return data[:at] + data[end:]
    if kind == "cut off":
        return data[:at]
    if kind == "marker":
        return data[:at] + bytes((0xFF, 0xD0 + seed % 10)) + data[at:]
    return data[:at] + np.random.default_rng(seed).bytes(len(data[at:end])) + data[end:]


@settings(max_examples=150, deadline=None)
@given(
    st.sampled_from(FILES),
    st.lists(
        st.tuples(
            st.sampled_from(KINDS),
            st.floats(0, 1),
            st.sampled_from((1, 2, 63, 64, 65, 255, 256, 257, 600, 4096)),
            st.integers(0, 99),
        ),
        max_size=3,
    ),
    st.integers(3, 4000),
)
def test_the_verdict_is_that_of_a_slow_search(
    data: bytes, damages: list[tuple[str, float, int, int]], piece: int
) -> None:
    for kind, share, length, seed in damages:
        data = damaged(data, kind, 2 + int(share * len(data)), length, seed)
    expected = slow_verdict(data)
    assert verdict(data) == expected
    with pytest.MonkeyPatch.context() as patched:  # pieces whose ends lie anywhere
        patched.setattr(scans, "_PIECE", piece)
        assert verdict(data) == expected


def test_bytes_too_many_are_no_damage(tmp_path: Path) -> None:
    """libjpeg warns of them, and viewers show the photo as it is."""
    data = FILES[3]
    at = data.index(b"\xff\xd3")
    path = tmp_path / "a.jpg"
    path.write_bytes(data[:at] + b"\0\0\0" + data[at:])
    whole = np.asarray(Image.open(io.BytesIO(data)))
    np.testing.assert_array_equal(decode(path, 300).pixels, whole)


def test_looking_for_damage_takes_little_time() -> None:
    grain = np.random.default_rng(0).normal(0, 12, (2000, 3000, 1)).astype(np.int16)
    pixels = np.clip(np.asarray(picture(size=(3000, 2000))) + grain, 0, 255).astype(np.uint8)
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "JPEG", quality=97)
    data = file.getvalue()
    taken = []
    for _ in range(9):
        begun = time.process_time()
        assert scans.check(data) == len(data) - 2
        taken.append(time.process_time() - begun)
    assert sorted(taken)[4] < 0.0012 * len(data) / 1e6  # 1.2 ms a megabyte; a third of that, if left alone
