"""The trainer of the face detector, taught by YuNet."""
