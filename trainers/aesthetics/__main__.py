"""`python -m trainers.aesthetics`: the aesthetics trainer."""

from trainers.aesthetics.train import command

if __name__ == "__main__":
    command()()
