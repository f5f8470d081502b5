"""Trainers: a package for each model, and `common`, which they share. Run from a checkout; not in the wheel.

`python -m trainers.aesthetics DATA` and the like run a package. The folder `commands` holds the commands that
belong to no package's name (`python -m trainers.soup`, ...).
"""

from pathlib import Path

# `python -m trainers.soup` finds its module there, without a file for each command beside the packages.
__path__.append(str(Path(__file__).parent / "commands"))
