"""`python -m trainers.styles`: the trainer of the built-in style model."""

from trainers.style.__main__ import command

if __name__ == "__main__":
    command()()
