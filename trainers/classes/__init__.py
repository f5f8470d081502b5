"""The trainer of a user's own classes."""
