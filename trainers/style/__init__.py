"""The trainer of the built-in style model: medium, looks, painting styles."""
