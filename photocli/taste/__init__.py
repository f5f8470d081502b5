"""The taste of a person: learned from their ratings, stored by name."""
