"""`python -m trainers.looks`: every look of a photo on one sheet."""

from trainers.style.looks.sheet import command

if __name__ == "__main__":
    command()()
