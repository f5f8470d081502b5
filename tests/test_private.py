"""Nothing leaves the machine: no command opens a network socket, and no library keeps a record of its use."""

from __future__ import annotations

import ast
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest
from grey_shoot import grey_shoot
from networks import write_model
from photos import camera_exif, write_photo
from rated import make_rated
from reviewing import Review

from photocli.models.runtime import load_runtime

ROOT = Path(__file__).parents[1]
REPORTS_FROM = (1, 29)
"""The first version of ONNX Runtime that reports its use unless it is told not to."""

USERS = ("HOME", "PATH", "LANG", "LD_LIBRARY_PATH", "PYTHONPATH", "TMPDIR", "USER")
"""What stays of the environment, with what is ours. Where a build server is told by it, as by CI,
ONNX Runtime reports nothing by itself: a test there would show nothing."""

STRACE = ("strace", "-f", "-qq", "--seccomp-bpf", "-e", "trace=socket,connect")

LIBRARY = """
import os, time
from photocli import Options, Run
environment = dict(os.environ)
run = Run(["shoot"], Options(device="cpu"))
assert all(record.score for record in run) and run.summary.failed == 0
assert dict(os.environ) == environment
time.sleep(8)  # what ONNX Runtime collects it sends some seconds later
"""
BARE = "import onnxruntime, time; time.sleep({})"
SOCKET = "import socket; socket.socket(socket.AF_INET, socket.SOCK_DGRAM).close()"


def _why_not_traced() -> str:
    """Why strace cannot watch processes here; empty where it can."""
    if shutil.which("strace") is None:
        return "strace is not installed"
    done = subprocess.run([*STRACE, "true"], capture_output=True, text=True, check=False)
    return "" if done.returncode == 0 else f"strace cannot trace here: {done.stderr.strip()[:80]}"


WHY_NOT = _why_not_traced()
traced_only = pytest.mark.skipif(bool(WHY_NOT), reason=WHY_NOT)


def users_environment() -> dict[str, str]:
    """The environment of a user's machine: not told to be silent, and not that of a build server."""
    return {name: said for name, said in os.environ.items() if name in USERS or name.startswith("PHOTOCLI_")}


