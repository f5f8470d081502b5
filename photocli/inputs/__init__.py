"""From a frame to what a network sees: views, patches, tiles, and the signature."""
