"""Answers of several teachers for all photos there are, as a dataset that a smaller network learns from."""
