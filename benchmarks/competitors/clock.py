"""What the scripts beside this one share: they say how long they worked once all was loaded."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any


def report(load: Callable[[], Callable[[Path], dict[str, Any]]]) -> None:
    """Load, do the work over the folder that the command names, print a line of JSON about it.

    `load` imports and builds what is needed and returns the work, which returns what it found; `photos` is
    how many it looked at.
    """
    work = load()
    started = time.perf_counter()
    found = work(Path(sys.argv[1]))
    print(json.dumps({"work_s": time.perf_counter() - started, **found}), flush=True)
