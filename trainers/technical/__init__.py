"""The trainer of technical quality: faults, their severity, and which way is up."""
