"""`python -m trainers.crop`: the trainer of crops."""

from trainers.crop.train import command

if __name__ == "__main__":
    command()()
