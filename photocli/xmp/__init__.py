"""XMP packets and sidecars: one reader, for merging, for embedding, and for the ratings of a person."""
