"""`python -m trainers.technical`: the trainer of technical quality."""

from trainers.technical.train import command

if __name__ == "__main__":
    command()()
