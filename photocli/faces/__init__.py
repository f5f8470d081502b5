"""Faces of a frame: found, aligned, and how sharp they are."""
