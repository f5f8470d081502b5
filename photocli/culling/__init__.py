"""Culling: groups of photos, their ranking, the picks, and the plan of what happens to files."""
