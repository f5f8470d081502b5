"""Print the lower bound of every dependency in pyproject.toml as a constraint for pip: `numpy==1.26`."""

from __future__ import annotations

from itertools import chain
from pathlib import Path

import tomli
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name


def main() -> None:
    """Read the base dependencies and those of the extras, as far as their markers hold here."""
    text = (Path(__file__).parents[1] / "pyproject.toml").read_text(encoding="utf-8")
    project = tomli.loads(text)["project"]
    lines = set()
    for line in chain(project["dependencies"], *project["optional-dependencies"].values()):
        wanted = Requirement(line)
        if canonicalize_name(wanted.name) == project["name"] or wanted.extras:
            continue
        if wanted.marker is None or wanted.marker.evaluate():
            (bound,) = [part.version for part in wanted.specifier if part.operator == ">="]
            lines.add(f"{wanted.name}=={bound}")
    print("\n".join(sorted(lines)))


if __name__ == "__main__":
    main()
