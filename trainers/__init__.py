"""Trainers: `python -m trainers.aesthetics DATA` and its parts. Run from a checkout; not in the wheel."""
