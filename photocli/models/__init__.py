"""Models: their cards, the store of built-in and added ones, and the sessions that run them."""
