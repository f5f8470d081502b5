"""The review page: a local server over the scores of photos, for culling by eye."""
