"""The selfie trainer: a network learns the marks that raters gave to faces."""
