"""`python -m trainers.stylize`: the trainer of painting styles."""

from trainers.style_transfer.__main__ import command

if __name__ == "__main__":
    command()()
