"""`python -m trainers.selfie`: the trainer of selfies."""

from trainers.selfie.train import command

if __name__ == "__main__":
    command()()
