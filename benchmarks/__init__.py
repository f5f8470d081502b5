"""Benchmarks: what the README and docs/speed.md say of time and memory. Run `python -m benchmarks`."""
