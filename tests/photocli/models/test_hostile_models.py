"""Models that mean harm: refused in one sentence, in bounded time and memory, and nothing of them is kept."""

from __future__ import annotations

import hashlib
import json
import re
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnx
import psutil
import pytest
from commands import photocli, python
from crafted_faces import write_detector
from hostile_models import HOSTILE, put
from hostile_networks import divided, elsewhere, field, votes
from networks import write_model
from onnx import numpy_helper
from photos import write_photo
from timing import slowness

from photocli import Options, Run
from photocli.errors import ModelError
from photocli.models import adding, store
from photocli.models.card import read_card
from photocli.models.session import Session

MOST_BYTES = 2_000_000_000
LONGEST_S = 20.0
SLOW = ("hours", "24 GB in parts")  # they are ended by the clock


@dataclass(frozen=True)
class Watched:
    """A command that has ended, and the most memory that all its processes held at a time."""

    code: int
    out: str
    err: str
    seconds: float
    most: int


def watched(*arguments: str | Path) -> Watched:
    """Run `photocli` and add up, again and again, what it and all that it started hold."""
    started, most = time.monotonic(), 0
    command = [sys.executable, "-m", "photocli", *map(str, arguments)]
    with subprocess.Popen(command, stdout=-1, stderr=-1, stdin=subprocess.DEVNULL, text=True) as process:
        main = psutil.Process(process.pid)
        while process.poll() is None:
            most = max(most, held(main))
            time.sleep(0.02)
        out, err = process.communicate()
    return Watched(process.returncode, out, err, time.monotonic() - started, most)


def held(main: psutil.Process) -> int:
    """Bytes that a process and its descendants hold now."""
    total = 0
    try:
        for process in (main, *main.children(recursive=True)):
            total += process.memory_info().rss
    except psutil.NoSuchProcess:
        pass
    return total


@pytest.mark.skipif(sys.platform == "win32", reason="pipes and links of POSIX")
@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=pytest.mark.slow if name in SLOW else ()) for name in HOSTILE]
)
def test_a_hostile_model_is_refused_and_costs_little(name: str, own_folders: Path, tmp_path: Path) -> None:
    make, reason = HOSTILE[name]
    source = make(tmp_path)
    done = watched("models", "add", source)
    assert done.code == 4 and done.out == "", done
    assert done.err.startswith("photocli: ") and done.err.count("\n") == 1 and len(done.err) < 800
    assert re.search(reason, done.err), done.err
    assert "should not have happened" not in done.err and done.err[:-1].isprintable()
    assert done.seconds < LONGEST_S and done.most < MOST_BYTES, done
    assert list((own_folders / "models").iterdir()) == []
    assert source.exists()


def test_what_a_killed_run_left_is_swept_and_what_another_works_on_is_not(
    own_folders: Path, tmp_path: Path
) -> None:
    own = own_folders / "models"
    source = write_model(tmp_path, "mine")
    slow = HOSTILE["hours"][0](tmp_path / "slow")
    command = [sys.executable, "-m", "photocli", "models", "add", str(slow)]
    with subprocess.Popen(command, stdout=-3, stderr=-3, stdin=subprocess.DEVNULL) as other:
        until = time.monotonic() + 60
        while not (found := list(own.glob(".adding-*"))) and time.monotonic() < until:
            time.sleep(0.02)
        (partial,) = found
        adding.add(source)
        adding.sweep()
        assert partial.is_dir(), "another run is working on it"
        other.kill()
    assert partial.is_dir()
    (own / ".removing-x" / "gone").mkdir(parents=True)
    done = photocli("models", "list")
    assert done.code == 0 and "mine@1.0" in done.out
    assert [path.name for path in own.iterdir()] == ["mine"]


def test_a_probe_ends_with_the_run_that_started_it(own_folders: Path, tmp_path: Path) -> None:
    source = HOSTILE["hours"][0](tmp_path)
    command = [sys.executable, "-m", "photocli", "models", "add", str(source)]
    with subprocess.Popen(command, stdout=-3, stderr=-3, stdin=subprocess.DEVNULL) as run:
        until, probes = time.monotonic() + 60, []
        while not probes and time.monotonic() < until:
            probes = psutil.Process(run.pid).children()
            time.sleep(0.02)
        run.kill()
    psutil.wait_procs(probes, timeout=60)
    assert [probe for probe in probes if probe.is_running()] == []


def test_what_was_added_is_refused_when_its_files_were_changed(own_folders: Path, tmp_path: Path) -> None:
    card = adding.add(write_model(tmp_path, "mine"))
    photo = write_photo(tmp_path / "a.jpg")
    assert photocli("score", photo, "--assess", "mine").code == 0
    assert "mine@1.0: whole\n" in photocli("models", "verify").out
    whole = (card.folder / "card.json").read_text()
    (card.folder / "card.json").write_text(whole.replace("1.5,", "2.5,"))
    for command in (["score", str(photo), "--assess", "mine"], ["score", str(photo)]):
        done = photocli(*command)  # though all of it is in the cache
        assert done.code == 4 and "was changed since the model was added" in done.err
    verified = photocli("models", "verify")
    assert verified.code == 1 and "mine: " in verified.out and "technical@" in verified.out
    listed = photocli("models", "list")
    assert listed.code == 4 and "was changed since" in listed.err and "technical@" in listed.out
    (card.folder / "card.json").write_text(whole)
    with card.network.open("ab") as file:
        file.write(b"\0")
    done = photocli("score", photo, "--assess", "mine", "--no-cache")
    assert done.code == 4 and "is not the one its card describes; add it again" in done.err
    assert photocli("models", "verify").code == 1
    assert photocli("models", "remove", "mine").code == 0


