"""The printed report of a run: each figure beside its trivial baseline."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from trainers.runs import leads


def report(facts: dict[str, Any], more: Iterable[str] = ()) -> bool:
    """Print the checks of `run.json`, and lines with what else is known; whether all figures are better.

    `more` is not looked at where nothing was held out.
    """
    from rich.console import Console
    from rich.table import Table

    console = Console(quiet=not leads())
    if "checks" not in facts:
        console.print("trained on every photo: nothing was held out, so there are no figures")
        return True
    table = Table("figure", "model", "baseline", "which", "better", title=facts["split"])
    for check in facts["checks"]:
        value, base = f"{check['value']:.4f}", f"{check['baseline']:.4f}"
        table.add_row(check["name"], value, base, check["baseline_name"], "yes" if check["passed"] else "NO")
    console.print(table)
    for line in more:
        console.print(line)
    return all(check["passed"] for check in facts["checks"])
