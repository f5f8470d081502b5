"""CleanVision with all its checks: dark, light, blurry, odd sizes, exact and near duplicates."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from clock import report


def load() -> Callable[[Path], dict[str, Any]]:
    """Import CleanVision; it works in a process for each core by itself."""
    from cleanvision import Imagelab

    def work(folder: Path) -> dict[str, Any]:
        lab = Imagelab(data_path=str(folder))
        lab.find_issues(verbose=False)
        return {"photos": len(lab.issues), "kinds": sorted(lab.issue_summary["issue_type"])}

    return work


if __name__ == "__main__":
    report(load)
