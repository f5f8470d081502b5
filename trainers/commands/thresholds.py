"""`python -m trainers.thresholds`: what a model of styles needs to name a look, set anew."""

from trainers.style.naming import command

if __name__ == "__main__":
    command()()
