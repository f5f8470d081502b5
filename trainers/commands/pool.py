"""`python -m trainers.pool`: the finished folds of a run, judged together."""

from trainers.aesthetics.pool import command

if __name__ == "__main__":
    command()()
