"""`python -m trainers.style`: the trainer of own classes, or with `--media` that of the built-in model.

Own classes were documented under this name before each trainer had a room; `trainers.styles` and
`trainers.classes` say which one is meant.
"""

import sys

if __name__ == "__main__":
    if any(argument.partition("=")[0] == "--media" for argument in sys.argv[1:]):
        from trainers.style.train import command
    else:
        from trainers.classes.__main__ import command
    command()()
