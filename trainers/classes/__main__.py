"""`python -m trainers.classes`: the trainer of a user's own classes."""

from trainers.classes.train import command

if __name__ == "__main__":
    command()()
