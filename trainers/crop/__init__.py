"""The crop trainer: whether a photo was cropped, and from where."""
