"""Checks for CI: rules, baselines, and the reports of what falls short."""
