"""`python -m trainers.faces`: the trainer of the face detector."""

from trainers.faces.train import command

if __name__ == "__main__":
    command()()
