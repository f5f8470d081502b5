"""`python -m trainers.twenty`: fine-tuning and training from scratch, compared on twenty classes."""

from trainers.classes.comparison import command

if __name__ == "__main__":
    command()()