def sockets_of(
    tmp_path: Path, *arguments: str | Path, codes: Sequence[int] = (0,), cwd: Path | None = None
) -> list[str]:
    """Run Python without our variable; its calls for sockets that are not of this machine, and connects.

    Any name that is looked up shows too: a resolver is asked by the network, or by a socket of the machine.
    """
    trace = tmp_path / "trace"
    done = subprocess.run(
        [*STRACE, "-o", trace, sys.executable, *arguments],
        cwd=cwd or tmp_path,
        env=users_environment(),
        capture_output=True,
        stdin=subprocess.DEVNULL,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode in codes, done.stderr
    calls = trace.read_text(errors="replace").splitlines()
    # The socket of nscd is asked for the user's name, too; a host that it does not know would be asked for by
    # the network next.
    asked = [call for call in calls if "connect(" in call and "/nscd/" not in call]
    return asked + [call for call in calls if "socket(" in call and "AF_UNIX" not in call]


def records_of_use(home: Path) -> list[Path]:
    """What a library that reports its use keeps in the user's folders."""
    return [path for path in home.rglob("*") if path.name in ("Microsoft", "deviceid", "onnxruntime.db")]


@pytest.fixture
def shoot(tmp_path: Path, own_folders: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two photos in a folder, a tiny model for their aesthetics, and forty with ratings beside them."""
    for name in [name for name in os.environ if name.startswith("XDG_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("PHOTOCLI_TASTES", str(own_folders / "tastes"))
    write_model(own_folders / "models")
    write_photo(tmp_path / "shoot" / "a.jpg", "china", size=(900, 600), exif=camera_exif())
    write_photo(tmp_path / "shoot" / "b.jpg", "chelsea", size=(300, 200))
    grey_shoot(tmp_path / "rated", lambda level: 5 - level // 52)
    return tmp_path / "shoot"


@traced_only
@pytest.mark.parametrize(
    "command",
    [
        "score shoot --xmp --csv a.csv --json a.json",
        "score shoot --assess faces",
        "cull shoot --csv plan.csv",
        "report shoot --html report.html",
        "check shoot --require score>=0 --junit a.xml --sarif a.sarif --markdown a.md",
        "crop shoot",
        "explain shoot/a.jpg --output why.png",
        "learn rated",
        "models list",
        "models verify",
        "models add other",
        "doctor --json doctor.json",
        "cache",
        "cache prune --older-than 90d",
    ],
)
def test_no_command_opens_a_network_socket(shoot: Path, own_folders: Path, command: str) -> None:
    write_model(shoot.parent, "other")
    assert sockets_of(shoot.parent, "-m", "photocli", *command.split()) == []
    assert records_of_use(own_folders) == []
    if "--xmp" in command:
        assert sockets_of(shoot.parent, "-m", "photocli", "undo") == []


@traced_only
def test_the_review_page_has_one_socket_of_this_machine(shoot: Path, own_folders: Path) -> None:
    trace = shoot.parent / "trace"
    traced = [*STRACE[:-1], "trace=socket,connect,bind,listen", "-o", trace, sys.executable, "-m", "photocli"]
    process = subprocess.Popen(
        [*traced, "review", shoot, "--no-open"],
        env=users_environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        review = Review(process, process.stdout.readline().strip())
        review.until_done()
        assert review.get("preview/0").status == 200
    finally:
        subprocess.run(["pkill", "-TERM", "-P", str(process.pid)], check=False)
        process.communicate(timeout=60)
    calls = trace.read_text(errors="replace").splitlines()
    asked = [call for call in calls if "connect(" in call and "/nscd/" not in call]
    network = [call for call in calls if "socket(" in call and "AF_UNIX" not in call]
    assert asked == []
    assert len(network) == 1
    assert all("127.0.0.1" in call for call in calls if "bind(" in call)
    assert records_of_use(own_folders) == []


@traced_only
def test_a_script_that_uses_the_library_opens_no_network_socket(shoot: Path, own_folders: Path) -> None:
    assert sockets_of(shoot.parent, "-c", LIBRARY) == []
    assert records_of_use(own_folders) == []


@traced_only
@pytest.mark.slow
def test_training_and_export_open_no_network_socket(
    tmp_path: Path, own_folders: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in [name for name in os.environ if name.startswith("XDG_")]:
        monkeypatch.delenv(name)
    make_rated(tmp_path / "rated", 12)
    run = tmp_path / "run"
    training = f"--scale 1 7 --arch squeezenet1_1 --init none --size 48 --batch 8 --epochs 1 --out {run}"
    exporting = f"--to {tmp_path / 'model'} --no-float16"
    words = ["-m", "trainers.aesthetics", tmp_path / "rated", *training.split()]
    assert sockets_of(tmp_path, *words, codes=(0, 1), cwd=ROOT) == []  # it learns nothing in one epoch
    (checkpoint,) = run.rglob("model.ckpt")
    assert sockets_of(tmp_path, "-m", "export", checkpoint, *exporting.split(), cwd=ROOT) == []
    assert (tmp_path / "model" / "model.onnx").is_file()
    assert records_of_use(own_folders) == []


@traced_only
def test_the_trace_shows_sockets(tmp_path: Path) -> None:
    assert "AF_INET" in "".join(sockets_of(tmp_path, "-c", SOCKET))


@pytest.mark.skipif(sys.platform == "win32", reason="its folder lies where Windows says, not the environment")
def test_onnx_runtime_keeps_a_record_of_its_use_unless_it_is_told_not_to(own_folders: Path) -> None:
    """The newest version does; so an empty folder after our commands says that they stop it."""
    version = tuple(int(part) for part in load_runtime().__version__.split(".")[:2])
    if version < REPORTS_FROM:
        pytest.skip(f"ONNX Runtime {'.'.join(map(str, version))} reports nothing")
    for seconds in (1, 5, 15):  # it writes from a thread of its own, which a busy machine lets wait
        subprocess.run([sys.executable, "-c", BARE.format(seconds)], env=users_environment(), check=True)
        if records_of_use(own_folders):
            break
    assert records_of_use(own_folders)


@pytest.mark.parametrize(
    "code",
    [
        "from photocli.models.runtime import load_runtime; load_runtime(); {}",
        "import sys; sys.argv = ['photocli', '--version']; import atexit; atexit.register(lambda: [{}])\n"
        "from photocli.__main__ import main; main()",
    ],
    ids=["library", "main"],
)
def test_onnx_runtime_keeps_no_record_of_its_use_when_it_is_imported(own_folders: Path, code: str) -> None:
    """As `load_runtime` does it, and for whatever imports it in the process of our command."""
    command = [sys.executable, "-c", code.format("__import__('onnxruntime'), __import__('time').sleep(1)")]
    subprocess.run(command, env=users_environment(), check=True, capture_output=True)
    assert records_of_use(own_folders) == []


@pytest.mark.parametrize("folder", ["photocli", "trainers", "export", "benchmarks", "docs"])
def test_onnx_runtime_is_imported_in_one_place(folder: str) -> None:
    importers = {
        path.relative_to(ROOT).as_posix()
        for path in (ROOT / folder).rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if (isinstance(node, ast.Import) and any(name.name.startswith("onnxruntime") for name in node.names))
        or (isinstance(node, ast.ImportFrom) and (node.module or "").startswith("onnxruntime"))
    }
    assert importers == ({"photocli/models/runtime.py"} if folder == "photocli" else set())
