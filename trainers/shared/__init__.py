"""Trains the shared network: one look at the whole photo, with a head for each thing that is said of it."""
