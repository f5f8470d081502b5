"""Probes: processes of their own in which models from outside are understood and tried, under limits.

What crashes, hangs or eats memory there costs the probe, and is a reason to refuse the model.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

from photocli.errors import ModelError, PhotocliError

MEMORY = 1_600_000_000
"""Bytes of data that a probe may hold; all processes together stay below 2 GB."""

CPU_S = 10
"""Seconds of CPU time of a probe; a network that needs more for six pictures is too slow for photos."""

WALL_S = 14.0
"""Seconds until a probe is ended, however little the machine lets it do."""

_LOOK_S = 0.02
_ANSWER = 1_000_000  # bytes; an honest answer has a few hundred


class Probe:
    """Runs tasks of `probe.TASKS`, all of them within one span of `WALL_S`."""

    def __init__(self, scratch: Path) -> None:
        """`scratch` is a folder for answers."""
        self._answer = scratch / "answer.json"
        self._until = time.monotonic() + WALL_S

    def ask(self, task: str, source: Path, target: Path, name: str) -> dict[str, Any]:
        """Run one task; what it found. Raises `ModelError` where it refuses or breaks a limit.

        `name` is what the sentence calls the file or the model.
        """
        self._answer.unlink(missing_ok=True)
        parts = (task, os.fspath(source), os.fspath(target), os.fspath(self._answer), MEMORY, CPU_S)
        # As with workers: modules are found where the parent finds them, not in the current folder.
        found = f"import sys; sys.path[:] = {sys.path!r}"
        code = f"{found}; from photocli.models.probe import serve; serve(*{parts!r})"
        quiet = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "ORT_DISABLE_TELEMETRY": "1"}
        process = subprocess.Popen(
            [sys.executable, "-c", code],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env={**os.environ, **quiet},
        )
        try:
            self._watch(process, name)
        finally:
            process.kill()
            process.wait()
            if process.stdin is not None:
                process.stdin.close()
        return self._read(process.returncode, name)

    def _watch(self, process: subprocess.Popen[bytes], name: str) -> None:
        """Wait for its end. Raises `ModelError` if it takes too long, or too much memory."""
        while process.poll() is None:
            if time.monotonic() > self._until:
                raise ModelError(f"{name} takes longer than {WALL_S:g} s to be tried")
            if resident(process.pid) > MEMORY:
                raise ModelError(f"{name} needs more than {MEMORY / 1e9:.1f} GB of memory")
            with suppress(subprocess.TimeoutExpired):
                process.wait(_LOOK_S)

    def _read(self, code: int, name: str) -> dict[str, Any]:
        try:
            with self._answer.open("rb") as file:
                answer = json.loads(file.read(_ANSWER))
        except (OSError, ValueError):
            answer = None
        if code == 0 and isinstance(answer, dict):
            if "refused" in answer:
                raise ModelError(f"{name} {answer['refused']}")
            if "error" in answer:
                raise ModelError(str(answer["error"]))
            return answer
        if sys.platform != "win32":
            import signal

            if code in (-signal.SIGXCPU, -signal.SIGKILL):
                raise ModelError(f"{name} takes more than {CPU_S} s of computing, or of memory, to be tried")
            if code < 0:
                signalled = signal.Signals(-code).name
                raise ModelError(f"{name} makes the process crash that tries it ({signalled})")
        if code == 0:
            raise PhotocliError("a process that tries models left no answer; is the disk full?")
        raise ModelError(f"{name} makes the process fail that tries it (exit code {code})")


def resident(pid: int) -> int:
    """Bytes of memory that a process holds now; 0 where that cannot be told."""
    try:
        if sys.platform == "linux":
            pages = Path(f"/proc/{pid}/statm").read_text().split()[1]
            return int(pages) * os.sysconf("SC_PAGE_SIZE")
        if sys.platform == "darwin":
            command = ["/bin/ps", "-o", "rss=", "-p", str(pid)]
            shown = subprocess.run(command, capture_output=True, check=False)
            return int(shown.stdout or 0) * 1024
        if sys.platform == "win32":
            return _working_set(pid)
    except (OSError, ValueError, IndexError):  # it has just ended
        pass
    return 0


if sys.platform == "win32":

    def _working_set(pid: int) -> int:
        import ctypes
        from ctypes import wintypes

        sizes = "PeakWorkingSet", "WorkingSet", "PeakPaged", "Paged", "PeakPool", "Pool", "Pagefile", "Peak"

        class Counters(ctypes.Structure):
            _fields_ = [
                ("cb", wintypes.DWORD),
                ("PageFaultCount", wintypes.DWORD),
                *((name, ctypes.c_size_t) for name in sizes),
            ]

        kernel = ctypes.WinDLL("kernel32")
        kernel.OpenProcess.restype = wintypes.HANDLE
        kernel.OpenProcess.argtypes = [wintypes.DWORD, wintypes.BOOL, wintypes.DWORD]
        kernel.K32GetProcessMemoryInfo.argtypes = [wintypes.HANDLE, ctypes.c_void_p, wintypes.DWORD]
        kernel.CloseHandle.argtypes = [wintypes.HANDLE]
        handle = kernel.OpenProcess(0x0400 | 0x0010, False, pid)
        if not handle:
            return 0
        try:
            found = Counters(cb=ctypes.sizeof(Counters))
            read = kernel.K32GetProcessMemoryInfo(handle, ctypes.byref(found), ctypes.sizeof(found))
            return max(found.WorkingSet, found.Pagefile) if read else 0
        finally:
            kernel.CloseHandle(handle)