def test_what_was_put_there_by_hand_is_told_apart_and_keeps_its_weights_in_one_file(
    own_folders: Path,
) -> None:
    own = own_folders / "models"
    write_model(own, "mine")
    assert "mine@1.0: whole, but put there by hand and never tried" in photocli("models", "verify").out
    folder = put(own, elsewhere("weights.bin"))
    (folder / "weights.bin").write_bytes(b"\0" * 40)
    with pytest.raises(ModelError, match=r"the network of model mine@1\.0 keeps weights in other files"):
        Session(read_card(folder), "cpu")


def test_the_list_prints_no_control_characters(own_folders: Path) -> None:
    odd = "\x1b[31mred\x1b[0m\nmine@9  (faces)\r\x07\u202e"
    write_model(own_folders / "models", "mine", description=odd, licence=odd, version=odd)
    for command in ("list", "verify"):
        done = photocli("models", command)
        assert done.code == 0 and "mine@" in done.out
        assert all(line.isprintable() for line in done.out.split("\n"))


def test_a_photo_for_which_a_model_has_no_number_fails_alone(own_folders: Path, tmp_path: Path) -> None:
    put(own_folders / "models", divided(True, 0))
    bright = write_photo(tmp_path / "a.png", np.full((64, 64, 3), 200, np.uint8))
    dark = write_photo(tmp_path / "b.png", np.zeros((64, 64, 3), np.uint8))
    done = photocli("score", bright, dark, "--assess", "mine", "--json", "-", "--no-cache")
    assert done.code == 3, done.err
    good, bad = done.document["records"]
    assert good["status"] == "ok" and good["aesthetic"] == 5.5
    assert bad["status"] == "failed" and bad["aesthetic"] is None
    assert "votes holds numbers that are none or infinite" in bad["error"]
    for _ in range(2):  # it is not kept as a result
        again = list(Run([bright, dark], Options(assess=("mine",))))
        assert [record.status for record in again] == ["ok", "failed"]
    explained = photocli("explain", dark, "--assess", "mine", "-o", tmp_path / "why.png")
    assert explained.code == 4 and "none or infinite" in explained.err


def test_a_detector_without_numbers_fails_its_photos(own_folders: Path, tmp_path: Path) -> None:
    folder = write_detector(own_folders / "models", "faces")
    model = onnx.load(folder / "model.onnx")
    (share,) = (tensor for tensor in model.graph.initializer if tensor.name == "share")
    share.CopyFrom(numpy_helper.from_array(np.full(80, np.nan, np.float32), "share"))
    network = model.SerializeToString()
    (folder / "model.onnx").write_bytes(network)
    card = json.loads((folder / "card.json").read_text())
    card["sha256"] = hashlib.sha256(network).hexdigest()
    (folder / "card.json").write_text(json.dumps(card))
    (record,) = Run([write_photo(tmp_path / "a.jpg")], Options(assess=("faces",), cache=False))
    assert record.status == "failed" and "faces with numbers that are none" in (record.error or "")
    with pytest.raises(ModelError, match="faces with numbers that are none"):
        adding.add(folder.rename(tmp_path / "elsewhere"))


def test_adding_loads_no_model_into_the_program_and_is_quick(own_folders: Path, tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from photocli.models import adding\n"
        "adding.add(Path(sys.argv[1]))\n"
        "assert not {'onnx', 'onnxruntime', 'numpy'} & set(sys.modules), 'loaded'\n"
    )
    done = python("-c", code, write_model(tmp_path, "mine"))
    assert done.code == 0, done.err
    assert done.cpu_s / slowness() < 6


@pytest.mark.parametrize("name", [folder.name for folder in sorted(store.BUILTIN.iterdir())])
def test_the_built_in_models_would_be_added(name: str, own_folders: Path) -> None:
    card = adding.add(store.BUILTIN / name)
    before = read_card(store.BUILTIN / name)
    assert (card.sha256, card.cache_key) == (before.sha256, before.cache_key)
    assert card.facts["metrics"] == before.facts["metrics"]


def test_what_the_writer_leaves_out_has_another_checksum_and_the_card_tells_of_both(
    own_folders: Path, tmp_path: Path
) -> None:
    content = votes().SerializeToString() + field(77, b"nothing that is known")
    card = adding.add(put(tmp_path, content))
    assert b"nothing that is known" not in card.network.read_bytes()
    assert card.facts["source_sha256"] == hashlib.sha256(content).hexdigest() != card.sha256
    store.verify(card)
