"""`python -m trainers.soup`: the average of several runs."""

from trainers.common.soup import command

if __name__ == "__main__":
    command()()
