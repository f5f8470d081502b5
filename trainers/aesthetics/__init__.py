"""The aesthetics trainer: a network learns what people think of photos."""
