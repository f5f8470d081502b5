"""Trains networks that compute in eight bits to say what the same networks say in floating point."""
