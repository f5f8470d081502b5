"""Metadata of photo files: how a photo was taken, and where the camera focused."""
