"""Checks: of photos against rules, with baselines and reports for CI; and of the installation itself."""
