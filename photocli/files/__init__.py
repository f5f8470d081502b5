"""Files: written whole or not at all, moved without replacing any, and taken back by the undo journal."""
