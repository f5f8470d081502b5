"""The library in a program of others: several threads, and standard streams that belong to that program."""

from __future__ import annotations

import hashlib
import os
import sys
import threading
from dataclasses import replace
from pathlib import Path

import pytest
from commands import python
from networks import write_model
from photos import write_photo

from photocli.errors import ModelError
from photocli.models.card import read_card
from photocli.models.session import Session

THREADS = """
import os, sys, threading
from photocli import Options, Run

def work(number):
    for _ in range(2):
        found[number] += [record.status for record in Run([sys.argv[1]], Options(cache=False, workers=1))]

found = [[] for _ in range(3)]
before, out = os.fstat(2), sys.stdout
threads = [threading.Thread(target=work, args=(number,)) for number in range(3)]
[thread.start() for thread in threads]
[thread.join() for thread in threads]
after = os.fstat(2)
assert sys.stdout is out
assert (before.st_dev, before.st_ino) == (after.st_dev, after.st_ino), "descriptor 2 leads elsewhere"
os.write(2, b"still open")
print(found)
"""


@pytest.fixture
def models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("PHOTOCLI_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("PHOTOCLI_MODELS", str(tmp_path / "models"))
    return write_model(tmp_path / "models")


def test_three_threads_leave_the_standard_streams_open(tmp_path: Path, models: Path) -> None:
    (tmp_path / "shoot").mkdir()
    write_photo(tmp_path / "shoot" / "1.jpg")
    done = python("-c", THREADS, tmp_path / "shoot")
    assert done.code == 0, done.err
    assert done.out.strip() == str([["ok"] * 2] * 3)
    assert done.err == "still open"


def test_loading_a_model_touches_no_stream_of_the_process(models: Path) -> None:
    """Not even for a moment: another thread could write just then."""
    out, descriptor, changes, done = sys.stdout, os.fstat(2).st_ino, 0, threading.Event()

    def watch() -> None:
        nonlocal changes
        while not done.is_set():
            changes += sys.stdout is not out or os.fstat(2).st_ino != descriptor

    thread = threading.Thread(target=watch)
    thread.start()
    for _ in range(3):
        Session(read_card(models), "cpu")
    done.set()
    thread.join()
    assert changes == 0


def test_a_network_that_cannot_be_loaded_says_nothing_on_stdout(
    models: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    card = read_card(models)
    card.network.write_bytes(b"no network at all")
    damaged = replace(card, sha256=hashlib.sha256(b"no network at all").hexdigest())
    with pytest.raises(ModelError):
        Session(damaged, "cpu")
    assert capfd.readouterr().out == ""


def test_what_a_function_prints_is_left_out(capsys: pytest.CaptureFixture[str]) -> None:
    from photocli.models.providers import _unsaid

    assert _unsaid(threading.current_thread)() is threading.current_thread()
    _unsaid(_talks)()
    assert capsys.readouterr().out == ""


def _talks() -> None:
    print("Failed to load libcublas.so")
